#!/usr/bin/env python3
"""The server is killed (SIGKILL) at random moments while forty candidates answer, hand in and sit again.
After every restart each of them comes back: what was acknowledged is there, nothing is that was never
sent, every acknowledged head stands in the chain as the second implementation recomputes it, and the
session goes on. Likewise in the middle of an import of the roster, of closing an exam, and of sessions
whose time runs out: all or nothing, and what is overdue is closed and marked by the server itself.

The database lies on a real disk. SIGKILLS=N kills N times under load (50 if unset), SIGKILL_SEED=S
repeats what was drawn: the values and the moments, as far as a machine repeats moments."""
import contextlib
import os
import random
import shutil
import subprocess
import threading
import time
import unittest

import rig
import town
from candidates import GONE, Crowd, Lost
from journal import GRADED, TIMED_OUT, Broken, Journal

KILLS = int(os.environ.get("SIGKILLS") or 50)
SEED = os.environ.get("SIGKILL_SEED") or str(random.SystemRandom().getrandbits(48))
CANDIDATES = 40
ATTEMPTS = 20
LATER_KILLS = 8  # during import, close, time-outs: each
ROWS = 4000  # of an import
TIME_OUT_SLACK_S = 0.5  # the server leaves what was received in time so long to come in
CONFIG = {"checkpoint_ms": 100}  # so that kills meet checkpoints too


class Sigkill(unittest.TestCase):
    def setUp(self):
        print(f"SIGKILL_SEED={SEED}", flush=True)
        self.rng = random.Random(f"{SEED}/{self.id()}")
        self.server = rig.Server(on_disk=rig.disk_dir(), config={**town.QUICK, **CONFIG}).start()
        self.addCleanup(self.server.close)
        self.town = town.Town(self.server, spare=CANDIDATES // 2)
        self.addCleanup(lambda: self.town.admin.close())
        self.journal = Journal(self.server.state / "data")
        self.kills = 0

    def people(self, count):
        numbers = [n for unit in self.town.numbers.values() for n in unit][:count]
        return list(self.town.people(numbers).values())

    def crowd(self, exam, count=CANDIDATES, **more):
        crowd = Crowd(self.people(count), exam, SEED, **more)
        self.addCleanup(crowd.close)
        return crowd

    def kill_soon(self, within_s):
        """The moment is drawn; nothing waits for this."""
        time.sleep(self.rng.uniform(0, within_s))
        self.server.kill()
        self.kills += 1

    def restart(self):
        """Starts again; now and then it is killed first while it starts."""
        while self.rng.random() < 0.25:
            self.server.spawn()
            self.kill_soon(0.08)
        self.server.start()

    def check_rows(self):
        """The tables are what the events say."""
        self.assertEqual(self.server.stop(), 0, self.server.log_text()[-3000:])
        done = subprocess.run([str(rig.BIN / "mingfa-server"), "--config", str(self.server.config_file), "check-rows"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=rig.ENVIRONMENT,
                              timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)

    # ---- under load

    def test_every_acknowledged_answer_survives(self):
        exam = rig.exam(rig.Changed(self.town.admin, attempts=ATTEMPTS), window_ms=36000_000, duration_ms=36000_000)
        hand_in = min(0.02, 4.0 / KILLS)  # so that there is always somebody writing
        crowd = self.crowd(exam, attempts=ATTEMPTS, hand_in=hand_in)
        crowd.each("begin")
        started = time.monotonic()
        for _ in range(KILLS):
            crowd.forget_acks()
            running = crowd.begin("run")
            crowd.wait_for_acks(self.rng.choice((0, self.rng.randint(1, 40), self.rng.randint(40, 400))))
            self.kill_soon(0.02)
            crowd.end(running)
            self.restart()
            crowd.each("come_back")
            crowd.check_chains(self.journal)
        print(f"{self.kills} kills, {crowd.saves} saves acknowledged, {self.journal.seq} events, "
              f"{sum(len(c.final) for c in crowd.all)} handed in, {time.monotonic() - started:.1f} s", flush=True)
        self.assertGreaterEqual(self.kills, KILLS)
        self.assertGreater(crowd.saves, 10 * KILLS)
        self.check_rows()
        crowd.check_chains(Journal(self.server.state / "data"))  # from the first event: nothing was rewritten

    def test_a_lost_answer_is_noticed(self):
        """The negative control: an older state of the disk comes back, as if syncs had been lies."""
        crowd = self.crowd(rig.exam(self.town.admin), count=5)
        data, older = self.server.state / "data", self.server.state / "older"
        crowd.each("begin")
        for _ in range(3):
            crowd.each("save")
        crowd.check_chains(self.journal)
        self.server.kill()
        shutil.copytree(data, older)
        self.server.start()
        crowd.each("come_back")
        self.server.kill()
        shutil.rmtree(data)
        older.rename(data)
        self.server.start()
        for c in crowd.all:
            with self.assertRaises(Lost):
                c.come_back()
        with self.assertRaises(Lost):
            crowd.check_chains(Journal(data))

    def test_an_acknowledgement_before_its_commit_is_noticed(self):
        """The planted bug: the same kills, and a server that says "stored" one batch too early."""
        self.assertEqual(self.server.stop(), 0)
        self.server.program = rig.BUILD / "tests" / "mingfa-server-hasty"
        self.server.start()
        crowd = self.crowd(rig.exam(self.town.admin, window_ms=36000_000, duration_ms=36000_000), count=10)
        crowd.each("begin")
        with self.assertRaises((Lost, Broken, rig.Refused)):
            for _ in range(10):
                crowd.forget_acks()
                running = crowd.begin("run")
                crowd.wait_for_acks(40)
                self.server.kill()
                crowd.end(running)
                self.server.start()
                crowd.each("come_back")
                crowd.check_chains(self.journal)

    # ---- an import

    def test_an_import_of_the_roster_is_stored_whole_or_not_at_all(self):
        people = [f"X-{n:05d}" for n in range(ROWS)]

        def roster(generation):
            return town.people_csv(town.person_row(n, "A1", name="张" + "甲乙丙丁"[generation % 4]) for n in people)

        self.import_and_kill("people", roster, "修改")

    def test_an_import_of_hearings_is_stored_whole_or_not_at_all(self):
        people = [n for unit in self.town.numbers.values() for n in unit][:50]
        day = rig.china_today().isoformat()

        def attendance(generation):
            rows = (f"{n},第{generation:02d}-{k:03d}场,{day},现场" for n in people for k in range(ROWS // len(people)))
            return ("人员编号,场次编号,日期,方式\n" + "\n".join(rows) + "\n").encode()

        self.import_and_kill("hearings", attendance, "新增")
        self.journal.read()

    def import_and_kill(self, kind, table, new):
        """table(generation): the file; each differs from the one before in all its rows."""
        admin, acknowledged, stored = self.town.admin, set(), 0

        def send(generation):
            with contextlib.suppress(*GONE):
                self.assertTrue(admin.call("POST", f"/{kind}/import", csv=table(generation))["applied"])
                acknowledged.add(generation)

        began = time.monotonic()
        send(0)
        import_s = time.monotonic() - began
        for generation in range(1, LATER_KILLS + 1):
            sender = threading.Thread(target=send, args=(generation,))
            sender.start()
            self.kill_soon(import_s * 2)
            sender.join()
            admin.close()
            self.restart()
            report = admin.call("POST", f"/{kind}/import", csv=table(generation))  # what is there is left alone
            self.assertEqual(report["errors"], [])
            same, fresh = report["changes"].get("未变", 0), report["changes"].get(new, 0)
            self.assertIn((same, fresh), ((ROWS, 0), (0, ROWS)), f"half an import: {report}")
            if generation in acknowledged:
                self.assertEqual(same, ROWS, "an acknowledged import is gone")
            stored += same > 0
        print(f"{self.kills} kills, {stored} of {LATER_KILLS} imports stored ({len(acknowledged) - 1} acknowledged), "
              f"{import_s:.2f} s each", flush=True)
        self.assertIn(0, acknowledged)
        self.check_rows()

    # ---- the end of time, and of an exam

    def test_sessions_whose_time_runs_out_are_closed_and_marked_whole(self):
        crowds = []
        for n in range(LATER_KILLS):
            exam = rig.exam(rig.Changed(self.town.admin, grace_ms=0, late_accept_ms=0), window_ms=2500, start_in_ms=-100)
            crowd = self.crowd(exam, count=20)
            crowds.append(crowd)
            crowd.each("begin")
            crowd.each("save", 20)
            due_s = max(c.deadline_ms for c in crowd.all) / 1000
            if n % 2 == 0:  # it is down when the time runs out, and finds them overdue
                self.kill_soon(0.01)
                time.sleep(max(0.0, due_s + 0.05 - time.time()))
            else:  # it is just closing them
                time.sleep(max(0.0, due_s + TIME_OUT_SLACK_S - 0.05 - time.time()))
                self.kill_soon(0.1)
            for c in crowd.all:
                c.api.close()
            self.restart()
            rig.wait_for(lambda: self.metric("sessions_open") == 0, "the overdue sessions are closed")
            for c in crowd.all:
                c.finish(c.api.call("GET", c.path + "/result"))
            crowd.check_chains(self.journal)
        for chain in self.journal.chains.values():
            self.assertEqual([k for k in chain.types if k in (TIMED_OUT, GRADED)], [TIMED_OUT, GRADED])
        for c in (c for crowd in crowds for c in crowd.all):
            self.assertEqual(c.api.call("GET", c.path + "/result"), c.final[c.session])  # it stands
        self.check_rows()

    def metric(self, name):
        _status, _headers, body = self.town.admin.raw("GET", "/metrics")
        return next(int(line.split()[1]) for line in body.decode().splitlines() if line.startswith(f"mingfa_{name} "))

    def test_closing_an_exam_is_stored_whole_or_not_at_all(self):
        admin, states = self.town.admin, []
        for _ in range(LATER_KILLS):
            exam, answers = rig.exam(admin), []
            crowd = self.crowd(exam, count=8)
            crowd.each("begin")

            def close(exam=exam, answers=answers):
                with contextlib.suppress(*GONE):
                    answers.append(admin.call("POST", f"/exams/{exam}/close", {})["state"])

            closer = threading.Thread(target=close)
            running = crowd.begin("run")
            closer.start()
            self.kill_soon(0.02)
            crowd.end(running)
            closer.join()
            admin.close()
            self.restart()
            state = admin.call("GET", f"/exams/{exam}")["state"]
            states.append(state)
            self.assertIn(state, ("open", "closed"))
            self.assertTrue(not answers or answers == [state] == ["closed"], (answers, state))
            self.assertEqual(admin.call("GET", f"/exams/{exam}/coverage")["closed"], state == "closed")
            crowd.each("come_back")  # who was writing goes on
            crowd.check_chains(self.journal)
        print(f"{self.kills} kills, {states.count('closed')} of {len(states)} exams closed", flush=True)
        self.check_rows()


if __name__ == "__main__":
    unittest.main()
