#!/usr/bin/env python3
"""The house as it stands keeps its rules; and a planted violation of each rule is found."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import check_house

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ["MINGFA_BUILD"])


class House(unittest.TestCase):
    def test_every_include_follows_the_arrows(self):
        self.assertEqual(check_house.check_includes(ROOT), [])

    def test_pure_rooms_call_no_clock_file_socket_or_random(self):
        self.assertEqual(check_house.check_symbols(BUILD, ROOT), [])

    def plant(self, room, text):
        top = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, top)
        for name in ("question-bank/base/err.h", "server/store/store.h", room + "/planted.c"):
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_text("")
        (top / room / "planted.c").write_text(text)
        return check_house.check_includes(top)

    def test_an_include_against_the_arrows_is_found(self):
        self.assertEqual(self.plant("server/exam", '#include "question-bank/base/err.h"\n'), [])
        for room in ("server/exam", "question-bank/base", "clients/cli", "server/http"):
            faults = self.plant(room, '#include "server/store/store.h"\n')
            self.assertEqual(len(faults), 1, faults)
            self.assertIn("may not include server/store/store.h", faults[0])

    def test_an_include_by_a_short_path_is_found(self):
        faults = self.plant("question-bank/base", '#include "err.h"\n')
        self.assertIn("not a full path", faults[0])

    def test_a_call_of_the_clock_or_a_file_in_a_pure_room_is_found(self):
        for call, body in (("time", "#include <time.h>\nlong f(void) { return (long)time(0); }\n"),
                           ("fopen", "#include <stdio.h>\nvoid *f(void) { return fopen(\"x\", \"r\"); }\n"),
                           ("file_read", "int file_read(void);\nint f(void) { return file_read(); }\n"),
                           ("rand", "#include <stdlib.h>\nint f(void) { return rand(); }\n")):
            build = pathlib.Path(tempfile.mkdtemp())
            self.addCleanup(shutil.rmtree, build)
            for room in ("question-bank/base", "question-bank/bank", "server/exam", "server/roster",
                         "server/record"):
                source = check_house.archive_of(BUILD, room)
                target = check_house.archive_of(build, room)
                target.parent.mkdir(parents=True)
                shutil.copy(source, target)
            (build / "planted.c").write_text(body)
            subprocess.run(["cc", "-c", "-o", str(build / "planted.o"), str(build / "planted.c")], check=True)
            subprocess.run(["ar", "r", str(check_house.archive_of(build, "server/exam")),
                            str(build / "planted.o")], check=True, capture_output=True)
            self.assertIn(f"server/exam: is pure and may not call {call}",
                          check_house.check_symbols(build, ROOT))


if __name__ == "__main__":
    unittest.main()
