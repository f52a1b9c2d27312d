#!/usr/bin/env python3
"""A withdrawn item gives everyone full marks, also those who were marked before, without anybody doing anything;
also when the server is killed right after the withdrawal."""
import re
import time
import unittest

import rig
import town

GRADED = 9


def ids_by_stem():
    found = {}
    for path in sorted(rig.CONTENT.glob("*.txt")):
        for block in re.split(r"(?m)^(?=【编号】)", path.read_text(encoding="utf-8"))[1:]:
            field = {k: v.strip() for k, v in re.findall(r"(?ms)^【(.+?)】(.*?)(?=^【|^[A-H]\. |\Z)", block)}
            found[field["题干"]] = field["编号"]
    return found


class Withdrawal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ids = ids_by_stem()

    def setUp(self):
        self.server = town.server().start()
        self.addCleanup(self.server.close)
        self.town = town.Town(self.server)
        self.officer, self.auditor = self.town.holder("officer"), self.town.holder("auditor")
        self.exam = rig.exam(self.officer, "annual")
        self.sittings = {n: town.Sitting(self.town.person(n), self.exam) for n in self.town.numbers["A1"]}
        for sitting in self.sittings.values():
            sitting.submit()

    def withdraw(self, sitting, count, skip=0):
        """Withdraws items of the paper, and expects what they are worth."""
        for item in sitting.items[skip:skip + count]:
            self.officer.call("POST", f"/exams/{self.exam}/withdrawals",
                              {"item": self.ids[item["stem"]], "reason": "题目有误"})

    def worth(self, sitting, withdrawn):
        return sum(item["points"] for item in sitting.items if self.ids[item["stem"]] in withdrawn)

    def points(self, sitting):
        return sitting.api.call("GET", sitting.path + "/result")["score"]["points"]

    def wait_all(self, withdrawn, seconds=20):
        end = time.monotonic() + seconds
        expected = {n: self.worth(s, withdrawn) for n, s in self.sittings.items()}
        while (found := {n: self.points(s) for n, s in self.sittings.items()}) != expected:
            self.assertLess(time.monotonic(), end, (found, expected))
            time.sleep(0.05)
        return expected

    def graded(self):
        events, after = [], ""
        while True:
            page = self.auditor.call("GET", f"/audit/events?file=record&limit=1000{after}")
            events += page["events"]
            if page.get("next") is None:
                return sum(e["type"] == GRADED for e in events)
            after = f"&from={page['next']}"

    def test_full_marks_also_for_those_who_were_marked_before(self):
        sitting = self.sittings["A1-00"]
        withdrawn = {self.ids[item["stem"]] for item in sitting.items[:2]}
        self.assertEqual(self.points(sitting), 0)
        before = self.graded()
        self.withdraw(sitting, 2)
        expected = self.wait_all(withdrawn)
        self.assertGreater(expected["A1-00"], 0)
        scores = {s["person"]: s["points"]
                  for s in self.officer.call("GET", f"/exams/{self.exam}/scores")["scores"]}
        self.assertEqual(scores, expected)
        concerned = sum(points > 0 for points in expected.values())
        after = self.graded()
        self.assertTrue(concerned <= after - before <= 2 * concerned, (concerned, before, after))
        # Nothing is graded again for nothing, not after a restart either.
        self.server.kill()
        self.server.start()
        self.wait_all(withdrawn)
        self.officer.call("POST", f"/exams/{self.exam}/close")
        self.wait_all(withdrawn)
        self.assertEqual(self.graded(), after)

    def test_a_kill_right_after_the_withdrawal_takes_it_from_nobody(self):
        sitting = self.sittings["A1-01"]
        withdrawn = {self.ids[item["stem"]] for item in sitting.items[:2]}
        self.withdraw(sitting, 2)
        self.server.kill()
        self.server.start()
        self.wait_all(withdrawn)

    def test_a_voided_session_stays_as_it_was(self):
        sitting = self.sittings["A1-02"]
        self.officer.call("POST", sitting.path + "/void", {"reason": "替考"})
        self.withdraw(sitting, 1)
        del self.sittings["A1-02"]
        self.wait_all({self.ids[sitting.items[0]["stem"]]})
        self.assertEqual(sitting.api.call("GET", sitting.path)["state"], "voided")


if __name__ == "__main__":
    unittest.main()
