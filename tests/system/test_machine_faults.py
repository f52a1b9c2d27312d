#!/usr/bin/env python3
"""The machine fails under the real server: no room on the disk, a disk that stalls for seconds, one that
reports an error for a sync, no descriptors left. Nobody is told that an answer is stored which is not,
nobody loses one that was, a slow disk makes no answer late, and service resumes by itself."""
import contextlib
import os
import pathlib
import re
import socket
import subprocess
import threading
import time
import unittest

import rig
import town
from candidates import Crowd
from journal import Journal

CANDIDATES = 8
PATIENCE_S = 30


class Room(unittest.TestCase):
    """The data lie on a small file system of their own."""

    MIB = 24

    def test_a_full_disk_is_said_and_loses_nothing_and_room_brings_service_back(self):
        server = rig.Server(config={**town.QUICK, "checkpoint_ms": 500, "disk_free_mib_min": 1})
        data = server.state / "data"
        kept = {path.name: path.read_bytes() for path in data.iterdir()}
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.MIB}m,mode=700", "tmpfs", str(data)], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", str(data)], check=True)
        self.addCleanup(server.close)
        for name, content in kept.items():
            (data / name).write_bytes(content)
        server.start()
        place = town.Town(server, spare=CANDIDATES)
        exam = rig.exam(place.admin, window_ms=36000_000, duration_ms=36000_000)
        crowd = Crowd(list(place.people(place.numbers["A1"]).values()), exam, "room")
        self.addCleanup(crowd.close)
        crowd.each("begin")
        crowd.each("save")
        looker = place.person("A2-00")

        room = os.statvfs(data)
        ballast = data / "ballast"
        ballast.write_bytes(bytes(room.f_bavail * room.f_frsize - 65536))
        stop = threading.Event()
        running = crowd.begin("run", stop)  # saves, and comes back when told to
        sentences = []

        def refused():
            status, headers, body = looker.raw("POST", f"/api/v1/exams/{exam}/sessions",
                                               b'{"attempt": 1, "nonce": "' + b"ab" * 32 + b'"}')
            if status == 503:
                sentences.append((headers.get("Retry-After"), body.decode()))
            return status == 503

        rig.wait_for(refused, "the full disk")
        self.assertIsNone(server.process.poll())
        retry_after, sentence = sentences[0]
        self.assertIsNotNone(retry_after)
        self.assertRegex(sentence, "请重试|恢复|稍后")
        rig.wait_for(lambda: server.api().raw("GET", "/readyz")[0] == 503, "not ready")
        rig.wait_for(lambda: '"event":"disk-low"' in server.log_text(), "the alarm")
        ballast.unlink()
        rig.wait_for(lambda: server.api().raw("GET", "/readyz")[0] == 200, "ready again, by itself")
        crowd.forget_acks()
        crowd.wait_for_acks(50)
        stop.set()
        crowd.end(running)
        self.assertLess(server.log_text().count("record-commit-failed"), 100)
        for c in crowd.all:
            c.device, c.seq = c._hex(32), 1
        crowd.each("come_back")
        crowd.check_chains(Journal(data))
        self.assertEqual(server.stop(), 0)


class Disk(unittest.TestCase):
    """strace changes what one sync of the record's log does."""

    def server(self, inject):
        server = rig.Server(on_disk=rig.disk_dir(), config=town.QUICK)
        self.addCleanup(server.close)
        server.start()
        place = town.Town(server, spare=CANDIDATES)
        people = list(place.people(place.numbers["A1"]).values())
        self.assertEqual(server.stop(), 0)
        server.wrap = ["strace", "-f", "-o", str(server.state / "trace"), "-e", "trace=fdatasync", "-e", inject]
        server.start()
        return server, place, people

    def test_a_disk_that_stalls_makes_no_answer_late(self):
        """The sync of another's answer takes 4 s; meanwhile the exam's window ends."""
        server, place, people = self.server("inject=fdatasync:delay_exit=4000000:when=14")
        end = 6.0
        exam = rig.exam(rig.Changed(place.admin, grace_ms=0, cut_at_window_end=True), window_ms=int(end * 1000) + 1000)
        began = time.monotonic()
        sittings = [town.Sitting(api, exam) for api in people[:2]]
        acks, done = [], threading.Event()

        def others():
            while not done.is_set():
                sittings[0].save({0: 1})

        def saves():
            with contextlib.suppress(rig.Refused):
                others()

        other = threading.Thread(target=saves)
        other.start()
        n = 0
        while time.monotonic() - began < end - 0.3:
            acks.append((time.monotonic(), sittings[1].save({n % 5: None})))
            n += 1
        late = [ack for _at, ack in acks if ack["late"]]
        done.set()
        other.join()
        pauses = [b[0] - a[0] for a, b in zip(acks, acks[1:])]
        self.assertGreater(max(pauses), 3, "nothing stalled")
        self.assertEqual(late, [], "received in time, and called late")
        self.assertTrue(all(ack["state"] == "started" for _at, ack in acks))

    def test_a_sync_that_fails_ends_the_process_and_the_next_goes_on(self):
        server, place, people = self.server("inject=fdatasync:error=EIO:when=40")
        exam = rig.exam(place.admin, window_ms=36000_000, duration_ms=36000_000)
        crowd = Crowd(people, exam, "eio")
        self.addCleanup(crowd.close)
        crowd.each("begin")
        running = crowd.begin("run")
        status = server.process.wait(PATIENCE_S)
        server.process = None
        crowd.end(running)
        self.assertEqual(status, 1, server.log_text()[-2000:])
        server.wrap = []
        server.start()
        for c in crowd.all:
            c.api.close()
        crowd.each("come_back")
        crowd.check_chains(Journal(server.state / "data"))


class Descriptors(unittest.TestCase):
    def test_without_descriptors_those_inside_are_served_and_others_come_in_later(self):
        server = rig.Server(config=town.QUICK).start()
        self.addCleanup(server.close)
        place = town.Town(server, spare=2)
        exam = rig.exam(place.admin, window_ms=36000_000)
        sitting = town.Sitting(place.person("A1-00"), exam)
        descriptors = pathlib.Path(f"/proc/{server.pid()}/fd")
        subprocess.run(["prlimit", "--pid", str(server.pid()), f"--nofile={len(list(descriptors.iterdir())) + 20}"],
                       check=True)
        crowd = []
        for _ in range(60):
            crowd.append(socket.create_connection(("127.0.0.1", server.port), timeout=5))
        rig.wait_for(lambda: "http.accept-failed" in server.log_text(), "the end of descriptors")
        for n in range(20):
            self.assertFalse(sitting.save({n: None})["late"])  # on the connection that it has
        for one in crowd:
            one.close()
        rig.wait_for(lambda: server.api().raw("GET", "/healthz")[0] == 200, "a new connection")
        text = server.api().raw("GET", "/metrics")[2].decode()
        self.assertGreater(int(re.search(r'http_refused_total\{reason="descriptors"\} (\d+)', text).group(1)), 0)


if __name__ == "__main__":
    unittest.main()
