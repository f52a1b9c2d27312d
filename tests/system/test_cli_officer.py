#!/usr/bin/env python3
"""The officer's commands of `mingfa`, over TLS against a real server: logging in and what can go wrong
with it, imports, activation codes, an exam's life, exemptions, coverage and scores, help.

Tables are compared with the API's own answers, and their columns by display width."""
import csv
import http.server
import io
import json
import os
import pathlib
import re
import sqlite3
import stat
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import cli_rig  # noqa: E402
import rig  # noqa: E402
from cli_rig import PASSWORD, Cli, Terminal, width  # noqa: E402

OFFICER = rig.setup.OFFICER
UNITS = "单位编码,单位名称,上级编码\nSF,明法示范区,\nSF01,区委办公室,SF\nSF02,区司法局,SF\n"
PEOPLE = ("人员编号,姓名,单位编码,人员类别,状态,职务,任职日期\n"
          "100001,王伟,SF02,公务员,在册,科长,2020-01-01\n"
          "100002,欧阳明志,SF01,公务员,在册,工作人员,2020-01-01\n"
          "100003,李娜,SF01,领导干部,在册,副主任,2026-01-01\n"
          "100004,=1+1,SF01,公务员,在册,工作人员,2020-01-01\n"
          "100005,赵军,SF02,公务员,在册,工作人员,2020-01-01\n")
HEARINGS = "人员编号,场次编号,日期,方式\n100002,2026-01,2026-03-05,现场\n100003,2026-01,2026-03-05,线上\n"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def columns_of(line, starts):
    """The cells of a table's row that begin at these columns."""
    cells, at, column = [""] * len(starts), 0, 0
    for c in line:
        while at + 1 < len(starts) and column >= starts[at + 1]:
            at += 1
        cells[at] += c
        column += width(c)
    return [cell.strip() for cell in cells]


class Recorder(http.server.BaseHTTPRequestHandler):
    """A server that is not ours; it keeps what it was sent."""
    seen = []

    def do_GET(self):
        self.seen.append(dict(self.headers))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    do_POST = do_GET

    def log_message(self, *_args):
        pass


class Officer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = rig.Server(tls=True).start()
        cls.addClassCleanup(cls.server.close)
        cls.dir = cls.server.state / "files"
        cls.dir.mkdir()
        cls.admin_api = cls.server.admin()
        cls.addClassCleanup(cls.admin_api.close)
        cls.admin_password = (cls.server.state / "admin-password").read_text()
        cls.admin = Cli(cls.server.state / "cli-admin")
        cls.admin.login(rig.setup.ADMIN, cls.server.url, cls.admin_password, "--ca", cls.server.ca)
        for kind, text in (("units", UNITS), ("people", PEOPLE), ("hearings", HEARINGS)):
            cls.admin("import", kind, cls.file(kind + ".csv", text))
        cls.admin("role", "grant", OFFICER, "officer", "SF")
        cls.officer = Cli(cls.server.state / "cli-officer")
        cls.activate(cls.officer, OFFICER)

    @classmethod
    def file(cls, name, text):
        path = cls.dir / name
        path.write_text(text, encoding="utf-8")
        return path

    @classmethod
    def code(cls, number):
        return cls.admin_api.call("POST", "/activation-codes", {"people": [number]})["codes"][0]["code"]

    @classmethod
    def activate(cls, cli, number):
        return cli.activate(number, cls.server.url, cls.code(number), "--ca", cls.server.ca)

    def fresh(self, name=None):
        return Cli(self.server.state / f"cli-{name or self._testMethodName}")

    def definition(self, name, **more):
        now = rig.china_today()
        return {
            "name": name, "kind": "annual", "year": now.year, "window_start": f"{now} 00:00",
            "window_end": f"{now.replace(year=now.year + 1)}T23:00", "duration_minutes": 60, "cut_off": str(now),
            "categories": [], "rules": {"pass_mark": 6000, "bands": rig.setup.BANDS + [
                {"name": "合格", "minimum": 6000}], "multiple": "all_or_nothing"},
            "attempts": 1, "counts": "best", "grace_ms": 5000, "late_accept_ms": 2000, "cut_at_window_end": True,
            "review": "after_close", "document": "示范〔2026〕1号", **more}

    def create(self, name):
        """Its id, an exam just created."""
        path = self.file(f"{name}.json", json.dumps(self.definition(name), ensure_ascii=False))
        out, _err = self.officer("exam", "create", path, "--blueprint", rig.BLUEPRINTS / "annual.json", "--json")
        return json.loads(out)["exam"]

    def open(self, name):
        exam = self.create(name)
        for act in ("commit", "reveal"):
            for which in ("officer", "custodian"):
                cli = self.officer if which == "officer" else self.admin
                cli("exam", act, exam, which, "--share-file", self.dir / f"{name}-{which}.share")
        self.officer("exam", "open", exam)
        return exam

    # ---- logging in ----

    def test_login_is_kept_for_its_owner_alone(self):
        self.assertEqual(mode(self.admin.state), 0o700)
        self.assertEqual(mode(self.admin.state / "login.json"), 0o600)
        out, _err = self.admin("whoami")
        self.assertIn("系统管理员", out)
        self.assertIn(self.server.url, out)
        out, _err = self.officer("whoami", "--lang", "en")
        self.assertIn("role: officer（SF）", out)
        self.assertEqual(json.loads(self.officer("whoami", "--json")[0])["person"], OFFICER)

    def test_xdg_state_home(self):
        home = self.server.state / "xdg"
        home.mkdir()
        done = cli_rig.subprocess.run(
            [cli_rig.MINGFA, "login", OFFICER, "--url", self.server.url, "--ca", self.server.ca],
            input=PASSWORD.encode() + b"\n", env=cli_rig.environment(XDG_STATE_HOME=str(home)), capture_output=True,
            check=True)
        self.assertIn("已登录：王伟（区司法局）", done.stderr.decode())
        self.assertEqual(mode(home / "mingfa" / "login.json"), 0o600)
        self.assertEqual(mode(home / "mingfa"), 0o700)

    def test_what_can_go_wrong_with_a_login(self):
        cli = self.fresh()
        ca = ("--ca", self.server.ca)
        url = self.server.url
        junk = self.file("junk.pem", "not a certificate\n")
        gone = f"http://localhost:{rig.free_port()}"
        for args, said in (
                (("--url", url, *ca), "人员编号、密码或激活码不正确。"),
                (("--url", url), "的证书不受信任"),
                (("--url", gone), "连接不上服务器 " + gone),
                (("--url", "https://nobody.invalid"), "找不到服务器 https://nobody.invalid"),
                (("--url", "http://192.0.2.1"), "必须以 https:// 开头"),
                (("--url", "ftp://localhost"), "无效"),
                (("--url", "::::"), "无效"),
                (("--url", url, "--ca", "/nonexistent.pem"), "读不到证书文件“/nonexistent.pem”"),
                (("--url", url, "--ca", junk), "没有可用的 PEM 证书"),
                (("--url", url, *ca, "--password-file", "/nonexistent"), "/nonexistent")):
            _out, err = cli("login", "100005", *args, typed="wrong password\n", status=1)
            self.assertIn(said, err, args)
            self.assertTrue(err.startswith("错误："), err)
        self.assertFalse((cli.state / "login.json").exists())
        _out, err = cli("whoami", status=1)
        self.assertIn("尚未登录。请先运行：mingfa login", err)
        _out, err = cli("login", "100005", "--code-file", "x", status=2)
        self.assertIn("--activate", err)

    def test_first_login_by_code_from_files(self):
        cli = self.fresh()
        code = self.file("code", self.code("100002") + "\n")
        password = self.file("password", PASSWORD + "\nsecond line\n")
        args = ("--url", self.server.url, "--ca", self.server.ca, "--code-file", code, "--password-file", password)
        _out, err = cli("login", "100002", "--activate", *args)
        self.assertIn("已登录：欧阳明志（区委办公室）", err)
        _out, err = self.fresh("again").__call__("login", "100002", "--activate", *args, status=1)
        self.assertIn("不正确", err)  # a code works once
        cli("login", "100002", "--password-file", password)  # address and certificate are kept
        cli("password", typed=f"{PASSWORD}\nanother long one\n")
        _out, err = cli("login", "100002", typed=PASSWORD + "\n", status=1)
        cli("login", "100002", typed="another long one\n")
        both = self.file("both", f"another long one\n{PASSWORD}\n")
        cli("password", "--password-file", both)
        self.assertIn("已退出登录。", cli("logout")[0])
        self.assertFalse((cli.state / "login.json").exists())

    def test_password_is_not_shown_on_the_terminal(self):
        cli = self.fresh()
        code = self.code("100003")
        url = ("--url", self.server.url, "--ca", self.server.ca)
        t = Terminal(cli, "login", "100003", "--activate", *url)
        self.addCleanup(t.close)
        t.press(code[:4], "激活码：")
        t.type(code[4:] + "\r")
        t.wait("设置新密码（至少 10 个字符）：")
        t.press(PASSWORD + "\r", "再输入一次：")
        t.type("something else\r")
        said = t.end(status=1)
        self.assertIn("两次输入的密码不一致", said)
        t = Terminal(cli, "login", "100003", "--activate", *url)
        t.wait("激活码：")
        t.press(code + "\r", "设置新密码")
        t.press("明法x\x7f\x7f\x15" + PASSWORD + "y\x7f\r", "再输入一次：")  # editing, also of Han characters
        t.type(PASSWORD + "\r")
        said = t.end()
        self.assertIn("已登录：李娜", said)
        for secret in (code, PASSWORD, "明法"):
            self.assertNotIn(secret, said)
        t = Terminal(cli, "login", "100003")
        t.wait("密码：")
        t.type("\x03")
        self.assertIn("已取消。", t.end(status=1))

    def test_an_ended_login_says_what_to_do(self):
        cli = self.fresh()
        cli.login(OFFICER, self.server.url, PASSWORD, "--ca", self.server.ca)
        token = json.loads((cli.state / "login.json").read_text())["token"]
        other = self.server.api(token)
        other.call("DELETE", "/logins/current")
        other.close()
        _out, err = cli("exam", "list", status=1)
        self.assertEqual(err, f"错误：登录已失效，请重新登录。\n请运行：mingfa login {OFFICER}\n")
        self.assertIn("已退出登录。", cli("logout")[0])  # there is nothing left to end

    def test_a_token_goes_to_its_own_server_alone(self):
        listener = http.server.HTTPServer(("127.0.0.1", 0), Recorder)
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(listener.server_close)
        self.addCleanup(listener.shutdown)
        url = f"http://localhost:{listener.server_port}"
        _out, err = self.admin("whoami", "--url", url, status=1)
        self.assertIn("尚未登录", err)
        _out, err = self.admin("login", "900001", "--url", url, typed="x\n", status=1)
        self.assertIn("的答复不是本系统的格式（HTTP 状态 200）", err)
        self.assertEqual(len(Recorder.seen), 1)
        self.assertNotIn("Authorization", Recorder.seen[0])

    # ---- the roster ----

    def test_import_reports_every_fault_and_writes_nothing(self):
        bad = self.file("bad.csv", "人员编号,姓名,单位编码,人员类别,状态,职务,任职日期\n"
                                   "200001,钱多多,SF99,公务员,在册,科长,2020-01-01\n"
                                   "200002,孙小小,SF01,公务员,在册,科长,2020-13-01\n")
        out, err = self.admin("import", "people", bad, status=1)
        self.assertIn("没有写入任何内容", err)
        lines = out.splitlines()
        self.assertEqual(lines[0].split()[:2], ["读取", "通过"])
        self.assertEqual(lines[1].split()[:2], ["2", "0"])
        at = next(n for n, line in enumerate(lines) if line.split() == ["行", "列", "错误"])
        starts = [0, *(width(lines[at][:lines[at].index(word)]) for word in ("列", "错误"))]
        faults = [columns_of(line, starts) for line in lines[at + 1:]]
        self.assertEqual([f[:2] for f in faults], [["2", "单位编码"], ["3", "任职日期"]], out)
        report = json.loads(self.admin("import", "people", bad, "--json", status=1)[0])
        self.assertEqual([f["message"] for f in report["errors"]], [f[2] for f in faults])
        self.assertFalse(report["applied"])

    def test_import_dry_run_and_again(self):
        odd = self.file("odd.csv", "人员编号,姓名,单位编码,人员类别,职 务,手机\n１００００５,赵军,SF02,公务员,科长,1\n")
        out, _err = self.admin("import", "people", odd, "--dry-run")
        self.assertIn("没有用到的列：职 务、手机\n", out)
        header, row = out.splitlines()[:2]
        self.assertEqual(dict(zip(header.split(), row.split()))["新增"], "0")
        tomorrow = rig.china_today() + rig.datetime.timedelta(days=1)
        early = self.file("early.csv", f"人员编号,场次编号,日期,方式\n100002,2027-01,{tomorrow},现场\n")
        out, _err = self.admin("import", "hearings", early, "--dry-run", status=1)
        self.assertIn(f"日期“{tomorrow}”在今天（{rig.china_today()}）之后", out)
        more = self.file("more.csv", PEOPLE + "100006,孙平,SF02,公务员,在册,科员,2020-01-01\n")
        out, _err = self.admin("import", "people", more, "--dry-run")
        self.assertIn("检查通过，未写入", out)
        header, row = out.splitlines()[:2]
        self.assertEqual(dict(zip(header.split(), row.split()))["新增"], "1")
        self.assertEqual(width(header), width(row))
        with open(more, encoding="utf-8") as f:
            out, _err = self.admin("import", "people", "-", typed=f.read())
        self.assertIn("已全部写入。", out)
        out, _err = self.admin("import", "people", more, "--lang", "en")
        titles, counts = (re.split("  +", line.strip()) for line in out.splitlines()[:2])
        self.assertEqual(dict(zip(titles, counts))["unchanged"], "6")
        _out, err = self.admin("import", "people", "/nonexistent.csv", status=1)
        self.assertIn("/nonexistent.csv", err)
        self.admin("import", "cats", more, status=2)
        out, _err = self.officer("import", "units", self.file("u.csv", UNITS))
        self.assertIn("与现有名册一致，没有变化。", out)

    def test_codes_are_written_to_a_new_file_for_its_owner(self):
        path = self.dir / "codes.csv"
        _out, err = self.officer("codes", "100005", status=2)
        self.assertIn("-o", err)
        out, _err = self.officer("codes", "100005", "-o", path, "--people-file", self.file(
            "people-of-codes.csv", "\ufeff人员编号,姓名\n100004,甲\n"))
        self.assertIn("已为 2 人签发激活码", out)
        self.assertEqual(mode(path), 0o600)
        rows = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))
        self.assertEqual(rows[0], ["人员编号", "激活码", "有效期至"])
        self.assertEqual([r[0] for r in rows[1:]], ['="100005"', '="100004"'])
        self.assertNotIn(rows[1][1], out)
        self.fresh().activate("100005", self.server.url, rows[1][1], "--ca", self.server.ca)
        _out, err = self.officer("codes", "100005", "-o", path, status=2)
        self.assertIn("已经存在", err)
        _out, err = self.officer("codes", "nobody", "-o", self.dir / "none.csv", status=1)
        self.assertIn("nobody", err)
        self.assertFalse((self.dir / "none.csv").exists())

    def test_units_and_roles(self):
        out, _err = self.officer("units")
        self.assertIn("SF02", out)
        self.officer("role", "grant", "100005", "liaison", "SF02", status=1)
        self.admin("role", "grant", "100005", "liaison", "SF02")
        self.admin("role", "revoke", "100005", "liaison", "SF02")
        self.admin("role", "give", "100005", "liaison", "SF02", status=2)

    # ---- an exam's life ----

    def test_exam_from_definition_to_close(self):
        exam = self.create("全程考试")
        out, _err = self.officer("exam", "list")
        row = next(line for line in out.splitlines() if exam in line)
        self.assertIn("未开考", row)
        self.assertTrue(row.endswith("全程考试"))
        out, _err = self.officer("exam", "show", "全程考试")  # by name
        self.assertIn(f"{rig.china_today()} 00:00 至", out)
        self.assertIn("每次 60 分钟", out)
        share = self.dir / "officer.share"
        _out, err = self.officer("exam", "commit", exam, "officer", status=2)
        _out, err = self.officer("exam", "reveal", exam, "officer", "--share-file", share, status=1)
        self.officer("exam", "commit", exam, "officer", "--share-file", share)
        self.assertEqual(mode(share), 0o600)
        self.assertRegex(share.read_text(), "^[0-9a-f]{64}$")
        _out, err = self.officer("exam", "reveal", exam, "officer", "--share-file", share, status=1)
        self.assertTrue(err.startswith("错误："), err)  # before the other digest is stored
        other = self.dir / "custodian.share"
        self.admin("exam", "commit", exam, "custodian", "--share-file", other)
        _out, err = self.officer("exam", "open", exam, status=1)
        self.officer("exam", "reveal", exam, "officer", "--share-file", share)
        self.admin("exam", "reveal", exam, "custodian", "--share-file", other)
        out, _err = self.officer("exam", "open", exam)
        self.assertIn("总种子摘要：", out)
        _out, err = self.officer("exam", "close", exam, typed="no\n", status=1)
        self.assertIn("已取消。", err)
        out, _err = self.officer("exam", "close", exam, typed="yes\n")
        self.assertIn("状态：已结束", out)
        out, _err = self.officer("coverage", exam)
        self.assertIn("缺考", out.splitlines()[0])
        self.officer("exam", "close", exam, "--yes", "--lang", "en")

    def test_a_bad_definition_is_refused_with_its_place(self):
        _out, err = self.officer("exam", "create", self.file("broken.json", '{"name": }'), status=1)
        self.assertIn("第 1 行", err)
        _out, err = self.officer("exam", "create", self.file("list.json", "[]"), status=1)
        self.assertIn("JSON 对象", err)
        odd = self.definition("坏时间", window_start="2026年11月24日")
        _out, err = self.officer("exam", "create", self.file("time.json", json.dumps(odd)), status=1)
        self.assertIn("window_start", err)
        for member, found in (("window_end", "2026-11-31 18:00"), ("window_start", "2026-02-29 09:00"),
                              ("window_end", "2026-11-24 24:00"), ("window_end", 1)):
            odd = self.definition("没有这一天", **{member: found})
            _out, err = self.officer("exam", "create", self.file("day.json", json.dumps(odd)), status=1)
            self.assertEqual(err, f"错误：“{member}”写的是 {json.dumps(found)}，应为一个存在的日期和时刻，形如 "
                                  "\"2026-11-24 09:00\"（北京时间）。\n")
        odd = self.definition("倒置", window_start="2026-12-02 09:00", window_end="2026-12-01 09:00")
        _out, err = self.officer("exam", "create", self.file("order.json", json.dumps(odd)), status=1)
        self.assertEqual(err, "错误：“window_end”（2026-12-01 09:00）应晚于“window_start”（2026-12-02 09:00）。\n")
        for minutes in (0, 601, "60"):
            odd = self.definition("时长", duration_minutes=minutes)
            _out, err = self.officer("exam", "create", self.file("minutes.json", json.dumps(odd)), status=1)
            self.assertEqual(err, "错误：“duration_minutes”应为 1 至 600 的整数。\n")
        for broken, said in (('{"name": ', "第 1 行第 9 列不是有效的 JSON：内容不完整。"),
                             ('{"a":1,\n"a":2}', "第 2 行第 3 列不是有效的 JSON：同一名称出现两次。"), ("", "第 1 行第 1 列")):
            path = self.file("broken.json", broken)
            _out, err = self.officer("exam", "create", path, status=1)
            self.assertIn(f"错误：{path} {said}", err)
        odd = self.definition("缺蓝图")
        _out, err = self.officer("exam", "create", self.file("blue.json", json.dumps(odd)), status=1)
        self.assertIn("blueprint", err)
        _out, err = self.officer("exam", "show", "没有这场考试", status=1)
        self.assertIn("不是任何考试的编号或名称", err)
        _out, err = self.officer("exam", "show", "01a20dc5-0000-7000-8000-000000000000", status=1)
        self.assertTrue(err.startswith("错误："), err)

    def refused_definition(self, status=1, **more):
        path = self.file("odd.json", json.dumps(self.definition("不能考的考试", **more), ensure_ascii=False))
        return self.officer("exam", "create", path, "--blueprint", rig.BLUEPRINTS / "annual.json", status=status)[1]

    def test_an_exam_that_nobody_could_pass_or_sit_is_refused(self):
        cells = json.loads((rig.BLUEPRINTS / "annual.json").read_text(encoding="utf-8"))["cells"]
        total = sum(c["count"] * c["points"] for c in cells)
        self.assertEqual(total, 10000)
        rules = {"pass_mark": 12000, "bands": [], "multiple": "all_or_nothing"}
        self.assertEqual(self.refused_definition(rules=rules), "错误：合格线120分高于卷面总分100分，没有人能够合格。\n")
        rules = {"pass_mark": 6000, "bands": [{"name": "优秀", "minimum": 10050}], "multiple": "all_or_nothing"}
        self.assertEqual(self.refused_definition(rules=rules),
                         "错误：等次“优秀”的最低分100.50分高于卷面总分100分，没有人能够达到。\n")
        today = rig.china_today()
        self.assertEqual(self.refused_definition(categories=["公务员", "神仙"]),
                         f"错误：截至{today}，名册中没有人员属于“神仙”，请核对人员类别。\n")
        for member, value, said in (("duration_ms", 59999, "“duration_ms”应为 60000 至 36000000 的整数"),
                                    ("grace_ms", 600001, "600000"), ("year", 2201, "2200")):
            definition = self.definition("界限", **{member: value})
            if member == "duration_ms":
                del definition["duration_minutes"]
            path = self.file("limit.json", json.dumps(definition))
            _out, err = self.officer("exam", "create", path, "--blueprint", rig.BLUEPRINTS / "annual.json", status=1)
            self.assertIn(said, err)
        unknown = self.refused_definition(minutes=60)
        self.assertIn("late_accept_ms, cut_at_window_end, review, document。", unknown)

    def test_shares_are_told_in_one_language(self):
        exam = self.create("份额考试")
        share, other = self.dir / "first.share", self.dir / "second.share"
        self.officer("exam", "commit", exam, "officer", "--share-file", share)
        _out, err = self.officer("exam", "commit", exam, "officer", "--share-file", other, status=1)
        self.assertEqual(err, "错误：考务人员的份额已提交过另一个摘要，不能更换。\n")
        self.assertFalse(other.exists())  # nothing hangs on it
        self.assertTrue(share.exists())
        _out, err = self.officer("exam", "reveal", exam, "officer", "--share-file", share, status=1)
        self.assertEqual(err, "错误：双方都提交份额的摘要后，才能交出份额。\n")
        self.admin("exam", "commit", exam, "custodian", "--share-file", self.dir / "third.share")
        self.file("wrong.share", "ab" * 32)
        _out, err = self.officer("exam", "reveal", exam, "officer", "--share-file", self.dir / "wrong.share", status=1)
        self.assertEqual(err, "错误：考务人员交出的份额与此前提交的摘要不符。\n")
        _out, err = self.officer("exam", "open", exam, "--lang", "en", status=1)
        self.assertEqual(err, "error: both shares must be revealed before the exam opens.\n")
        _out, err = self.officer("exam", "close", exam, "--yes", status=1)
        self.assertEqual(err, "错误：考试当前状态为“未开考”，不能结束。\n")
        _out, err = self.officer("exam", "close", exam, "--yes", "--lang", "en", status=1)
        self.assertEqual(err, "error: the exam is not open yet; it cannot close now.\n")
        liaison = self.fresh()
        self.activate(liaison, "100005")
        _out, err = liaison("exam", "open", exam, status=1)
        self.assertEqual(err, "错误：您没有进行此项操作的权限。\n")

    def test_an_exemption_does_not_take_a_score_silently(self):
        exam = self.open("免考考试")
        points = self.sit(exam, "100004")
        args = ("exam", "exempt", exam, "100004", "--reason", "产假", "--document", "示范〔2026〕2号")

        def sat():
            table = json.loads(self.officer("coverage", exam, "--json")[0])
            return table["rows"][0]["total"]["sat"]
        for typed in ("", "no\n"):
            _out, err = self.officer(*args, typed=typed, status=1)
            self.assertIn(f"100004 已有成绩 {points / 100:.2f} 分，免考后不再计入实考和合格。确认请输入 yes：已取消。", err)
            self.assertEqual(sat(), 1)
        self.officer(*args, "--yes")
        self.assertEqual(sat(), 0)
        db = sqlite3.connect(f"file:{next(self.server.state.rglob('registry.db'))}?mode=ro", uri=True)
        self.addCleanup(db.close)
        told = f"产假（已有成绩 {points / 100:.2f} 分，经确认免考，不再计入实考）".encode()
        self.assertTrue(any(told in payload for payload, in db.execute("SELECT payload FROM event")))
        self.officer("exam", "exempt", exam, "100002", "--reason", "产假", "--document", "示范〔2026〕2号")
        self.officer("exam", "close", exam, "--yes")
        missing = self.officer("missing", exam)[0]
        self.assertIn("缺考", next(line for line in missing.splitlines() if "赵军" in line))
        self.assertNotIn("未开始", missing)
        for act in ("exempt", "defer", "include"):
            person = "100002" if act == "include" else "100005"
            _out, err = self.officer("exam", act, exam, person, "--reason", "产假", "--document", "示范〔2026〕2号",
                                     status=1)
            self.assertEqual(err, "错误：考试当前状态为“已结束”，不能登记或撤销免考、缓考。\n")

    def test_lists_as_csv(self):
        exam = self.open("名单考试")
        cli = self.fresh()
        self.activate(cli, "100002")
        cli("take", exam, typed="start\nb\nq\n")
        path = self.dir / "missing.csv"
        self.officer("missing", exam, "--csv", "-o", path)
        self.assertEqual(mode(path), 0o600)
        raw = path.read_bytes()
        self.assertTrue(raw.startswith(b"\xef\xbb\xbf"))
        self.assertEqual(self.officer("missing", exam, "--csv")[0].encode(), raw)
        rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
        want = json.loads(self.officer("missing", exam, "--json")[0])["people"]
        self.assertEqual([r["人员编号"] for r in rows], [f'="{p["person"]}"' for p in want])
        self.assertEqual({r["人员编号"]: r["姓名"] for r in rows}['="100004"'], "'=1+1")
        self.assertEqual({r["人员编号"]: r["状态"] for r in rows}['="100002"'], "作答中")
        out = self.officer("sessions", exam, "--csv")[0]
        row = next(csv.DictReader(io.StringIO(out.removeprefix("\ufeff"), newline="")))
        self.assertEqual((row["人员编号"], row["姓名"], row["第几次"], row["状态"]),
                         ('="100002"', "欧阳明志", "1", "作答中"))
        self.officer("sessions", exam, "-o", path, status=2)
        self.officer("missing", exam, "-o", path, status=2)

    def sit(self, exam, number):
        """Sits the exam in plain lines; the points that were reached."""
        cli = self.fresh("sits-" + number)
        self.activate(cli, number)
        out, _err = cli("take", exam, typed="start\n" + "b\nn\n" * 80 + "t\nyes\n")
        return round(100 * float(re.search(r"得分 ([0-9.]+)", out).group(1)))

    def test_figures_are_the_servers(self):
        exam = self.open("数字考试")
        for number, act in (("100003", "exempt"), ("100005", "defer")):
            _out, err = self.officer("exam", act, exam, number, "--reason", "产假", status=2)
            self.assertIn("--document", err)
            self.officer("exam", act, exam, number, "--reason", "产假", "--document", "示范〔2026〕2号")
        points = self.sit(exam, "100004")
        api = self.server.api()
        self.addCleanup(api.close)
        api.login(OFFICER, PASSWORD)

        want = api.call("GET", f"/exams/{exam}/coverage")
        got = json.loads(self.officer("coverage", exam, "--json")[0])
        self.assertEqual(got["rows"], want["rows"])
        total = want["rows"][0]["total"]
        self.assertEqual((total["exempted"], total["deferred"], total["sat"]), (1, 1, 1))
        out, _err = self.officer("coverage", exam)
        lines = out.splitlines()
        titles = lines[0].split()
        self.assertEqual(titles, ["单位", "应考", "免考", "实考", "合格", "待定", "缓考", "未考", "已旁听",
                                  "合格且已旁听", "参考率", "合格率", "覆盖率", "一体化"])
        ends = [width(lines[0][:m.end()]) for m in re.finditer(r"\S+", lines[0])]
        for line, row in zip(lines[1:], want["rows"]):
            cells = [(m.group(), width(line[:m.end()])) for m in re.finditer(r"\S+", line)]
            self.assertEqual(cells[0][0], row["name"])
            self.assertEqual([end for _cell, end in cells[1:]], ends[1:], line)  # set to the right, aligned
            names = ("expected", "exempted", "sat", "passed", "pending", "deferred", "missing", "attended",
                     "integrated")
            self.assertEqual([int(cell) for cell, _end in cells[1:10]], [row["total"][n] for n in names])
            rate = row["total"]["participation"]
            self.assertEqual(cells[10][0], "-" if rate is None else f"{rate // 100}.{rate % 100:02d}%")
        self.assertEqual(lines[len(want["rows"]) + 1], want["formula"])

        one = json.loads(self.officer("coverage", exam, "--unit", "SF01", "--json")[0])
        self.assertEqual([r["unit"] for r in one["rows"]], ["SF01"])
        _out, err = self.officer("coverage", exam, "--unit", "S F/1", status=1)
        self.assertTrue(err.startswith("错误："), err)
        today = json.loads(self.officer("coverage", exam, "--as-of", rig.china_today(), "--json")[0])
        self.assertEqual(today["rows"], want["rows"])
        yesterday = rig.china_today() - rig.datetime.timedelta(days=1)
        _out, err = self.officer("coverage", exam, "--as-of", yesterday, status=1)
        self.assertIn("截至该时点尚未建立", err)
        _out, err = self.officer("coverage", exam, "--as-of", "昨天", status=1)
        self.assertIn("as_of", err)

        out = self.dir / "scores.csv"
        self.officer("scores", exam, "--csv", "-o", out)
        self.assertEqual(mode(out), 0o600)
        raw = out.read_bytes()
        self.assertEqual(raw, api.raw("GET", f"/api/v1/exams/{exam}/scores?format=csv")[2])
        self.assertTrue(raw.startswith(b"\xef\xbb\xbf"))
        row = dict(zip(*list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))[:2]))
        self.assertEqual(row["人员编号"], '="100004"')
        self.assertNotRegex(row["姓名"], "^[=+@-]")
        self.assertIn("=1+1", row["姓名"])
        self.assertEqual(round(100 * float(row["成绩"])), points)
        piped = self.officer("scores", exam, "--csv")[0]
        self.assertEqual(piped.encode(), raw)
        table = self.officer("scores", exam)[0].splitlines()
        self.assertIn(f"{points // 100}.{points % 100:02d}", table[1])
        _out, err = self.officer("scores", exam, "-o", out, status=2)
        _out, err = self.officer("scores", exam, "--csv", "--json", status=2)
        _out, err = self.officer("scores", exam, "--csv", "-o", "/nonexistent/x.csv", status=1)
        self.officer("coverage", exam, "--csv", "-o", self.dir / "coverage.csv")
        self.assertIn("应考", (self.dir / "coverage.csv").read_text("utf-8-sig"))

        missing = self.officer("missing", exam)[0]
        self.assertIn("欧阳明志", missing)
        self.assertNotIn("=1+1", missing)
        self.assertIn("缓考", next(line for line in missing.splitlines() if "赵军" in line))
        self.officer("exam", "include", exam, "100005", "--reason", "返岗", "--document", "示范〔2026〕3号")
        self.assertIn("未开始", next(line for line in self.officer("missing", exam)[0].splitlines() if "赵军" in line))

    def test_acts_on_a_session(self):
        exam = self.open("操作考试")
        cli = self.fresh()
        self.activate(cli, "100002")
        cli("take", exam, typed="start\nb\nq\n")
        session = json.loads(self.officer("sessions", exam, "--json")[0])["sessions"][0]
        out, _err = self.officer("sessions", exam)
        self.assertIn("作答中", next(line for line in out.splitlines() if "欧阳明志" in line))
        uuid = session["session"]
        self.officer("session", "suspend", uuid, status=2)
        self.officer("session", "suspend", uuid, "--reason", "停电")
        self.officer("session", "resume", uuid, "--reason", "来电")
        self.officer("session", "extend", uuid, "ten", "--reason", "停电", status=2)
        self.officer("session", "extend", uuid, "10", "--reason", "停电")
        later = json.loads(self.officer("sessions", exam, "--json")[0])["sessions"][0]
        self.assertGreaterEqual(later["deadline_ms"] - session["deadline_ms"], 600_000)
        _out, err = self.officer("session", "late", uuid, "accept", "--reason", "查实", status=1)
        self.assertTrue(err.startswith("错误："), err)
        self.officer("session", "late", uuid, "perhaps", "--reason", "查实", status=2)
        self.officer("session", "void", uuid, "--reason", "替考", "--yes", status=1)  # still writing
        cli("take", exam, typed="t\nyes\n")
        _out, err = self.officer("session", "void", uuid, "--reason", "替考", typed="\n", status=1)
        self.assertIn("已取消", err)
        self.officer("session", "void", uuid, "--reason", "替考", typed="yes\n")
        self.assertIn("已作废", self.officer("sessions", exam)[0])
        item = self.admin_api.call("GET", "/releases")["releases"][0]
        self.assertTrue(item["sample"])
        _out, err = self.officer("exam", "withdraw", exam, "YF-NONE-1", "--reason", "题干有误", typed="\n", status=1)
        self.assertIn("撤题不能收回", err)
        self.assertIn("已取消。", err)
        _out, err = self.officer("exam", "withdraw", exam, "YF-NONE-1", "--reason", "题干有误", "--yes", status=1)
        self.assertIn("YF-NONE-1", err)

    # ---- help and misuse ----

    def test_help_in_two_languages(self):
        for lang, word in (("zh_CN.UTF-8", "用法："), ("en_US.UTF-8", "Usage: ")):
            out, err = self.admin("--help", lang=lang)
            self.assertEqual(err, "")
            names = re.findall(r"(?m)^  ([a-z]+(?: [a-z]+)?)  +\S", out)
            names = [n for n in names if not n.startswith("-")]
            self.assertGreaterEqual(len(names), 30)
            for name in names:
                out, err = self.admin(*name.split(), "--help", lang=lang)
                self.assertIn(f"{word}mingfa {name}", out)
                self.assertEqual(err, "")
                self.assertIn("0 完成" if lang[:2] == "zh" else "0 done", out)
                han = len(re.findall(r"[\u4e00-\u9fff]", out))
                self.assertTrue(han > 20 if lang[:2] == "zh" else han < 80, out)  # the titles of CSV columns stay
                for line in out.splitlines():
                    self.assertLess(width(line), 80, line)

    def test_a_group_of_commands_has_help(self):
        for group, names in (("exam", ("list", "create", "withdraw")), ("session", ("suspend", "void"))):
            out, err = self.admin(group, "--help")
            self.assertEqual(err, "")
            for name in names:
                self.assertRegex(out, rf"(?m)^  {group} {name} ")
            self.assertNotIn("coverage", out)
            self.assertEqual(self.admin(group, status=2)[0], out)
        _out, err = self.admin("exam", "opne", status=2)
        self.assertIn("没有这个命令：exam opne", err)

    def test_misuse_is_status_2(self):
        for args, said in (((), "用法：mingfa"), (("cat",), "没有这个命令：cat"), (("exam",), "exam create"),
                           (("exam", "open"), "用法：mingfa exam open 考试"), (("--colour",), "没有这个选项"),
                           (("exam", "list", "--unit", "SF"), "本命令没有选项 --unit"), (("whoami", "me"), "用法："),
                           (("--lang", "fr", "whoami"), "zh 或 en"), (("coverage", "x", "--unit"), "缺少它的值")):
            out, err = self.admin(*args, status=2)
            self.assertIn(said, out + err, args)
        self.assertRegex(self.admin("--version")[0], r"^mingfa \d+\.\d+\.\d+\n$")

    def test_colour_on_a_terminal_alone(self):
        self.assertNotIn("\x1b", self.officer("units")[0])
        t = Terminal(self.officer, "units")
        self.assertIn("\x1b[1m", t.end())
        t = Terminal(self.officer, "units", env={"NO_COLOR": "1"})
        self.assertNotIn("\x1b", t.end())

    def test_no_temporary_files_are_left(self):
        left = [p for p in pathlib.Path(self.officer.state).iterdir()
                if not re.fullmatch(r"login\.json|device\.json|(take|unsent)-.*", p.name)]
        self.assertEqual(left, [])
        self.assertTrue(os.listdir(self.officer.state))


if __name__ == "__main__":
    unittest.main()
