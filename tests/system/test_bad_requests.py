#!/usr/bin/env python3
"""What people and programs send that will not do: each gets the sentence that says what is wrong and where,
in Chinese, or in English by Accept-Language; and nothing of it is kept."""
import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import re
import secrets
import socket
import struct
import time
import unittest
import uuid

import rig
import town

EN = {"Accept-Language": "en"}
JSON = {"Content-Type": "application/json"}
CSV = {"Content-Type": "text/csv"}
NOBODY = "/api/v1/logins"
HEADS = {"people": "人员编号,姓名,单位编码,人员类别,状态\n", "units": "单位编码,单位名称,上级编码\n",
         "hearings": "人员编号,场次编号,日期,方式\n"}


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.problem = json.loads(body) if body and "json" in (headers["Content-Type"] or "") else {}
        self.id = self.problem.get("type", "").removeprefix("/problems/")
        self.detail = self.problem.get("detail")


class Base(unittest.TestCase):
    """One server for each class of tests."""

    @classmethod
    def setUpClass(cls):
        cls.server = town.server().start()
        cls.addClassCleanup(cls.server.close)
        cls.town = town.Town(cls.server)
        cls.officer = cls.town.holder("officer")
        cls.auditor = cls.town.holder("auditor")

    def send(self, method, path, body=None, headers=None, token=None, source="127.0.0.1"):
        """One request on a connection of its own. body: text, bytes, or what becomes JSON."""
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        data = body.encode() if isinstance(body, str) else body
        headers = {**(JSON if data is not None and headers is None else {}), **(headers or {})}
        if token is not None:
            headers["Authorization"] = "Bearer " + token
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30,
                                                source_address=(source, 0))
        try:
            connection.request(method, path, data, headers)
            reply = connection.getresponse()
            return Answer(reply.status, reply.headers, reply.read())
        finally:
            connection.close()

    def raw(self, data):
        """Bytes as they are; the first answer on the connection."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as s:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before its end
                s.sendall(data)
            reply = http.client.HTTPResponse(s)
            reply.begin()
            return Answer(reply.status, reply.headers, reply.read())

    def journal(self):
        ends = {}
        for file in ("record", "registry"):
            start = 1
            while start is not None:
                page = self.auditor.call("GET", f"/audit/events?file={file}&from={start}&limit=1000")
                ends[file], start = (page["events"] or [{"seq": 0}])[-1]["seq"], page["next"]
        return ends

    def refused(self, answer, status, name, detail):
        """detail: the sentence; or, ending in "…", how it begins."""
        what = (answer.status, answer.body.decode()[:400])
        self.assertEqual((answer.status, answer.id), (status, name), what)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json", what)
        self.assertEqual(answer.problem["status"], status, what)
        if detail.endswith("…"):
            self.assertTrue(answer.detail.startswith(detail[:-1]), what)
        else:
            self.assertEqual(answer.detail, detail, what)


class Bodies(Base):
    """Bodies that are no request."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.exam = rig.exam(cls.officer)
        cls.sitting = town.Sitting(cls.town.person("A1-00"), cls.exam)
        cls.token = cls.sitting.api.token

    def each(self, method, path, cases, token=None):
        before = self.journal()
        for body, status, name, zh, *en in cases:
            with self.subTest(path=path, body=str(body)[:60], name=name):
                self.refused(self.send(method, path, body, token=token), status, name, zh)
                if en:
                    self.refused(self.send(method, path, body, {**JSON, **EN}, token), status, name, en[0])
        self.assertEqual(self.journal(), before)

    def test_what_is_no_json_is_refused_where_it_goes_wrong(self):
        def at(line, column, why):
            return 400, "body-not-json", f"正文不是正确的 JSON：第 {line} 行第 {column} 列，{why}。"
        utf8 = at(1, 12, "不是 UTF-8 编码")
        self.each("POST", NOBODY, [
            ('{"person":', *at(1, 10, "内容不完整"), "The body is not JSON: line 1, column 10: it ends too early."),
            ('{"person": "A1-00",\n "password": xyz}', *at(2, 16, "语法有误")),
            ("person=A1-00", *at(1, 6, "语法有误")),
            ('{"person": "A1-00", "person": "A1-01", "password": "x"}', *at(1, 28, "同一项写了两次"),
             "The body is not JSON: line 1, column 28: the member is given twice."),
            ('{"person": "A", "password": "b"} {}', *at(1, 34, "后面有多余内容")),
            (b'{"person": "\xff\xfe", "password": "x"}', *utf8, "The body is not JSON: line 1, column 12: not UTF-8."),
            ('{"person": "张三", "password": "x"}'.encode("gbk"), *utf8),
            (b'{"person": "\xed\xa0\x80", "password": "x"}', *utf8),
            (b'\xef\xbb\xbf{"person": "a", "password": "x"}', *at(1, 1, "语法有误")),
            ('{"person": "a\\u0000b", "password": "x"}', *at(1, 21, "不允许空字符")),
            ("[]", 400, "body-not-object", "正文应为 JSON 对象，收到的是 […] (0)。",
             "The body must be a JSON object; found […] (0)."),
            ('"secret words"', 400, "body-not-object", '正文应为 JSON 对象，收到的是 "…" (12)。'),
            ("null", 400, "body-not-object", "正文应为 JSON 对象，收到的是 null。"),
        ])

    def test_depth_and_size_have_a_limit(self):
        deep = "正文嵌套过深，至多 8 层。"
        self.each("POST", NOBODY, [
            ('{"a":' + "[" * 8 + "]" * 8 + "}", 400, "body-too-deep", deep, "The body is nested deeper than 8 levels."),
            ('{"person": "' + "x" * 4096 + '"}', 413, "request-body-too-large", "请求正文超过此处允许的长度。",
             "The request's body is larger than is allowed here."),
        ])
        path = f"/api/v1{self.sitting.path}/responses"
        self.each("PUT", path, [("[" * 500000, 400, "body-too-deep", deep)], self.token)
        # eight levels are read: what is wrong is then said of the member
        self.refused(self.send("POST", NOBODY, '{"a":' + "[" * 7 + "]" * 7 + "}"), 400, "member-unknown",
                     "没有“a”这一项；此处可用的有：person, password。")

    def test_a_body_announced_larger_than_anything_is_refused_before_it_comes(self):
        head = (f"POST {NOBODY} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                "Content-Length: 99999999999\r\n\r\n")
        self.refused(self.raw(head.encode()), 413, "request-body-too-large", "请求正文超过此处允许的长度。")
        for authorization in ("", "Authorization: Bearer nothing\r\n",
                              f"Authorization: Bearer {self.token[:-2]}AA\r\n"):
            for path in ("people", "hearings", "units"):
                upload = (f"POST /api/v1/{path}/import HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
                          f"{authorization}Content-Length: 1000000\r\n\r\n")
                answer = self.raw(upload.encode())
                self.refused(answer, 401, "request-body-needs-login", "登录已失效或尚未登录，不能上传这样大的内容，请先登录。")
                self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")
        head = head.replace("Content-Length: 99999999999", "Transfer-Encoding: chunked")
        self.refused(self.raw(head.encode()), 411, "request-length-required",
                     "请求须用 Content-Length 标明正文长度，不接受分块传输。")
        self.refused(self.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20000 + b"\r\n\r\n"), 431,
                     "request-header-too-large", "请求头过长。")

    def test_members_are_those_that_are_asked_for(self):
        path = f"/api/v1/exams/{self.exam}/sessions"
        nonce = "0" * 64
        cases = [
            ({}, "member-missing", "缺少“attempt”一项。", "The member 'attempt' is missing."),
            ({"attempt": 1}, "member-missing", "缺少“nonce”一项。"),
            ({"attempt": 1, "nonce": nonce, "score": 100}, "member-unknown",
             "没有“score”这一项；此处可用的有：attempt, nonce。",
             "There is no member 'score' here; known are: attempt, nonce."),
            ({"attempt": 0, "nonce": nonce}, "member-not-integer", "“attempt”应为 1 至 4294967295 的整数，收到的是 0。",
             "'attempt' must be an integer from 1 to 4294967295; found 0."),
            ({"attempt": 4294967296, "nonce": nonce}, "member-not-integer",
             "“attempt”应为 1 至 4294967295 的整数，收到的是 4294967296。"),
            ({"attempt": 1.0, "nonce": nonce}, "member-not-integer", "“attempt”应为 1 至 4294967295 的整数，收到的是 1.0。"),
            ({"attempt": "1", "nonce": nonce}, "member-not-integer",
             "“attempt”应为 1 至 4294967295 的整数，收到的是 \"1\"。"),
            ({"attempt": None, "nonce": nonce}, "member-not-integer",
             "“attempt”应为 1 至 4294967295 的整数，收到的是 null。"),
            ({"attempt": 1, "nonce": nonce.upper().replace("0", "A")}, "member-not-hex",
             "“nonce”应为 64 个小写十六进制字符，收到的是 \"AAAA…"),
            ({"attempt": 1, "nonce": "0" * 63}, "member-not-hex", "“nonce”应为 64 个小写十六进制字符，收到的是 \"0000…"),
        ]
        self.each("POST", path, [(body, 400, *rest) for body, *rest in cases], self.token)
        for number, column in (("9" * 20, 32), ("1e999", 17)):
            self.each("POST", path, [(f'{{"attempt": {number}, "nonce": ""}}', 400, "body-not-json",
                                      f"正文不是正确的 JSON：第 1 行第 {column} 列，数值过大。")], self.token)

    def test_a_response_is_refused_by_its_place_in_the_list(self):
        path = f"/api/v1{self.sitting.path}/responses"
        good = {"seq": 900, "item": 0, "value": 1}
        one = {"epoch": self.sitting.epoch}
        value = "“responses[1].value”应为选项掩码（0 至 4294967295 的整数）、至多 256 字节的文字，或 null，收到的是 "
        cases = [
            ({"epoch": 0, "responses": []}, "member-not-integer", "“epoch”应为 1 至 4294967295 的整数，收到的是 0。"),
            ({**one, "responses": {}}, "member-not-array", "“responses”应为 0 至 1000 个元素的数组，收到的是 {…}。"),
            ({**one, "responses": [good] * 1001}, "member-not-array",
             "“responses”应为 0 至 1000 个元素的数组，收到的是 […] (1001)。"),
            ({**one, "responses": [good, 7]}, "member-not-object", "“responses[1]”应为 JSON 对象，收到的是 7。",
             "'responses[1]' must be a JSON object; found 7."),
            ({**one, "responses": [good, {**good, "seq": 0}]}, "member-not-integer",
             "“responses[1].seq”应为 1 至 9223372036854775807 的整数，收到的是 0。"),
            ({**one, "responses": [good, {**good, "item": -1}]}, "member-not-integer",
             "“responses[1].item”应为 0 至 4294967295 的整数，收到的是 -1。"),
            ({**one, "responses": [good, {"seq": 901, "item": 0}]}, "member-missing", "缺少“responses[1].value”一项。"),
            ({**one, "responses": [good, {**good, "value": -1}]}, "response-value-invalid", value + "-1。"),
            ({**one, "responses": [good, {**good, "value": 4294967296}]}, "response-value-invalid",
             value + "4294967296。"),
            ({**one, "responses": [good, {**good, "value": 1.5}]}, "response-value-invalid", value + "1.5。"),
            ({**one, "responses": [good, {**good, "value": True}]}, "response-value-invalid", value + "true。"),
            ({**one, "responses": [good, {**good, "time": 1}]}, "member-unknown",
             "没有“responses[1].time”这一项；此处可用的有：seq, item, value。"),
        ]
        self.each("PUT", path, [(body, 400, *rest) for body, *rest in cases], self.token)

    def test_what_no_paper_has_is_refused_without_a_trace(self):
        """A well-formed response to an item, or of an option, that the paper does not have."""
        before = self.journal()
        path = f"/api/v1{self.sitting.path}/responses"
        single = next(i for i, item in enumerate(self.sitting.items) if item["type"] == "single")
        for item, value in ((len(self.sitting.items), 1), (single, 1 << 20), (single, "甲"), (single, 3)):
            body = {"epoch": self.sitting.epoch, "responses": [{"seq": 950, "item": item, "value": value}]}
            answer = self.send("PUT", path, body, token=self.token)
            self.assertIn(answer.status, (400, 409, 422), (item, value, answer.body.decode()))
            self.assertRegex(answer.detail, r"[\u4e00-\u9fff]")
        self.assertEqual(self.journal(), before)

    def test_media_types_methods_and_paths_are_named(self):
        token = self.officer.token
        me, none = "/api/v1/me", "/api/v1/nothing"
        for method, path, body, headers, status, name, zh, en in (
                ("POST", NOBODY, "{}", {"Content-Type": "text/plain"}, 415, "media-type-unsupported",
                 "请求正文的类型应为 application/json。", "The request's body must be of type application/json."),
                ("POST", NOBODY, "{}", {"X": "y"}, 415, "media-type-unsupported",
                 "请求正文的类型应为 application/json。", "The request's body must be of type application/json."),
                ("POST", "/api/v1/people/import", "{}", JSON, 415, "media-type-unsupported",
                 "请求正文的类型应为 text/csv。", "The request's body must be of type text/csv."),
                ("DELETE", me, None, {}, 405, "method-not-allowed", "此地址不支持 DELETE 方法，可用：GET, HEAD。",
                 "DELETE is not allowed here; allowed: GET, HEAD."),
                ("PATCH", me, None, {}, 405, "method-not-allowed", "此地址不支持 PATCH 方法，可用：GET, HEAD。",
                 "PATCH is not allowed here; allowed: GET, HEAD."),
                ("GET", none, None, {}, 404, "path-not-found", f"没有这个地址：{none}。", f"There is nothing at {none}."),
                ("GET", me + "/", None, {}, 404, "path-not-found", f"没有这个地址：{me}/。", f"There is nothing at {me}/."),
                ("GET", "/api/v1/exams/7", None, {}, 404, "resource-not-found", "没有找到“7”。", "'7' was not found."),
                ("GET", "/api/v1/sessions/" + "z" * 36, None, {}, 404, "resource-not-found",
                 f"没有找到“{'z' * 36}”。", f"'{'z' * 36}' was not found."),
                ("GET", f"/api/v1/exams/{self.exam}/scores?page=2", None, {}, 400, "query-unknown",
                 "没有查询参数“page”。", "There is no query parameter 'page'."),
                ("GET", f"/api/v1/exams/{self.exam}/scores?as_of=yesterday", None, {}, 400, "query-invalid",
                 "查询参数“as_of”的值“yesterday”不正确，应为 YYYY-MM-DD。",
                 "The query parameter 'as_of' is 'yesterday'; expected YYYY-MM-DD."),
                ("GET", f"/api/v1/exams/{self.exam}/scores?unit=A&unit=B", None, {}, 400, "request-malformed",
                 "请求格式不合规范。", "The request is malformed."),
                ("GET", "/api/v1/units?%ff=1", None, {}, 400, "request-malformed", "请求格式不合规范。",
                 "The request is malformed."),
        ):
            with self.subTest(method=method, path=path, name=name):
                answer = self.send(method, path, body, headers, token)
                self.refused(answer, status, name, zh)
                self.refused(self.send(method, path, body, {**headers, **EN}, token), status, name, en)
                if status == 405:
                    self.assertEqual(answer.headers["Allow"], "GET, HEAD")

    def test_another_persons_session_is_not_there(self):
        other = self.town.person("A1-01")
        absent = f"/sessions/{uuid.UUID(int=7)}"
        before = self.journal()
        for method, tail, body in (("GET", "", None), ("POST", "/open", {"device": "0" * 32}),
                                   ("PUT", "/responses", {"epoch": 1, "responses": []}), ("POST", "/heartbeat", {}),
                                   ("POST", "/submission", {"epoch": 1, "seq": 0}), ("GET", "/result", None),
                                   ("GET", "/review", None)):
            found = [self.send(method, "/api/v1" + path + tail, body, token=other.token)
                     for path in (self.sitting.path, absent)]
            self.refused(found[0], 404, "session-unknown", "没有这份答卷")
            self.assertEqual(found[0].body, found[1].body, tail)  # and cannot be told from one that never was
        self.assertEqual(self.journal(), before)


class Bounds(Base):
    """What the contract says a number may be is what is taken: the least and the most of it, and not one less
    or more. The core has no narrower opinion."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        exam = rig.exam(cls.officer)
        cls.definition = town.definition_of(cls.officer, exam)
        cls.sitting = town.Sitting(cls.town.person("A1-00"), exam)

    def bounds(self, member):
        text = (rig.ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8")
        found = re.findall(rf"\b{member}: {{ type: integer, minimum: (\d+), maximum: (\d+) }}", text)
        self.assertEqual(len(found), 1, member)
        return map(int, found[0])

    def each(self, path, member, make, fine):
        least, most = self.bounds(member)
        for value in (least - 1, most + 1):
            self.refused(self.send("POST", path, make(value), token=self.officer.token), 400, "member-not-integer",
                         f"“{member}”应为 {least} 至 {most} 的整数，收到的是 {value}。")
        for value in (least, most):
            answer = self.send("POST", path, make(value), token=self.officer.token)
            self.assertEqual(answer.status, fine, (member, value, answer.body))

    def test_the_definition_of_an_exam(self):
        for member in ("duration_ms", "grace_ms", "late_accept_ms", "attempts"):
            self.each("/api/v1/exams", member, lambda value, m=member: {**self.definition, m: value}, 201)

    def test_extra_time(self):
        self.each(f"/api/v1{self.sitting.path}/extra-time", "ms", lambda ms: {"ms": ms, "reason": "测试"}, 200)


class Logins(Base):
    """Tokens, codes and passwords."""

    def login(self, person, password, source="127.0.0.1", headers=None):
        return self.send("POST", NOBODY, {"person": person, "password": password}, {**JSON, **(headers or {})},
                         source=source)

    def me(self, token, headers=None):
        return self.send("GET", "/api/v1/me", None, headers or {}, token)

    def token(self, person, issued_ms, expires_ms, like):
        """What the server would write, by the site's secret: the bytes of server/live/token.h."""
        secret = bytes.fromhex((self.server.state / "keys" / "site-key").read_text().strip())
        body = bytearray(base64.urlsafe_b64decode(like + "=" * (-len(like) % 4))[:29])
        body[5:29] = struct.pack(">QQQ", secrets.randbits(63) | 1, issued_ms, expires_ms)
        extracted = hmac.digest(bytes(32), secret, hashlib.sha256)
        mac_key = hmac.digest(extracted, b"mingfa/site-token/v1\x01", hashlib.sha256)
        mac = hmac.digest(mac_key, b"mingfa/login-token/v1" + bytes(body) + person.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(bytes(body) + mac).decode().rstrip("=")

    def test_without_a_login_one_is_asked_for(self):
        self.refused(self.send("GET", "/api/v1/me"), 401, "login-needed", "请先登录。")
        self.refused(self.send("GET", "/api/v1/me", None, EN), 401, "login-needed", "Please log in.")
        basic = {"Authorization": "Basic QTpC"}
        self.refused(self.send("GET", "/api/v1/me", None, basic), 401, "login-needed", "请先登录。")

    def test_a_token_changed_in_any_byte_is_none(self):
        token = self.town.person("A1-00").token
        self.assertEqual(self.me(token).status, 200)
        wrong = []
        for i in range(len(token)):
            for c in ("A", "z"):
                changed = token[:i] + (c if token[i] != c else "B") + token[i + 1:]
                answer = self.me(changed)
                if (answer.status, answer.id, answer.detail) != (401, "login-required", "登录已失效，请重新登录"):
                    wrong.append((i, c, answer.status))
        self.assertEqual(wrong, [])
        for changed in (token[:-1], token + "A", token + "=", token[1:], "A" * len(token), "x" * 7000):
            self.refused(self.me(changed), 401, "login-required", "登录已失效，请重新登录")
        self.refused(self.me(token[:-1], EN), 401, "login-required", "the login does not hold any more; log in again")

    def test_a_genuine_token_ends_when_it_says(self):
        person = "A1-01"
        like = self.town.person(person).token
        time.sleep(0.01)  # what was issued in the moment of the activation or before does not hold
        now = self.town.person(person).call("GET", "/me")["server_time_ms"]
        self.assertEqual(self.me(self.token(person, now, now + 600000, like)).status, 200)  # so it is theirs
        self.refused(self.me(self.token(person, now - 600000, now - 1, like)), 401, "login-required",
                     "登录已失效，请重新登录")
        self.refused(self.me(self.token("A1-02", now, now + 600000, like)), 401, "login-required",
                     "登录已失效，请重新登录")

    def test_a_login_ends_by_log_out_and_the_others_by_a_new_password(self):
        self.town.person("A1-02")
        first, second = (json.loads(self.login("A1-02", town.PASSWORD).body)["token"] for _ in range(2))
        self.assertEqual(self.send("DELETE", "/api/v1/logins/current", token=first).status, 204)
        for path in ("/api/v1/me", "/api/v1/me/exams"):
            self.refused(self.send("GET", path, token=first), 401, "login-required", "登录已失效，请重新登录")
        self.assertEqual(self.me(second).status, 200)
        third = json.loads(self.login("A1-02", town.PASSWORD).body)["token"]
        changed = self.send("PUT", "/api/v1/me/password",
                            {"old_password": town.PASSWORD, "new_password": "another good one"}, token=third)
        self.assertEqual(changed.status, 204, changed.body)
        self.assertEqual(self.me(third).status, 200)
        self.refused(self.me(second), 401, "login-required", "登录已失效，请重新登录")

    def test_ended_logins_stay_ended_after_a_restart(self):
        """And who never logged out is still logged in. (Of somebody who did, all that are older end.)"""
        self.town.person("A1-03")
        api = self.town.person("A1-04")
        ended = json.loads(self.login("A1-03", town.PASSWORD).body)["token"]
        self.assertEqual(self.send("DELETE", "/api/v1/logins/current", token=ended).status, 204)
        self.server.kill()
        self.server.start()
        self.refused(self.me(ended), 401, "login-required", "登录已失效，请重新登录")
        self.assertEqual(self.me(api.token).status, 200)

    def test_a_code_serves_once_and_an_earlier_one_not_at_all(self):
        old, new = (self.town.admin.call("POST", "/activation-codes", {"people": ["A2-00"]})["codes"][0]["code"]
                    for _ in range(2))
        path = "/api/v1/activations"

        def use(code, person="A2-00", headers=None):
            return self.send("POST", path, {"person": person, "code": code, "new_password": town.PASSWORD},
                             {**JSON, **(headers or {})})
        sentence = "人员编号、密码或激活码不正确"
        self.refused(use(old), 401, "login-wrong", sentence)
        self.refused(use(new, "A2-01"), 401, "login-wrong", sentence)
        self.assertEqual(use(new).status, 201)
        self.refused(use(new), 401, "login-wrong", sentence)
        self.refused(use(new, headers=EN), 401, "login-wrong",
                     "the person number, the password or the code is wrong")
        new = self.town.admin.call("POST", "/activation-codes", {"people": ["A2-00"]})["codes"][0]["code"]
        for password in ("", "short", "密码只有九个字符啊", "A2-00"):  # characters count, as the page says
            answer = self.send("POST", path, {"person": "A2-00", "code": new, "new_password": password})
            self.refused(answer, 400, "password-bad", "密码至少10个字符，最多128字节，且不得与人员编号相同")
        self.refused(self.send("POST", path, {"person": "A2-00", "code": new, "new_password": "长" * 43}), 400,
                     "member-not-text", "“new_password”应为 0 至 128 字节的文字，收到的是 \"…\" (129)。")
        self.refused(self.send("POST", path, {"person": "A2-00", "code": [new], "new_password": town.PASSWORD}), 400,
                     "member-not-text", "“code”应为 1 至 64 字节的文字，收到的是 […] (1)。")

    def test_wrong_passwords_are_held_back_by_person_and_address(self):
        self.town.people(["B1-00", "B1-01"])
        for n in range(5):
            answer = self.login("B1-00", f"not the password {n}")
            self.refused(answer, 401, "login-wrong", "人员编号、密码或激活码不正确")
        held = self.login("B1-00", town.PASSWORD)  # even the right one
        self.assertEqual((held.status, held.id), (429, "login-held-back"), held.body)
        seconds = int(held.headers["Retry-After"])
        self.assertIn(seconds, range(1, 31))
        self.assertEqual(held.detail, f"登录失败次数过多，请在{seconds}秒后再试")
        english = self.login("B1-00", town.PASSWORD, headers=EN)
        self.assertRegex(english.detail, r"^too many failures; try again in \d+ seconds$")
        self.assertEqual(self.login("B1-01", town.PASSWORD).status, 201)  # somebody else, from here
        elsewhere = self.login("B1-00", town.PASSWORD, source="127.0.0.2")
        self.assertEqual(elsewhere.status, 201)
        self.assertEqual(self.login("B1-00", town.PASSWORD).status, 429)  # that was no pardon for this address

    def test_numbers_that_nobody_has_free_nobody_and_are_held_back_like_any_other(self):
        self.town.people(["B1-03", "B1-04"])
        source = "127.0.0.3"  # an address of its own: it will be held back as a whole
        answers = {}
        for number in ("B1-03", "NOBODY-0"):
            answers[number] = [self.login(number, "not the password", source=source) for _try in range(6)]
        self.assertEqual(*([(a.status, a.id) for a in answers[n]] for n in answers))
        self.assertEqual(answers["B1-03"][-1].status, 429)
        for n in range(1, 140):  # cheap: nothing is hashed for a code
            for _try in range(5):
                self.send("POST", "/api/v1/activations", {"person": f"NOBODY-{n}", "code": "0" * 16,
                                                          "new_password": town.PASSWORD}, source=source)
        self.assertEqual(self.login("B1-03", town.PASSWORD, source=source).status, 429)
        self.assertEqual(self.login("B1-04", town.PASSWORD).status, 201)  # from elsewhere

    def test_who_does_not_exist_cannot_be_told_from_who_does(self):
        self.town.person("B1-02")
        answers = [self.login(p, "not the password") for p in ("B1-02", "B1-07", "NOBODY")]  # B1-07: no password yet
        for answer in answers:
            self.refused(answer, 401, "login-wrong", "人员编号、密码或激活码不正确")
        self.assertEqual(len({a.body for a in answers}), 1)


class BehindProxy(Base):
    """What a trusted proxy says of the client is what is counted."""

    @classmethod
    def setUpClass(cls):
        cls.server = town.server(trusted_proxy="127.0.0.1").start()
        cls.addClassCleanup(cls.server.close)
        cls.town = town.Town(cls.server)

    def login(self, address):
        return self.send("POST", NOBODY, {"person": "A1-00", "password": "not the password"},
                         {**JSON, "X-Forwarded-For": address}).status

    def test_an_ipv6_client_is_its_network_of_64_bits(self):
        self.assertEqual([self.login(f"2001:db8:0:1::{n}") for n in range(1, 7)], [401] * 5 + [429])
        self.assertEqual(self.login("2001:db8:0:2::1"), 401)
        self.assertEqual([self.login(f"192.0.2.{n}") for n in range(1, 7)], [401] * 6)


class Imports(Base):
    """Files with each kind of fault: every fault is named by row and column, and nothing is kept."""

    def load(self, kind, body, headers=None, dry=False):
        path = f"/api/v1/{kind}/import" + ("?dry_run=1" if dry else "")
        return self.send("POST", path, body, {**CSV, **(headers or {})}, self.town.admin.token)

    def test_every_fault_is_named_by_row_and_column(self):
        before = self.journal()
        good = "N1,赵一,A1,公务员,在册\n"
        long = "长" * 100
        for kind, rows, faults in (
            ("people", good + "N2,钱二,ZZ,公务员,在册\n", [(3, "单位编码", "单位编码“ZZ”不存在", "there is no unit 'ZZ'")]),
            ("people", good + "N1,孙三,A1,公务员,在册\n", [(3, "人员编号", "“N1”与第2行重复", "'N1' is already in row 2")]),
            ("people", good + "\n\nN3,李四,A1\n", [(5, "人员类别", "“人员类别”不能为空", "人员类别 must not be empty")]),
            ("people", good + "N4,,A1,公务员,在册\n", [(3, "姓名", "“姓名”不能为空", "姓名 must not be empty")]),
            ("people", good + "N5,周五,A1,公务员,借调\n",
             [(3, "状态", "状态应为“在册”“调出”或“退休”，实为“借调”", "the status must be 在册, 调出 or 退休, found '借调'")]),
            ("people", good + f"N6,{long},A1,公务员,在册\n", [(3, "姓名", None, None)]),
            ("people", "N7,吴六,ZZ,,在册\nN8,郑七,A1,公务员,在册\n,王八,A1,公务员,在册\n",
             [(2, "人员类别", "“人员类别”不能为空", None), (2, "单位编码", "单位编码“ZZ”不存在", None),
              (4, "人员编号", "“人员编号”不能为空", None)]),
            ("units", "C,丙街道,SF\nC1,丙街道办,ZZ\n", [(3, "上级编码", "单位编码“ZZ”不存在", "there is no unit 'ZZ'")]),
            ("units", "C,丙街道,SF\nC,丁街道,SF\n", [(3, "单位编码", "“C”与第2行重复", "'C' is already in row 2")]),
            ("units", "C,丙街道,D\nD,丁街道,C\n",
             [(2, "上级编码", "单位“C”的上级关系成环，或上级所在行有误", None),
              (3, "上级编码", "单位“D”的上级关系成环，或上级所在行有误", None)]),
            ("hearings", "A1-00,2026-01,2026-03-05,现场\nNOBODY,2026-01,2026-03-05,现场\n",
             [(3, "人员编号", "人员编号“NOBODY”不在名册中", "there is no person 'NOBODY' in the roster")]),
            ("hearings", "A1-00,2026-01,2026-02-30,现场\n",
             [(2, "日期", "应为日期（如2026-03-01），实为“2026-02-30”",
               "must be a date such as 2026-03-01, found '2026-02-30'")]),
            ("hearings", "A1-00,2026-01,2026-03-05,电话\n",
             [(2, "方式", "方式应为“现场”或“线上”，实为“电话”", "the mode must be 现场 or 线上, found '电话'")]),
        ):
            with self.subTest(kind=kind, rows=rows[-50:]):
                answer = self.load(kind, HEADS[kind] + rows)
                self.refused(answer, 422, "import-refused", f"文件中有 {len(faults)} 处错误，没有写入任何内容。")
                report = answer.problem["report"]
                self.assertEqual((report["applied"], report["accepted"]), (False, 0))
                self.assertEqual(set(report["changes"].values()), {0})
                self.assertEqual(sorted((e["row"], e["column"]) for e in report["errors"]),
                                 sorted((row, column) for row, column, _zh, _en in faults))
                english = {(e["row"], e["column"]): e["message"]
                           for e in self.load(kind, HEADS[kind] + rows, EN).problem["report"]["errors"]}
                said = {(e["row"], e["column"]): e["message"] for e in report["errors"]}
                for row, column, zh, en in faults:
                    self.assertEqual(said[row, column], zh or said[row, column])
                    self.assertEqual(english[row, column], en or english[row, column])
        self.assertEqual(self.journal(), before)

    def test_a_head_without_a_column_or_with_one_twice_is_named(self):
        before = self.journal()
        for head, column, zh in (("人员编号,姓名,单位编码\n", "人员类别", "表头缺少“人员类别”列"),
                                 ("人员编号,姓名,姓名,单位编码,人员类别\n", "姓名", "表头中“姓名”列出现两次"),
                                 ("工号,姓名,单位编码,人员类别\n", "人员编号", "表头缺少“人员编号”列")):
            answer = self.load("people", head + "N1,赵一,A1,公务员,在册\n")
            self.refused(answer, 422, "import-refused", "文件中有 1 处错误，没有写入任何内容。")
            self.assertEqual(answer.problem["report"]["errors"], [{"row": 1, "column": column, "message": zh}])
        self.assertEqual(self.journal(), before)

    def test_what_is_no_csv_is_refused_by_what_it_is(self):
        before = self.journal()
        head = HEADS["people"].encode()
        row = "N1,赵一,A1,公务员,在册\n".encode()
        for body, name, zh, en in (
            (b"PK\x03\x04" + bytes(100), "csv-is-a-workbook",
             "这是Excel工作簿，不是CSV文件，请用“另存为”保存为“CSV UTF-8（逗号分隔）”后再导入",
             "this is an Excel workbook, not CSV: save it as 'CSV UTF-8' and import that"),
            (HEADS["people"].encode("utf-16"), "csv-is-utf-16",
             "文件编码为UTF-16，请用“另存为”保存为“CSV UTF-8（逗号分隔）”后再导入",
             "the file is UTF-16: save it as 'CSV UTF-8' and import that"),
            (head + b"N1,\xff\xff,A1,\n", "csv-encoding-unknown",
             "第2行含有无法识别的字节（0xff）：文件应为UTF-8或GB18030（GBK）编码",
             "row 2 holds byte 0xff: the file is neither UTF-8 nor GB18030"),
            (HEADS["people"].encode("gbk") + row.decode().encode("gbk") + b"N2,\xff,A1,\n", "csv-encoding-unknown",
             "第3行含有无法识别的字节（0xff）：文件应为UTF-8或GB18030（GBK）编码",
             "row 3 holds byte 0xff: the file is neither UTF-8 nor GB18030"),
            (head + row + 'N2,"钱二,A1,公务员,在册\n'.encode(), "csv-quotes-wrong", "第3行的引号不成对或位置有误",
             "row 3: quotes do not match or stand in a wrong place"),
            (head + row + b"N2," + b"x" * 9000 + b",A1\n", "csv-cell-too-long", "第3行第2列的内容超过8192字节",
             "row 3, column 2 is longer than 8192 bytes"),
            (head + row + b"N2," * 65 + b"\n", "csv-too-many-columns", "第3行超过64列", "row 3 has more than 64 columns"),
            (head + b"N2,a\x00b,A1,x,\n", "csv-cell-unclean", "第2行第2列含有不可用的字符",
             "row 2, column 2 holds characters that cannot be used"),
            (b"\n\n", "csv-empty", "文件中没有内容", "there is nothing in the file"),
            (b"", "csv-empty", "文件中没有内容", "there is nothing in the file"),
        ):
            with self.subTest(name=name):
                status = 413 if name in ("csv-cell-too-long", "csv-too-many-columns") else 400
                self.refused(self.load("people", body), status, name, zh)
                self.refused(self.load("people", body, EN), status, name, en)
        self.assertEqual(self.journal(), before)

    def test_what_excel_saves_is_taken(self):
        """GBK, a BOM, CR LF, ids behind ="…": the other side of the refusals."""
        text = HEADS["people"] + 'G-%s,镕基·买买提,"=""A1""",公务员,在册\r\n'
        for name, encoding in (("gbk", "gb18030"), ("bom", "utf-8-sig")):
            answer = self.load("people", (text % name).encode(encoding))
            self.assertEqual(answer.status, 200, answer.body.decode())
            api = self.town.person(f"G-{name}")
            self.assertEqual(api.call("GET", "/me")["name"], "镕基·买买提")

    def test_nothing_of_a_refused_file_is_kept(self):
        """Of ten thousand rows the last is wrong."""
        rows = [f"M{n:05d},赵一,A2,公务员,在册\n" for n in range(10000)]
        text = HEADS["people"] + "".join(rows)
        before = self.journal()
        answer = self.load("people", text + "M99999,赵一,ZZ,公务员,在册\n")
        self.refused(answer, 422, "import-refused", "文件中有 1 处错误，没有写入任何内容。")
        self.assertEqual([(e["row"], e["column"]) for e in answer.problem["report"]["errors"]], [(10002, "单位编码")])
        trial = json.loads(self.load("people", text, dry=True).body)
        self.assertEqual((trial["applied"], trial["changes"]["新增"]), (False, 10000))
        self.assertEqual(self.journal(), before)
        self.assertEqual(json.loads(self.load("people", text).body)["changes"]["新增"], 10000)
        self.assertNotEqual(self.journal(), before)  # so the look at the journal can tell
        again = json.loads(self.load("people", text).body)
        self.assertEqual((again["changes"]["新增"], again["changes"]["未变"]), (0, 10000))

    def test_more_faults_than_are_shown_are_counted(self):
        answer = self.load("people", HEADS["people"] + "".join(f"F{n},赵一,ZZ,公务员,在册\n" for n in range(300)))
        self.refused(answer, 422, "import-refused", "文件中有 300 处错误，没有写入任何内容。")
        self.assertEqual(len(answer.problem["report"]["errors"]), 200)

    def test_a_file_larger_than_is_taken_is_refused(self):
        body = b"\n" * (32 * 1024 * 1024 + 1)
        head = (f"POST /api/v1/people/import HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
                f"Authorization: Bearer {self.town.admin.token}\r\nContent-Length: {len(body)}\r\n\r\n")
        self.refused(self.raw(head.encode() + body), 413, "request-body-too-large", "请求正文超过此处允许的长度。")
        self.refused(self.load("people", body[1:]), 400, "csv-empty", "文件中没有内容")


if __name__ == "__main__":
    unittest.main()
