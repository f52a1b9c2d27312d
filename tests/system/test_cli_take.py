#!/usr/bin/env python3
"""The exam in a terminal, by `mingfa take` against a real server: a whole exam on the screen with the
server killed and restarted in the middle and the program killed and restarted, compared with what the
server holds; columns, sizes, devices, log-ins, the end of time; and the same in plain lines.

The answers are drawn by a seeded knowledge of the items' answer keys (from the content files), so
that the score is known beforehand."""
import json
import os
import pathlib
import random
import re
import signal
import stat
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import cli_rig  # noqa: E402
import rig  # noqa: E402
import rehearse  # noqa: E402  (scripts/demo)
from cli_rig import PASSWORD, Cli, Terminal, width  # noqa: E402

SEED = 20261124
WINDOW_MS = 8000  # of the exam whose time runs out
KEYS = rehearse.read_keys(rig.CONTENT)


def letters(item, value):
    """The keys that choose this value, from nothing chosen."""
    if item["type"] == "true_false":
        return "a" if value == 1 else "b"
    return "".join("abcdefgh"[k] for k in range(8) if value >> k & 1)


class NoGrace:
    """The API, whose exams close at the deadline itself."""

    def __init__(self, api):
        self.api = api

    def call(self, method, path, body=None):
        if path == "/exams" and method == "POST":
            body.update(grace_ms=0, late_accept_ms=0, name="限时考试")
        return self.api.call(method, path, body)


class Take(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = rig.Server().start()
        cls.addClassCleanup(cls.server.close)
        cls.admin = cls.server.admin()
        cls.server.fill(cls.admin)
        cls.addClassCleanup(cls.admin.close)
        cls.exam = rig.exam(cls.admin)
        cls.apis = {}
        staff = [p for p in rig.district.people() if p[4] == "在册" and p[0] != rig.setup.OFFICER]
        cls.people = [p[0] for p in staff if p[3] != "领导干部"][:20]
        cls.leaders = [p[0] for p in staff if p[3] == "领导干部"][:1]
        cls.codes = {c["person"]: c["code"] for c in cls.admin.call(
            "POST", "/activation-codes", {"people": cls.people + cls.leaders})["codes"]}

    def person(self, lang="zh_CN.UTF-8", number=None):
        """Somebody new, logged in: (number, mingfa)."""
        number = number or self.people.pop()
        cli = Cli(self.server.state / f"cli-{number}", lang)
        cli.activate(number, self.server.url, self.codes[number])
        return number, cli

    def terminal(self, cli, *args, **more):
        t = Terminal(cli, *args, **more)
        self.addCleanup(t.close)
        return t

    def begin(self, cli, exam=None, start="输入 start", shows="第 1/", **more):
        t = self.terminal(cli, "take", exam or self.exam, **more)
        t.wait(start)
        t.press("start\r", shows)
        return t

    def api(self, number):
        """That person's view from elsewhere."""
        if number not in self.apis:
            self.apis[number] = self.server.api()
            self.addCleanup(self.apis[number].close)
            self.apis[number].login(number, PASSWORD)
        return self.apis[number]

    def held(self, number, exam=None):
        """The session as the server holds it."""
        api = self.api(number)
        mine = next(e for e in api.call("GET", "/me/exams")["exams"] if e["exam"] == (exam or self.exam))
        return api.call("GET", "/sessions/" + mine["session"]["session"])

    def values(self, number):
        return {r["item"]: r["value"] for r in self.held(number)["responses"] if r["value"] is not None}

    def check_screen(self, t):
        """Nothing ran over the edge, and what is set to the right ends in one column."""
        self.assertEqual(t.screen.overflow, [])
        for n in (0, 1):
            line = t.screen.line(n)
            self.assertEqual(width(line.rstrip()), t.screen.columns - 1 - (n == 0), line)
        for n in range(t.screen.rows):
            self.assertLess(width(t.screen.line(n)), t.screen.columns)

    def answer(self, t, n, item, value):
        """On the screen of item n (from 0): chooses, and waits for the server's word or `未上传`."""
        if item["type"] == "fill_in":
            t.press("\r", "答案（回车保存")
            t.type(value + "\r")
        else:
            t.type(letters(item, value))
        t.wait(lambda shown: f"第 {n + 1}/" in shown and ("[已存]" in shown or "[未上传]" in shown)
               and self.is_chosen(shown, item, value), f"item {n + 1} answered {value}")

    @staticmethod
    def is_chosen(shown, item, value):
        if item["type"] == "fill_in":
            return f"我的作答：{value}" in shown
        if item["type"] == "true_false":
            return f"我的作答：{'正确' if value == 1 else '错误'}" in shown
        return f"我的作答：{letters(item, value).upper()} " in shown

    def test_whole_exam_loses_nothing(self):
        rng = random.Random(SEED)
        number, cli = self.person()
        t = self.begin(cli)
        items = self.held(number)["paper"]["items"]
        wanted, points = {}, 0
        for n, item in enumerate(items):
            right = rehearse.right_value(item, KEYS)
            knows = rng.random() < 0.75
            wanted[n] = right if knows else rehearse.wrong_value(item, right)
            points += item["points"] if knows else 0
        last = len(items) - 1

        def go_through(first, stop):
            for n in range(first, stop):
                if n:
                    t.press("n", f"第 {n + 1}/")
                self.answer(t, n, items[n], wanted[n])

        go_through(0, 12)
        shown = t.wait("已存 12  未上传 0")
        self.check_screen(t)
        self.assertRegex(shown, r"剩余 (30:00|[12]\d:\d\d)")

        # The server dies; three more answers; then the program dies too.
        self.server.kill()
        go_through(12, 15)
        t.wait("未上传 3")
        t.wait("网络中断，正在重试。可以继续作答，3 题保存在本机。")
        self.check_screen(t)
        t.press("m", "[待查]")
        t.kill()
        kept = next(cli.state.glob("unsent-*.json"))
        self.assertEqual(stat.S_IMODE(kept.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(cli.state.stat().st_mode), 0o700)
        self.assertEqual([e["item"] for e in json.loads(kept.read_text())["entries"]], [12, 13, 14])
        out, err = cli("take", self.exam, status=1)
        self.assertIn("连接不上服务器", err)
        self.server.start()
        self.assertEqual(self.values(number), {n: wanted[n] for n in range(12)})
        t = self.terminal(cli, "take", self.exam)
        t.wait("已存 15  未上传 0")
        self.assertEqual(self.values(number), {n: wanted[n] for n in range(15)})
        t.press("15\r", "第 15/")
        t.wait("[待查]")
        t.press("m", lambda shown: "[待查]" not in shown)

        # The server dies and comes back under the running program.
        self.server.kill()
        go_through(15, 18)
        t.wait("未上传 3")
        self.server.start()
        t.wait("已存 18  未上传 0")
        t.wait(lambda shown: "网络中断" not in shown, "the message gone")
        go_through(18, last)

        # The sheet: columns stand under each other.
        shown = t.press("s", "✓ 已存")
        rows = [line for line in shown.splitlines() if re.match(r"[ >] *\d+[✓.!x]", line)]
        self.assertEqual(len(rows), (len(items) + 9) // 10)
        for row in rows[:-1]:
            places = [width(row[:m.start()]) for m in re.finditer(r"[✓.!x]", row)]
            self.assertEqual(places, [4 + 7 * k for k in range(10)], row)
        t.press("s", f"第 {last}/")

        # Handing in names what is unanswered.
        t.press("m", "[待查]")
        shown = t.press("t", "确认交卷")
        self.assertIn(f"未答 1 题：{last + 1}", shown)
        self.assertIn(f"标记待查：{last}", shown)
        t.press("n", f"第 {last}/")
        go_through(last, last + 1)
        t.press("t", f"全部 {len(items)} 题均已作答。")
        t.type("y")
        said = t.end()
        held = self.held(number)
        self.assertEqual({r["item"]: r["value"] for r in held["responses"]}, wanted)
        self.assertIn(f"得分 {points // 100}.{points % 100:02d}（满分 100.00）", said)
        band = ("优秀" if points >= 9000 else "良好" if points >= 8000 else "合格" if points >= 6000 else "")
        self.assertIn(("等次：" + band) if band else "不合格", said)
        self.assertIn("存证摘要：" + held["head"], said)
        self.assertRegex(said, r"本单位（.+）：应考 \d+，实考 [1-9]")
        self.assertIn("覆盖率 = 合格 ÷ 应考", said)
        self.assertFalse(t.screen.alternate)
        row = next(s for s in self.admin.call("GET", f"/exams/{self.exam}/scores")["scores"] if s["person"] == number)
        self.assertEqual(row["points"], points)
        self.assertEqual(list(cli.state.glob("unsent-*.json")), [])
        self.assertIn(f"得分 {points // 100}.", cli("result", self.exam)[0])

    def test_sizes(self):
        _number, cli = self.person()
        t = self.begin(cli)
        self.check_screen(t)
        for rows, columns in ((40, 132), (12, 44), (24, 81), (15, 60)):
            t.resize(rows, columns)
            t.wait(lambda shown, c=columns: width(t.screen.line(2)) == c - 1 and "第 1/" in shown,
                   f"the rule at {columns} columns")
            self.check_screen(t)
        t.resize(8, 30)
        t.wait("窗口太小")
        t.resize(24, 80)
        t.wait("第 1/80 题")
        t.press("q", "离开考试")
        t.type("y")
        self.assertIn("尚未交卷，考试仍在计时", t.end())

    def test_every_stem_and_option_is_shown_whole(self):
        number, cli = self.person()
        t = self.begin(cli, rows=30)
        blank = re.compile(r"\s+")
        for n, item in enumerate(self.held(number)["paper"]["items"]):
            shown = blank.sub("", t.wait(f"第 {n + 1}/"))
            self.assertIn(blank.sub("", item["stem"]), shown)
            for k, option in enumerate(item["options"]):
                self.assertIn(f"{'ABCDEFGH'[k]}." + blank.sub("", option), shown)
            t.type("n")
        self.check_screen(t)
        t.kill()

    def test_answers_change_and_clear(self):
        number, cli = self.person()
        t = self.begin(cli)
        items = self.held(number)["paper"]["items"]
        single = next(n for n, i in enumerate(items) if i["type"] == "single")
        several = next(n for n, i in enumerate(items) if i["type"] == "multiple")
        t.press(f"{single + 1}\r", f"第 {single + 1}/")
        t.press(f"{len(items) + 1}\r", f"没有第 {len(items) + 1} 题，本卷共 {len(items)} 题。")
        t.press("a", lambda s: "我的作答：A  [已存]" in s and "(*) A." in s)
        t.press("b", lambda s: "我的作答：B  [已存]" in s and "( ) A." in s)
        t.press(f"{several + 1}\r", f"第 {several + 1}/")
        t.press("ac", lambda s: "我的作答：AC  [已存]" in s and "[x] C." in s)
        t.press("a", "我的作答：C  [已存]")
        self.assertEqual(self.values(number), {single: 2, several: 4})
        t.press("x", lambda s: "我的作答：未答" in s and "未上传 0" in s)
        self.assertEqual(self.values(number), {single: 2})
        t.press("?", "按键说明")
        t.press(" ", f"第 {several + 1}/")
        t.press("\x03", "离开考试")      # Ctrl-C asks first
        t.press("\x1b", f"第 {several + 1}/")
        t.press("\x1b[D", f"第 {several}/")  # arrows
        t.press("\x1b[C", f"第 {several + 1}/")
        t.kill()

    def test_fill_in_items_are_written(self):
        exam = rig.exam(self.admin, "qualification")
        number, cli = self.person(number=self.leaders[0])
        t = self.begin(cli, exam)
        items = self.held(number, exam)["paper"]["items"]
        blanks = [n for n, item in enumerate(items) if item["type"] == "fill_in"]
        wanted = {}
        for n in blanks:
            wanted[n] = rehearse.right_value(items[n], KEYS)
            t.press(f"{n + 1}\r", f"第 {n + 1}/")
            self.answer(t, n, items[n], wanted[n])
        last = blanks[-1]
        t.press("\r", "答案（回车保存，Esc 取消）：" + wanted[last])
        t.press("\x15" + "错" * 40, "错" * 10)  # wider than the row: its end stays in sight
        self.check_screen(t)
        t.press("\x1b", lambda s: "答案（回车" not in s and "我的作答：" + wanted[last] in s)
        t.press("五", "答案（回车保存，Esc 取消）：五")  # a Han character begins an answer by itself
        t.press("十年\x7f\r", "我的作答：五十  [已存]")
        t.press("\r", "五十")
        t.press("\x15 \r", lambda s: "我的作答：未答" in s and "未上传 0" in s)
        t.press("q", "离开考试")
        t.type("y")
        t.end()
        del wanted[last]
        self.assertEqual({r["item"]: r["value"] for r in self.held(number, exam)["responses"]
                          if r["value"] is not None}, wanted)
        lines = f"{last + 1}\n={'错' * 100}\n={rehearse.right_value(items[last], KEYS)}\nA\nt\nyes\n"
        out, _err = cli("take", exam, typed=lines)
        self.assertIn("答案过长", out)
        self.assertIn(f"得分 {sum(items[n]['points'] for n in blanks) // 100}.00", out)
        self.admin.call("POST", f"/exams/{exam}/close", {})

    def test_a_signal_puts_the_terminal_back(self):
        _number, cli = self.person()
        t = self.begin(cli)
        os.kill(t.pid, signal.SIGTERM)
        t.end(status=1)
        self.assertFalse(t.screen.alternate)
        self.assertIn("\x1b[?25h", t.raw[-4000:])

    def test_one_window_a_machine(self):
        _number, cli = self.person()
        t = self.begin(cli)
        _out, err = cli("take", self.exam, status=1)
        self.assertIn("另一个窗口", err)
        t.kill()
        cli("take", self.exam, typed="q\n")

    def test_another_device_is_noticed_at_the_hand_in(self):
        number, cli = self.person()
        t = self.begin(cli)
        items = self.held(number)["paper"]["items"]
        self.answer(t, 0, items[0], 1 if items[0]["type"] != "multiple" else 3)
        api, session = self.api(number), self.held(number)["session"]
        opened = api.call("POST", f"/sessions/{session}/open", {"device": "ab" * 16})
        value = 1 if items[1]["type"] == "true_false" else 2 if items[1]["type"] == "single" else 6
        api.call("PUT", f"/sessions/{session}/responses", {
            "epoch": opened["epoch"], "responses": [{"seq": opened["next_seq"], "item": 1, "value": value}]})
        t.press("t", "确认交卷")
        t.press("y", "曾在另一台设备上打开")
        t.press("2\r", lambda s: "第 2/" in s and "[已存]" in s)
        self.assertTrue(self.is_chosen(t.screen.text(), items[1], value))
        t.press("t", "确认交卷")
        t.type("y")
        t.end()
        self.assertEqual(self.held(number)["state"], "graded")

    def test_a_login_that_ended_is_asked_for_again(self):
        number, cli = self.person()
        t = self.begin(cli)
        items = self.held(number)["paper"]["items"]
        token = json.loads((cli.state / "login.json").read_text())["token"]
        other = self.server.api(token)
        other.call("DELETE", "/logins/current")
        other.close()
        t.type("b")
        t.wait("登录已失效，请重新输入密码")
        t.wait("密码：")
        t.type("wrong password\r")
        t.wait("不正确")
        t.type(PASSWORD + "\r")
        t.wait(lambda s: "第 1/" in s and "已存 1  未上传 0" in s)
        self.assertNotIn(PASSWORD, t.raw)
        self.assertEqual(set(self.values(number)), {0})
        self.assertTrue(items)
        t.kill()

    def test_the_end_of_time_collects_the_paper(self):
        number, cli = self.person()
        exam = rig.setup.create_exam(NoGrace(self.admin), self.server.custodian(), rig.BLUEPRINTS, "annual", WINDOW_MS, 60_000,
                                     self.admin.call("GET", "/me")["server_time_ms"] - 1)
        # Two exams: the list asks which.
        t = self.terminal(cli, "take")
        shown = t.wait("请输入序号：")
        self.assertIn("限时考试", shown)
        row = next(line for line in shown.splitlines() if "限时考试" in line)
        t.press(row.split()[0] + "\r", "输入 start")
        t.press("start\r", "第 1/")
        item = self.held(number, exam)["paper"]["items"][0]
        right = rehearse.right_value(item, KEYS)
        self.answer(t, 0, item, right)
        said = t.end()
        self.assertIn(f"得分 {item['points'] // 100}.", said)
        self.assertEqual(self.held(number, exam)["state"], "graded")
        self.admin.call("POST", f"/exams/{exam}/close", {})

    def test_time_goes_by_the_servers_clock(self):
        number, cli = self.person()
        t = self.begin(cli)
        session = self.held(number)["session"]
        self.admin.call("POST", f"/sessions/{session}/extra-time", {"ms": 3600_000, "reason": "设备故障"})
        t.press("b", lambda s: re.search(r"剩余 5\d:", s))  # up to the end of the window
        t.wait("已为您延长到考试时段截止时间")
        self.admin.call("POST", f"/sessions/{session}/suspension", {"reason": "停电"})
        t.press("a", "已由考务人员暂停")
        self.admin.call("POST", f"/sessions/{session}/resumption", {"reason": "来电"})
        t.press("r", lambda s: "人员暂停" not in s and "[已存]" in s)
        t.kill()

    # ---- plain lines ----

    def test_lines_sit_a_whole_exam(self):
        number, cli = self.person()
        out, _err = cli("take", self.exam, typed="no\n", status=1)
        self.assertIn("没有开始，未占用考试机会", out)
        out, _err = cli("take", self.exam, typed="start\nq\n")
        items = self.held(number)["paper"]["items"]
        typed, wanted, points = "", {}, 0
        for n, item in enumerate(items[:-1]):
            wanted[n] = rehearse.right_value(item, KEYS)
            points += item["points"]
            typed += "=" + wanted[n] + "\n" if item["type"] == "fill_in" else letters(item, wanted[n]).upper() + "\n"
            typed += "n\n"
        out, _err = cli("take", self.exam, typed=typed + f"{len(items) + 1}\n0\nm\ns\nw\nt\nno\nt\nyes\n")
        for number_typed in (len(items) + 1, 0):
            self.assertIn(f"没有第 {number_typed} 题，本卷共 {len(items)} 题。\n", out)
        self.assertEqual(out.count("[已存]"), 2 * len(wanted), out[-3000:])  # each answer, and the sheet
        self.assertIn(f"未答 1 题：{len(items)}\n标记待查：{len(items)}\n", out)
        self.assertIn("没有交卷。", out)
        self.assertIn(f"得分 {points // 100}.{points % 100:02d}", out)
        self.assertNotIn("\x1b", out)
        self.assertEqual({r["item"]: r["value"] for r in self.held(number)["responses"]}, wanted)

    def test_lines_keep_what_could_not_be_sent(self):
        number, cli = self.person()
        cli("take", self.exam, typed="start\nq\n")
        t = self.terminal(cli, "take", self.exam, "--lines", env={"TERM": "dumb"})
        t.wait("[1/")
        t.press("b\r", "[已存]")
        self.server.kill()
        t.press("a\r", "[未上传]")
        t.type("q\r")
        said = t.end(status=1)
        self.assertIn("有 1 题尚未上传，保存在本机", said)
        self.server.start()
        out, err = cli("take", self.exam, typed="w\nq\n")
        self.assertIn("上次有 1 题未上传，正在补传", err)
        self.assertIn("已存 1，未上传 0", out)
        item = self.held(number)["paper"]["items"][0]
        self.assertEqual(self.values(number), {0: 1 if item["type"] in ("single", "true_false", "multiple") else None})

    def test_english(self):
        _number, cli = self.person("en_US.UTF-8")
        t = self.begin(cli, start="Type start to begin", shows="single choice")
        self.check_screen(t)
        t.press("a", "[stored]")
        t.press("t", "Hand in")
        self.check_screen(t)
        t.type("y")
        self.assertIn("Score ", t.end())


if __name__ == "__main__":
    unittest.main()
