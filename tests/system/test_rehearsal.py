#!/usr/bin/env python3
"""The whole exam day of `scripts/run --smoke` (50 people, TLS, the window closes, every figure foots)
against the build that MINGFA_BUILD names, once more under the sanitizers if that build has them."""
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


if __name__ == "__main__":
    unittest.main()
