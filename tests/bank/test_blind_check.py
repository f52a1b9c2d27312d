#!/usr/bin/env python3
"""scripts/blind-check: the sheet gives nothing away and shows the law; comparing finds what differs."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SCRIPT = ROOT / "scripts" / "blind-check"
PROGRAM = pathlib.Path(os.environ["MINGFA_BUILD"]) / "bin" / "mingfa-bank"

LAW = """# 样法

第一章　总则

**第一条**　任期为五年。

（一）甲；

**第二条**　期限十日（Ａ）。

**第二条之一**　补充。
"""


def item(number, kind, body, answer, cited):
    return (f"【编号】A-{number}\n【题型】{kind}\n【领域】样\n{body}\n【答案】{answer}\n【解析】机密解析。\n"
            f"【依据】《样法》{cited}\n【难度】1\n【层次】记忆\n【知识点】甲\n【适用】全体\n\n")


BANK = (item(1, "单选题", "【题干】任期（　　）。\nA. 三年\nB. 五年", "B", "第一条第一项")
        + item(2, "判断题", "【题干】期限十日。", "正确", "第二条")
        + item(3, "填空题", "【题干】期限____。", "十日｜10日", "第二条")
        + item(4, "多选题", "【题干】有（　　）。\nA. 甲\nB. 乙\nC. 丙", "AC", "第二条之一"))


class BlindCheck(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.dir)
        for name, file, text in (("bank", "a.txt", BANK), ("laws", "样法.md", LAW)):
            (self.dir / name).mkdir()
            (self.dir / name / file).write_text(text, encoding="utf-8")
        subprocess.run([PROGRAM, "cite", "--bank", self.dir / "bank", "--laws", self.dir / "laws"], check=True,
                       capture_output=True)

    def run_script(self, what, *args, status=0):
        done = subprocess.run([sys.executable, "-B", SCRIPT, what, "--bank", self.dir / "bank", *map(str, args)],
                              capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def compare(self, answers, status):
        path = self.dir / "answers"
        path.write_text(answers, encoding="utf-8")
        return self.run_script("compare", path, status=status)

    def test_the_sheet_shows_items_and_articles_and_gives_nothing_away(self):
        out, err = self.run_script("sheet", "--laws", self.dir / "laws")
        self.assertEqual(err, "")
        for text in ("A-1  单选题", "B. 五年", "任期为五年。", "（一）甲；", "期限十日（Ａ）。", "补充。"):
            self.assertIn(text, out)
        for text in ("答案", "机密", "解析", "@", "正确", "AC", "10日"):
            self.assertNotIn(text, out)

    def test_an_article_that_is_not_the_one_cited_is_not_shown(self):
        (self.dir / "laws" / "样法.md").write_text(LAW.replace("五年", "四年"), encoding="utf-8")
        out, err = self.run_script("sheet", "--laws", self.dir / "laws", status=1)
        self.assertNotIn("任期为四年", out)
        self.assertIn("A-1: no article text for 《样法》第一条", err)

    def test_answers_that_agree_agree(self):
        out, _ = self.compare("# 注释\nA-1 B\nA-2\t正确\nA-3 10日\nA-4 ac\n", 0)
        self.assertIn("4 items: 4 agree, 0 disagree, 0 not answered", out)

    def test_each_disagreement_is_listed(self):
        for number, wrong, key in ((1, "A", "B"), (2, "错误", "正确"), (3, "十五日", "十日｜10日"), (4, "ABC", "AC")):
            right = {1: "B", 2: "正确", 3: "十日", 4: "AC"} | {number: wrong}
            out, _ = self.compare("".join(f"A-{n} {a}\n" for n, a in right.items()), 1)
            self.assertIn(f"A-{number}: answered {wrong}, key {key}\n", out)
            self.assertIn("4 items: 3 agree, 1 disagree, 0 not answered", out)

    def test_what_is_open_unknown_or_twice_is_told(self):
        out, _ = self.compare("A-1 ?\nA-9 B\n", 1)
        self.assertIn("A-1: answered ?, key B", out)
        self.assertIn("A-2: not answered", out)
        self.assertIn("A-9: no such item", out)
        _, err = self.compare("A-1 B\nA-1 C\n", 2)
        self.assertIn("answers:2: A-1 is answered twice", err)
        _, err = self.compare("A-1\n", 2)
        self.assertIn("answers:1: expected an id and an answer", err)

    def test_wrong_usage_is_told(self):
        _, err = self.run_script("sheet", status=2)
        self.assertIn("--laws", err)
        _, err = self.run_script("compare", status=2)
        self.assertIn("answers", err)


if __name__ == "__main__":
    unittest.main()
