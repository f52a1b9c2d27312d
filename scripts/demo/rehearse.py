#!/usr/bin/env python3
"""A small exam day through the real API: 50 people sit at once, some leave half way, one loses the
network, the answer of one comes late and an officer decides on it; one is exempt, one deferred; the
window closes; every figure of every unit, every rate and every band is checked against this driver's
own tally.

  rehearse.py --url URL --state DIR --blueprints DIR --content DIR [--ca FILE]

The driver knows the items' answer keys from the content files (it plays people with a seeded
knowledge), never from the server. Exit status 0 only if everything foots."""
import argparse
import collections
import concurrent.futures
import decimal
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
LEAVERS = 6       # stop half way and never hand in; the first of them sends one more answer late
WINDOW_S = 24
DURATION_S = 600  # cut at the window's end
LATE_MS = 15_000  # a late answer is kept for so long after the grace, also on a slow machine
PATIENCE_S = 40   # from the window's end until every paper is closed and marked
SEED = 20261124
PASS_MARK = 6000
BANDS = (("优秀", 9000), ("良好", 8000), ("合格", 6000))  # what setup.py's policy says, once more
COUNTS = {"expected": "应考", "exempted": "免考", "sat": "实考", "passed": "合格", "pending": "待定", "deferred": "缓考",
          "missing": "缺考", "attended": "已旁听", "integrated": "合格且已旁听"}
RATES = {"participation": ("参考率", "sat", "expected"), "pass_rate": ("合格率", "passed", "sat"),
         "coverage": ("覆盖率", "passed", "expected"),
         "integrated_coverage": ("一体化覆盖率", "integrated", "expected")}


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
        self.leaves, self.is_late = n < LEAVERS, n == 0
        self.loses_network = n == LEAVERS
        self.points, self.late_points = 0, 0
        self.handed_in = False
        self.head = None

    def run(self):
        api = Api(self.args.url, self.args.ca)
        api.keep = True
        api.activate(self.person, self.code, secrets.token_urlsafe(12))
        nonce = secrets.token_hex(32)
        asked = time.monotonic()
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
        if self.is_late:
            # By the server's clock, of which the first reply to the start spoke.
            end_ms = session["deadline_ms"] + session["grace_ms"] - session["server_time_ms"]
            time.sleep(max(0.0, asked + end_ms / 1000 + 0.5 - time.monotonic()))
            right = right_value(items[stop], self.keys)
            ack = api.call("PUT", path + "/responses",
                           {"epoch": epoch, "responses": [{"seq": seq, "item": stop, "value": right}]})
            assert ack["late"], f"{self.person}: an answer after the deadline and its grace is not late: {ack}"
            self.late_points = items[stop]["points"]
        leaked = [k for k in ("answer", "explanation", "解析")
                  if any(k.encode() in reply for reply in api.replies)]
        assert not leaked, f"replies hold {leaked}"
        api.close()
        return self


def histogram(scores):
    bins = collections.Counter(min(s // 1000, 9) for s in scores)
    for b in range(10):
        print(f"  {b * 10:3d}–{b * 10 + 9 if b < 9 else 100:3d}  {bins[b]:3d}  {'█' * bins[b]}")


def band_of(points):
    return next((name for name, minimum in BANDS if points >= minimum), "")


def rate_of(over, under):
    """Basis points, half up; None where there is nothing to divide by."""
    if under == 0:
        return None
    return int((decimal.Decimal(over) * 10000 / under).quantize(decimal.Decimal(1), decimal.ROUND_HALF_UP))


def rate_text(basis_points):
    return "—" if basis_points is None else f"{basis_points // 100}.{basis_points % 100:02d}%"


class Tally:
    """What every unit's row must say: counted person by person, from the driver's own lists.

    points: of whom a score stands; pending, deferred, exempted, attended: sets of person numbers."""

    def __init__(self, points, pending, deferred, exempted, attended):
        self.parents = {code: parent for code, _name, parent in district.units()}
        self.own = collections.defaultdict(collections.Counter)
        self.total = collections.defaultdict(collections.Counter)
        self.standing = {}  # of who has no score yet
        for number, _name, unit, _category, status, _post, _appointed in district.people():
            if status != "在册":
                continue
            passed = points.get(number, 0) >= PASS_MARK
            if number in exempted:
                self.count(unit, "exempted")
                continue
            self.count(unit, "expected")
            if number in points:
                self.count(unit, "sat")
            else:
                name = "pending" if number in pending else "deferred" if number in deferred else "missing"
                self.standing[number] = "not_started" if name == "missing" else name
                self.count(unit, name)
            if passed:
                self.count(unit, "passed")
            if number in attended:
                self.count(unit, "attended")
            if passed and number in attended:
                self.count(unit, "integrated")

    def count(self, unit, name):
        self.own[unit][name] += 1
        while unit:
            self.total[unit][name] += 1
            unit = self.parents[unit]

    def check(self, rows):
        """Every count and rate of every row, and that no unit with people is missing from the table."""
        for row in rows:
            for which, mine in (("own", self.own[row["unit"]]), ("total", self.total[row["unit"]])):
                for name, word in COUNTS.items():
                    assert row[which][name] == mine[name], \
                        f"{row['name']} {which} {word}: the table says {row[which][name]}, the tally {mine[name]}"
                for name, (word, over, under) in RATES.items():
                    rate = rate_of(mine[over], mine[under])
                    assert row[which][name] == rate, \
                        f"{row['name']} {which} {word}: the table says {row[which][name]}, the tally {rate}"
        absent = {unit for unit, mine in self.total.items() if any(mine.values())} - {row["unit"] for row in rows}
        assert not absent, f"the table has no row for {absent}"


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
        for name in COUNTS:
            total = row["own"][name] + sum(child["total"][name] for child in children)
            assert row["total"][name] == total, (row["unit"], name)


def check_scores(officer, exam, sitters, late):
    """The list of scores, person by person. late: whose last answer awaits a decision, or None."""
    scores = {s["person"]: s for s in officer.call("GET", f"/exams/{exam}/scores")["scores"]}
    assert set(scores) == {s.person for s in sitters}, set(scores) ^ {s.person for s in sitters}
    for s in sitters:
        row = scores[s.person]
        want = {"points": s.points, "points_max": 10000, "passed": s.points >= PASS_MARK, "band": band_of(s.points),
                "pending": s is late}
        got = {name: row[name] for name in want}
        assert got == want, f"{s.person}: the list says {got}, the tally {want}"


def print_table(table):
    print("\n" + "单位".ljust(12, "　") + "".join(f"  {word}" for word in COUNTS.values() if len(word) <= 3)
          + "".join(f"    {word}" for word, _over, _under in RATES.values()))
    for row in table["rows"]:
        if row["level"] <= 1:
            c = row["total"]
            print(("　" * row["level"] + row["name"]).ljust(12, "　")
                  + "".join(f"{c[name]:{2 + 2 * len(word)}d}" for name, word in COUNTS.items() if len(word) <= 3)
                  + "".join(f"{rate_text(c[name]):>{4 + 2 * len(word)}}" for name, (word, _o, _u) in RATES.items()))
    print(table["formula"])


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
    exempted, deferred = [p for p in staff if p not in chosen][:2]
    codes = {c["person"]: c["code"] for c in api.call(
        "POST", "/activation-codes", {"people": [p[0] for p in chosen] + [setup.OFFICER]})["codes"]}
    officer = Api(args.url, args.ca)
    officer.activate(setup.OFFICER, codes[setup.OFFICER], secrets.token_urlsafe(12))
    start_ms = int(time.time() * 1000) - 1000
    keeper = setup.custodian(args, args.state, api)
    exam = setup.create_exam(officer, keeper, args.blueprints, "annual", WINDOW_S * 1000, DURATION_S * 1000,
                             start_ms, late_accept_ms=LATE_MS)
    for person, kind, reason in ((exempted[0], "exempt", "产假"), (deferred[0], "deferred", "援外工作，下一期补考")):
        officer.call("PUT", f"/exams/{exam}/exemptions/{person}",
                     {"kind": kind, "reason": reason, "document": f"示范〔{setup.year()}〕2号"})

    print(f"{SITTERS} 人同时开考……", flush=True)
    began = time.time()
    sitters = [Sitter(n, p[0], codes[p[0]], exam, args, keys) for n, p in enumerate(chosen)]
    with concurrent.futures.ThreadPoolExecutor(SITTERS) as pool:
        for done in [pool.submit(s.run) for s in sitters]:
            done.result()
    print(f"作答和等待迟到的一次作答共用时 {time.time() - began:.1f} 秒；等待系统收卷……", flush=True)
    late = next(s for s in sitters if s.is_late)
    attended = {row[0] for row in district.hearings(setup.today())}

    def tally(pending):
        return Tally({s.person: s.points for s in sitters if s.person not in pending}, pending, {deferred[0]},
                     {exempted[0]}, attended)

    while True:  # the server closes the leavers by itself
        table = officer.call("GET", f"/exams/{exam}/coverage")
        top = table["rows"][0]["total"]
        if top["sat"] + top["pending"] == SITTERS or time.time() * 1000 > start_ms + (WINDOW_S + PATIENCE_S) * 1000:
            break
        time.sleep(0.2)
    check_foots(table["rows"])
    tally({late.person}).check(table["rows"])
    check_scores(officer, exam, sitters, late)
    listed = {p["person"]: p["standing"] for p in officer.call("GET", f"/exams/{exam}/missing")["people"]}
    assert listed == tally({late.person}).standing, "the list of who has not sat differs from the tally"

    session = next(s["session"] for s in officer.call("GET", f"/exams/{exam}/sessions")["sessions"]
                   if s["person"] == late.person)
    officer.call("POST", f"/sessions/{session}/late-decision", {"accepted": True, "reason": "截止前已作答，网络故障致迟到"})
    late.points += late.late_points
    officer.call("POST", f"/exams/{exam}/close", {})

    table = officer.call("GET", f"/exams/{exam}/coverage")
    check_foots(table["rows"])
    tally(set()).check(table["rows"])
    check_scores(officer, exam, sitters, None)
    assert table["closed"] and "缺考" in table["formula"], table["formula"]
    try:
        Api(args.url, args.ca, officer.token).call("POST", f"/exams/{exam}/sessions",
                                                   {"attempt": 1, "nonce": secrets.token_hex(32)})
        raise AssertionError("a closed exam could be started")
    except Refused as e:
        assert e.status == 409, e

    print_table(table)
    print("\n成绩分布")
    histogram([s.points for s in sitters])
    bands = collections.Counter(band_of(s.points) or "不合格" for s in sitters)
    print("等次：" + "，".join(f"{name} {bands[name]} 人" for name in [*(b[0] for b in BANDS), "不合格"]))
    print(f"\n全部数字相符：{len(table['rows'])} 个单位逐项核对；{SITTERS} 人参考，交卷 {sum(s.handed_in for s in sitters)} 人，"
          f"到时收卷 {LEAVERS} 人（其中迟到作答经批准计入 1 人），合格 {sum(s.points >= PASS_MARK for s in sitters)} 人，"
          f"免考 1 人，缓考 1 人。")


if __name__ == "__main__":
    main()
