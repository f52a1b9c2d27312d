#!/usr/bin/env python3
"""A small exam day through the real API: 50 people sit at once, some leave half way, one loses the
network; the window closes; every figure is checked against this driver's own tally.

  rehearse.py --url URL --state DIR --blueprints DIR --content DIR [--ca FILE]

The driver knows the items' answer keys from the content files (it plays people with a seeded
knowledge), never from the server. Exit status 0 only if everything foots."""
import argparse
import collections
import concurrent.futures
import json
import pathlib
import random
import re
import secrets
import sys
import time

import district
import setup
from api import Api, Refused

SITTERS = 50
LEAVERS = 6       # stop half way and never hand in
WINDOW_S = 24
DURATION_S = 600  # cut at the window's end
SEED = 20261124


def read_keys(content):
    """stem -> (type, options, answer) from the text files."""
    keys = {}
    for path in sorted(content.glob("*.txt")):
        for block in re.split(r"(?m)^(?=【编号】)", path.read_text(encoding="utf-8"))[1:]:
            field = dict(re.findall(r"(?m)^【(.+?)】(.*)$", block))
            options = re.findall(r"(?m)^[A-H]\. (.*)$", block)
            keys[field["题干"]] = (field["题型"], options, field["答案"])
    return keys


def right_value(item, keys):
    """The value that earns full marks, over the options as shown."""
    kind, options, answer = keys[item["stem"]]
    if kind == "判断题":
        return 1 if answer == "正确" else 0
    if kind == "填空题":
        return answer.split("｜")[0]
    right = {options[ord(letter) - ord("A")] for letter in answer}
    return sum(1 << i for i, text in enumerate(item["options"]) if text in right)


def wrong_value(item, right):
    """A value that certainly earns nothing."""
    if item["type"] == "true_false":
        return 1 - right
    if item["type"] == "fill_in":
        return "不知道"
    return next(1 << i for i in range(len(item["options"])) if 1 << i != right and
                (item["type"] == "multiple" or not right >> i & 1))


class Sitter:
    """One person: knows a share of the items, and what score that must give."""

    def __init__(self, n, person, code, exam, args, keys):
        self.n, self.person, self.code, self.exam, self.args, self.keys = n, person, code, exam, args, keys
        self.rng = random.Random(SEED * 1000 + n)
        self.knowledge = self.rng.uniform(0.35, 0.98)
        self.leaves = n < LEAVERS
        self.loses_network = n == LEAVERS
        self.points = 0
        self.handed_in = False
        self.head = None

    def run(self):
        api = Api(self.args.url, self.args.ca)
        api.keep = True
        api.activate(self.person, self.code, secrets.token_urlsafe(12))
        nonce = secrets.token_hex(32)
        session = api.call("POST", f"/exams/{self.exam}/sessions", {"attempt": 1, "nonce": nonce})
        again = api.call("POST", f"/exams/{self.exam}/sessions", {"attempt": 1, "nonce": nonce})
        assert again["paper"] == session["paper"], "a repeated start gave another paper"
        path = "/sessions/" + session["session"]
        opened = api.call("POST", path + "/open", {"device": secrets.token_hex(16)})
        epoch, seq = opened["epoch"], opened["next_seq"]
        items = session["paper"]["items"]
        stop = len(items) // 2 if self.leaves else len(items)
        unsent = []
        for i, item in enumerate(items[:stop]):
            right = right_value(item, self.keys)
            knows = self.rng.random() < self.knowledge
            unsent.append({"seq": seq, "item": i, "value": right if knows else wrong_value(item, right)})
            seq += 1
            self.points += item["points"] if knows else 0
            if self.loses_network and 20 <= i < 50:
                api.close()  # nothing goes out; what is unsent waits
                continue
            ack = api.call("PUT", path + "/responses", {"epoch": epoch, "responses": unsent})
            if self.rng.random() < 0.1:  # a duplicate on the wire
                again = api.call("PUT", path + "/responses", {"epoch": epoch, "responses": unsent})
                assert again["head"] == ack["head"], "a repeat changed the chain"
            unsent = []
        if not self.leaves:
            result = api.call("POST", path + "/submission", {"epoch": epoch, "seq": seq - 1})
            self.handed_in = True
            self.head = result["head"]
            got = result["score"]["points"]
            assert got == self.points, f"{self.person}: server says {got}, tally says {self.points}"
        leaked = [k for k in ("answer", "explanation", "解析")
                  if any(k.encode() in reply for reply in api.replies)]
        assert not leaked, f"replies hold {leaked}"
        api.close()
        return self


def histogram(scores):
    bins = collections.Counter(min(s // 1000, 9) for s in scores)
    for b in range(10):
        print(f"  {b * 10:3d}–{b * 10 + 9 if b < 9 else 100:3d}  {bins[b]:3d}  {'█' * bins[b]}")


def check_foots(rows):
    """Every node: 应考 = 实考 + 待定 + 缓考 + 未考, and a node = its own staff + its children."""
    for i, row in enumerate(rows):
        for which in ("own", "total"):
            c = row[which]
            assert c["expected"] == c["sat"] + c["pending"] + c["deferred"] + c["missing"], row
        children = []
        for other in rows[i + 1:]:
            if other["level"] <= row["level"]:
                break
            if other["level"] == row["level"] + 1:
                children.append(other)
        for name in ("expected", "exempted", "sat", "passed", "pending", "deferred", "missing", "integrated"):
            total = row["own"][name] + sum(child["total"][name] for child in children)
            assert row["total"][name] == total, (row["unit"], name)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--ca")
    parser.add_argument("--state", type=pathlib.Path, required=True)
    parser.add_argument("--blueprints", type=pathlib.Path, required=True)
    parser.add_argument("--content", type=pathlib.Path, required=True)
    args = parser.parse_args()
    keys = read_keys(args.content)
    api = setup.admin(args, args.state)
    setup.fill(api, args.state)
    staff = [p for p in district.people() if p[4] == "在册" and p[0] != setup.OFFICER]
    chosen = random.Random(SEED).sample(staff, SITTERS)
    exempted = next(p for p in staff if p not in chosen)
    codes = {c["person"]: c["code"] for c in api.call(
        "POST", "/activation-codes", {"people": [p[0] for p in chosen] + [setup.OFFICER]})["codes"]}
    officer = Api(args.url, args.ca)
    officer.activate(setup.OFFICER, codes[setup.OFFICER], secrets.token_urlsafe(12))
    start_ms = int(time.time() * 1000) - 1000
    keeper = setup.custodian(args, args.state, api)
    exam = setup.create_exam(officer, keeper, args.blueprints, "annual", WINDOW_S * 1000, DURATION_S * 1000, start_ms)
    officer.call("PUT", f"/exams/{exam}/exemptions/{exempted[0]}",
                 {"kind": "exempt", "reason": "产假", "document": "示范〔2026〕2号"})

    print(f"{SITTERS} 人同时开考……", flush=True)
    began = time.time()
    sitters = [Sitter(n, p[0], codes[p[0]], exam, args, keys) for n, p in enumerate(chosen)]
    with concurrent.futures.ThreadPoolExecutor(SITTERS) as pool:
        for done in [pool.submit(s.run) for s in sitters]:
            done.result()
    print(f"作答用时 {time.time() - began:.1f} 秒；等待考试时间结束……", flush=True)
    while True:  # the server closes the leavers by itself
        rows = officer.call("GET", f"/exams/{exam}/coverage")["rows"]
        if rows[0]["total"]["sat"] == SITTERS or time.time() * 1000 > start_ms + (WINDOW_S + 25) * 1000:
            break
        time.sleep(0.5)
    officer.call("POST", f"/exams/{exam}/close", {})

    table = officer.call("GET", f"/exams/{exam}/coverage")
    scores = {s["person"]: s for s in officer.call("GET", f"/exams/{exam}/scores")["scores"]}
    check_foots(table["rows"])
    top = table["rows"][0]["total"]
    attended = {row[0] for row in district.hearings(setup.year())}
    tally = {
        "expected": len(staff) + 1 - 1,  # the officer sits too; one is exempted
        "exempted": 1,
        "sat": SITTERS,
        "passed": sum(s.points >= 6000 for s in sitters),
        "integrated": sum(s.points >= 6000 and s.person in attended for s in sitters),
    }
    tally["missing"] = tally["expected"] - SITTERS
    for name, value in tally.items():
        assert top[name] == value, f"{name}: the table says {top[name]}, the tally {value}"
    assert set(scores) == {s.person for s in sitters}
    for s in sitters:
        assert scores[s.person]["points"] == s.points, (s.person, scores[s.person], s.points)
    try:
        Api(args.url, args.ca, officer.token).call("POST", f"/exams/{exam}/sessions",
                                                   {"attempt": 1, "nonce": secrets.token_hex(32)})
        raise AssertionError("a closed exam could be started")
    except Refused as e:
        assert e.status == 409, e

    print("\n" + "单位".ljust(20, "　") + "  应考  免考  实考  合格  待定  缓考  缺考")
    for row in table["rows"]:
        if row["level"] <= 1:
            c = row["total"]
            print(("　" * row["level"] + row["name"]).ljust(20, "　")[:20] + "".join(
                f"{c[k]:6d}" for k in ("expected", "exempted", "sat", "passed", "pending", "deferred", "missing")))
    print(table["formula"])
    print("\n成绩分布")
    histogram([s.points for s in sitters])
    print(f"\n全部数字相符：{SITTERS} 人，交卷 {sum(s.handed_in for s in sitters)} 人，到时收卷 {LEAVERS} 人，"
          f"合格 {tally['passed']} 人。")


if __name__ == "__main__":
    main()
