#!/usr/bin/env python3
"""Nothing that tells a right answer leaves the server before the review policy allows it.

Two exams, annual and qualification, from the first log-in to the officer's tables, through a proxy that
records every byte the server sends: papers, acknowledgements, replays, refusals, results, lists, /metrics,
pages. In these bytes and in the server's own log, at its most talkative, nothing of any item of the bank is
found: no twelve characters of an explanation, no answer of a blank, no citation, no subject, no item number,
no member that the contract keeps for the review.

Then the review is allowed, and the same search finds all of it: so it can find."""
import json
import re
import secrets
import socket
import socketserver
import threading
import unittest

import rig
import town
from api import Api

import rehearse  # scripts/demo, which rig puts into the path

WINDOW = 12  # characters of an explanation that must not appear together
ALTERNATIVE = 4  # from so many characters on an answer is looked for anywhere; shorter ones as a whole text only
SITTERS = [f"L{n}" for n in range(6)]
WEB = rig.ROOT / "clients" / "web" / "dist"  # looked through where it has been built


class Item:
    """An item of the bank, as its authors wrote it."""

    def __init__(self, block):
        field = {k: v.strip() for k, v in
                 re.findall(r"(?ms)^【(.+?)】(.*?)(?=^【|^[A-H]\. |\Z)", block)}
        self.id, self.stem, self.kind = field["编号"], field["题干"], field["题型"]
        self.options = re.findall(r"(?m)^[A-H]\. (.*)$", block)
        self.explanation, self.subject = field["解析"], field["知识点"]
        self.citations = [c.partition("@")[0] for c in re.split(r"[；;]", field["依据"])]
        self.alternatives = field["答案"].split("｜") if self.kind == "填空题" else []


def read_items():
    return [Item(block) for path in sorted(rig.CONTENT.glob("*.txt"))
            for block in re.split(r"(?m)^(?=【编号】)", path.read_text(encoding="utf-8"))[1:]]


def windows(text):
    return {text[i:i + WINDOW] for i in range(len(text) - WINDOW + 1)}


def plain(data):
    """Bytes as text, with JSON's and HTML's ways around a character undone."""
    text = data.decode("utf-8", errors="replace")
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m.group(1), 16)), text)
    return re.sub(r"&#x([0-9a-fA-F]+);", lambda m: chr(int(m.group(1), 16)), text)


class Search:
    """What may not be seen, and where it is."""

    def __init__(self, items):
        self.items = items
        laws = re.findall(r"(?m)^law\t([^\t]+)", (rig.CONTENT / "laws.tsv").read_text(encoding="utf-8"))
        shown = [t for item in items for t in (item.stem, *item.options)] + laws
        self.public = "\n".join(shown)
        public_windows = set().union(*map(windows, shown))
        self.windows = {}
        for item in items:
            for w in windows(item.explanation) - public_windows:
                self.windows.setdefault(w, set()).add(item.id)
        self.texts = []  # (kind, item, text): nowhere
        self.whole = {}  # text -> items: not as the whole of a text
        for item in items:
            for text in item.alternatives:
                if len(text) >= ALTERNATIVE and text not in self.public:
                    self.texts.append(("answer", item.id, text))
                elif text not in {o for i in items for o in i.options}:
                    self.whole.setdefault(text, set()).add(item.id)
            self.texts += [("citation", item.id, c) for c in item.citations if c not in self.public]
            self.texts.append(("number", item.id, item.id))
            if len(item.subject) >= 6 and item.subject not in self.public:
                self.texts.append(("subject", item.id, item.subject))

    def hits(self, text, literals=True):
        """{(kind, item)} in a text."""
        found = {("explanation", i) for w in windows(text) & self.windows.keys() for i in self.windows[w]}
        found |= {(kind, i) for kind, i, secret in self.texts if secret in text}
        if literals:
            for literal in set(re.findall(r'"((?:[^"\\]|\\.)*)"', text)):
                found |= {("answer", i) for i in self.whole.get(literal, ())}
        return found


def contract_members():
    """(names that the contract knows outside of the review, those that only the review has)."""
    text = (rig.ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8")
    review = re.search(r"(?ms)^    Review:\n(.*?)(?=^    \w)", text).group(1)
    names = set(re.findall(r"([A-Za-z_]+):", text.replace(review, "")))
    for kind in ("annual", "qualification"):
        names |= set(re.findall(r'"(\w+)":', (rig.BLUEPRINTS / f"{kind}.json").read_text(encoding="utf-8")))
    return names, set(re.findall(r"([A-Za-z_]+):", review)) - names


class Recorder(socketserver.ThreadingTCPServer):
    """Passes connections on to the server, and keeps what it answers before handing it over."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port):
        self.upstream, self.streams, self.lock = port, [], threading.Lock()
        super().__init__(("127.0.0.1", 0), Passage)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self):
        return f"http://localhost:{self.server_address[1]}"

    def take(self):
        """All that was recorded since the last time, as text."""
        with self.lock:
            taken = [bytes(s) for s in self.streams]
            for s in self.streams:
                s.clear()
        return "\n".join(map(plain, taken))


class Passage(socketserver.BaseRequestHandler):
    def handle(self):
        stream = bytearray()
        with self.server.lock:
            self.server.streams.append(stream)
        with socket.create_connection(("127.0.0.1", self.server.upstream)) as upstream:
            for s in (self.request, upstream):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.forth, args=(upstream,), daemon=True).start()
            while data := upstream.recv(65536):
                with self.server.lock:
                    stream += data
                self.request.sendall(data)

    def forth(self, upstream):
        try:
            while data := self.request.recv(65536):
                upstream.sendall(data)
            upstream.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # either end has closed


class NoKeyLeaves(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.items = read_items()
        cls.by_stem = {item.stem: item for item in cls.items}
        cls.keys = rehearse.read_keys(rig.CONTENT)
        cls.search = Search(cls.items)

    def setUp(self):
        web = {"web_dir": str(WEB)} if WEB.is_dir() else {}
        self.server = town.server(log_level="debug", **web).start()
        self.addCleanup(self.server.close)
        self.town = town.Town(self.server)
        rows = [town.person_row(n, "A1", name="李四", category="领导干部") for n in SITTERS]
        self.town.admin.call("POST", "/people/import", csv=town.people_csv(rows))
        self.recorder = Recorder(self.server.port)
        self.addCleanup(self.recorder.server_close)
        self.addCleanup(self.recorder.shutdown)
        self.secrets = []  # of the people: never in the log
        self.papers = []

    def recorded(self, number):
        """A person whose every answer is recorded, from the activation on."""
        code = self.town.admin.call("POST", "/activation-codes", {"people": [number]})["codes"][0]["code"]
        password = secrets.token_urlsafe(12)
        api = Api(self.recorder.url)
        self.addCleanup(api.close)
        api.activate(number, code, password)
        self.secrets += [code, password, api.token]
        return api

    def holder(self, role):
        return self.recorded(self.town.holders[role, "whole"])

    @staticmethod
    def try_all(api, requests):
        """(method, path, body); whatever comes back is recorded."""
        return [api.raw(method, "/api/v1" + path, None if body is None else json.dumps(body).encode())[0]
                for method, path, body in requests]

    def right_and_wrong(self, item):
        right = rehearse.right_value(item, self.keys)
        return right, rehearse.wrong_value(item, right)

    def answers_tell_nothing(self, sitting):
        """The right answer and a wrong one are acknowledged alike."""
        for kind in ("single", "multiple", "true_false", "fill_in"):
            i = next((i for i, item in enumerate(sitting.items) if item["type"] == kind), None)
            if i is None or kind == "fill_in":
                continue  # a right answer of a blank would be found again among what was recorded
            right, wrong = self.right_and_wrong(sitting.items[i])
            acks = [sitting.save({i: value}) for value in (right, wrong, right, wrong)]
            same = [{k: v for k, v in ack.items() if k not in ("seq", "head", "server_time_ms")} for ack in acks]
            self.assertEqual([len(json.dumps(ack["head"])) for ack in acks], [66] * 4)
            self.assertTrue(all(s == same[0] for s in same), same)

    def sit(self, api, exam, hand_in=True):
        """One sitting with everything that goes wrong on a bad line. Blanks are filled with nonsense."""
        sitting = town.Sitting(api, exam)
        path = sitting.path
        self.papers.append(sitting.items)
        for item in sitting.items:
            self.assertEqual(set(item), {"type", "stem", "options", "points"})
            self.assertEqual(sorted(item["options"]), sorted(self.by_stem[item["stem"]].options))
        self.answers_tell_nothing(sitting)
        for start in range(0, len(sitting.items), 20):
            part = list(enumerate(sitting.items))[start:start + 20]
            sitting.save({i: self.right_and_wrong(item)[(i + len(self.papers)) % 2 if item["type"] != "fill_in" else 1]
                          for i, item in part})
        again = {"epoch": sitting.epoch, "responses": [{"seq": sitting.seq - 1, "item": len(sitting.items) - 1,
                                                        "value": None}]}
        statuses = self.try_all(api, [
            ("POST", f"/exams/{exam}/sessions", {"attempt": 1, "nonce": "0" * 64}),
            ("POST", f"/exams/{exam}/sessions", {"attempt": 2, "nonce": "0" * 64}),
            ("PUT", path + "/responses", again), ("PUT", path + "/responses", {"epoch": 9, "responses": []}),
            ("PUT", path + "/responses",
             {"epoch": sitting.epoch, "responses": [{"seq": 9999, "item": 999, "value": 1}]}),
            ("PUT", path + "/responses", {"answer": 1}), ("GET", path, None), ("POST", path + "/heartbeat", {}),
            ("GET", path + "/result", None), ("GET", path + "/review", None), ("GET", "/me", None),
            ("GET", "/me/exams", None)])
        self.assertEqual([statuses[k] for k in (0, 6, 7, 10, 11)], [200] * 5, statuses)
        self.assertEqual((statuses[8], statuses[9]), (409, 409), statuses)  # no result, no review
        resumed = api.call("POST", path + "/open", {"device": secrets.token_hex(16)})  # another device
        self.assertEqual(len(resumed["responses"]), len(sitting.items))
        sitting.epoch, sitting.seq = resumed["epoch"], resumed["next_seq"]
        sitting.save({0: self.right_and_wrong(sitting.items[0])[1]})
        if hand_in:
            result = sitting.submit()
            self.assertEqual(set(result["score"]), {"points", "points_max", "passed", "band", "pending"})
            statuses = self.try_all(api, [
                ("POST", path + "/submission", {"epoch": sitting.epoch, "seq": sitting.seq - 1}),
                ("GET", path + "/result", None), ("GET", path, None), ("GET", path + "/review", None),
                ("GET", "/me/exams", None), ("GET", f"/exams/{exam}/coverage", None)])
            self.assertEqual(statuses, [200, 200, 200, 409, 200, 200])
        return sitting

    def office(self, exams, sittings):
        """Every list and act of the office, and what is refused there."""
        officer, auditor, hr = self.holder("officer"), self.holder("auditor"), self.holder("hr")
        for exam in exams:
            for api in (officer, auditor, hr):
                self.try_all(api, [("GET", f"/exams/{exam}/{what}", None) for what in (
                    "sessions", "missing", "coverage", "coverage?format=csv", "scores", "scores?format=csv",
                    "scores?as_of=2030-01-01")] + [("GET", f"/exams/{exam}", None)])
            self.try_all(officer, [
                ("POST", f"/exams/{exam}/withdrawals", {"item": "NO-SUCH-ITEM", "reason": "测试"}),
                ("POST", f"/exams/{exam}/withdrawals", {"answer": "?"}), ("GET", f"/exams/{exam}/review", None)])
        for api in (officer, auditor, hr):
            self.try_all(api, [("GET", "/exams", None), ("GET", "/releases", None), ("GET", "/units", None),
                               ("GET", sittings[0].path, None), ("GET", sittings[0].path + "/review", None),
                               ("GET", "/audit/events?file=record&limit=1000", None),
                               ("GET", "/audit/events?file=registry&limit=1000", None)])
        path = sittings[0].path
        self.try_all(officer, [("POST", path + "/late-decision", {"accepted": True, "reason": "测试"}),
                               ("POST", path + "/extra-time", {"ms": 60000, "reason": "测试"}),
                               ("POST", sittings[-1].path + "/suspension", {"reason": "测试"}),
                               ("POST", sittings[-1].path + "/resumption", {"reason": "测试"})])
        return officer

    def nothing_in(self, text, what, literals=True):
        self.assertEqual(sorted(self.search.hits(text, literals)), [], what)

    def test_the_search_has_something_to_look_for(self):
        """Every item has an explanation that can be told from what is shown, and every blank its answers."""
        self.assertGreater(len(self.items), 200)
        self.assertEqual({i for found in self.search.windows.values() for i in found}, {i.id for i in self.items})
        answers = {i for kind, i, _text in self.search.texts if kind == "answer"}
        answers |= {i for found in self.search.whole.values() for i in found}
        self.assertEqual(answers, {i.id for i in self.items if i.alternatives})
        item = self.items[0]
        escaped = json.dumps({"x": item.explanation[3:3 + 2 * WINDOW]}).encode()  # \uXXXX
        self.assertIn(("explanation", item.id), self.search.hits(plain(escaped)))

    def test_nothing_leaves_before_the_review_is_allowed_and_all_of_it_after(self):
        setter = self.town.holder("officer")
        exams = [rig.exam(setter, "annual"), rig.exam(setter, "qualification")]
        people = [self.recorded(n) for n in SITTERS]
        sittings = [self.sit(api, exam) for exam in exams for api in people[:-1]]
        writing = [self.sit(people[-1], exam, hand_in=False) for exam in exams]
        officer = self.office(exams, sittings + writing)
        for exam in exams:
            officer.call("POST", f"/exams/{exam}/close")
        for sitting in sittings:  # closed, but somebody is still writing
            status, _headers, reply = sitting.api.raw("GET", f"/api/v1{sitting.path}/review")
            self.assertEqual((status, json.loads(reply)["type"]), (409, "/problems/review-somebody-writing"))
        before = self.recorder.take()

        self.assertGreater(len(before), 500000)
        self.nothing_in(before, "sent before the review")
        members = set(re.findall(r'"([^"\\]*)":', before))
        known, reviews = contract_members()
        self.assertEqual(reviews, {"award", "answer", "explanation", "citations"})
        self.assertEqual(members & reviews, set())
        self.assertEqual(members - known, set())
        self.options_stand_anywhere()
        self.pages()

        for sitting in writing:
            sitting.submit()
        self.nothing_in(self.recorder.take(), "sent by the last hand-in")
        drawn = set()
        for sitting in sittings + writing:
            review = sitting.api.call("GET", sitting.path + "/review")["items"]
            drawn |= {self.by_stem[item["stem"]] for item in review}
        after = self.recorder.take()
        self.assertEqual(set(re.findall(r'"([^"\\]*)":', after)) & reviews, reviews)
        hits = self.search.hits(after)
        self.assertEqual({i.id for i in drawn} - {i for kind, i in hits if kind == "explanation"}, set())
        blanks = {i.id for i in drawn if i.alternatives}
        self.assertGreater(len(blanks), 0)
        self.assertEqual(blanks - {i for kind, i in hits if kind == "answer"}, set())
        self.assertGreater(len({i for kind, i in hits if kind == "citation"}), len(drawn) // 2)

        self.assertEqual(self.server.stop(), 0)
        log = plain(self.server.log.read_bytes() + (self.server.state / "server.out").read_bytes())
        self.assertIn("listening", log)
        self.nothing_in(log, "the log")
        for secret in (*self.secrets, "不知道", "李四"):
            self.assertNotIn(secret, log)

    def test_a_policy_of_never_is_never(self):
        """Also after the close, and to everybody."""
        setter = self.town.holder("officer")
        definition = town.definition_of(setter, rig.exam(setter, "qualification"))
        exam = town.open_exam(setter, {**definition, "review": "never"})
        sitting = town.Sitting(self.recorded(SITTERS[0]), exam)
        sitting.submit()
        setter.call("POST", f"/exams/{exam}/close")
        status, _headers, reply = sitting.api.raw("GET", f"/api/v1{sitting.path}/review")
        self.assertEqual((status, json.loads(reply)["detail"]), (403, "本次考试不公布答案和解析。"))
        self.nothing_in(self.recorder.take(), "an exam whose review is never")

    def options_stand_anywhere(self):
        """The order of the options does not tell either: the right one is now A, now B, now C, now D."""
        places = [rehearse.right_value(item, self.keys).bit_length() - 1
                  for items in self.papers for item in items if item["type"] == "single"]
        self.assertGreater(len(places), 200)
        for place in range(4):
            share = places.count(place) / len(places)
            self.assertTrue(0.05 < share < 0.6, (place, share))

    def pages(self):
        """What anybody is given: the state of the machine, and the browser's files one by one. Words in quotes
        are labels and programs here, and say nothing of a blank."""
        api = Api(self.recorder.url)
        self.addCleanup(api.close)
        files = [p.relative_to(WEB).as_posix() for p in WEB.rglob("*") if p.is_file()] if WEB.is_dir() else []
        statuses = {name: api.raw("GET", "/" + name)[0]
                    for name in ["healthz", "readyz", "metrics", "api/v1/nothing", "api/v1/me", "", "sw.js", *files]}
        self.assertEqual({statuses[name] for name in ["healthz", "readyz", "metrics", *files]}, {200}, statuses)
        self.nothing_in(self.recorder.take(), "pages", literals=False)


if __name__ == "__main__":
    unittest.main()
