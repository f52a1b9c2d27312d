#!/usr/bin/env python3
"""mingfa-bank as its users run it: from items and law texts to a signed release, and what it says and
returns when something is wrong. Uses the content of this repository and a small bank of its own; the
program comes from the build folder MINGFA_BUILD."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CONTENT = ROOT / "question-bank" / "content"
PROGRAM = pathlib.Path(os.environ["MINGFA_BUILD"]) / "bin" / "mingfa-bank"
DATE = "2026-11-24"

LAW = """# 中华人民共和国样法

2020年1月1日通过

**第一条**　任期为五年。

**第二条**　本法自2020年5月1日起施行。
"""
ITEM = """【编号】YF-T-001
【题型】判断题
【领域】样法
【题干】任期为五年。
【答案】正确
【解析】第一条。
【依据】《中华人民共和国样法》第一条
【难度】1
【层次】记忆
【知识点】任期
【适用】全体
"""


class Cli(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.dir)
        self.bank = self.dir / "bank"
        self.laws = self.dir / "laws"
        self.bank.mkdir()
        self.laws.mkdir()
        self.write(self.laws / "样法.md", LAW)
        self.write(self.bank / "样法.txt", ITEM)

    @staticmethod
    def write(path, text):
        path.write_text(text, encoding="utf-8")

    def run_bank(self, *args, status=0, lang="en"):
        """(out, err); the exit status must be `status`."""
        done = subprocess.run([PROGRAM, "--lang", lang, *map(str, args)], capture_output=True, text=True,
                              encoding="utf-8", stdin=subprocess.DEVNULL, timeout=120, check=False)
        self.assertEqual(done.returncode, status, f"{args}\n{done.stdout}{done.stderr}")
        return done.stdout, done.stderr

    def prepare(self):
        """The small bank with digests and index."""
        self.run_bank("cite", "--bank", self.bank, "--laws", self.laws)
        self.run_bank("law-index", "--bank", self.bank, "--laws", self.laws, "-o", self.bank / "laws.tsv")

    def release(self, name="r.mfbank", bank=None):
        out = self.dir / name
        self.run_bank("release", "--bank", bank or self.bank, "--name", "样题库", "--created", DATE, "--law-date",
                      DATE, "--secret-file", self.dir / "secret", "--sample", "-o", out)
        return out

    def keys(self):
        """Three custodians, SM2 and Ed25519, two of whom are needed."""
        self.write(self.dir / "pass", "口令 passphrase\n")
        for n, alg in enumerate(("sm2", "sm2", "ed25519"), 1):
            self.run_bank("keygen", "--alg", alg, "--name", f"保管人{n}", "--valid-from", "2026-01-01",
                          "--valid-to", "2031-01-01", "--passphrase-file", self.dir / "pass", "-o", self.dir / f"k{n}")
        self.run_bank("keyring", "add", "--keyring", self.dir / "keyring.json", "--quorum", 2,
                      *(self.dir / f"k{n}.json" for n in (1, 2, 3)))
        return self.dir / "keyring.json"

    def sign(self, release, *numbers):
        for n in numbers:
            self.run_bank("sign", "--key", self.dir / f"k{n}.pem", "--passphrase-file", self.dir / "pass", release)


class Whole(Cli):
    def test_the_content_lints_without_errors_and_holds_what_it_promises(self):
        out, err = self.run_bank("lint", "--bank", CONTENT, "--law-date", DATE)
        self.assertRegex(out, r"^\d+ items: 0 errors, ")
        self.assertNotIn("error:", err)
        stats = json.loads(self.run_bank("--json", "stats", "--bank", CONTENT)[0])
        count = {t: sum(sum(a["by_difficulty"]) for a in stats["areas"] if a["type"] == t)
                 for t in ("single", "multiple", "true_false")}
        self.assertGreaterEqual(stats["items"], 240)
        self.assertGreaterEqual(count["single"], 120)
        self.assertGreaterEqual(count["multiple"], 60)
        self.assertGreaterEqual(count["true_false"], 60)
        index = (CONTENT / "laws.tsv").read_text(encoding="utf-8").splitlines()
        laws = [line.split("\t") for line in index if line.startswith("law\t")]
        in_force = [law for law in laws if law[3] <= DATE and (not law[4] or law[4] > DATE)]
        self.assertGreaterEqual(len(in_force), 12)
        self.assertEqual(len(in_force), len(laws))

    def test_the_content_feeds_its_blueprints(self):
        for path in sorted((CONTENT / "blueprints").glob("*.json")):
            out, _ = self.run_bank("lint", "--bank", CONTENT, "--law-date", DATE, "--blueprint", path)
            self.assertIn(f"blueprint {path} is feasible", out)
            paper = json.loads(self.run_bank("draw", "--bank", CONTENT, "--blueprint", path, "--seed", "ab" * 32)[0])
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            self.assertEqual(len(paper["items"]), sum(c["count"] for c in cells))

    def test_the_content_becomes_a_signed_release(self):
        keyring = self.keys()
        release = self.release(bank=CONTENT)
        self.sign(release, 1, 3)
        out, _ = self.run_bank("verify", "--keyring", keyring, release)
        self.assertIn("good signature: 保管人1 (sm2", out)
        self.assertIn("good signature: 保管人3 (ed25519", out)
        self.assertIn("these are sample items", out)
        verified = json.loads(self.run_bank("--json", "verify", "--keyring", keyring, release)[0])
        self.assertEqual({s["standing"] for s in verified["signers"]}, {"counts"})
        self.assertTrue(verified["sample"])

    def test_a_draw_from_the_release_is_the_draw_from_the_text(self):
        release = self.release(bank=CONTENT)
        for seed in ("00" * 32, "5a" * 32):
            args = ("--blueprint", CONTENT / "blueprints" / "annual.json", "--seed", seed)
            self.assertEqual(self.run_bank("draw", "--bank", CONTENT, *args)[0],
                             self.run_bank("draw", "--release", release, *args)[0])

    def test_what_a_release_shows_reads_back_as_the_text_it_was_made_of(self):
        self.prepare()
        text = (self.bank / "样法.txt").read_text(encoding="utf-8")
        out, _ = self.run_bank("show", "--release", self.release(), "YF-T-001")
        self.assertEqual(out.strip(), text.strip())


class Release(Cli):
    def test_a_release_is_the_same_bytes_for_the_same_secret_and_others_for_another(self):
        self.prepare()
        first = self.release("a.mfbank").read_bytes()
        self.assertEqual(first, self.release("b.mfbank").read_bytes())
        (self.dir / "secret").unlink()
        self.assertNotEqual(first, self.release("c.mfbank").read_bytes())

    def test_a_release_is_not_overwritten(self):
        self.prepare()
        self.keys()
        release = self.release()
        self.sign(release, 1)
        before = {p.name: p.read_bytes() for p in self.dir.glob("r.mfbank*")}
        for lang, says in (("en", "is there already and is not overwritten"), ("zh", "已经存在，不覆盖")):
            _, err = self.run_bank("release", "--bank", self.bank, "--name", "另一个", "--created", DATE, "--law-date",
                                   DATE, "--secret-file", self.dir / "secret", "-o", release, status=2, lang=lang)
            self.assertEqual(err, f"{release} {says}\n")
        self.assertEqual({p.name: p.read_bytes() for p in self.dir.glob("r.mfbank*")}, before)

    def test_secrets_are_for_their_owner_alone(self):
        self.prepare()
        self.keys()
        self.release()
        for name in ("secret", "k1.pem"):
            self.assertEqual((self.dir / name).stat().st_mode & 0o777, 0o600, name)
        self.assertIn("ENCRYPTED", (self.dir / "k1.pem").read_text())

    def test_without_a_quorum_it_is_refused(self):
        self.prepare()
        keyring = self.keys()
        release = self.release()
        for signed, have in (((), 0), ((3,), 1), ((3, 3), 1)):
            self.sign(release, *signed)
            _, err = self.run_bank("verify", "--keyring", keyring, release, status=1)
            self.assertIn(f"{release}: {have} of 2 signatures", err)
        self.sign(release, 2)
        self.run_bank("verify", "--keyring", keyring, release)

    def test_a_changed_byte_is_refused_by_what_it_is(self):
        self.prepare()
        keyring = self.keys()
        release = self.release()
        self.sign(release, 1, 2)
        good = release.read_bytes()
        for at in range(0, len(good), 37):
            bad = bytearray(good)
            bad[at] ^= 0x01
            release.write_bytes(bad)
            _, err = self.run_bank("verify", "--keyring", keyring, release, status=1)
            self.assertRegex(err, r"damaged \(at byte|version|manifest|item number|for another release")
        release.write_bytes(good)
        self.run_bank("verify", "--keyring", keyring, release)
        signature = next(self.dir.glob("r.mfbank.*.sig"))
        bad = bytearray(signature.read_bytes())
        bad[-1] ^= 0x01
        signature.write_bytes(bad)
        _, err = self.run_bank("verify", "--keyring", keyring, release, status=1)
        self.assertIn("is bad", err)
        self.assertIn(signature.name, err)

    def test_a_signature_of_another_release_is_refused(self):
        self.prepare()
        keyring = self.keys()
        release = self.release()
        self.sign(release, 1, 2)
        self.write(self.bank / "样法.txt", (self.bank / "样法.txt").read_text().replace("正确", "错误"))
        release.unlink()
        self.release()
        _, err = self.run_bank("verify", "--keyring", keyring, release, status=1)
        self.assertIn("is for another release", err)

    def test_a_bank_with_errors_is_not_released(self):
        _, err = self.run_bank("release", "--bank", self.bank, "--name", "x", "--created", DATE, "--law-date", DATE,
                               "--secret-file", self.dir / "s", "-o", self.dir / "x.mfbank", status=2)
        self.assertIn("laws.tsv", err)  # no index yet
        self.prepare()
        self.write(self.bank / "样法.txt", ITEM)  # without digests
        _, err = self.run_bank("release", "--bank", self.bank, "--name", "x", "--created", DATE, "--law-date", DATE,
                               "--secret-file", self.dir / "s", "-o", self.dir / "x.mfbank", status=1)
        self.assertIn("run mingfa-bank cite", err)
        self.assertIn("lint found 1 errors; not released", err)
        self.assertFalse((self.dir / "x.mfbank").exists())
        self.assertFalse((self.dir / "s").exists())

    def test_a_wrong_passphrase_or_key_file_signs_nothing(self):
        self.prepare()
        self.keys()
        release = self.release()
        self.write(self.dir / "other", "wrong\n")
        _, err = self.run_bank("sign", "--key", self.dir / "k1.pem", "--passphrase-file", self.dir / "other", release,
                               status=1)
        self.assertIn("k1.pem: ", err)
        _, err = self.run_bank("sign", "--key", self.dir / "k1.json", "--passphrase-file", self.dir / "pass", release,
                               status=1)
        self.assertIn("PEM", err)
        self.assertEqual(list(self.dir.glob("*.sig")), [])


class Laws(Cli):
    def check(self, status, *more):
        return self.run_bank("check-laws", "--bank", self.bank, "--laws", self.laws, "--law-date", DATE, *more,
                             status=status)

    def test_cite_writes_once_and_asks_before_it_writes_again(self):
        out, _ = self.run_bank("cite", "--bank", self.bank, "--laws", self.laws)
        self.assertIn("1 digests written, 0 refreshed", out)
        text = (self.bank / "样法.txt").read_text(encoding="utf-8")
        self.assertRegex(text, r"【依据】《中华人民共和国样法》第一条@[0-9a-f]{16}\n")
        self.assertEqual(re.sub("@[0-9a-f]{16}", "", text), ITEM)
        out, _ = self.run_bank("cite", "--bank", self.bank, "--laws", self.laws)
        self.assertIn("0 digests written, 0 refreshed", out)
        self.write(self.laws / "样法.md", LAW.replace("五年", "四年"))
        _, err = self.run_bank("cite", "--bank", self.bank, "--laws", self.laws, status=1)
        self.assertIn("样法.txt:7: error: the law has changed", err)
        self.assertEqual((self.bank / "样法.txt").read_text(encoding="utf-8"), text)
        out, _ = self.run_bank("cite", "--bank", self.bank, "--laws", self.laws, "--refresh")
        self.assertIn("0 digests written, 1 refreshed", out)
        self.check(0)

    def test_check_laws_finds_each_fault_of_a_citation(self):
        self.prepare()
        out, _ = self.check(0)
        self.assertIn("1 citations of 1 items against the law of 2026-11-24: 0 wrong", out)
        good = (self.bank / "样法.txt").read_text(encoding="utf-8")
        for law, item, says in (
                (LAW.replace("五年", "六年"), good, "the law has changed: 《中华人民共和国样法》 article 一"),
                (LAW, good.replace("第一条@", "第三条@"), "has no article 三"),
                (LAW, good.replace("样法》", "别法》"), "has no 《中华人民共和国别法》"),
                (LAW, ITEM, "no digest behind"),
                (LAW.replace("2020年5月1日", "2027年5月1日"), good, "is in force from 2027-05-01, not yet on")):
            self.write(self.laws / "样法.md", law)
            self.write(self.bank / "样法.txt", item)
            out, err = self.check(1)
            self.assertIn(f"{self.bank}/样法.txt:1: error: item YF-T-001: ", err)
            self.assertIn(says, err)
            self.assertIn("1 wrong", out)

    def test_a_repealed_law_is_found_from_the_day_of_its_repeal(self):
        self.prepare()
        self.write(self.laws / "新法.md", "# 中华人民共和国新法\n2026年3月12日通过\n第一条 本法自2026年8月15日起施行。"
                                          "《中华人民共和国样法》同时废止。\n")
        _, err = self.check(1)
        self.assertIn("《中华人民共和国样法》 was repealed on 2026-08-15", err)
        self.run_bank("check-laws", "--bank", self.bank, "--laws", self.laws, "--law-date", "2026-08-14")
        self.run_bank("law-index", "--bank", self.bank, "--laws", self.laws, "-o", self.bank / "laws.tsv")
        _, err = self.run_bank("lint", "--bank", self.bank, "--law-date", DATE, status=1)
        self.assertIn("was repealed on 2026-08-15", err)

    def test_an_incomplete_law_text_is_named_and_left_out(self):
        self.prepare()
        self.write(self.laws / "样法.md", LAW.replace("第二条", "第三条"))
        _, err = self.check(1)
        self.assertIn("left out: 样法.md: articles are not consecutive, 1 is followed by 3", err)
        _, err = self.run_bank("law-index", "--bank", self.bank, "--laws", self.laws, "-o", self.dir / "x", status=1)
        self.assertIn("there is no 《中华人民共和国样法》", err)
        self.assertFalse((self.dir / "x").exists())

    def test_a_damaged_index_is_refused_by_its_line(self):
        self.prepare()
        index = (self.bank / "laws.tsv").read_text(encoding="utf-8")
        self.write(self.bank / "laws.tsv", index.replace("art\t2\t", "art\t0\t"))
        _, err = self.run_bank("lint", "--bank", self.bank, status=1)
        self.assertIn("laws.tsv:4: error: found '0'", err)


class Usage(Cli):
    COMMANDS = ("lint", "cite", "law-index", "check-laws", "release", "sign", "verify", "show", "stats", "draw",
                "keygen", "keyring")

    def test_help_names_every_command_in_both_languages(self):
        for lang, word in (("en", "Usage:"), ("zh", "用法")):
            out, err = self.run_bank("--help", lang=lang)
            self.assertEqual(err, "")
            for command in self.COMMANDS:
                self.assertRegex(out, rf"(?m)^  {command} ")
                help_out, _ = self.run_bank(command, "--help", lang=lang)
                self.assertIn(word, help_out)
                self.assertIn(f"mingfa-bank {command} ", help_out)
                usage, options = help_out.split("选项：\n" if lang == "zh" else "Options:\n")
                named = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", usage)) | {"--help"}
                explained = dict(re.findall(r"(?m)^  (-\S+) +(\S.*)$", options))
                self.assertEqual(set(explained), named)
                for option, words in explained.items():
                    self.assertRegex(out, rf"(?m)^  {option} +{re.escape(words)}$")

    def test_wrong_usage_is_exit_status_2_with_a_sentence(self):
        for args, says in (
                ((), "Usage:"),
                (("lintt",), "there is no command 'lintt'"),
                (("lint",), "lint: --bank is missing"),
                (("lint", "--bank"), "lint: --bank needs a value"),
                (("lint", "--bnk", "x"), "lint: unknown option '--bnk'"),
                (("lint", "--bank", self.dir / "none"), "no such file or directory"),
                (("lint", "--bank", self.laws), "no files of items"),
                (("lint", "--bank", self.bank, "--law-date", "soon"), "--law-date must be a civil date"),
                (("check-laws", "--bank", self.bank, "--laws", self.laws, "--law-date", "2026-02-30"),
                 "found '2026-02-30'"),
                (("check-laws", "--bank", self.bank, "--laws", self.bank), f"no law texts (*.md) in {self.bank}\n"),
                (("show", "X-1"), "exactly one of --bank and --release"),
                (("show", "--bank", self.bank), "wrong number of arguments"),
                (("draw", "--bank", self.bank, "--blueprint", "x", "--seed", "00"), "64 hexadecimal digits"),
                (("keygen", "--alg", "rsa", "--name", "x", "--valid-from", DATE, "--valid-to", DATE, "-o", "x"),
                 "found 'rsa'"),
                (("keygen", "--alg", "sm2", "--name", "x", "--valid-from", DATE, "--valid-to", "2020-01-01", "-o", "x"),
                 "the validity must be"),
                (("keyring", "drop", "--keyring", "x"), "expected 'add'"),
                (("release", "--bank", self.bank, "--name", "x", "--created", "today", "--law-date", DATE,
                  "--secret-file", "s", "-o", "x"), "--created must be a civil date")):
            out, err = self.run_bank(*args, status=2)
            self.assertEqual(out, "", args)
            self.assertIn(says, err, args)

    def test_refused_contents_are_exit_status_1_with_every_fault(self):
        self.write(self.bank / "坏.txt", "【编号】B-1\n【题型】论述题\n\n乱写\n")
        _, err = self.run_bank("lint", "--bank", self.bank, status=1)
        self.assertIn("坏.txt:1: error: item B-1 has no 【领域】", err)
        self.assertIn("坏.txt:4: error: cannot read '乱写'", err)
        _, err = self.run_bank("lint", "--bank", self.bank, status=1, lang="zh")
        self.assertIn(f"{self.bank}/坏.txt:1: 错误：试题 B-1 缺少【领域】\n", err)
        out, err = self.run_bank("lint", "--bank", self.bank, "--json", status=1, lang="zh")
        self.assertEqual(err, "")
        report = json.loads(out)
        self.assertEqual(report["errors"], len(report["findings"]))
        self.assertIn({"severity": "error", "rule": "text-missing", "message": "试题 B-1 缺少【领域】",
                       "file": f"{self.bank}/坏.txt", "line": 1}, report["findings"])
        _, err = self.run_bank("show", "--bank", self.bank, "X-1", status=1)
        (self.bank / "坏.txt").unlink()
        _, err = self.run_bank("show", "--bank", self.bank, "X-1", "YF-T-001", status=1)
        self.assertIn("there is no item X-1", err)

    def test_a_keyring_is_kept_whole(self):
        keyring = self.keys()
        before = keyring.read_bytes()
        _, err = self.run_bank("keyring", "add", "--keyring", keyring, self.dir / "k1.json", status=2)
        self.assertIn("is in the keyring already", err)
        _, err = self.run_bank("keyring", "add", "--keyring", keyring, "--quorum", 4, status=1)
        self.assertIn("--quorum must be 1 to 3", err)
        _, err = self.run_bank("keygen", "--alg", "sm2", "--name", "x", "--valid-from", DATE, "--valid-to", DATE,
                               "--passphrase-file", self.dir / "pass", "-o", self.dir / "k1", status=2)
        self.assertIn("is not overwritten", err)
        self.assertEqual(keyring.read_bytes(), before)
        self.write(keyring, before.decode().replace('"custodian"', '"king"', 1))
        self.prepare()
        _, err = self.run_bank("verify", "--keyring", keyring, self.release(), status=1)
        self.assertIn(f"{keyring}: $.keys[0].role: found", err)

    def test_json_reports_are_json(self):
        self.prepare()
        lint = json.loads(self.run_bank("lint", "--bank", self.bank, "--json")[0])
        self.assertEqual((lint["items"], lint["errors"], lint["findings"]), (1, 0, []))
        self.write(self.dir / "any.json", json.dumps({"name": "甲", "cells": [
            {"type": "true_false", "count": 1, "points": 100}]}))
        stats = json.loads(self.run_bank("--json", "stats", "--bank", self.bank, "--blueprint",
                                         self.dir / "any.json")[0])
        self.assertEqual(stats["cells"], [{"type": "true_false", "area": None, "needs": 1, "has": 1}])


if __name__ == "__main__":
    unittest.main()
