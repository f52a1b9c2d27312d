#!/usr/bin/env python3
"""Stored means durable, seen from the kernel: one candidate sits an exam while strace writes down what
the server asks of the system. Before every acknowledgement leaves, the record's log (record.db-wal) was
written, and after the last write fdatasync of the same descriptor returned 0.

The order of strace's lines is the order of the facts: a thread goes on from the end of a system call
only after strace has seen it, and the reply is woken by the thread that synced. The negative control is
the same server with synchronous=NORMAL, in which no acknowledgement may pass."""
import pathlib
import re
import unittest

import rig
import town

WAL = "record.db-wal"
WRITES = ("write", "writev", "pwrite64", "pwritev", "pwritev2")
SENDS = ("write", "writev", "send", "sendto", "sendmsg")
SYNCS = ("fdatasync", "fsync")
CALLS = sorted({*WRITES, *SENDS, *SYNCS})
SAVES = 30

# "123 pwrite64(9</x/record.db-wal>, "…"..., 24, 0) = 24", whole or in two parts.
LINE = re.compile(r"^(\d+)\s+(?:<\.\.\. (\w+) resumed>|(\w+)\((\d+)(?:<([^>]*)>)?)(.*)$")
RESULT = re.compile(r"\)\s+= (-?\d+)")


class Call:
    """One system call: its name, descriptor, path, the line that began it, and its result."""

    def __init__(self, name, descriptor, path, text):
        self.name, self.descriptor, self.path, self.text = name, descriptor, path, text
        self.result = None


def facts(lines):
    """("begins" | "ends", Call) in the order in which they happened."""
    open_calls = {}
    for line in lines:
        found = LINE.match(line)
        if not found:
            continue
        thread, resumed, name, descriptor, path, rest = found.groups()
        if resumed:
            call = open_calls.pop(thread, None)
            if call is None:
                continue
        else:
            call = Call(name, int(descriptor), path or "", rest)
            yield "begins", call
        if "<unfinished ...>" in rest:
            open_calls[thread] = call
            continue
        result = RESULT.findall(rest)
        call.result = int(result[-1]) if result else None
        yield "ends", call


def faults(lines, heads):
    """What is wrong with the acknowledgements that carried these heads, in words; and how many of them
    were seen to leave."""
    written = False     # something reached the log since the last acknowledgement
    dirty = {}          # descriptor -> the log was written through it and not synced since
    syncing = {}        # descriptor -> clean when its sync ends, unless it is written meanwhile
    said, seen = [], set()
    for what, call in facts(lines):
        in_log = call.path.endswith(WAL)
        if in_log and call.name in WRITES:
            dirty[call.descriptor] = True
            syncing[call.descriptor] = False
            written = written or (what == "ends" and (call.result or 0) > 0)
        elif in_log and call.name in SYNCS and what == "begins":
            syncing[call.descriptor] = True
        elif in_log and call.name in SYNCS:
            if call.result == 0 and syncing.get(call.descriptor):
                dirty[call.descriptor] = False
        elif what == "begins" and call.name in SENDS and not in_log:
            for head in [h for h in heads if h in call.text and h not in seen]:
                seen.add(head)
                if not written:
                    said.append(f"{head}: acknowledged, and nothing was written to {WAL} for it")
                for descriptor in [d for d, is_dirty in dirty.items() if is_dirty]:
                    said.append(f"{head}: acknowledged while descriptor {descriptor} of {WAL} was not synced")
                written = False
    return said, len(seen)


class Order(unittest.TestCase):
    def sit(self, program):
        """One candidate opens, answers and hands in; (strace's lines, heads as acknowledged)."""
        server = rig.Server(on_disk=rig.disk_dir(), config={**town.QUICK, "loops": 1})
        self.addCleanup(server.close)
        trace = pathlib.Path(server.state) / "trace"
        server.wrap = ["strace", "-f", "-y", "-s", "8192", "-e", "trace=" + ",".join(CALLS), "-o", str(trace)]
        server.program = program
        server.start()
        place = town.Town(server, spare=1)
        exam = rig.exam(place.admin, window_ms=3600_000)
        sitting = town.Sitting(place.person("A1-00"), exam)
        heads = []
        for n in range(SAVES):
            item = n % len(sitting.items)
            value = 1 if sitting.items[item]["type"] == "true_false" else 1 << n % 2
            heads.append(sitting.save({item: value})["head"])
        heads.append(sitting.submit()["head"])
        self.assertEqual(len(set(heads)), SAVES + 1)
        self.assertEqual(server.stop(), 0, server.log_text()[-2000:])
        return trace.read_text(encoding="utf-8", errors="replace").splitlines(), heads

    def test_no_acknowledgement_leaves_before_its_sync(self):
        lines, heads = self.sit(rig.BIN / "mingfa-server")
        said, seen = faults(lines, heads)
        self.assertEqual(seen, len(heads), "not every acknowledgement was seen to leave")
        self.assertEqual(said, [])

    def test_without_syncs_every_acknowledgement_is_a_fault(self):
        lines, heads = self.sit(rig.BUILD / "tests" / "mingfa-server-normal")
        said, seen = faults(lines, heads)
        self.assertEqual(seen, len(heads))
        self.assertEqual(len({line.split(":")[0] for line in said}), len(heads), said[:3])


class Reading(unittest.TestCase):
    """The reader of strace's lines, on lines written by hand."""

    WRITE = '7 pwrite64(9</d/record.db-wal>, "x", 1, 0) = 1'
    SEND = '8 writev(12<socket:[5]>, [{iov_base="{\\"head\\":\\"aa\\"}", iov_len=9}], 1) = 9'

    def test_what_is_in_order_passes(self):
        sync = ["7 fdatasync(9</d/record.db-wal> <unfinished ...>", '8 writev(12<socket:[5]>, "other", 5) = 5',
                "7 <... fdatasync resumed>) = 0"]
        self.assertEqual(faults([self.WRITE, *sync, self.SEND], ["aa"]), ([], 1))

    def test_what_is_not_in_order_is_named(self):
        sync = "7 fdatasync(9</d/record.db-wal>) = 0"
        begun = "7 fdatasync(9</d/record.db-wal> <unfinished ...>"
        for lines, word in (
                ([self.SEND, self.WRITE, sync], "nothing was written"),
                ([self.WRITE, self.SEND, sync], "not synced"),
                ([self.WRITE, "7 fdatasync(9</d/record.db-wal>) = -1 EIO (Input/output error)", self.SEND], "not synced"),
                ([self.WRITE, "7 fdatasync(8</d/registry.db-wal>) = 0", self.SEND], "not synced"),
                ([self.WRITE, "7 fdatasync(10</d/record.db-wal>) = 0", self.SEND], "not synced"),
                ([self.WRITE, begun, self.SEND, "7 <... fdatasync resumed>) = 0"], "not synced"),
                ([self.WRITE, begun, self.WRITE.replace("7 ", "6 ", 1), "7 <... fdatasync resumed>) = 0", self.SEND],
                 "not synced")):
            said, seen = faults(lines, ["aa"])
            self.assertEqual(seen, 1)
            self.assertEqual(len(said), 1, lines)
            self.assertIn(word, said[0])


if __name__ == "__main__":
    unittest.main()
