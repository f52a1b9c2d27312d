#!/usr/bin/env python3
"""Two devices of one candidate: what the old one still sends is recorded, once, and does not count; also after a
restart."""
import secrets
import unittest

import rig
import town

RESPONSES = 3


class OldDevice(unittest.TestCase):
    def setUp(self):
        self.server = town.server().start()
        self.addCleanup(self.server.close)
        self.town = town.Town(self.server)
        self.auditor = self.town.holder("auditor")

    def recorded(self):
        """How many responses events there are."""
        events = self.auditor.call("GET", "/audit/events?file=record&limit=1000")["events"]
        return sum(e["type"] == RESPONSES for e in events)

    def test_what_an_old_device_sends_is_recorded_once(self):
        exam = rig.exam(self.town.holder("officer"), "annual")
        sitting = town.Sitting(self.town.person("A1-00"), exam)
        path, old = sitting.path, sitting.epoch
        new = sitting.api.call("POST", path + "/open", {"device": secrets.token_hex(16)})["epoch"]

        def put(epoch, seq, item, value):
            return sitting.api.call("PUT", path + "/responses",
                                    {"epoch": epoch, "responses": [{"seq": seq, "item": item, "value": value}]})

        put(new, 1, 0, 1)
        before = put(old, 7, 0, None)
        self.assertEqual(self.recorded(), 2)
        self.assertEqual(put(old, 7, 0, None)["head"], before["head"])
        self.server.kill()
        self.server.start()
        self.assertEqual(put(old, 7, 0, None)["head"], before["head"])
        self.assertEqual(self.recorded(), 2)
        with self.assertRaises(rig.Refused) as other:
            put(old, 7, 0, 1)
        self.assertEqual(other.exception.status, 409)
        self.assertEqual(sitting.api.call("GET", path)["responses"], [{"item": 0, "value": 1}])
        self.assertEqual(sitting.api.call("POST", path + "/open", {"device": sitting.device})["next_seq"], 8)


if __name__ == "__main__":
    unittest.main()
