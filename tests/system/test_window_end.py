#!/usr/bin/env python3
"""At the end of the window time is not promised that is not given: by extra time, by a suspension."""
import json
import time
import unittest

import rig
import town

REASON = {"reason": "停电"}


class WindowEnd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = town.server().start()
        cls.addClassCleanup(cls.server.close)
        cls.town = town.Town(cls.server)
        cls.officer = cls.town.holder("officer")

    def sitting(self, n, window_ms, duration_ms):
        base = town.definition_of(self.officer, rig.exam(self.officer, "annual"))
        now = int(time.time() * 1000)
        self.end_ms = now + window_ms
        exam = town.open_exam(self.officer, {**base, "window_start_ms": now - 1000, "window_end_ms": self.end_ms,
                                             "duration_ms": duration_ms, "cut_at_window_end": True})
        return town.Sitting(self.town.person(self.town.numbers["A1"][n]), exam)

    def heartbeat(self, sitting):
        ack = sitting.api.call("POST", sitting.path + "/heartbeat", {})
        return ack["deadline_ms"], ack["notices"]

    def test_extra_time_beyond_the_window_is_announced_as_what_it_is_or_refused(self):
        sitting = self.sitting(0, 300000, 240000)
        self.officer.call("POST", sitting.path + "/extra-time", {"ms": 600000, **REASON})
        deadline_ms, notices = self.heartbeat(sitting)
        self.assertEqual(deadline_ms, self.end_ms)
        self.assertEqual(len(notices), 1)
        self.assertRegex(notices[0], "已为您延长到考试时段截止时间.*停电")
        status, _headers, reply = self.officer.raw("POST", f"/api/v1{sitting.path}/extra-time",
                                                   json.dumps({"ms": 600000, **REASON}).encode())
        self.assertEqual((status, json.loads(reply)["type"]), (409, "/problems/extra-time-cut"))
        self.server.kill()
        self.server.start()
        self.assertEqual(self.heartbeat(sitting), (deadline_ms, notices))

    def test_a_suspension_at_the_end_of_the_window_is_given_back_up_to_it(self):
        sitting = self.sitting(1, 100000, 600000)
        self.officer.call("POST", sitting.path + "/suspension", REASON)
        time.sleep(0.05)
        self.officer.call("POST", sitting.path + "/resumption", REASON)
        deadline_ms, notices = self.heartbeat(sitting)
        self.assertEqual(deadline_ms, self.end_ms)
        self.assertRegex(notices[-1], "只补足到考试时段截止时间.*停电")

    def test_within_the_window_all_of_it_is_given_and_said(self):
        sitting = self.sitting(2, 3600000, 600000)
        before = self.heartbeat(sitting)[0]
        self.officer.call("POST", sitting.path + "/extra-time", {"ms": 300000, **REASON})
        deadline_ms, notices = self.heartbeat(sitting)
        self.assertEqual(deadline_ms, before + 300000)
        self.assertRegex(notices[0], "已为您延长5分钟")


if __name__ == "__main__":
    unittest.main()
