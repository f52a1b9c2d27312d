"""draw-v1, a second time: written from docs/draw-format.md and docs/bank-format.md §7 alone.

Shares nothing with the C library. A case is a dict in the form that tests/draw/case.h describes; a
paper is a dict with the same members that draw-papers prints. Standard library only."""
import hashlib
import hmac

TRIES = 64
TYPES = {"single": 1, "multiple": 2, "true_false": 3, "fill_in": 4}


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def u32be(value):
    return value.to_bytes(4, "big")


# ---- deterministic CBOR (RFC 8949 §4.2.1), what a paper and a blueprint need of it


def cbor_head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 1 << 8 * size:
            return bytes([major << 5 | info]) + value.to_bytes(size, "big")
    raise ValueError(f"{value} does not fit 64 bits")


def cbor(value):
    if value is None:
        return b"\xf6"
    if value is True or value is False:
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return cbor_head(0, value) if value >= 0 else cbor_head(1, -1 - value)
    if isinstance(value, bytes):
        return cbor_head(2, len(value)) + value
    if isinstance(value, str):
        raw = value.encode("utf-8")
        return cbor_head(3, len(raw)) + raw
    if isinstance(value, list):
        return cbor_head(4, len(value)) + b"".join(cbor(v) for v in value)
    if isinstance(value, dict):
        pairs = sorted(value.items())
        return cbor_head(5, len(pairs)) + b"".join(cbor(k) + cbor(v) for k, v in pairs)
    raise TypeError(type(value))


def blueprint_cbor(bp):
    cells = [
        {
            0: TYPES[c["type"]],
            1: c["area"],
            2: c["difficulty"][0],
            3: c["difficulty"][1],
            4: c["level"],
            5: c["audience"],
            6: c["count"],
            7: c["points"],
        }
        for c in bp["cells"]
    ]
    return cbor({0: bp["name"], 1: cells, 2: bp["required"], 3: bp["enemies"], 4: bp["facility"]})


# ---- §1 the seed


def master_of(officer_share, custodian_share):
    return sha256(b"mingfa/draw-master/v1", officer_share, custodian_share)


def paper_seed(master, exam_uuid, pseudonym, attempt, nonce):
    message = b"mingfa/paper-seed/v1" + exam_uuid + pseudonym + u32be(attempt) + nonce
    return hmac.new(master, message, hashlib.sha256).digest()


# ---- §2 numbers


def stream(seed, t):
    i = 0
    while True:
        block = sha256(b"mingfa/draw/v1", seed, u32be(t), u32be(i))
        for at in range(0, 32, 4):
            yield int.from_bytes(block[at : at + 4], "big")
        i += 1


def uniform(numbers, n):
    if n == 1:
        return 0
    while True:
        r = next(numbers)
        if r < 2**32 - 2**32 % n:
            return r % n


# ---- §3 one try


def matches(cell, item):
    return (
        item["type"] == cell["type"]
        and cell["area"] in (None, item["area"])
        and cell["difficulty"][0] <= item["difficulty"] <= cell["difficulty"][1]
        and cell["level"] in (0, item["level"])
        and (cell["audience"] is None or not item["audiences"] or cell["audience"] in item["audiences"])
    )


class Draw:
    """One release, blueprint and list of withdrawals; papers are drawn one at a time."""

    def __init__(self, case):
        self.blueprint = case["blueprint"]
        self.withdrawn = set(case["withdrawals"])
        self.pool = sorted(case["pool"], key=lambda item: item["id"].encode())
        self.items = {item["id"]: item for item in self.pool}
        self.enemies = {item["id"]: set() for item in self.pool}
        for item in self.pool:
            for other in item["enemies"]:
                self._enemies(item["id"], other)
        for a, b in self.blueprint["enemies"]:
            self._enemies(a, b)

    def _enemies(self, a, b):
        self.enemies.setdefault(a, set()).add(b)
        self.enemies.setdefault(b, set()).add(a)

    def one_try(self, numbers, earlier, apart):
        """The cells, each a list of ids in the order of drawing; or None when a cell is dry."""
        cells = self.blueprint["cells"]
        places = [[] for _ in cells]
        drawn = set()

        def is_enemy(x):
            return apart and not self.enemies[x].isdisjoint(drawn)

        def draw(place, x):
            place.append(x)
            drawn.add(x)

        for required in self.blueprint["required"]:
            if required in self.withdrawn:
                continue
            (index,) = [i for i, c in enumerate(cells) if matches(c, self.items[required])]
            draw(places[index], required)
        for cell, place in zip(cells, places):
            a = [
                item["id"]
                for item in self.pool
                if matches(cell, item) and item["id"] not in self.withdrawn and item["id"] not in drawn
            ]
            n, later = len(a), []
            for i in range(n):
                if len(place) >= cell["count"]:
                    break
                j = i + uniform(numbers, n - i)
                a[i], a[j] = a[j], a[i]
                x = a[i]
                if is_enemy(x):
                    continue
                if x in earlier:
                    later.append(x)
                else:
                    draw(place, x)
            for x in later:
                if len(place) >= cell["count"]:
                    break
                if not is_enemy(x):
                    draw(place, x)
            if len(place) < cell["count"]:
                return None
        return places

    def meets_bounds(self, places):
        bounds = self.blueprint["facility"]
        if bounds is None:
            return True
        facility = points = 0
        for cell, place in zip(self.blueprint["cells"], places):
            for x in place:
                facility += self.items[x]["facility"] * cell["points"]
                points += cell["points"]
        return bounds[0] * points <= facility <= bounds[1] * points

    def with_options(self, places, numbers):
        out = []
        for cell, place in zip(self.blueprint["cells"], places):
            for x in place:
                item = self.items[x]
                order = []
                if item["type"] in ("single", "multiple"):
                    k = item["options"]
                    order = list(range(k))
                    if not item["fixed"]:
                        for i in range(k - 1):
                            j = i + uniform(numbers, k - i)
                            order[i], order[j] = order[j], order[i]
                out.append([x, item["revision"], order, cell["points"]])
        return out

    def paper(self, seed, earlier):
        """§4: (t, flags, items), or None when there is no paper."""
        standing = None
        for t in range(TRIES):
            numbers = stream(seed, t)
            places = self.one_try(numbers, earlier, True)
            if places is None:
                continue
            items = self.with_options(places, numbers)
            if self.meets_bounds(places):
                return t, 0, items
            standing = t, 1, items
        if standing is not None:
            return standing
        numbers = stream(seed, TRIES)
        places = self.one_try(numbers, earlier, False)
        if places is None:
            return None
        return TRIES, 2, self.with_options(places, numbers)


# ---- a whole case


def case_digests(case):
    officer = bytes.fromhex(case["officer_share"])
    custodian = bytes.fromhex(case["custodian_share"])
    master = master_of(officer, custodian)
    return {
        "officer_share_digest": sha256(b"mingfa/draw-share/v1", officer).hex(),
        "custodian_share_digest": sha256(b"mingfa/draw-share/v1", custodian).hex(),
        "master": master.hex(),
        "master_digest": sha256(b"mingfa/draw-master-digest/v1", master).hex(),
        "blueprint_digest": sha256(blueprint_cbor(case["blueprint"])).hex(),
        "withdrawals_digest": sha256(cbor(case["withdrawals"])).hex(),
    }


def case_papers(case):
    """The papers of a case's people, in order."""
    digests = case_digests(case)
    draw = Draw(case)
    exam_uuid = bytes.fromhex(case["exam_uuid"])
    for person in case["people"]:
        pseudonym, nonce = bytes.fromhex(person["pseudonym"]), bytes.fromhex(person["nonce"])
        seed = paper_seed(
            bytes.fromhex(digests["master"]), exam_uuid, pseudonym, person["attempt"], nonce
        )
        drawn = draw.paper(seed, set(person["earlier"]))
        if drawn is None:
            yield None
            continue
        t, flags, items = drawn
        earlier_digest = sha256(cbor(person["earlier"]))
        named = cbor(
            [
                1,
                bytes.fromhex(case["release"]),
                bytes.fromhex(digests["blueprint_digest"]),
                bytes.fromhex(case["rules"]),
                bytes.fromhex(digests["withdrawals_digest"]),
                earlier_digest,
                exam_uuid,
                pseudonym,
                person["attempt"],
                nonce,
                flags,
                items,
            ]
        )
        yield {
            "seed": seed.hex(),
            "earlier_digest": earlier_digest.hex(),
            "try": t,
            "flags": flags,
            "items": items,
            "paper_digest": sha256(b"mingfa/paper/v1", named).hex(),
        }
