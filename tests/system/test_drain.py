#!/usr/bin/env python3
"""SIGTERM ends the server in good order, over TLS and under load: nobody new is let in, a request that
was under way is answered, the answer is stored and says that the connection ends, the exit status is 0,
and after the next start everything acknowledged is there. A client that never finishes its request does
not hold the end up for longer than the configuration says."""
import json
import os
import signal
import socket
import ssl
import time
import unittest

import rig
import town
from candidates import Crowd
from journal import Journal

CANDIDATES = 12
PATIENCE_S = 20


class Drain(unittest.TestCase):
    def setUp(self):
        self.server = rig.Server(tls=True, config={**town.QUICK, "drain_ms": 15000}).start()
        self.addCleanup(self.server.close)
        self.town = town.Town(self.server, spare=CANDIDATES)
        self.exam = rig.exam(self.town.admin, window_ms=36000_000, duration_ms=36000_000)

    def connect(self):
        raw = socket.create_connection(("127.0.0.1", self.server.port), timeout=PATIENCE_S)
        self.addCleanup(raw.close)
        tls = ssl.create_default_context(cafile=self.server.ca).wrap_socket(raw, server_hostname="localhost")
        self.addCleanup(tls.close)
        return tls

    def half_a_save(self, sitting, value):
        """(connection, the rest): a save whose last byte has not been sent."""
        body = json.dumps({"epoch": sitting.epoch,
                           "responses": [{"seq": sitting.seq, "item": 0, "value": value}]}).encode()
        head = (f"PUT /api/v1{sitting.path}/responses HTTP/1.1\r\nHost: localhost\r\n"
                f"Authorization: Bearer {sitting.api.token}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode()
        connection = self.connect()
        connection.sendall(head + body[:-1])
        return connection, body[-1:]

    def wait_until_nobody_is_let_in(self):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.server.port), timeout=1).close()
            except ConnectionRefusedError:
                return
            time.sleep(0.01)
        self.fail("connections are still accepted")

    @staticmethod
    def read_to_end(connection):
        data = b""
        while True:
            more = connection.recv(65536)
            if not more:
                return data
            data += more

    def end(self):
        status = self.server.process.wait(PATIENCE_S)
        self.server.process = None
        for api in self.server.apis:
            api.close()
        return status

    def test_what_is_under_way_is_answered_and_nobody_new_is_let_in(self):
        sitting = town.Sitting(self.town.person("A1-00"), self.exam)
        connection, rest = self.half_a_save(sitting, 1)
        idle = self.connect()
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertTrue(idle.recv(65536).startswith(b"HTTP/1.1 200"))
        os.kill(self.server.pid(), signal.SIGTERM)
        self.wait_until_nobody_is_let_in()
        self.assertIsNone(self.server.process.poll(), "it did not wait for the request under way")
        self.assertEqual(self.read_to_end(idle), b"")  # an idle connection is closed at once
        connection.sendall(rest)
        head, _, body = self.read_to_end(connection).partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 200"), head)
        self.assertIn(b"connection: close", head.lower())
        acknowledged = json.loads(body)
        self.assertEqual(self.end(), 0, self.server.log_text()[-2000:])
        self.server.start()
        held = sitting.api.call("GET", sitting.path)
        self.assertEqual(held["responses"], [{"item": 0, "value": 1}])
        self.assertEqual(held["head"], acknowledged["head"])

    def test_under_load_nothing_acknowledged_is_lost(self):
        people = self.town.people(self.town.numbers["A1"])
        crowd = Crowd(list(people.values()), self.exam, "drain")
        self.addCleanup(crowd.close)
        crowd.each("begin")
        for acks in (1, 60, 200):
            crowd.forget_acks()
            running = crowd.begin("run")
            crowd.wait_for_acks(acks)
            os.kill(self.server.pid(), signal.SIGTERM)
            crowd.end(running)
            self.assertEqual(self.end(), 0, self.server.log_text()[-2000:])
            self.server.start()
            crowd.each("come_back")
            crowd.check_chains(Journal(self.server.state / "data"))
        self.assertNotIn("drain-timeout", self.server.log_text())

    def test_a_request_that_never_ends_is_waited_for_no_longer_than_said(self):
        self.assertEqual(self.server.stop(), 0)
        self.server.config["drain_ms"] = 1000
        self.server.write_config()
        self.server.start()
        sitting = town.Sitting(self.town.person("A1-01"), self.exam)
        connection, _rest = self.half_a_save(sitting, 1)
        os.kill(self.server.pid(), signal.SIGTERM)
        began = time.monotonic()
        self.assertEqual(self.end(), 0, self.server.log_text()[-2000:])
        self.assertLess(time.monotonic() - began, 8)
        self.assertIn("drain-timeout", self.server.log_text())
        connection.close()
        self.server.start()
        self.assertEqual(sitting.api.call("GET", sitting.path)["responses"], [])


if __name__ == "__main__":
    unittest.main()
