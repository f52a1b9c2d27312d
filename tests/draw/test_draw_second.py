#!/usr/bin/env python3
"""The library's draw against draw_v1.py, which was written from the document alone.

A case with a synthetic pool of 300 items goes to the program draw-papers (build folder:
MINGFA_BUILD); its 1,000 papers must be the ones that draw_v1.py draws, digests and seeds included.
The vectors in tests/vectors/draw-v1.json are redrawn too. No program, no pass."""
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import draw_v1  # noqa: E402

VECTORS = HERE.parent / "vectors" / "draw-v1.json"
PAPERS = 1000
AREAS = ["宪法", "民法典", "行政处罚法", "国家安全法", "监察法"]
AUDIENCES = ["领导干部", "执法人员", "新录用公务员"]


def numbers(tag):
    """Endless 16-bit numbers that are the same on every machine."""
    i = 0
    while True:
        block = hashlib.sha256(f"{tag}/{i}".encode()).digest()
        for at in range(0, 32, 2):
            yield int.from_bytes(block[at : at + 2], "big")
        i += 1


def hex_of(tag, size=32):
    return hashlib.sha256(tag.encode()).hexdigest()[: 2 * size]


def synthetic_pool(count):
    chance = numbers("pool")
    kinds = ["single"] * 5 + ["multiple"] * 3 + ["true_false"] * 2 + ["fill_in"]
    ids = [f"T-{i * 37 % count:04d}{'-X' if i % 3 == 0 else ''}" for i in range(count)]
    pool = []
    for item_id in ids:
        kind = kinds[next(chance) % len(kinds)]
        difficulty = next(chance) % 5 + 1
        choice = kind in ("single", "multiple")
        pool.append(
            {
                "id": item_id,
                "revision": next(chance) % 65535 + 1,
                "type": kind,
                "area": AREAS[next(chance) % len(AREAS)],
                "difficulty": difficulty,
                "level": next(chance) % 3 + 1,
                "audiences": sorted(a for a in AUDIENCES if next(chance) % 6 == 0),
                "options": next(chance) % 7 + 2 if choice else 0,
                "fixed": choice and next(chance) % 8 == 0,
                "enemies": sorted({ids[next(chance) % count] for _ in range(next(chance) % 3)} - {item_id}),
                "facility": 10000 - difficulty * 1000 + next(chance) % 500,
            }
        )
    return sorted(pool, key=lambda item: item["id"].encode())


def cell(kind, area, low, high, level, audience, count, points):
    return {
        "type": kind,
        "area": area,
        "difficulty": [low, high],
        "level": level,
        "audience": audience,
        "count": count,
        "points": points,
    }


def synthetic_case():
    pool = synthetic_pool(300)
    chance = numbers("case")
    ids = [item["id"] for item in pool]
    cells = [
        cell("single", "宪法", 1, 3, 0, "领导干部", 6, 100),
        cell("single", "宪法", 4, 5, 0, None, 3, 150),
        cell("single", "民法典", 1, 5, 2, None, 3, 100),
        cell("multiple", None, 1, 2, 0, None, 8, 200),
        cell("multiple", None, 3, 5, 0, "执法人员", 10, 250),
        cell("true_false", None, 1, 5, 0, None, 12, 50),
        cell("fill_in", None, 1, 5, 0, "领导干部", 5, 300),
    ]
    withdrawals = sorted({ids[next(chance) % 300] for _ in range(15)})
    required = [
        item["id"]
        for item in pool
        if item["id"].endswith("-X") and not item["enemies"]
        and sum(draw_v1.matches(c, item) for c in cells) == 1
    ][:4]
    people = []
    for i in range(PAPERS):
        earlier = {ids[next(chance) % 300] for _ in range(i % 4 * 40)}
        people.append(
            {
                "pseudonym": hex_of(f"pseudonym {i}"),
                "attempt": i % 4 + (70000 if i % 50 == 49 else 1),
                "nonce": hex_of(f"nonce {i}"),
                "earlier": sorted(earlier | ({"GONE-1"} if i % 5 == 0 else set())),
            }
        )
    return {
        "name": "synthetic",
        "officer_share": hex_of("officer"),
        "custodian_share": hex_of("custodian"),
        "exam_uuid": hex_of("exam", 16),
        "release": hex_of("release"),
        "rules": hex_of("rules"),
        "pool": pool,
        "blueprint": {
            "name": "合成题库",
            "cells": cells,
            "required": required,
            "enemies": [[ids[next(chance) % 150], ids[150 + next(chance) % 150]] for _ in range(40)],
            "facility": [7000, 7250],
        },
        "withdrawals": withdrawals,
        "people": people,
    }


def draw_papers(case):
    """What the C program prints: the digests, and a list of papers."""
    build = os.environ.get("MINGFA_BUILD")
    if not build:
        raise AssertionError("MINGFA_BUILD does not name a build folder")
    program = pathlib.Path(build) / "tests" / "draw-papers"
    if not program.is_file():
        raise AssertionError(f"{program} is missing: build the target draw-papers")
    run = subprocess.run(
        [program], input=json.dumps(case).encode(), capture_output=True, check=False, timeout=300
    )
    if run.returncode != 0:
        raise AssertionError(f"draw-papers: exit {run.returncode}: {run.stderr.decode()}")
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    return lines[0], lines[1:]


class SecondImplementation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.case = synthetic_case()
        cls.digests, cls.papers = draw_papers(cls.case)

    def test_a_thousand_papers_are_redrawn_identically(self):
        self.assertEqual(len(self.papers), PAPERS)
        self.assertEqual(self.digests, draw_v1.case_digests(self.case))
        for i, (theirs, ours) in enumerate(zip(self.papers, draw_v1.case_papers(self.case))):
            self.assertEqual(theirs, ours, f"person {i}")

    def test_the_synthetic_case_is_not_a_tame_one(self):
        papers = self.papers
        self.assertEqual(len({p["paper_digest"] for p in papers}), PAPERS)
        self.assertGreater(sum(p["try"] > 0 for p in papers), PAPERS // 10)
        self.assertGreater(sum(p["try"] == 0 for p in papers), PAPERS // 10)
        self.assertGreaterEqual(len(self.case["blueprint"]["required"]), 2)
        self.assertGreater(sum(p["flags"] == 0 for p in papers), PAPERS * 9 // 10)
        self.assertGreater(sum(p["flags"] == 1 for p in papers), 0)

    def test_another_nonce_or_attempt_is_another_paper(self):
        case = dict(self.case, people=[dict(self.case["people"][0]) for _ in range(3)])
        case["people"][1]["nonce"] = hex_of("another nonce")
        case["people"][2]["attempt"] += 1
        _, papers = draw_papers(case)
        self.assertEqual(papers[0], self.papers[0])
        self.assertEqual(len({json.dumps(p["items"]) for p in papers}), 3)


class Vectors(unittest.TestCase):
    def test_the_vectors_are_redrawn_identically(self):
        vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
        self.assertEqual((vectors["format"], vectors["version"]), ("mingfa-draw-vectors", 1))
        self.assertGreaterEqual(len(vectors["cases"]), 10)
        for case in vectors["cases"]:
            with self.subTest(case["name"]):
                self.assertEqual(draw_v1.case_digests(case), case["digests"])
                self.assertEqual(list(draw_v1.case_papers(case)), case["papers"])

    def test_the_numbers_are_read_identically(self):
        vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
        self.assertGreaterEqual(len(vectors["numbers"]), 9)
        for case in vectors["numbers"]:
            with self.subTest(n=case["n"]):
                numbers = draw_v1.stream(bytes.fromhex(case["seed"]), case["try"])
                ours = [draw_v1.uniform(numbers, case["n"]) for _ in case["numbers"]]
                self.assertEqual(ours, case["numbers"])


class Cbor(unittest.TestCase):
    def test_the_encoder_agrees_with_rfc_8949_appendix_a(self):
        for value, expected in [
            (0, "00"), (23, "17"), (24, "1818"), (100, "1864"), (1000, "1903e8"),
            (1000000, "1a000f4240"), (1000000000000, "1b000000e8d4a51000"), (-1, "20"), (-1000, "3903e7"),
            (False, "f4"), (True, "f5"), (None, "f6"), (b"\x01\x02\x03\x04", "4401020304"),
            ("IETF", "6449455446"), ("水", "63e6b0b4"), ([1, [2, 3], [4, 5]], "8301820203820405"),
            (list(range(1, 26)), "98190102030405060708090a0b0c0d0e0f101112131415161718181819"),
            ({1: 2, 3: 4}, "a201020304"),
        ]:
            self.assertEqual(draw_v1.cbor(value).hex(), expected, repr(value))


if __name__ == "__main__":
    unittest.main()
