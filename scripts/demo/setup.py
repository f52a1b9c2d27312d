#!/usr/bin/env python3
"""Fills a fresh server with the demo district and its exams, through the API alone; closes an exam
whose window is over and opens the next round of it; prints fresh activation codes.

  setup.py --url URL --state DIR --blueprints DIR [--ca FILE] [--window-s N --duration-s N]

DIR keeps the passwords of the administrator and of the custodian of the draw's share, and the years whose tables were
imported (mode 0600)."""
import argparse
import datetime
import hashlib
import json
import os
import pathlib
import secrets
import subprocess
import sys
import time

import district
from api import Api

ADMIN = "900001"
CUSTODIAN = "900002"  # of the second share of each exam's seed: two people hold one each
OFFICER = "100001"
BANDS = [{"name": "优秀", "minimum": 9000}, {"name": "良好", "minimum": 8000}]
DAY_MS = 86400 * 1000


def write_secret(path, text):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(text)


def admin(args, state):
    """Logged in as the administrator; the first time by the code that bootstrap printed."""
    api = Api(args.url, args.ca)
    password_file = state / "admin-password"
    if password_file.exists():
        api.login(ADMIN, password_file.read_text(encoding="utf-8"))
    else:
        code = json.loads((state / "bootstrap.json").read_text(encoding="utf-8"))["code"]
        password = secrets.token_urlsafe(18)
        api.activate(ADMIN, code, password)
        write_secret(password_file, password)
    return api


def custodian(args, state, api):
    """Logged in as the custodian; the first time made, and not on the books, by the administrator."""
    own = Api(args.url, args.ca)
    password_file = state / "custodian-password"
    if password_file.exists():
        own.login(CUSTODIAN, password_file.read_text(encoding="utf-8"))
        return own
    rows = f"人员编号,姓名,单位编码,人员类别,状态\n{CUSTODIAN},种子保管人,{district.ROOT[0]},系统管理,调出\n"
    api.call("POST", "/people/import", csv=rows.encode())
    api.call("POST", f"/people/{CUSTODIAN}/roles", {"role": "officer", "unit": ""})
    code = api.call("POST", "/activation-codes", {"people": [CUSTODIAN]})["codes"][0]["code"]
    password = secrets.token_urlsafe(18)
    own.activate(CUSTODIAN, code, password)
    write_secret(password_file, password)
    return own


def bring(api, kind, table):
    report = api.call("POST", f"/{kind}/import", csv=table.read_bytes())
    print(f"  {table.name}: {report['accepted']}/{report['rows']}", file=sys.stderr)


def fill(api, state):
    """Units, people and their officer the first time; the current year's hearings up to today each time. Once more
    changes nothing."""
    tables, filled = state / "district", state / "filled"
    subprocess.run([sys.executable, str(pathlib.Path(district.__file__)), str(tables), today()], check=True)
    if not filled.exists():
        bring(api, "units", tables / "units.csv")
        bring(api, "people", tables / "people.csv")
        api.call("POST", f"/people/{OFFICER}/roles", {"role": "officer", "unit": district.ROOT[0]})
        filled.touch()
    if any(district.hearings(today())):
        bring(api, "hearings", tables / f"hearings-{year()}.csv")


def today():
    """The civil date at +08:00."""
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=8)).date().isoformat()


def year():
    return int(today()[:4])


def exam_name(kind, number):
    """Of the year's first exam of the kind, second, …"""
    name = (f"{year()}年度国家工作人员法治理论知识考试" if kind == "annual"
            else f"{year()}年新提任领导干部任前法治理论知识考试")
    return name if number == 1 else f"{name}（演示第{number}期）"


def create_exam(api, keeper, blueprints, kind, window_ms, duration_ms, start_ms, number=1, **more):
    """The id of an open exam. Two officers, each with a share: api and keeper; more: members of the
    definition that differ."""
    release = api.call("GET", "/releases")["releases"][0]["digest"]
    annual = kind == "annual"
    now = datetime.datetime.fromtimestamp(start_ms / 1000, datetime.timezone(datetime.timedelta(hours=8)))
    definition = {
        "name": exam_name(kind, number),
        "kind": kind, "year": year(),
        "window_start_ms": start_ms, "window_end_ms": start_ms + window_ms,
        "duration_ms": duration_ms,
        "cut_off": now.date().isoformat(),
        "categories": [] if annual else ["领导干部"],
        "release": release,
        "blueprint": json.loads((blueprints / f"{kind}.json").read_text(encoding="utf-8")),
        "rules": {"pass_mark": 6000 if annual else 8000,
                  "bands": BANDS + ([{"name": "合格", "minimum": 6000}] if annual else []),
                  "multiple": "all_or_nothing"},
        "attempts": 2, "counts": "best", "grace_ms": 5000 if window_ms < DAY_MS else 30000,
        "late_accept_ms": 2000 if window_ms < DAY_MS else 600000,
        "cut_at_window_end": True, "review": "after_close", "document": "示范〔" + str(year()) + "〕1号", **more,
    }
    exam = api.call("POST", "/exams", definition)["exam"]
    shares = [(holder, which, secrets.token_bytes(32)) for which, holder in
              (("officer", api), ("custodian", keeper))]
    for holder, which, share in shares:
        digest = hashlib.sha256(b"mingfa/draw-share/v1" + share).hexdigest()
        holder.call("POST", f"/exams/{exam}/shares", {"which": which, "digest": digest})
    for holder, which, share in shares:
        holder.call("PUT", f"/exams/{exam}/shares", {"which": which, "share": share.hex()})
    api.call("POST", f"/exams/{exam}/open", {})
    return exam


def renew(api, keeper, args):
    """An exam of each kind whose window is open. One whose window is over is closed first, and the next
    has a name of its own, so that nobody takes one for the other."""
    now = int(time.time() * 1000)
    exams = api.call("GET", "/exams")["exams"]
    running, made = set(), {}
    for e in exams:
        if e["state"] == "open" and e["definition"]["window_end_ms"] > now + 1000:
            running.add(e["definition"]["kind"])
        elif e["state"] == "open":
            api.call("POST", f"/exams/{e['exam']}/close", {})
    for kind in sorted({"annual", "qualification"} - running):
        number = 1 + sum(e["definition"]["kind"] == kind and e["definition"]["year"] == year() for e in exams)
        made[kind] = create_exam(api, keeper, args.blueprints, kind, args.window_s * 1000, args.duration_s * 1000,
                                 now - 1000, number)
    return made


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--ca")
    parser.add_argument("--state", type=pathlib.Path, required=True)
    parser.add_argument("--blueprints", type=pathlib.Path, required=True)
    parser.add_argument("--window-s", type=int, default=30 * 86400)
    parser.add_argument("--duration-s", type=int, default=3600)
    args = parser.parse_args()
    api = admin(args, args.state)
    fill(api, args.state)
    made = renew(api, custodian(args, args.state, api), args)
    staff = [p for p in district.people() if p[4] == "在册" and p[0] != OFFICER]
    ordinary = [p for p in staff if p[3] != "领导干部"][:2] + [p for p in staff if p[3] == "领导干部"][:1]
    codes = api.call("POST", "/activation-codes", {"people": [p[0] for p in ordinary] + [OFFICER]})["codes"]
    names = {p[0]: p for p in district.people()}
    json.dump({"made": made,
               "codes": [{**c, "name": names[c["person"]][1], "category": names[c["person"]][3],
                          "officer": c["person"] == OFFICER} for c in codes]},
              sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
