#!/usr/bin/env python3
"""What whoever runs the server relies on: a backup taken under load from which a server goes on, a new
certificate without a restart, session tickets that outlive one, alarms, the service manager's messages,
and a configuration that can be tried."""
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
import unittest

import rig
import town
from candidates import Crowd
from journal import Journal

PATIENCE_S = 20
CANDIDATES = 10


def run(server, *args, lang="zh_CN.UTF-8"):
    return subprocess.run([str(rig.BIN / "mingfa-server"), "--config", str(server.config_file), *map(str, args)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
                          env=rig.ENVIRONMENT | {"LANG": lang}, check=False)


class Backup(unittest.TestCase):
    def test_a_server_goes_on_from_a_backup_taken_under_load(self):
        server = rig.Server(on_disk=rig.disk_dir(), config={**town.QUICK, "checkpoint_ms": 200}).start()
        self.addCleanup(server.close)
        place = town.Town(server, spare=CANDIDATES)
        exam = rig.exam(place.admin, window_ms=36000_000, duration_ms=36000_000)
        crowd = Crowd(list(place.people(place.numbers["A1"]).values()), exam, "backup")
        self.addCleanup(crowd.close)
        crowd.each("begin")
        running = crowd.begin("run")
        crowd.wait_for_acks(100)
        acked = [list(c.heads) for c in crowd.all]  # before the backup began
        target = server.state / "copy"
        done = run(server, "backup", "--to", target)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([line["file"] for line in lines], ["record.db", "registry.db"])
        crowd.forget_acks()
        crowd.wait_for_acks(100)  # writing went on
        server.kill()
        crowd.end(running)

        again = run(server, "backup", "--to", target)
        self.assertEqual(again.returncode, 1)
        self.assertIn(str(target), again.stderr)

        # Restore: the copy takes the place of the lost directory.
        shutil.rmtree(server.state / "data")
        target.rename(server.state / "data")
        server.start()
        for api in server.apis:
            api.close()
        journal = Journal(server.state / "data").read()
        self.assertEqual(journal.seq, lines[0]["events"])
        for heads in acked:
            for session, seq, head in heads:
                self.assertEqual(journal.chains[session].heads.get(seq), head, "acknowledged before, and not in the copy")
        for c in crowd.all:
            c.heads = [h for h in c.heads if h[1] <= journal.seq]
            opened = c.open()  # each session goes on
            self.assertEqual(opened["state"], "started")
            c.unsent.clear()
            c.save(1)
        crowd.check_chains(Journal(server.state / "data"))
        self.assertEqual(server.stop(), 0)
        self.assertEqual(run(server, "check-rows").returncode, 0)

    def test_a_target_that_cannot_be_written_leaves_nothing(self):
        server = rig.Server(config=town.QUICK).start()
        self.addCleanup(server.close)
        for target, word in ((server.state / "none" / "copy", "不能使用"), (server.state / "data", "尚不存在")):
            done = run(server, "backup", "--to", target)
            self.assertEqual(done.returncode, 1)
            self.assertIn(word, done.stderr)
        self.assertEqual(run(server, "backup").returncode, 2)
        self.assertTrue((server.state / "data" / "record.db").exists())


class Certificate(unittest.TestCase):
    def setUp(self):
        self.server = rig.Server(tls=True, config=town.QUICK).start()
        self.addCleanup(self.server.close)

    def connect(self, session=None, version=None):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if version:
            context.maximum_version = version
        if session:
            context = session[1]
        raw = socket.create_connection(("127.0.0.1", self.server.port), timeout=PATIENCE_S)
        self.addCleanup(raw.close)
        tls = context.wrap_socket(raw, server_hostname="localhost", session=session and session[0])
        self.addCleanup(tls.close)
        return tls, context

    @staticmethod
    def asks(tls):
        tls.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return tls.recv(65536).startswith(b"HTTP/1.1 200")

    def certificate(self):
        return self.connect()[0].getpeercert(binary_form=True)

    def test_a_new_certificate_comes_without_a_restart(self):
        before = self.certificate()
        kept, _ = self.connect()
        self.assertTrue(self.asks(kept))
        rig.make_certificate(self.server.state)
        os.kill(self.server.pid(), signal.SIGHUP)
        rig.wait_for(lambda: self.certificate() != before, "the new certificate")
        self.assertTrue(self.asks(kept), "a connection was cut")
        self.assertIn("certificate-reloaded", self.server.log_text())
        # One that cannot be used changes nothing.
        now = self.certificate()
        (self.server.state / "keys" / "tls.pem").write_text("no certificate\n")
        os.kill(self.server.pid(), signal.SIGHUP)
        rig.wait_for(lambda: "certificate-not-reloaded" in self.server.log_text(), "the refusal")
        self.assertEqual(self.certificate(), now)
        self.assertEqual(self.server.stop(), 0)

    def test_session_tickets_outlive_a_restart(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            first, context = self.connect(version=version)
            self.assertTrue(self.asks(first))  # in 1.3 the ticket comes after the handshake
            session = first.session
            self.assertFalse(first.session_reused)
            first.close()
            self.assertEqual(self.server.stop(), 0)
            self.server.start()
            again, _ = self.connect(session=(session, context))
            self.assertTrue(self.asks(again))
            self.assertTrue(again.session_reused, version)


class Alarms(unittest.TestCase):
    def gauges(self, server):
        text = server.api().raw("GET", "/metrics")[2].decode()
        return dict(re.findall(r"^(mingfa_[a-z_]+(?:\{[^}]*\})?) (\S+)$", text, re.M))

    def test_disk_and_certificate_raise_an_alarm(self):
        server = rig.Server(tls=True, config={**town.QUICK, "disk_free_mib_min": 1 << 30, "certificate_days_min": 3650})
        self.addCleanup(server.close)
        server.start()
        rig.wait_for(lambda: "certificate-ending" in server.log_text(), "the alarm")
        self.assertIn('"event":"disk-low"', server.log_text())
        g = self.gauges(server)
        self.assertEqual((g["mingfa_disk_low"], g["mingfa_certificate_ending"]), ("1", "1"))
        self.assertGreater(int(g["mingfa_disk_free_bytes"]), 0)
        self.assertAlmostEqual(int(g["mingfa_certificate_ends_seconds"]), time.time() + 30 * 86400, delta=86400)

    def test_what_an_operator_looks_at_has_its_names(self):
        server = rig.Server(config=town.QUICK).start()
        self.addCleanup(server.close)
        g = self.gauges(server)
        for name in ('mingfa_queue_depth{queue="record"}', 'mingfa_queue_full_total{queue="record"}',
                     "mingfa_batch_events_count", "mingfa_commit_seconds_count", 'mingfa_wal_bytes{file="record.db"}',
                     'mingfa_wal_bytes{file="registry.db"}', 'mingfa_http_refused_total{reason="rate"}',
                     "mingfa_sessions_open", "mingfa_commits_failed_total", "mingfa_clock_ahead_seconds"):
            self.assertIn(name, g)
        self.assertEqual(g["mingfa_disk_low"], "0")

    def test_the_run_book_names_what_there_is(self):
        server = rig.Server(tls=True, config=town.QUICK).start()
        self.addCleanup(server.close)
        book = (rig.ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
        rig.wait_for(lambda: "mingfa_certificate_ending" in self.gauges(server), "the first look at the certificate")
        there = server.api().raw("GET", "/metrics")[2].decode()
        named = set(re.findall(r"\bmingfa_[a-z_]+", book))
        self.assertGreater(len(named), 15)
        self.assertEqual({n for n in named if not re.search(rf"(?m)^{n}[ {{]", there)} - {"mingfa_commit_seconds"}, set())
        program = "".join(p.read_text(encoding="utf-8") for p in (rig.ROOT / "server").rglob("*.c"))
        alarms = book.split("## 告警")[1]
        events = set(re.findall(r"`([a-z.]+(?:-[a-z]+)+)`", alarms))
        self.assertGreater(len(events), 8)
        self.assertEqual({e for e in events if f'"{e}"' not in program}, set())
        settings = run(server, "--help").stdout
        for setting in re.findall(r'(?m)"([a-z_]+)": ', book):
            self.assertIn("--" + setting.replace("_", "-"), settings)


class Manager(unittest.TestCase):
    def test_the_service_manager_is_told(self):
        server = rig.Server(config=town.QUICK)
        self.addCleanup(server.close)
        path = server.state / "notify"
        heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(heard.close)
        heard.bind(str(path))
        heard.settimeout(PATIENCE_S)
        server.environment["NOTIFY_SOCKET"] = str(path)
        server.start()
        self.assertEqual(heard.recv(200), b"READY=1")
        self.assertEqual(server.stop(), 0)
        self.assertEqual(heard.recv(200), b"STOPPING=1")

    def test_a_configuration_can_be_tried(self):
        server = rig.Server(tls=True, config=town.QUICK).start()  # and while it is in use
        self.addCleanup(server.close)
        done = run(server, "--check-config")
        self.assertEqual((done.returncode, done.stdout), (0, "配置可用。\n"), done.stderr)
        for name, value, word in (("tls_key", "/nowhere", "/nowhere"), ("data_dir", "/nowhere", "/nowhere"),
                                  ("keyring", "/nowhere", "/nowhere")):
            config = dict(server.config)
            server.config[name] = value
            server.write_config()
            done = run(server, "--check-config")
            self.assertEqual(done.returncode, 1, name)
            self.assertIn(word, done.stderr)
            server.config = config


if __name__ == "__main__":
    unittest.main()
