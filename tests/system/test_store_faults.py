#!/usr/bin/env python3
"""The store fails under load: the disk refuses commits, for one batch or for many, or it is unknown what
became of one. Nobody is told that an answer is stored which is not; nobody is told for good that it is
not taken; sessions go on by themselves once commits succeed again. After an unknown outcome the process
ends with status 1 for its supervisor, and the next one goes on from what the disk holds.

The server is the real one, its appends failing by plan (tests/system/faulty_store.c)."""
import re
import shutil
import time
import unittest

import rig
import town
from candidates import Crowd
from journal import Journal

CANDIDATES = 10
PATIENCE_S = 30


class Faults(unittest.TestCase):
    def setUp(self):
        self.server = rig.Server(config=town.QUICK).start()
        self.addCleanup(self.server.close)
        self.town = town.Town(self.server, spare=CANDIDATES)
        self.exam = rig.exam(self.town.admin, window_ms=36000_000, duration_ms=36000_000)
        self.people = list(self.town.people(self.town.numbers["A1"]).values())
        self.server.program = rig.BUILD / "tests" / "mingfa-server-faulty"

    def restart(self, plan):
        if self.server.process is not None:
            self.assertEqual(self.server.stop(), 0, self.server.log_text()[-2000:])
        for api in self.server.apis:
            api.close()
        self.server.environment["FAULT_PLAN"] = plan
        self.server.start()

    def crowd(self):
        crowd = Crowd(self.people, self.exam, "faults")
        self.addCleanup(crowd.close)
        return crowd

    def metric(self, name):
        text = self.server.api().raw("GET", "/metrics")[2].decode()
        found = re.search(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M)
        self.assertIsNotNone(found, name)
        return float(found.group(1))

    def check(self, crowd):
        """Everybody opens again, finds what was acknowledged, and goes on."""
        for c in crowd.all:
            c.device, c.seq = c._hex(32), 1
        crowd.each("come_back")
        crowd.check_chains(Journal(self.server.state / "data"))

    def test_commits_that_fail_cost_nothing_but_time(self):
        self.restart("record io 3 1; record io 20 2; record io 40 1; record io 41 1; record io 60 3")
        pid = self.server.pid()
        crowd = self.crowd()
        crowd.each("begin")
        for _ in range(12):
            crowd.each("step")
        self.assertEqual(self.metric("mingfa_commits_failed_total"), 8)
        self.assertEqual(self.server.pid(), pid)
        self.assertIsNone(self.server.process.poll())
        self.assertEqual(self.server.api().raw("GET", "/readyz")[0], 200)
        self.check(crowd)
        self.restart("")
        self.check(crowd)

    def outcome_unknown(self, kind):
        self.restart(f"record {kind} 25 1")
        crowd = self.crowd()
        crowd.each("begin")
        running = crowd.begin("run")  # until the server is gone
        status = self.server.process.wait(PATIENCE_S)
        crowd.end(running)
        self.assertEqual(status, 1, self.server.log_text()[-2000:])
        self.server.process = None
        self.assertIn("live-fatal", self.server.log_text())
        self.restart("")
        for c in crowd.all:
            c.api.close()
        crowd.each("come_back")
        crowd.check_chains(Journal(self.server.state / "data"))

    def test_an_unknown_outcome_that_was_lost_ends_the_process_and_nothing_else(self):
        self.outcome_unknown("unknown-lost")

    def test_an_unknown_outcome_that_was_stored_ends_the_process_and_nothing_else(self):
        self.outcome_unknown("unknown-stored")

    def test_whoever_waits_when_all_ends_is_told_to_come_back(self):
        """No answer to a save is ever a refusal for good: 200, 503, or no answer at all."""
        self.restart("record unknown-lost 25 1")
        crowd = self.crowd()
        crowd.each("begin")
        statuses = set()
        end = time.monotonic() + PATIENCE_S

        def look(candidate):
            sitting = candidate.api
            item, n = 0, candidate.seq
            try:
                while time.monotonic() < end:
                    status, headers, _body = sitting.raw(
                        "PUT", "/api/v1" + candidate.path + "/responses",
                        f'{{"epoch": {candidate.epoch}, "responses": [{{"seq": {n}, "item": {item}, "value": 1}}]}}'.encode())
                    statuses.add(status)
                    if status == 503:
                        self.assertIsNotNone(headers.get("Retry-After"))
                    n += 1
            except OSError:
                pass

        crowd.end([crowd.pool.submit(look, c) for c in crowd.all])
        self.assertEqual(self.server.process.wait(PATIENCE_S), 1)
        self.server.process = None
        self.assertLessEqual(statuses, {200, 503})
        self.assertIn(503, statuses)

    def test_a_registry_that_cannot_be_written_says_so_and_keeps_nothing(self):
        self.restart("registry io 1 1")
        admin = self.town.admin
        csv = town.people_csv([town.person_row("X-1", "A1")])
        status, headers, body = admin.raw("POST", "/api/v1/people/import", csv, "text/csv")
        self.assertEqual(status, 503, body)
        self.assertIsNotNone(headers.get("Retry-After"))
        self.assertEqual(admin.call("POST", "/people/import", csv=csv)["changes"]["新增"], 1)
        self.restart("")
        self.assertEqual(admin.call("POST", "/people/import", csv=csv)["changes"]["未变"], 1)

    def test_a_registry_whose_commit_is_in_doubt_ends_the_process(self):
        self.restart("registry unknown-stored 1 1")
        csv = town.people_csv([town.person_row("X-1", "A1")])
        status, _headers, body = self.town.admin.raw("POST", "/api/v1/people/import", csv, "text/csv")
        self.assertEqual(status, 503, body)
        self.assertEqual(self.server.process.wait(PATIENCE_S), 1)
        self.server.process = None
        self.restart("")
        self.assertEqual(self.town.admin.call("POST", "/people/import", csv=csv)["changes"]["未变"], 1)

    def test_a_release_that_is_gone_makes_nobody_give_up_their_answers(self):
        """The session is known, its release is not loaded: come back later, not "no such session"."""
        sitting = town.Sitting(self.town.person("A1-00"), self.exam)
        sitting.save({0: 1})
        self.assertEqual(self.server.stop(), 0)
        bank = self.server.state / "bank"
        bank.rename(self.server.state / "bank-away")
        bank.mkdir()
        rig.make_release(self.server.state, bank / "other.mfbank", "另一份题库")
        self.restart("")
        api = self.server.api()
        self.assertEqual(api.raw("GET", "/readyz")[0], 503)
        status, headers, body = sitting.api.raw(
            "PUT", "/api/v1" + sitting.path + "/responses",
            f'{{"epoch": {sitting.epoch}, "responses": [{{"seq": {sitting.seq}, "item": 1, "value": 1}}]}}'.encode())
        self.assertEqual(status, 503, body)
        self.assertIsNotNone(headers.get("Retry-After"))
        self.assertEqual(self.server.stop(), 0)
        shutil.rmtree(bank)
        (self.server.state / "bank-away").rename(bank)
        self.restart("")
        self.assertEqual(self.server.api().raw("GET", "/readyz")[0], 200)
        sitting.save({1: 1})
        self.assertEqual(len(sitting.api.call("GET", sitting.path)["responses"]), 2)


if __name__ == "__main__":
    unittest.main()
