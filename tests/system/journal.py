"""record.db read from outside, while the server runs or after it died: every event that came since the
last look is checked by the second implementation of docs/record-format.md (tests/record/record_v1.py),
and the heads of all session chains are kept, so that an acknowledged head is found or missed."""
import contextlib
import pathlib
import sqlite3
import sys
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "record"))

import record_v1  # noqa: E402

STARTED, RESPONSES, SUBMITTED, TIMED_OUT, GRADED = 1, 3, 7, 8, 9
SUITE = "sm3-sm2"


class Broken(AssertionError):
    """The journal is not what it must be."""


class Chain:
    """One session as far as it was read."""

    def __init__(self, number, name, secret):
        self.number, self.name, self.secret = number, str(name), secret
        self.head = record_v1.chain_begin(SUITE, secret, name.bytes)
        self.last = 0
        self.types = []   # of its events, in order
        self.heads = {}   # seq -> head, hex

    def add(self, seq, kind, recorded_ms, payload):
        self.head = record_v1.chain_next(SUITE, self.head, seq, kind, recorded_ms, payload)
        self.last = seq
        self.types.append(kind)
        self.heads[seq] = self.head.hex()


class Journal:
    """Grows with every read(); raises Broken. `chains`: session UUID -> Chain."""

    def __init__(self, data_dir):
        self.path = pathlib.Path(data_dir) / "record.db"
        self.seq, self.recorded_ms = 0, 0
        self.chains = {}
        self.numbers = {}  # internal number -> Chain

    def read(self):
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as db:
            db.execute("BEGIN")  # one moment for all that follows
            rows = db.execute(
                "SELECT e.seq, e.session, e.prev_seq, e.type, e.recorded_ms, e.payload, l.salt, l.leaf FROM event e "
                "LEFT JOIN leaf l ON l.seq = e.seq WHERE e.seq > ? ORDER BY e.seq", (self.seq,)).fetchall()
            names = {number: (uuid.UUID(bytes=name), secret) for number, name, secret in db.execute(
                "SELECT s.session, s.uuid, k.secret FROM session s JOIN secret k ON k.session = s.session")}
        for at, row in enumerate(rows):
            self._event(*row, names)
            self._graded_with(row, rows[at + 1] if at + 1 < len(rows) else None)
        return self

    def _event(self, seq, number, prev_seq, kind, recorded_ms, payload, salt, leaf, names):
        self._need(seq == self.seq + 1, f"after event {self.seq} comes {seq}")
        self._need(recorded_ms >= self.recorded_ms, f"event {seq} was recorded before its predecessor")
        self.seq, self.recorded_ms = seq, recorded_ms
        if kind in record_v1.SESSION_TYPES:
            if number not in self.numbers:
                self._need(number in names and kind == STARTED, f"event {seq}: session {number} does not begin")
                chain = Chain(number, *names[number])
                self.numbers[number] = self.chains[chain.name] = chain
            chain = self.numbers[number]
            self._need(prev_seq == chain.last, f"event {seq}: prev_seq is {prev_seq}, not {chain.last}")
            chain.add(seq, kind, recorded_ms, payload)
            self._need(salt is None, f"event {seq} has a stored salt")
            salt = record_v1.session_salt(SUITE, chain.secret, seq)
        expected = None if kind == RESPONSES else record_v1.leaf(SUITE, kind, salt, payload)
        self._need(leaf == expected, f"event {seq}: its leaf is another")

    def _graded_with(self, row, after):
        """A session that closed was graded in the same transaction: there is no moment between."""
        seq, number, kind = row[0], row[1], row[3]
        if kind in (SUBMITTED, TIMED_OUT):
            self._need(after is not None and (after[1], after[3]) == (number, GRADED),
                       f"event {seq} closed session {number}, and no grading came with it")

    @staticmethod
    def _need(holds, what):
        if not holds:
            raise Broken(what)
