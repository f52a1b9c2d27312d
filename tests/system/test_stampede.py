#!/usr/bin/env python3
"""Everybody starts at once, past the rate that the server admits: each is told a place and a time, comes in
when it is their turn, nobody is turned away, nobody overtakes, and answers of those inside do not wait."""
import threading
import time
import unittest

import rig
import town

CROWD = 60
RATE = 20


class Stampede(unittest.TestCase):
    def test_everybody_comes_in_at_the_rate_and_those_inside_are_not_slowed(self):
        server = rig.Server(config={**town.QUICK, "starts_per_second": RATE}).start()
        self.addCleanup(server.close)
        place = town.Town(server, spare=CROWD)
        exam = rig.exam(place.admin, window_ms=36000_000, duration_ms=36000_000)
        inside = town.Sitting(place.person("B1-00"), exam)
        people = list(place.people(place.numbers["A1"]).values())
        came, told, errors, asked = [], [], [], {}
        go = threading.Barrier(CROWD + 1)

        def enter(api, number):
            go.wait()
            while True:
                status, headers, body = api.raw("POST", f"/api/v1/exams/{exam}/sessions",
                                                f'{{"attempt": 1, "nonce": "{number:064x}"}}'.encode())
                if status == 201:
                    came.append(time.monotonic())
                    return
                problem = rig.json.loads(body)
                if status != 503 or not problem["type"].endswith("start-wait-your-turn"):
                    errors.append((status, body))
                    return
                self.assertGreaterEqual(int(headers["Retry-After"]) * 1000, problem["retry_after_ms"])
                told.append(problem["before"])
                asked[number] = asked.get(number, 0) + 1
                time.sleep(problem["retry_after_ms"] / 1000)

        threads = [threading.Thread(target=enter, args=(api, n)) for n, api in enumerate(people)]
        for thread in threads:
            thread.start()
        go.wait()
        began = time.monotonic()
        saves = []
        while any(thread.is_alive() for thread in threads):
            at = time.monotonic()
            inside.save({0: None})
            saves.append(time.monotonic() - at)
        for thread in threads:
            thread.join()
        self.assertEqual(errors, [])
        self.assertEqual(len(came), CROWD)
        took = max(came) - began
        self.assertGreater(took, (CROWD - RATE) / RATE * 0.7)
        self.assertLess(took, CROWD / RATE * 2 + 2)
        self.assertGreater(max(told), CROWD // 3)
        self.assertEqual(sum(asked.values()), len(asked), "somebody had to ask twice")
        self.assertLess(sorted(saves)[len(saves) // 2], 0.1)
        self.assertIn("mingfa_starts_waiting 0", server.api().raw("GET", "/metrics")[2].decode())


if __name__ == "__main__":
    unittest.main()
