#!/usr/bin/env python3
"""Writes the demo district as CSV files: 60 units in three levels, 2,000 synthetic people.

The same files every time (no clock, fixed seed). Names are made of common syllables and mean nobody.

  district.py DIRECTORY [UNTIL]    writes units.csv, people.csv, hearings-YEAR.csv: those of the year of the
                                   date UNTIL (2026-12-31 by default) up to that day"""
import csv
import pathlib
import random
import sys

SEED = "mingfa demo district 1"
ROOT = ("SF", "明法示范区")
GROUPS = [
    ("SF01", "区委各部门", ["区委办公室", "区委组织部", "区委宣传部", "区委统战部", "区委政法委", "区委社会工作部"]),
    ("SF02", "区人大、政协机关", ["区人大常委会机关", "区政协机关"]),
    ("SF03", "区政府各部门", ["区政府办公室", "区发展改革委", "区教委", "区公安分局", "区民政局", "区司法局", "区财政局",
                        "区人力社保局", "区规划资源局", "区生态环境局", "区住房城乡建委", "区交通运输委", "区水利局",
                        "区农业农村委", "区卫生健康委", "区应急管理局", "区市场监管局", "区城市管理局"]),
    ("SF04", "监察、审判、检察机关", ["区监委", "区人民法院", "区人民检察院"]),
    ("SF05", "街道", ["朝晖街道", "东阳街道", "文星街道", "清泉街道", "新桥街道"]),
    ("SF06", "镇", ["水口镇", "青木镇", "石坪镇", "双河镇", "金岭镇", "柳溪镇", "白沙镇", "云台镇"]),
    ("SF07", "事业单位和群团", ["区委党校", "区档案馆", "区总工会", "团区委", "区妇联"]),
    ("SF08", "区属国有企业", ["示范城建集团", "示范水务公司", "示范交运公司", "示范农业公司"]),
]
PEOPLE = 2000
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰文辉力建国志海红梅春燕光宁雪松波"
CATEGORIES = {
    "SF01": [("公务员", 70), ("领导干部", 30)],
    "SF02": [("公务员", 65), ("领导干部", 35)],
    "SF03": [("公务员", 50), ("行政执法人员", 35), ("领导干部", 15)],
    "SF04": [("公务员", 80), ("领导干部", 20)],
    "SF05": [("公务员", 60), ("行政执法人员", 25), ("领导干部", 15)],
    "SF06": [("公务员", 60), ("行政执法人员", 25), ("领导干部", 15)],
    "SF07": [("事业单位人员", 85), ("领导干部", 15)],
    "SF08": [("国有企业管理人员", 100)],
}
STATUS = [("在册", 985), ("调出", 8), ("退休", 7)]


def units():
    """(code, name, parent), parents first; the chief of the tree first of all."""
    yield (*ROOT, "")
    for code, name, children in GROUPS:
        yield code, name, ROOT[0]
        for k, child in enumerate(children, 1):
            yield f"{code}{k:02d}", child, code


def pick(rng, weighted):
    return rng.choices([w[0] for w in weighted], [w[1] for w in weighted])[0]


def people():
    """(number, name, unit, category, status, post, appointed)."""
    rng = random.Random(SEED)
    leaves = [(code, parent) for code, _name, parent in units() if len(code) == 6]
    weights = [rng.uniform(0.5, 2.0) for _ in leaves]
    for n in range(PEOPLE):
        code, parent = rng.choices(leaves, weights)[0]
        name = rng.choice(SURNAMES) + "".join(rng.choice(GIVEN) for _ in range(rng.choice((1, 2, 2))))
        category = pick(rng, CATEGORIES[parent])
        post = {"领导干部": "副科级以上领导", "国有企业管理人员": "中层管理"}.get(category, "工作人员")
        appointed = f"{rng.randint(2012, 2026)}-{rng.randint(1, 9):02d}-{rng.randint(1, 28):02d}"
        yield f"{100001 + n}", name, code, category, pick(rng, STATUS), post, appointed


def hearings(until):
    """Attendance of about seven in ten in the year of the civil date `until`, up to that day: (number, hearing, date,
    mode). A later day of the same year only adds to it."""
    year = until[:4]
    rng = random.Random(SEED + str(year))
    sessions = [(f"{year}-庭审-{k:02d}", f"{year}-{rng.randint(1, 9):02d}-{rng.randint(1, 28):02d}",
                 "现场" if k % 3 == 0 else "线上") for k in range(1, 13)]
    for number, _name, _unit, _category, status, _post, _appointed in people():
        if status == "在册" and rng.random() < 0.7:
            attended = rng.choice(sessions)
            if attended[1] <= until:
                yield (number, *attended)


def write(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        writer.writerows(rows)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    directory = pathlib.Path(sys.argv[1])
    until = sys.argv[2] if len(sys.argv) == 3 else "2026-12-31"
    directory.mkdir(parents=True, exist_ok=True)
    write(directory / "units.csv", ["单位编码", "单位名称", "上级编码"], units())
    write(directory / "people.csv",
          ["人员编号", "姓名", "单位编码", "人员类别", "状态", "职务", "任职日期"], people())
    write(directory / f"hearings-{until[:4]}.csv", ["人员编号", "场次编号", "日期", "方式"], hearings(until))


if __name__ == "__main__":
    main()
