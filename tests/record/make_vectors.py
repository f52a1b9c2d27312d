#!/usr/bin/env python3
"""Writes the vectors of record-format version 1 (tests/vectors/record-v1.json) to standard output,
or with --corpus FOLDER the inputs of the fuzzers under tests/fuzz: two bytes of type, then the
payload."""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import record_v1  # noqa: E402
from samples import AT, SAMPLES, SESSION_UUID, definition, fill, smallest_definition  # noqa: E402

SECRET = fill(0xC1, 32)
FIRST_SEQ = 65_530
STEP_MS = 100


def events():
    """The samples as one journal: numbered on, each a little later than the one before."""
    for i, (name, kind, fields) in enumerate(SAMPLES):
        yield name, kind, FIRST_SEQ + i, AT + STEP_MS * i, record_v1.encode(fields)


def leaves(kind, seq, salt, payload):
    if kind == record_v1.RESPONSES:
        return None
    found = {}
    for suite in record_v1.SUITES:
        own = salt if salt is not None else record_v1.session_salt(suite, SECRET, seq)
        found[suite] = record_v1.leaf(suite, kind, own, payload).hex()
    return found


def build():
    heads = {s: record_v1.chain_begin(s, SECRET, SESSION_UUID) for s in record_v1.SUITES}
    first = {s: h.hex() for s, h in heads.items()}
    listed = []
    for name, kind, seq, recorded_ms, payload in events():
        in_session = kind in record_v1.SESSION_TYPES
        salt = None if in_session else fill(seq & 255, 32)
        entry = {"name": name, "type": kind, "seq": seq, "recorded_ms": recorded_ms,
                 "payload": payload.hex(), "salt": None if salt is None else salt.hex(),
                 "leaf": leaves(kind, seq, salt, payload), "head": None}
        if in_session:
            heads = {s: record_v1.chain_next(s, h, seq, kind, recorded_ms, payload)
                     for s, h in heads.items()}
            entry["head"] = {s: h.hex() for s, h in heads.items()}
        listed.append(entry)
    return {"format": "mingfa-record-vectors", "version": 1, "secret": SECRET.hex(),
            "session_uuid": SESSION_UUID.hex(), "first_head": first, "events": listed}


def text():
    vectors = build()
    listed = vectors.pop("events")
    lines = json.dumps(vectors)[:-1] + ', "events": [\n'
    return lines + ",\n".join("  " + json.dumps(entry) for entry in listed) + "\n]}\n"


def write_corpus(top):
    for name, kind, _, _, payload in events():
        folder = top / ("record_payload" if kind < 100 else "record_registry")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(kind.to_bytes(2, "big") + payload)
    folder = top / "record_exam"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "whole").write_bytes(record_v1.encode(definition()))
    (folder / "smallest").write_bytes(record_v1.encode(smallest_definition()))


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--corpus":
        write_corpus(pathlib.Path(sys.argv[2]))
    else:
        sys.stdout.write(text())
