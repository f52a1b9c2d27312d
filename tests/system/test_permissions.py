#!/usr/bin/env python3
"""Who may do what: every operation of docs/openapi.yaml, asked for by everybody, inside and outside of
their scope, against permissions.tsv. That table is written from the duties of the roles; it does not know
the server's own.

A refusal changes nothing: neither journal has grown by it. What is allowed is really served, or refused by
a rule of the exam (409, 422), never for who asks (401, 403, 404) nor for how it was asked (400)."""
import json
import pathlib
import re
import secrets
import unittest

import rig
import setup
import town

TABLE = pathlib.Path(__file__).with_name("permissions.tsv")
OPENAPI = rig.ROOT / "docs" / "openapi.yaml"
OPERATIONS_C = rig.ROOT / "server" / "api" / "operations.c"
ROLES = ("anonymous", "candidate", *town.ROLES)
REFUSALS = {"401", "403", "404"}
REASON = {"reason": "测试"}
VERBS = "get|post|put|delete|patch|head"


def documented():
    """operationId -> (METHOD, path), from the file's own layout: paths at two blanks, methods at four."""
    found, path, method = {}, None, None
    for line in OPENAPI.read_text(encoding="utf-8").partition("\ncomponents:")[0].splitlines():
        head = re.match(r"  (/\S*):$", line)
        verb = re.match(rf"    ({VERBS}):", line)
        path = head.group(1) if head else path
        method = verb.group(1).upper() if verb else method
        name = re.search(r"operationId: (\w+)", line)
        if name:
            assert name.group(1) not in found, f"{name.group(1)} twice in {OPENAPI.name}"
            found[name.group(1)] = (method, path)
    return found


def served():
    """operationId -> (METHOD, path), from the server's table."""
    text = OPERATIONS_C.read_text(encoding="utf-8")
    return {name: (method, path if v1 is None else "/api/v1" + path) for name, method, v1, path in
            re.findall(r'\{"(\w+)", HTTP_(\w+), (V1 )?"([^"]*)"', text)
            for v1 in ([None] if not v1 else ["V1"])}


def expected():
    """[(operation, where, {role: cell})]."""
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    assert lines[0].split("\t") == ["operation", "where", *ROLES]
    return [(cells[0], cells[1], dict(zip(ROLES, cells[2:], strict=True)))
            for cells in (line.split("\t") for line in lines[1:])]


class Table(unittest.TestCase):
    def test_every_operation_of_the_contract_is_served_and_the_reverse(self):
        self.assertEqual(served(), documented())
        self.assertGreater(len(documented()), 40)

    def test_every_operation_stands_in_the_matrix_and_the_reverse(self):
        self.assertEqual({op for op, _where, _cells in expected()}, set(documented()))

    def test_the_matrix_has_no_cell_twice_and_no_other_words(self):
        rows = [(op, where) for op, where, _cells in expected()]
        self.assertEqual(len(rows), len(set(rows)))
        for op, where, cells in expected():
            self.assertLessEqual(set(cells.values()), REFUSALS | {"yes"}, (op, where))

    def test_whatever_has_a_scope_is_asked_for_outside_of_it_too(self):
        wheres = {}
        for op, where, _cells in expected():
            wheres.setdefault(op, set()).add(where)
        for op, found in wheres.items():
            for one, other in (("own", "other"), ("inside", "outside"), ("part", "whole")):
                self.assertEqual(one in found, other in found, op)

    def test_only_what_the_contract_opens_needs_no_login(self):
        free = set()
        text = OPENAPI.read_text(encoding="utf-8")
        for block in re.split(rf"(?m)^    (?:{VERBS}):", text)[1:]:
            name = re.search(r"operationId: (\w+)", block)
            if name and re.search(r"security: \[\]", block):
                free.add(name.group(1))
        self.assertEqual({op for op, _where, cells in expected() if cells["anonymous"] == "yes"}, free)


class Stage:
    """A server with an exam, and for each kind of object one inside and one outside of branch A."""

    def __init__(self):
        self.server = town.server().start()
        self.town = town.Town(self.server, spare=24)
        self.numbers = {unit: iter(numbers) for unit, numbers in self.town.numbers.items()}
        self.officer = self.town.holder("officer")
        self.auditor = self.town.holder("auditor")
        self.exam = rig.exam(self.officer)
        self.people = {("anonymous", s): self.server.api() for s in ("part", "whole")}
        candidate = next(self.numbers["A1"])
        self.holders = {("candidate", s): candidate for s in ("part", "whole")} | self.town.holders
        found = self.town.people(set(self.holders.values()))
        self.people.update({key: found[number] for key, number in self.holders.items()})
        self.own = {role: town.Sitting(self.people[role, "part"], self.exam) for role in ROLES[1:]}
        self.other = town.Sitting(self.town.person(next(self.numbers["A2"])), self.exam)
        self.running = {w: self.sit(unit) for w, unit in (("inside", town.INSIDE), ("outside", town.OUTSIDE))}
        self.ended = {op: {w: self.sit(unit, True) for w, unit in (("inside", town.INSIDE), ("outside", town.OUTSIDE))}
                      for op in ("reopenSession", "voidSession", "decideLate")}
        self.definition = town.definition_of(self.officer, self.exam)
        self.prepared = self.officer.call("POST", "/exams", self.definition)["exam"]  # made, nothing more
        self.item = re.search(r"【编号】(\S+)", min(rig.CONTENT.glob("*.txt")).read_text(encoding="utf-8")).group(1)
        self.shares = {which: town.share_pair() for which in ("officer", "custodian")}

    def sit(self, unit, hand_in=False):
        sitting = town.Sitting(self.town.person(next(self.numbers[unit])), self.exam)
        if hand_in:
            sitting.submit()
        return sitting

    def journal(self):
        """Where both journals end."""
        ends = {}
        for file in ("record", "registry"):
            start = 1
            while start is not None:
                page = self.auditor.call("GET", f"/audit/events?file={file}&from={start}&limit=1000")
                ends[file], start = page["events"][-1]["seq"], page["next"]
        return ends

    def close(self):
        self.server.close()


class Requests:
    """For each operation a request that is right in every respect but, perhaps, who makes it. Some need an
    object that is used up by being served: it is made when the cell says that it will be."""

    def __init__(self, stage):
        self.stage = stage

    def make(self, op, where, role, allowed):
        """(path parameters and query, body, the person who asks)."""
        stage = self.stage
        api = stage.people[role, "whole" if where == "whole" else "part"]
        special = getattr(self, "for_" + op, None)
        path, body = special(where, role) if special else self.plain(op, where, role)
        if op == "logout" and allowed:
            api = stage.server.api()
            api.login(stage.holders[role, "part"], town.PASSWORD)
        return path, body, api

    def unit(self, where):
        return {"inside": town.INSIDE, "outside": town.OUTSIDE, "mine": "A1", "part": "", "whole": ""}[where]

    def plain(self, op, where, role):
        stage = self.stage
        own = stage.own.get(role, stage.other) if where == "own" else stage.other
        sessions = {"session": None, "heartbeat": {}, "sessionReview": None, "sessionResult": None,
                    "openSession": {"device": own.device},
                    "submitSession": {"epoch": own.epoch, "seq": own.seq - 1}}
        acts = {"suspendSession": REASON, "resumeSession": REASON, "grantExtraTime": {"ms": 60000, **REASON},
                "reopenSession": {"deadline_ms": own.started["server_time_ms"] + 600000, **REASON},
                "voidSession": REASON, "decideLate": {"accepted": True, **REASON}}
        if op in sessions:
            return {"session": own.id}, sessions[op]
        if op in acts and where == "self":
            return {"session": stage.own.get(role, stage.other).id}, acts[op]
        if op in acts:
            return {"session": stage.ended.get(op, stage.running)[where].id}, acts[op]
        if op in ("examSessions", "missing", "coverage", "scores"):
            return {"exam": stage.exam, "query": "?unit=" + self.unit(where)}, None
        return {"exam": stage.exam}, None

    # ---- logging in

    def for_activate(self, _where, _role):
        number = next(self.stage.numbers["A1"])
        code = self.stage.town.admin.call("POST", "/activation-codes", {"people": [number]})["codes"][0]["code"]
        return {}, {"person": number, "code": code, "new_password": town.PASSWORD}

    def for_login(self, _where, _role):
        return {}, {"person": self.stage.holders["candidate", "part"], "password": town.PASSWORD}

    def for_changePassword(self, _where, _role):
        return {}, {"old_password": town.PASSWORD, "new_password": town.PASSWORD}

    # ---- sitting

    def for_startSession(self, _where, _role):
        return {"exam": self.stage.exam}, {"attempt": 1, "nonce": secrets.token_hex(32)}

    def for_saveResponses(self, where, role):
        own = self.stage.own.get(role, self.stage.other) if where == "own" else self.stage.other
        own.seq += 1
        return {"session": own.id}, {"epoch": own.epoch, "responses": [{"seq": own.seq - 1, "item": 0, "value": 1}]}

    # ---- the roster

    def for_importUnits(self, where, role):
        parent = self.unit(where)
        return {}, town.units_csv([(f"{parent}-{role[:2]}", f"新设科室（{role}）", parent)])

    def for_importPeople(self, where, role):
        unit = self.unit(where)
        return {}, town.people_csv([town.person_row(f"NEW-{unit}-{role}", unit)])

    def for_importAttendance(self, where, role):
        number = self.stage.town.numbers[self.unit(where)][-1]
        return {}, f"人员编号,场次编号,日期,方式\n{number},CASE-{role},2026-03-05,现场\n".encode()

    def for_issueActivationCodes(self, where, role):
        return {}, {"people": [self.stage.town.numbers[self.unit(where)][-2]]}

    def for_grantRole(self, where, role):
        return {"person": self.stage.town.numbers["A2"][-3]}, {"role": "liaison", "unit": self.unit(where)}

    for_revokeRole = for_grantRole

    # ---- exams

    def for_createExam(self, _where, _role):
        return {}, {**self.stage.definition, "name": "另一场考试"}

    def for_commitShare(self, _where, _role):
        return {"exam": self.stage.prepared}, {"which": "officer", "digest": self.stage.shares["officer"][0]}

    def for_revealShare(self, _where, _role):
        return {"exam": self.stage.prepared}, {"which": "officer", "share": self.stage.shares["officer"][1]}

    def for_openExam(self, _where, _role):
        return {"exam": self.stage.prepared}, None

    for_closeExam = for_openExam

    def for_withdrawItem(self, _where, _role):
        return {"exam": self.stage.prepared}, {"item": self.stage.item, **REASON}

    def for_setExemption(self, where, role):
        number = (self.stage.holders.get((role, "part"), "A2-00") if where == "self" else
                  self.stage.town.numbers[self.unit(where)][-4])
        return {"exam": self.stage.exam, "person": number}, {"kind": "exempt", "document": "示范〔2026〕9号", **REASON}

    def for_auditEvents(self, _where, _role):
        return {"query": "?file=registry"}, None

    def after(self, op):
        """What else must have happened before the next operations of the table can be served."""
        path = f"/exams/{self.stage.prepared}/shares"
        digest, share = self.stage.shares["custodian"]
        if op == "commitShare":
            self.stage.server.custodian().call("POST", path, {"which": "custodian", "digest": digest})
        if op == "revealShare":
            self.stage.server.custodian().call("PUT", path, {"which": "custodian", "share": share})


class Permissions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = Stage()
        cls.addClassCleanup(cls.stage.close)

    def ask(self, requests, op, where, role, allowed):
        method, pattern = documented()[op]
        values, body, api = requests.make(op, where, role, allowed)
        path = re.sub(r"\{(\w+)\}", lambda m: values[m.group(1)], pattern) + values.get("query", "")
        kind = "text/csv" if isinstance(body, bytes) else "application/json"
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        before = None if allowed else self.stage.journal()
        status, headers, reply = api.raw(method, path, data, kind)
        return status, headers, reply, before

    def judge(self, requests, op, where, role, cell):
        status, headers, reply, before = self.ask(requests, op, where, role, cell == "yes")
        what = (op, where, role, status, reply.decode()[:300])
        if cell == "yes":
            self.assertIn(status, {200, 201, 204, 409, 422}, what)
            return status < 300
        self.assertEqual(status, int(cell), what)
        problem = json.loads(reply)
        self.assertEqual(headers["Content-Type"], "application/problem+json", what)
        self.assertRegex(problem["detail"], r"[\u4e00-\u9fff]", what)
        if status == 401:
            self.assertEqual(headers["WWW-Authenticate"], "Bearer", what)
        self.assertEqual(self.stage.journal(), before, what)
        return False

    def test_every_cell_of_the_matrix(self):
        requests = Requests(self.stage)
        rows = expected()
        done = set()
        wrong = []
        for n, (op, where, cells) in enumerate(rows):
            # the refusals first: what is used up by being served is still there for them
            for role in sorted(ROLES, key=lambda r: cells[r] == "yes"):
                try:
                    if self.judge(requests, op, where, role, cells[role]):
                        done.add(op)
                except AssertionError as e:
                    wrong.append(str(e))
            if n + 1 == len(rows) or rows[n + 1][0] != op:
                requests.after(op)
        self.assertEqual(wrong, [], "\n".join(wrong))
        # 409 alone proves little: nearly every operation was served to somebody
        self.assertEqual(set(documented()) - done, {"sessionReview", "decideLate"})


class Lists(unittest.TestCase):
    """What is listed without naming a unit is what lies within the scope, and nothing else."""

    @classmethod
    def setUpClass(cls):
        cls.server = town.server().start()
        cls.addClassCleanup(cls.server.close)
        cls.town = town.Town(cls.server)
        cls.exam = rig.exam(cls.town.holder("officer"))
        for number in ("A2-00", "B1-00"):
            sitting = town.Sitting(cls.town.person(number), cls.exam)
            sitting.submit()

    def listed(self, role, scope, path):
        return self.town.holder(role, scope).raw("GET", f"/api/v1/exams/{self.exam}/{path}")[2].decode()

    def test_a_branch_is_listed_without_the_other(self):
        for path, roles in {"sessions": ("liaison", "officer"), "scores": ("officer", "hr", "auditor"),
                            "missing": ("liaison", "officer"), "coverage": ("liaison", "officer", "hr", "auditor"),
                            "scores?format=csv": ("hr",), "coverage?format=csv": ("officer",)}.items():
            for role in roles:
                part, whole = (self.listed(role, scope, path) for scope in ("part", "whole"))
                if not path.startswith(("missing", "coverage")):
                    self.assertTrue("A2-00" in part or "甲街道执法队" in part, (path, role))
                for outside in ("B1-0", '"B1"', '"B"', "乙镇", '"SF"'):
                    self.assertNotIn(outside, part, (path, role))
                self.assertTrue("B1" in whole or "乙镇" in whole, (path, role))

    def test_units_are_those_of_the_scope(self):
        for role in town.ROLES:
            codes = [u["code"] for u in self.town.holder(role, "part").call("GET", "/units")["units"]]
            self.assertEqual(sorted(codes), ["A", "A1", "A2"], role)
            codes = [u["code"] for u in self.town.holder(role).call("GET", "/units")["units"]]
            self.assertEqual(sorted(codes), ["A", "A1", "A2", "B", "B1", setup.district.ROOT[0]], role)

    def test_a_candidate_sees_one_row_of_figures_their_own_units(self):
        api = self.town.person("A2-01")
        table = api.call("GET", f"/exams/{self.exam}/coverage")
        self.assertEqual([row["unit"] for row in table["rows"]], ["A2"])
        self.assertEqual(api.raw("GET", f"/api/v1/exams/{self.exam}/coverage?format=csv")[0], 403)

    def test_nobody_reaches_beyond_the_scope_by_a_person(self):
        """A mixed list is refused as a whole, a person of the other branch cannot be drawn over, and no
        code can be had for somebody with more rights."""
        cases = []
        for role in ("liaison", "officer", "administrator"):
            api = self.town.holder(role, "part")
            cases += [
                (role, api, "/activation-codes", {"people": ["A2-03", "B1-03"]}),
                (role, api, "/people/import", town.people_csv([town.person_row("B1-03", "A2")])),
                (role, api, "/people/import", town.people_csv([town.person_row("A2-03", "B1")])),
                (role, api, "/people/import", town.people_csv([town.person_row("N-1", "A2"),
                                                               town.person_row("N-2", "B1")])),
                (role, api, "/activation-codes", {"people": ["officer-whole"]}),
                (role, api, "/activation-codes", {"people": ["administrator-whole"]}),
            ]
        for role in ("liaison", "officer"):
            cases.append((role, self.town.holder(role, "part"), "/activation-codes", {"people": ["hr-part"]}))
        for role, api, path, body in cases:
            kind = "text/csv" if isinstance(body, bytes) else "application/json"
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            status, _headers, reply = api.raw("POST", "/api/v1" + path, data, kind)
            self.assertEqual(status, 403, (role, path, body, reply.decode()))

    def test_a_revoked_role_ends_at_once(self):
        api = self.town.person("B1-05")
        body = {"role": "hr", "unit": "B"}
        self.town.admin.call("POST", "/people/B1-05/roles", body)
        self.assertEqual(api.raw("GET", f"/api/v1/exams/{self.exam}/scores")[0], 200)
        self.town.admin.call("POST", "/people/B1-05/roles/revocation", body)
        self.assertEqual(api.raw("GET", f"/api/v1/exams/{self.exam}/scores")[0], 403)


class Rows(unittest.TestCase):
    """The rows of a file are judged each by itself, on every date from which it is to hold."""

    @classmethod
    def setUpClass(cls):
        cls.server = town.server().start()
        cls.addClassCleanup(cls.server.close)
        cls.town = town.Town(cls.server)

    def load(self, api, kind, head, *rows, dry=True):
        text = "\n".join((head, *(",".join(r) for r in rows))) + "\n"
        status, _headers, reply = api.raw("POST", f"/api/v1/{kind}/import" + ("?dry_run=1" if dry else ""),
                                          text.encode(), "text/csv")
        return status, json.loads(reply)

    def test_nobody_rewrites_what_another_branch_was(self):
        people, units = "人员编号,姓名,单位编码,人员类别,生效日期", "单位编码,单位名称,上级编码,生效日期"
        for kind, head, row in (("units", units, ("A9", "甲街道九组", "B", "2024-01-01")),
                                ("units", units, ("A9", "甲街道九组", "A", "2025-01-01")),
                                ("people", people, ("P-1", "赵一", "B1", "公务员", "2024-01-01")),
                                ("people", people, ("P-1", "赵一", "A2", "公务员", "2025-01-01")),
                                ("people", people, ("P-2", "钱二", "A9", "公务员", "2024-01-01"))):
            self.assertEqual(self.load(self.town.admin, kind, head, row, dry=False)[0], 200, row)
        roles = {"people": ("liaison", "officer", "administrator"), "units": ("officer", "administrator")}
        cases = [("people", ("P-1", "赵一", "A2", "领导干部", day), fine, "P-1") for day, fine in
                 (("2023-06-01", False), ("2024-01-01", False), ("2024-12-31", False), ("2025-01-01", True),
                  ("2025-06-01", True), ("", True))]
        cases += [("people", ("P-2", "钱二", "A9", "领导干部", day), fine, "A9") for day, fine in
                  (("2024-06-01", False), ("2025-06-01", True))]
        cases += [("people", ("P-3", "孙三", "A9", "公务员", day), fine, "A9") for day, fine in
                  (("2024-06-01", False), ("2025-06-01", True))]
        cases += [("units", ("A9", "甲街道第九组", "A", day), fine, "A9") for day, fine in
                  (("2023-06-01", False), ("2024-12-31", False), ("2025-01-01", True), ("", True))]
        for kind, row, fine, name in cases:
            head = people if kind == "people" else units
            for role in roles[kind]:
                status, reply = self.load(self.town.holder(role, "part"), kind, head, row)
                self.assertEqual(status, 200 if fine else 403, (role, row, reply))
                if not fine:
                    self.assertEqual(reply["detail"], f"第2行“生效日期”：“{name}”在{row[-1]}或之后属于您管理范围以外的单位，"
                                                      "没有写入任何内容。", (role, row))
            self.assertEqual(self.load(self.town.holder("officer"), kind, head, row)[0], 200, row)

    def test_a_row_outside_is_named_by_row_and_column(self):
        people, units = "人员编号,姓名,单位编码,人员类别", "单位编码,单位名称,上级编码"
        fine = {"people": ("N-1", "李一", "A2", "公务员"), "units": ("A8", "甲街道八组", "A")}
        for kind, head, row, column, name in (
                ("people", people, ("B1-03", "王二", "A2", "公务员"), "人员编号", "B1-03"),
                ("people", people, ("N-2", "王二", "B1", "公务员"), "单位编码", "B1"),
                ("units", units, ("B1", "乙镇办", "A"), "单位编码", "B1"),
                ("units", units, ("B8", "乙镇八组", "B"), "上级编码", "B")):
            status, reply = self.load(self.town.holder("officer", "part"), kind, head, fine[kind], row)
            self.assertEqual(status, 403, row)
            self.assertEqual(reply["detail"], f"第3行“{column}”：“{name}”不在您的管理范围内，没有写入任何内容。")


if __name__ == "__main__":
    unittest.main()
