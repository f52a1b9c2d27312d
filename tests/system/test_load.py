#!/usr/bin/env python3
"""The load generator acts out exam days against a real server over TLS, and is honest: what it calls
stored is stored, refusals and lost connections are counted, and when a server drops what it had
acknowledged, the run says so and fails.

Servers: the product's; one whose commits are not synced and one whose commits fail by plan, which lose
nothing that a living process could see; one that acknowledges before it commits, killed in the middle."""
import json
import signal
import subprocess
import time
import unittest
import xml.etree.ElementTree

import rig
import town
from journal import Journal

PEOPLE = 60
SCENARIOS = sorted((rig.ROOT / "clients" / "load" / "scenarios").glob("*.json"))
RATE = 40  # starts a second: the stampede must wait its turn
ANSWERS = 24
PATIENCE_S = 55


class Load(unittest.TestCase):
    def setUp(self):
        self.server = rig.Server(tls=True, config={**town.QUICK, "starts_per_second": RATE}).start()
        self.addCleanup(self.server.close)
        self.place = town.Town(self.server, spare=len(SCENARIOS) * PEOPLE // 3 + 1)
        self.addCleanup(lambda: self.place.admin.close())
        numbers = [n for unit in self.place.numbers.values() for n in unit]
        codes = self.place.admin.call("POST", "/activation-codes", {"people": numbers})["codes"]
        codes_file, tokens = self.server.state / "codes.jsonl", self.server.state / "tokens.jsonl"
        codes_file.write_text("".join(json.dumps({"person": c["person"], "code": c["code"]}) + "\n" for c in codes))
        rig.tool(rig.BIN / "mingfa-load", "login", *self.where(), "--candidates", codes_file, "--tokens-out", tokens,
                 "--connections", "8")
        self.lines = tokens.read_text().splitlines(keepends=True)
        self.assertEqual(len(self.lines), len(numbers))

    def where(self):
        return "--url", self.server.url, "--ca", self.server.ca

    def play(self, scenario, people_from=0, *more):
        """Begins a day of PEOPLE people in an exam of their own; hand it to end()."""
        exam = rig.exam(self.place.admin, window_ms=36000_000, duration_ms=36000_000)
        candidates = self.server.state / f"{scenario.stem}.jsonl"
        candidates.write_text("".join(self.lines[people_from:people_from + PEOPLE]))
        process = subprocess.Popen(
            [str(rig.BIN / "mingfa-load"), "play", str(scenario), *self.where(), "--candidates", str(candidates),
             "--exam", exam, "--people", str(PEOPLE), *more],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=rig.ENVIRONMENT, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process

    def end(self, process):
        out, err = process.communicate(timeout=PATIENCE_S)
        self.assertNotEqual(out, "", err)
        return process.returncode, json.loads(out)

    def check_sound(self, status, said):
        """Everybody is accounted for, nothing is missing, and the figures agree with each other."""
        self.assertEqual(status, 0, said)
        people, checked, latency = said["people"], said["checked"], said["latency_ms"]
        self.assertEqual((people["planned"], people["started"], people["gave_up"]), (PEOPLE, PEOPLE, 0))
        self.assertEqual(people["handed_in"] + people["left"], PEOPLE)
        self.assertEqual({k: v for k, v in checked.items() if k != "stored" and v}, {})
        self.assertEqual(checked["stored"], said["answers"]["acknowledged"])
        self.assertEqual(latency["start"]["count"], PEOPLE)
        self.assertEqual(latency["open"]["count"], PEOPLE + said["answers"]["reloads"])
        self.assertEqual(latency["save"]["count"], said["answers"]["acknowledged"] + said["answers"]["sent_twice"])
        self.assertEqual(latency["submit"]["count"], people["handed_in"])
        kinds = [latency[k]["count"] for k in ("start", "open", "save", "submit", "result")]
        self.assertEqual(latency["all"]["count"], sum(kinds))
        for name, kind in (("starts", "start"), ("opens", "open"), ("saves", "save"), ("submits", "submit")):
            self.assertEqual(sum(s[name] for s in said["timeline"]), latency[kind]["count"], name)
        for one in latency.values():
            figures = [one[k] for k in ("p50", "p90", "p99", "p999", "max")]
            self.assertEqual(figures, sorted(figures))
        self.assertLessEqual(sum(s["errors"] for s in said["timeline"]), said["errors_total"])

    def start_as(self, name, **environment):
        """The same installation under another server."""
        self.assertEqual(self.server.stop(), 0)
        for api in self.server.apis:
            api.close()
        self.server.program = rig.BUILD / "tests" / name
        self.server.environment.update(environment)
        self.server.start()

    def test_the_four_days_end_well(self):
        """All at the same time, to save time."""
        self.assertEqual([s.stem for s in SCENARIOS], ["flaky", "last-minute", "stampede", "steady"])
        picture = self.server.state / "stampede.svg"
        running = {s.stem: self.play(s, n * PEOPLE, *(["--svg", str(picture)] if s.stem == "stampede" else []))
                   for n, s in enumerate(SCENARIOS)}
        said = {}
        for name, process in running.items():
            status, said[name] = self.end(process)
            with self.subTest(name):
                self.check_sound(status, said[name])
                self.assertEqual(said[name]["errors"], {})
        print({n: (s["latency_ms"]["start"]["p99"], s["latency_ms"]["save"]["p99"], s["seconds"])
               for n, s in said.items()}, flush=True)
        room = said["stampede"]["waiting_room"]
        self.assertGreater(room["people"], 0)
        self.assertGreater(room["wait_ms"]["max"], 100)
        flaky = said["flaky"]["answers"]
        for member in ("sent_twice", "reloads", "disconnects"):
            self.assertGreater(flaky[member], 0, member)
        self.assertGreater(said["flaky"]["people"]["on_slow_links"], 0)
        self.assertGreater(said["flaky"]["people"]["left"], 0)
        root = xml.etree.ElementTree.parse(picture).getroot()
        self.assertIn("stampede", root.find("{http://www.w3.org/2000/svg}title").text)

    def test_commits_that_are_not_synced_or_fail_are_told_as_they_were(self):
        self.start_as("mingfa-server-normal")
        status, said = self.play_and_kill()
        self.check_sound(status, said)
        self.assertGreater(said["errors"]["connection-lost"], 0)
        self.start_as("mingfa-server-faulty", FAULT_PLAN="record io 20 2; record io 60 3")
        status, said = self.end(self.play(self.quick(), PEOPLE))
        self.check_sound(status, said)
        self.assertGreater(said["errors_total"], 0)
        self.stall()

    def stall(self):
        """The server stands still for a second: what fell due in it counts from then, not from when the
        one request before it was answered."""
        before = self.wait_for_events(0)
        process = self.play(self.quick(answers={"min": ANSWERS, "max": ANSWERS}), 2 * PEOPLE)
        self.wait_for_events(before + 2 * PEOPLE + PEOPLE * ANSWERS // 4)
        self.server.process.send_signal(signal.SIGSTOP)
        time.sleep(1.5)  # the stall itself
        self.server.process.send_signal(signal.SIGCONT)
        status, said = self.end(process)
        self.check_sound(status, said)
        self.assertGreater(said["latency_ms"]["save"]["p90"], 100)  # one each would be 4 in 100

    def test_a_server_that_drops_what_it_acknowledged_is_found_out(self):
        self.start_as("mingfa-server-hasty")
        status, said = self.play_and_kill()
        self.assertEqual(status, 1, said)
        checked = said["checked"]
        self.assertGreater(checked["missing"] + checked["missing_at_reload"], 0, said)
        self.assertGreater(said["errors"]["connection-lost"], 0)

    def play_and_kill(self):
        """The server is killed and started again in the middle of everybody's answers."""
        process = self.play(self.quick(answers={"min": ANSWERS, "max": ANSWERS}))
        self.wait_for_events(2 * PEOPLE + PEOPLE * ANSWERS // 3)
        self.server.kill()
        self.server.start()
        return self.end(process)

    def wait_for_events(self, count):
        """So many in the journal, of all exams together."""
        journal, end = Journal(self.server.state / "data"), time.monotonic() + PATIENCE_S
        journal.read()
        while journal.seq < count:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
            journal.read()
        return journal.seq

    def quick(self, **more):
        """A day without pauses: a few seconds."""
        path = self.server.state / "quick.json"
        path.write_text(json.dumps({
            "name": "quick", "people": PEOPLE, "arrive": {"over_s": 1, "shape": "even"},
            "think_ms": {"min": 20, "max": 200}, "answers": {"min": 8, "max": 12}, "hand_in": {"when": "done"},
            **more}))
        return path


if __name__ == "__main__":
    unittest.main()
