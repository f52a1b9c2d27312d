"""What the tests of the terminal client share: running `mingfa`, and a terminal to run it in.

The terminal is a pseudo-terminal whose output goes through a small emulator (the control sequences
that mingfa uses, and no others: an unknown one fails the test). Widths are counted by
unicodedata.east_asian_width, not by the library that mingfa counts with. Nothing sleeps: every wait
ends when the screen shows what is waited for, or the time limit fails the test."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unicodedata

import rig

MINGFA = rig.BIN / "mingfa"
PASSWORD = "correct horse battery"
LIMIT_S = 30


def width(text):
    """Columns of a text on a terminal that shows ambiguous characters narrow."""
    columns = 0
    for c in text:
        if unicodedata.combining(c) or unicodedata.category(c) in ("Cf", "Cc"):
            continue
        columns += 2 if unicodedata.east_asian_width(c) in "WF" else 1
    return columns


def environment(lang="zh_CN.UTF-8", **more):
    env = {k: v for k, v in rig.ENVIRONMENT.items() if k not in ("LC_ALL", "LC_MESSAGES", "NO_COLOR")}
    return {**env, "LANG": lang, "TERM": "xterm-256color", **more}


class Cli:
    """One person's mingfa: a state directory of its own."""

    def __init__(self, state, lang="zh_CN.UTF-8"):
        self.state, self.lang = state, lang

    def __call__(self, *args, status=0, typed="", lang=None):
        """(out, err); the exit status must be `status`. Text goes in as UTF-8."""
        done = subprocess.run([str(MINGFA), "--state", str(self.state), *map(str, args)],
                              input=typed.encode(), capture_output=True, timeout=LIMIT_S,
                              env=environment(lang or self.lang), check=False)
        out, err = done.stdout.decode(), done.stderr.decode()
        assert done.returncode == status, f"{args} -> {done.returncode}, not {status}\n{out}{err}"
        return out, err

    def login(self, person, url, password=PASSWORD, *more):
        return self("login", person, "--url", url, *more, typed=password + "\n")

    def activate(self, person, url, code, *more):
        return self("login", person, "--activate", "--url", url, *more, typed=f"{code}\n{PASSWORD}\n")


class Screen:
    """A grid of cells; a wide character owns two ("" in the second)."""

    def __init__(self, rows, columns):
        self.resize(rows, columns)
        self.alternate = False
        self.whole = True   # nothing was drawn since the cursor was last shown or hidden, a frame's end
        self.overflow = []  # characters that did not fit their row

    def resize(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.row = self.column = 0
        self.cells = [[" "] * columns for _ in range(rows)]

    def line(self, n):
        return "".join(self.cells[n]).rstrip()

    def text(self):
        return "\n".join(self.line(n) for n in range(self.rows))

    def put(self, c):
        self.whole = False
        w = width(c)
        if w == 0:
            return
        if self.column + w > self.columns:
            if self.alternate:
                self.overflow.append((self.row, c))
                return
            self.column = 0
            self.line_feed()
        cells = self.cells[self.row]
        if cells[self.column] == "" and self.column > 0:
            cells[self.column - 1] = " "
        cells[self.column] = c
        if w == 2:
            cells[self.column + 1] = ""
        self.column += w
        if self.column < self.columns and cells[self.column] == "":
            cells[self.column] = " "

    def line_feed(self):
        self.row += 1
        if self.row == self.rows:
            self.cells.pop(0)
            self.cells.append([" "] * self.columns)
            self.row -= 1

    def control(self, sequence):
        body, final = sequence[2:-1], sequence[-1]
        self.whole = body == "?25"
        if final == "H":
            row, _, column = body.partition(";")
            self.row, self.column = min(int(row or 1), self.rows) - 1, min(int(column or 1), self.columns) - 1
        elif final == "K":
            for k in range(self.column, self.columns):
                self.cells[self.row][k] = " "
        elif final == "J" and body == "2":
            self.cells = [[" "] * self.columns for _ in range(self.rows)]
        elif body in ("?1049", "?25") and final in "hl":
            if body == "?1049":
                self.alternate = final == "h"
                self.cells = [[" "] * self.columns for _ in range(self.rows)]
        elif final != "m":
            raise AssertionError(f"an unknown control sequence: {sequence!r}")


SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """mingfa in a pseudo-terminal."""

    def __init__(self, cli, *args, rows=24, columns=80, lang=None, env=None):
        self.screen = Screen(rows, columns)
        self.pending = b""
        self.text = ""     # decoded, not yet shown
        self.raw = ""      # everything that came
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
                os.execve(str(MINGFA), [str(MINGFA), "--state", str(cli.state), *map(str, args)],
                          environment(lang or cli.lang, **(env or {})))
            finally:
                os._exit(127)

    def set_size(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, rows, columns):
        self.pump(0)
        self.screen.resize(rows, columns)
        self.set_size(rows, columns)

    def feed(self, data):
        self.pending += data
        text = self.pending.decode("utf-8", "ignore")
        self.pending = self.pending[len(text.encode()):]
        self.raw += text
        self.text += text
        while self.text:
            if self.text[0] == "\x1b":
                found = SEQUENCE.match(self.text)
                if not found:
                    assert len(self.text) < 32, f"an unknown escape: {self.text[:40]!r}"
                    return
                self.screen.control(found.group())
                self.text = self.text[found.end():]
                continue
            c, self.text = self.text[0], self.text[1:]
            if c == "\r":
                self.screen.column = 0
            elif c == "\n":
                self.screen.line_feed()
            elif c == "\b":
                self.screen.column = max(self.screen.column - 1, 0)
            elif c != "\x07":
                self.screen.put(c)

    def pump(self, timeout):
        """False at the end of output."""
        ready, _, _ = select.select([self.fd], [], [], timeout)
        if not ready:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        if data:
            self.feed(data)
        return bool(data)

    def wait(self, what, why=""):
        """Until the screen, drawn to the end, holds the text, or what(screen text) is true; the
        screen's text."""
        test = what if callable(what) else lambda shown: what in shown
        end = time.monotonic() + LIMIT_S
        open_ = True
        while (self.screen.alternate and not self.screen.whole) or not test(self.screen.text()):
            left = end - time.monotonic()
            if not open_ or left <= 0:
                raise AssertionError(f"the screen never showed {why or what!r}:\n{self.screen.text()}")
            open_ = self.pump(min(left, 1))
        return self.screen.text()

    def type(self, text):
        os.write(self.fd, text.encode())

    def press(self, text, what, why=""):
        self.type(text)
        return self.wait(what, why)

    def end(self, status=0):
        """Reads to the end; the exit status must be `status`. Everything that came."""
        end = time.monotonic() + LIMIT_S
        while self.pump(1):
            assert time.monotonic() < end, "the program did not end:\n" + self.screen.text()
        got = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        self.pid = 0
        assert got == status, f"exit status {got}, not {status}\n{self.raw[-3000:]}"
        return self.raw

    def kill(self):
        """As by a power cut: no word of warning."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)
        self.pid = 0

    def close(self):
        if self.pid:
            self.kill()
