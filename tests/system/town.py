"""A small town for the tests of the whole system: four units in two branches, a few people in each, and
whoever holds a role on one branch or on everything. Filled through the API alone.

    SF (the root, made by bootstrap)
    ├── A ── A1, A2     the branch on which the "part" role holders hold their role; their own unit is A1
    └── B ── B1         what is outside of it"""
import hashlib
import json
import secrets

import rig

ROLES = ("liaison", "officer", "hr", "auditor", "administrator")
PASSWORD = "correct horse battery"
UNITS = [("A", "甲街道", rig.district.ROOT[0]), ("A1", "甲街道党政办", "A"), ("A2", "甲街道执法队", "A"),
         ("B", "乙镇", rig.district.ROOT[0]), ("B1", "乙镇党政办", "B")]
PEOPLE_HEAD = "人员编号,姓名,单位编码,人员类别,状态,职务,任职日期"
INSIDE, OUTSIDE = "A2", "B1"
# The hash of a password costs least, and no checkpoint comes between two looks at the journal.
QUICK = {"hash_kib": 8192, "hash_passes": 1, "checkpoint_ms": 3600000}


def person_row(number, unit, name="张三", category="公务员", status="在册"):
    return f"{number},{name},{unit},{category},{status},,"


def people_csv(rows):
    return ("\n".join([PEOPLE_HEAD, *rows]) + "\n").encode()


def units_csv(rows):
    return ("单位编码,单位名称,上级编码\n" + "".join(",".join(r) + "\n" for r in rows)).encode()


class Town:
    """The town on a running server. `admin` is the administrator of everything."""

    def __init__(self, server, spare=8):
        self.server = server
        self.admin = server.admin()
        self.logins = {}
        self.numbers = {unit: [f"{unit}-{n:02d}" for n in range(spare)] for unit in ("A1", "A2", "B1")}
        self.holders = {(role, scope): f"{role}-{scope}" for role in ROLES for scope in ("part", "whole")}
        self.admin.call("POST", "/units/import", csv=units_csv(UNITS))
        rows = [person_row(n, unit) for unit, numbers in self.numbers.items() for n in numbers]
        rows += [person_row(n, "A1") for n in self.holders.values()]
        self.admin.call("POST", "/people/import", csv=people_csv(rows))
        for (role, scope), number in self.holders.items():
            self.admin.call("POST", f"/people/{number}/roles", {"role": role, "unit": "A" if scope == "part" else ""})

    def people(self, numbers):
        """number -> Api, all activated and logged in. The same person twice is the same login."""
        numbers = list(numbers)
        fresh = [n for n in numbers if n not in self.logins]
        codes = self.admin.call("POST", "/activation-codes", {"people": fresh})["codes"] if fresh else []
        for c in codes:
            self.logins[c["person"]] = self.server.api()
            self.logins[c["person"]].activate(c["person"], c["code"], PASSWORD)
        return {n: self.logins[n] for n in numbers}

    def person(self, number):
        return self.people([number])[number]

    def holder(self, role, scope="whole"):
        return self.person(self.holders[role, scope])


class Sitting:
    """One person's session: started and opened."""

    def __init__(self, api, exam, attempt=1):
        self.api, self.exam = api, exam
        self.started = api.call("POST", f"/exams/{exam}/sessions", {"attempt": attempt, "nonce": secrets.token_hex(32)})
        self.id = self.started["session"]
        self.path = "/sessions/" + self.id
        self.device = secrets.token_hex(16)
        opened = api.call("POST", self.path + "/open", {"device": self.device})
        self.epoch, self.seq = opened["epoch"], opened["next_seq"]
        self.items = self.started["paper"]["items"]

    def save(self, values):
        """values: item -> value."""
        responses = []
        for item, value in values.items():
            responses.append({"seq": self.seq, "item": item, "value": value})
            self.seq += 1
        return self.api.call("PUT", self.path + "/responses", {"epoch": self.epoch, "responses": responses})

    def submit(self):
        return self.api.call("POST", self.path + "/submission", {"epoch": self.epoch, "seq": self.seq - 1})


def share_pair():
    """(digest, share) of one half of a master seed."""
    share = secrets.token_bytes(32)
    return hashlib.sha256(b"mingfa/draw-share/v1" + share).hexdigest(), share.hex()


def definition_of(api, exam):
    """The definition of an exam, as one would send it to create another."""
    return json.loads(json.dumps(api.call("GET", f"/exams/{exam}")["definition"]))


def open_exam(api, definition):
    """Creates the exam, has both shares put in by two people, opens it; its id."""
    exam = api.call("POST", "/exams", definition)["exam"]
    pairs = [(api, "officer", *share_pair()), (api.server.custodian(), "custodian", *share_pair())]
    for holder, which, digest, _share in pairs:
        holder.call("POST", f"/exams/{exam}/shares", {"which": which, "digest": digest})
    for holder, which, _digest, share in pairs:
        holder.call("PUT", f"/exams/{exam}/shares", {"which": which, "share": share})
    api.call("POST", f"/exams/{exam}/open")
    return exam


def server(**config):
    """A server that is quick to log in to; not started yet."""
    return rig.Server(config={**QUICK, **config})
