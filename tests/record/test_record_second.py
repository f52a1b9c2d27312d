#!/usr/bin/env python3
"""The vectors of the record format against record_v1.py, which was written from the document alone.

tests/unit/record holds the product to the same file, so both agree byte by byte. The checks are
made with a copy in which one bit differs, too: they must then fail."""
import copy
import json
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import make_vectors  # noqa: E402
import record_v1  # noqa: E402
from samples import SAMPLES  # noqa: E402

VECTORS = HERE.parent / "vectors" / "record-v1.json"
CORPUS = HERE.parent / "fuzz" / "corpus"
TYPES = set(range(1, 13)) | {20, 21} | set(range(100, 105)) | {110} | set(range(112, 119)) | {120, 121, 122}


def flip(text):
    """The hexadecimal text with its last bit the other way."""
    return text[:-1] + format(int(text[-1], 16) ^ 1, "x")


def faults(vectors):
    """What in the vectors is not as the document says: names of events."""
    secret = bytes.fromhex(vectors["secret"])
    uuid = bytes.fromhex(vectors["session_uuid"])
    fields = {name: (kind, payload) for name, kind, payload in SAMPLES}
    wrong = []
    for suite in record_v1.SUITES:
        head = record_v1.chain_begin(suite, secret, uuid)
        if head.hex() != vectors["first_head"][suite]:
            wrong.append("first head")
        for e in vectors["events"]:
            kind, stated = fields[e["name"]]
            payload = record_v1.encode(stated)
            good = e["type"] == kind and e["payload"] == payload.hex()
            if kind in record_v1.SESSION_TYPES:
                head = record_v1.chain_next(suite, head, e["seq"], kind, e["recorded_ms"], payload)
                good = good and e["head"][suite] == head.hex()
                salt = record_v1.session_salt(suite, secret, e["seq"])
            else:
                good = good and e["head"] is None
                salt = bytes.fromhex(e["salt"])
            if kind == record_v1.RESPONSES:
                good = good and e["leaf"] is None
            else:
                good = good and e["leaf"][suite] == record_v1.leaf(suite, kind, salt, payload).hex()
            if not good:
                wrong.append(e["name"])
    return wrong


class RecordVectors(unittest.TestCase):
    def setUp(self):
        self.vectors = json.loads(VECTORS.read_text(encoding="utf-8"))

    def test_the_file_is_what_the_document_says(self):
        self.assertEqual(faults(self.vectors), [])
        self.assertEqual([e["name"] for e in self.vectors["events"]], [name for name, _, _ in SAMPLES])

    def test_every_type_of_the_document_is_shown(self):
        self.assertEqual({e["type"] for e in self.vectors["events"]}, TYPES)

    def test_one_bit_of_difference_is_found(self):
        for i, event in enumerate(self.vectors["events"]):
            for part in ("payload", "leaf", "head"):
                altered = copy.deepcopy(self.vectors)
                target = altered["events"][i]
                if target[part] is None:
                    continue
                if part == "payload":
                    target[part] = flip(target[part])
                else:
                    target[part]["sm3-sm2"] = flip(target[part]["sm3-sm2"])
                self.assertEqual(faults(altered)[0], event["name"], part)

    def test_digests_are_those_of_the_standards(self):
        # GB/T 32905-2016, A.1; FIPS 180-4.
        self.assertEqual(record_v1.digest("sm3-sm2", b"abc").hex(),
                         "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0")
        self.assertEqual(record_v1.digest("sha256-ed25519", b"abc").hex(),
                         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")

    def test_the_fuzzers_begin_with_these_payloads(self):
        for name, kind, _, _, payload in make_vectors.events():
            folder = "record_payload" if kind < 100 else "record_registry"
            self.assertEqual((CORPUS / folder / name).read_bytes(), kind.to_bytes(2, "big") + payload)


if __name__ == "__main__":
    unittest.main()
