#!/usr/bin/env python3
"""The clock at the start: a server whose clock is behind what is stored says so and does not start, until
the clock is right or an administrator accepts it. The record is moved into the future instead of the
clock into the past."""
import contextlib
import sqlite3
import subprocess
import time
import unittest

import rig
import town


class Clock(unittest.TestCase):
    def setUp(self):
        self.server = rig.Server(config=town.QUICK).start()
        self.addCleanup(self.server.close)
        self.server.admin()
        self.assertEqual(self.server.stop(), 0)

    def record_ahead(self, seconds):
        """As if the last event had been recorded by a clock that was ahead."""
        with contextlib.closing(sqlite3.connect(self.server.state / "data" / "registry.db")) as db:
            db.execute("UPDATE event SET recorded_ms = ? WHERE seq = (SELECT max(seq) FROM event)",
                       (int(time.time() * 1000) + seconds * 1000,))
            db.commit()

    def run_once(self, *more):
        return subprocess.run([str(rig.BIN / "mingfa-server"), "--config", str(self.server.config_file), *more],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30,
                              env=rig.ENVIRONMENT | {"LANG": "zh_CN.UTF-8"}, check=False)

    def test_a_clock_far_behind_the_record_is_not_trusted(self):
        self.record_ahead(3600)
        done = self.run_once()
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, r"系统时钟比已存记录的最后时间慢 (3600|359\d) 秒")
        self.assertIn("--accept-clock-behind 1", done.stderr)
        self.server.config["accept_clock_behind"] = 1
        self.server.write_config()
        self.server.start()
        self.assertIn("clock-behind-record", self.server.log_text())

    def test_a_little_behind_is_put_up_with(self):
        self.record_ahead(4)
        self.server.start()
        self.assertEqual(self.server.api().raw("GET", "/readyz")[0], 200)


if __name__ == "__main__":
    unittest.main()
