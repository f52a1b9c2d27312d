#!/usr/bin/env python3
"""What a later run of `scripts/run` does with the demo: an exam whose window is over is closed and the
next round has a name of its own; the tables of another year are imported once. And what it refuses."""
import contextlib
import fcntl
import json
import re
import subprocess
import sys
import time
import unittest

import rig

import setup

WINDOW_S = 4


def run(server, window_s):
    """What setup.py made: kind -> exam."""
    done = subprocess.run(
        [sys.executable, "-B", str(rig.ROOT / "scripts" / "demo" / "setup.py"), "--url", server.url,
         "--state", str(server.state), "--blueprints", str(rig.BLUEPRINTS), "--window-s", str(window_s),
         "--duration-s", "60"],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    return json.loads(done.stdout)["made"]


class Demo(unittest.TestCase):
    def test_a_later_run_opens_the_next_round_under_its_own_name(self):
        with rig.Server() as server:
            self.assertEqual(set(run(server, WINDOW_S)), {"annual", "qualification"})
            first = time.monotonic()
            admin = server.admin()
            time.sleep(max(0.0, WINDOW_S - (time.monotonic() - first)))  # the window ends by the clock alone
            self.assertEqual(set(run(server, 3600)), {"annual", "qualification"})
            self.assertEqual(run(server, 3600), {}, "a round that runs is let alone")
            exams = admin.call("GET", "/exams")["exams"]
            names = [e["definition"]["name"] for e in exams]
            self.assertEqual(len(set(names)), 4, names)
            for e in exams:
                second = "（演示第2期）" in e["definition"]["name"]
                self.assertEqual(e["state"], "open" if second else "closed", e["definition"]["name"])
            self.assertEqual(sum("（演示第2期）" in name for name in names), 2, names)
            blueprint = {e["definition"]["kind"]: e["definition"]["blueprint"]["name"] for e in exams}
            self.assertEqual(blueprint["qualification"], "新提任领导干部任前法治理论知识考试")

    def test_a_later_day_and_a_new_year_bring_their_hearings_and_once_more_changes_nothing(self):
        with rig.Server() as server:
            admin = server.admin()
            this_year = setup.year()
            self.addCleanup(setattr, setup, "today", setup.today)

            def filled(today):
                setup.today = lambda: today
                setup.fill(admin, server.state)
                return self.events(server)

            january = filled(f"{this_year - 1}-01-01")
            june = filled(f"{this_year - 1}-06-30")
            december = filled(f"{this_year - 1}-12-31")
            self.assertEqual(january["record"], 0)
            self.assertGreater(june["record"], 100)
            self.assertGreater(december["record"], june["record"] + 100)
            self.assertEqual(filled(f"{this_year - 1}-12-31"), december)
            before = len(list(setup.district.hearings(f"{this_year - 1}-12-31")))
            self.assertEqual(december["record"], before)
            self.assertEqual(december["registry"], june["registry"], "people twice")

    def events(self, server):
        """file -> last seq, by its metrics."""
        _status, _headers, text = server.api().raw("GET", "/metrics")
        return {file: int(seq) for file, seq in re.findall(r"(?m)^mingfa_(record|registry)_seq (\d+)$", text.decode())}


class Command(unittest.TestCase):
    def command(self, *args):
        return subprocess.run([str(rig.ROOT / "scripts" / "run"), *args], stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30)

    def test_a_wrong_command_line_is_one_sentence(self):
        for args in (["--port", "abc"], ["--port", "65536"], ["--port", "-1"], ["--port"], ["--nonsense"]):
            done = self.command(*args)
            self.assertEqual((done.returncode, done.stdout), (2, ""), args)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_help_is_the_header(self):
        done = self.command("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = (rig.ROOT / "scripts" / "run").read_text(encoding="utf-8").splitlines()[1:]
        header = lines[:next(i for i, line in enumerate(lines) if not line.startswith("#"))]
        self.assertEqual(done.stdout.splitlines(), [line[2:] for line in header])

    def test_a_second_run_is_refused_before_it_touches_anything(self):
        state = rig.ROOT / "var" / "demo"
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(state / "run.lock", "ab") as lock:
            with contextlib.suppress(BlockingIOError):  # a demo runs on this machine: as well
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            before = {p.name: p.stat().st_mtime_ns for p in state.iterdir()}
            done = self.command("--port", "0")
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertIn("已在运行", done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            for name in ("server.json", "server.log", "server.out"):
                self.assertEqual((state / name).stat().st_mtime_ns if (state / name).exists() else None,
                                 before.get(name), name)


if __name__ == "__main__":
    unittest.main()
