"""Candidates who remember everything: what they sent, what was acknowledged, and every head that came
with it. After a crash they come back and hold the server to it.

A candidate belongs to one thread at a time; a Crowd runs each on a thread of its own."""
import concurrent.futures
import http.client
import random
import threading

import rig

import rehearse  # scripts/demo, which rig puts into the path

KEYS = rehearse.read_keys(rig.CONTENT)
GONE = (OSError, http.client.HTTPException)  # the server went away under a request


class Lost(AssertionError):
    """The server does not hold what it acknowledged, or holds what nobody sent."""


def need(holds, *what):
    if not holds:
        raise Lost(*what)


class Candidate:
    """One person in one exam.

    seed: of everything drawn. attempts: how often the exam may be sat. hand_in: the chance that a step
    hands in. on_ack: called after each acknowledgement."""

    def __init__(self, api, exam, seed, attempts=1, hand_in=0.0, on_ack=lambda: None):
        self.api, self.exam, self.attempts, self.chance, self.on_ack = api, exam, attempts, hand_in, on_ack
        self.rng = random.Random(seed)
        self.heads = []      # (session, seq of the event, head) as acknowledged
        self.final = {}      # session -> its result, once handed in
        self.saves = 0       # acknowledged
        self.attempt = 0
        self.next_attempt()

    def next_attempt(self):
        """Forgets the paper (not the heads), to start another."""
        self.attempt += 1
        self.nonce = self._hex(64)
        self.session = self.items = self.deadline_ms = None
        self.device, self.epoch, self.seq = self._hex(32), 0, 1
        self.sent = {}       # item -> {(epoch, seq): value}
        self.acked = {}      # item -> (epoch, seq), the greatest
        self.unsent = []     # [(epoch, responses)]: not acknowledged yet
        self.handing_in = False

    def _hex(self, digits):
        return f"{self.rng.getrandbits(4 * digits):0{digits}x}"

    @property
    def path(self):
        return "/sessions/" + self.session

    # ---- acts

    def begin(self):
        """Starts, or repeats a start whose answer never came; then opens."""
        started = self.api.call("POST", f"/exams/{self.exam}/sessions",
                                {"attempt": self.attempt, "nonce": self.nonce})
        need(started["attempt"] == self.attempt and started["responses"] == [], "a fresh start is not empty", started)
        self.session, self.items = started["session"], started["paper"]["items"]
        self.deadline_ms = started["deadline_ms"]
        self.on_ack()
        self.open()

    def open(self):
        opened = self.api.call("POST", self.path + "/open", {"device": self.device})
        self._head(opened)
        self.epoch, self.seq = opened["epoch"], max(self.seq, opened["next_seq"])
        return opened

    def save(self, count=None):
        """Some answers, drawn; also the same item twice, and answers taken back."""
        responses = []
        for _ in range(count or self.rng.randint(1, 4)):
            item = self.rng.randrange(len(self.items))
            value = self._value(self.items[item])
            responses.append({"seq": self.seq, "item": item, "value": value})
            self.sent.setdefault(item, {})[self.epoch, self.seq] = value
            self.seq += 1
        self.unsent.append((self.epoch, responses))
        return self.send()

    def send(self):
        """Sends what was not acknowledged yet, as it was."""
        ack = None
        while self.unsent:
            epoch, responses = self.unsent[0]
            ack = self.api.call("PUT", self.path + "/responses", {"epoch": epoch, "responses": responses})
            need(not ack["late"] and ack["epoch"] == self.epoch, "an answer in time is late or displaced", ack)
            self._head(ack)
            for r in responses:
                self.acked[r["item"]] = max(self.acked.get(r["item"], (0, 0)), (epoch, r["seq"]))
            self.unsent.pop(0)
            self.saves += 1
            self.on_ack()
            if self.rng.random() < 0.05:  # the same once more on the wire
                again = self.api.call("PUT", self.path + "/responses", {"epoch": epoch, "responses": responses})
                need(again["head"] == ack["head"], "a repeat changed the chain")
        return ack

    def hand_in(self):
        self.handing_in = True
        self.finish(self.api.call("POST", self.path + "/submission", {"epoch": self.epoch, "seq": self.seq - 1}))
        self.on_ack()
        if self.attempt < self.attempts:
            self.next_attempt()

    def finish(self, result):
        """The result that stands from now on."""
        self.check_result(result)
        self.final[self.session] = result

    def step(self):
        if self.session is None:
            self.begin()
        elif self.rng.random() < self.chance and self.attempt < self.attempts:
            self.hand_in()
        else:
            self.save()

    def run(self, stop=None):
        """Steps until the server is gone, or until stop is set."""
        try:
            while stop is None or not stop.is_set():
                self.step()
        except GONE:
            self.api.close()

    # ---- holding the server to it

    def come_back(self):
        """After a crash: everything acknowledged is there, nothing that was never sent, and it goes on."""
        for session, result in self.final.items():
            need(self.api.call("GET", f"/sessions/{session}/result") == result, "a result changed", result)
        if self.session is None:
            return self.begin()
        if not self.handing_in and self.rng.random() < 0.2:
            self.device, self.seq = self._hex(32), 1  # the other device; what the old one kept comes from it
        before = [head for head in self.heads if head[0] == self.session]
        opened = self.open()
        need(not before or opened["seq"] >= before[-1][1], "the chain is shorter than acknowledged", before, opened)
        self.check_stored(opened["responses"])
        view = self.api.call("GET", self.path)
        need(view["paper"]["items"] == self.items and view["head"] == opened["head"] and
             view["responses"] == opened["responses"], "two views of one session differ")
        if self.handing_in:
            return self.hand_in()  # whether or not it had been stored
        need(opened["state"] == "started", "closed, and nobody handed in", opened)
        self.send()
        self.save(1)
        return None

    def check_stored(self, responses):
        """Per item: what was acknowledged, or something newer that was sent."""
        stored = {r["item"]: r["value"] for r in responses}
        need(len(stored) == len(responses) and stored.keys() <= self.sent.keys(), "answers that nobody sent", stored)
        for item, sent in self.sent.items():
            floor = self.acked.get(item, (0, 0))
            allowed = [value for stamp, value in sent.items() if stamp >= floor]
            if floor == (0, 0):
                allowed.append(None)
            need(stored.get(item) in allowed, f"session {self.session}, item {item}: holds {stored.get(item)!r}, "
                 f"acknowledged was {sent.get(floor)!r}", sent)

    def check_result(self, result):
        """The score is that of all acknowledged answers: no half paper is marked."""
        points = sum(item["points"] for n, item in enumerate(self.items) if n in self.acked and
                     self.sent[n][self.acked[n]] == rehearse.right_value(item, KEYS))
        need(result["state"] == "graded" and result["score"]["points"] == points, "marked otherwise", points, result)

    def check_chain(self, journal):
        """Every head that was acknowledged is the head at that event, by the second implementation."""
        for session, seq, head in self.heads:
            need(session in journal.chains, f"session {session} is gone")
            found = journal.chains[session].heads.get(seq)
            need(found == head, f"session {session}, event {seq}: acknowledged {head}, the journal has {found}")
        for session, result in self.final.items():
            need(journal.chains[session].head.hex() == result["head"], f"session {session} changed after its result")
        last = [head for session, _seq, head in self.heads if session == self.session][-1:]
        if last and self.session not in self.final:
            need([journal.chains[self.session].head.hex()] == last,
                 f"session {self.session}: the head that was acknowledged last is not the last")

    # ---- small

    def _head(self, ack):
        self.heads.append((self.session, ack["seq"], ack["head"]))

    def _value(self, item):
        if self.rng.random() < 0.1:
            return None
        if self.rng.random() < 0.5:
            return rehearse.right_value(item, KEYS)
        if item["type"] == "true_false":
            return self.rng.randint(0, 1)
        if item["type"] == "fill_in":
            return self.rng.choice(["不知道", "", "全国人民代表大会"])
        if item["type"] == "single":
            return 1 << self.rng.randrange(len(item["options"]))
        return self.rng.randrange(1 << len(item["options"]))


class Crowd:
    """Candidates on threads. `acks` counts their acknowledgements."""

    def __init__(self, apis, exam, seed, **more):
        self.acks = threading.Semaphore(0)
        self.all = [Candidate(api, exam, f"{seed}/{n}", on_ack=self.acks.release, **more)
                    for n, api in enumerate(apis)]
        self.pool = concurrent.futures.ThreadPoolExecutor(max(len(self.all), 1))

    def begin(self, act, *args):
        """act (a name of Candidate) of all at once; hand the answer to end()."""
        return [self.pool.submit(getattr(c, act), *args) for c in self.all]

    @staticmethod
    def end(running):
        done, _ = concurrent.futures.wait(running, timeout=120)
        need(len(done) == len(running), "candidates hang")
        for one in running:
            one.result()

    def each(self, act, *args):
        self.end(self.begin(act, *args))

    def wait_for_acks(self, count, timeout_s=60):
        for _ in range(count):
            need(self.acks.acquire(timeout=timeout_s), "no acknowledgements come")

    def forget_acks(self):
        while self.acks.acquire(blocking=False):
            pass

    def check_chains(self, journal):
        journal.read()
        for c in self.all:
            c.check_chain(journal)

    @property
    def saves(self):
        return sum(c.saves for c in self.all)

    def close(self):
        self.pool.shutdown()
        for c in self.all:
            c.api.close()
