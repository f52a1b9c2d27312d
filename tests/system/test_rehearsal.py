#!/usr/bin/env python3
"""The whole exam day of `scripts/run --smoke` (50 people, TLS, the window closes, every figure foots)
against the build that MINGFA_BUILD names, once more under the sanitizers if that build has them. Then the stored rows are compared
with the events, and a changed score is found."""
import contextlib
import json
import sqlite3
import subprocess
import sys
import unittest

import rig


class Rehearsal(unittest.TestCase):
    def test_every_figure_foots_and_the_server_ends_in_good_order(self):
        with rig.Server(tls=True) as server:
            done = subprocess.run(
                [sys.executable, "-B", str(rig.ROOT / "scripts" / "demo" / "rehearse.py"), "--url", server.url,
                 "--state", str(server.state), "--blueprints", str(rig.BLUEPRINTS), "--content", str(rig.CONTENT),
                 "--ca", server.ca],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240, check=False)
            self.assertEqual(done.returncode, 0, done.stdout[-3000:] + server.log_text()[-3000:])
            self.assertIn("全部数字相符", done.stdout)
            self.assertEqual(server.stop(), 0, server.log_text()[-3000:])
            for report in ("Sanitizer", "runtime error:"):
                self.assertNotIn(report, server.log_text())
            self.rows_are_what_the_events_say(server)

    def rows_are_what_the_events_say(self, server):
        def check():
            return subprocess.run([str(rig.BIN / "mingfa-server"), "--config", str(server.config_file), "check-rows"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120,
                                  env=rig.ENVIRONMENT | {"LANG": "C.UTF-8"}, check=False)

        done = check()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([line["file"] for line in lines], ["record.db", "registry.db"])
        for line in lines:
            self.assertGreater(line["rows"], 100, line)
            self.assertEqual(line["differences"], 0, line)
        with contextlib.closing(sqlite3.connect(server.state / "data" / "record.db")) as db:
            changed = db.execute("UPDATE score SET points = points + 100 WHERE rowid = "
                                 "(SELECT min(rowid) FROM score)").rowcount
            db.commit()
        self.assertEqual(changed, 1)
        done = check()
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("record.db", done.stderr)
        self.assertIn("score", done.stderr)
        self.assertIn("points", done.stderr)


if __name__ == "__main__":
    unittest.main()
