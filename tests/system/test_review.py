#!/usr/bin/env python3
"""When answer keys are shown: never while anybody could still use them, and nothing is taken once they could be seen.

After the close the whole exam has to be over: nobody writing, also by a reopening or beyond the window, and no
late response that can still come or awaits a decision. A session whose keys could be seen is not reopened."""
import json
import time
import unittest

import rig
import town

REASON = {"reason": "停电"}


class Review(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = town.server().start()
        cls.addClassCleanup(cls.server.close)
        cls.town = town.Town(cls.server)
        cls.setter = cls.town.holder("officer")
        cls.base = town.definition_of(cls.setter, rig.exam(cls.setter, "annual"))

    def exam(self, window_ms, **changes):
        """Everybody's deadline is the window's end."""
        now = int(time.time() * 1000)
        definition = {**self.base, "window_start_ms": now - 1000, "window_end_ms": now + window_ms, "grace_ms": 0,
                      "late_accept_ms": 0, "cut_at_window_end": True, **changes}
        return town.open_exam(self.setter, definition)

    def sitting(self, n, exam):
        return town.Sitting(self.town.person(self.town.numbers["A1"][n]), exam)

    def refusal(self, api, method, path, body=None):
        """(status, problem) of what must be refused."""
        status, _headers, reply = api.raw(method, "/api/v1" + path, None if body is None else json.dumps(body).encode())
        return status, json.loads(reply)["type"].removeprefix("/problems/") if status >= 400 else None

    def review(self, sitting):
        return self.refusal(sitting.api, "GET", sitting.path + "/review")

    def wait_state(self, sitting, state, seconds=20):
        end = time.monotonic() + seconds
        while sitting.api.call("GET", sitting.path)["state"] != state:
            self.assertLess(time.monotonic(), end, f"never {state}")
            time.sleep(0.05)

    def wait_review(self, sitting, until, seconds=20):
        """What the review says meanwhile, until it says this."""
        end, said = time.monotonic() + seconds, []
        while (found := self.review(sitting)) != until:
            self.assertLess(time.monotonic(), end, f"never {until}: {found}")
            if found not in said:
                said.append(found)
            time.sleep(0.05)
        return said

    def test_a_reopened_session_holds_the_keys_back_however_long_it_runs(self):
        exam = self.exam(1500)
        done, late = self.sitting(0, exam), self.sitting(1, exam)
        done.submit()
        self.wait_state(late, "graded")
        self.setter.call("POST", late.path + "/reopening",
                         {"deadline_ms": int(time.time() * 1000) + 60000, **REASON})
        self.setter.call("POST", f"/exams/{exam}/close")
        self.assertEqual(self.review(done), (409, "review-somebody-writing"))
        late.submit()
        self.assertEqual(self.review(done), (200, None))

    def test_a_suspended_session_holds_the_keys_back(self):
        exam = self.exam(1500)
        done, rests = self.sitting(0, exam), self.sitting(1, exam)
        done.submit()
        self.setter.call("POST", rests.path + "/suspension", REASON)
        self.setter.call("POST", f"/exams/{exam}/close")
        time.sleep(2)  # beyond the window
        self.assertEqual(self.review(done), (409, "review-somebody-writing"))
        self.setter.call("POST", rests.path + "/resumption", REASON)
        self.assertIn(self.wait_review(done, (200, None)), ([], [(409, "review-somebody-writing")]))

    def test_late_responses_of_anybody_hold_the_keys_back(self):
        exam = self.exam(1500, late_accept_ms=3000)
        done, late = self.sitting(0, exam), self.sitting(1, exam)
        late.save({0: None})
        done.submit()
        self.setter.call("POST", f"/exams/{exam}/close")
        self.wait_state(late, "graded")
        self.assertEqual(self.review(done), (409, "review-late-open"))
        self.assertTrue(late.save({1: None})["late"])
        self.assertEqual(self.review(done), (409, "review-late-pending"))
        self.setter.call("POST", late.path + "/late-decision", {"accepted": True, **REASON})
        self.assertEqual(self.review(done), (409, "review-late-open"))
        self.assertEqual(self.wait_review(done, (200, None)), [(409, "review-late-open")])

    def test_what_waits_for_a_decision_is_known_after_a_restart(self):
        exam = self.exam(1500, late_accept_ms=6000)
        done, late = self.sitting(0, exam), self.sitting(1, exam)
        done.submit()
        self.setter.call("POST", f"/exams/{exam}/close")
        self.wait_state(late, "graded")
        self.server.kill()
        self.server.start()
        self.assertEqual(self.review(done), (409, "review-late-open"))
        self.assertEqual(self.wait_review(done, (200, None)), [(409, "review-late-open")])
        self.assertEqual(self.refusal(late.api, "PUT", late.path + "/responses",
                                      {"epoch": late.epoch, "responses": [{"seq": 1, "item": 0, "value": None}]})[0], 409)

    def test_a_session_is_not_reopened_once_its_keys_could_be_seen(self):
        for changes, close in (({"review": "at_once"}, False), ({"review": "after_close"}, True)):
            with self.subTest(**changes):
                exam = self.exam(60000, attempts=2, **changes)
                sitting = self.sitting(2, exam)
                sitting.submit()
                deadline = {"deadline_ms": int(time.time() * 1000) + 60000, **REASON}
                if close:
                    self.setter.call("POST", f"/exams/{exam}/close")
                    self.server.kill()
                    self.server.start()
                self.assertEqual(self.refusal(self.setter, "POST", sitting.path + "/reopening", deadline),
                                 (409, "session-keys-shown"))
                self.setter.call("POST", sitting.path + "/void", REASON)
        with self.subTest(review="never"):
            exam = self.exam(60000, review="never")
            sitting = self.sitting(2, exam)
            sitting.submit()
            self.setter.call("POST", sitting.path + "/reopening", deadline)

    def test_before_the_close_a_session_is_reopened_as_ever(self):
        exam = self.exam(60000)
        sitting = self.sitting(3, exam)
        sitting.submit()
        self.setter.call("POST", sitting.path + "/reopening",
                         {"deadline_ms": int(time.time() * 1000) + 60000, **REASON})
        self.assertEqual(sitting.submit()["state"], "graded")


if __name__ == "__main__":
    unittest.main()
