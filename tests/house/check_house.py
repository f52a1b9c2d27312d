#!/usr/bin/env python3
"""The rules of the house: who may include whom, and what the pure rooms may call.

  check_house.py includes [ROOT]          every #include "…" against edges.txt
  check_house.py symbols BUILD [ROOT]     nm -u of the pure rooms' libraries in a build folder

Exit status 1 and one line a violation."""
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# base's own doors to the outside: forbidden to pure rooms although base is below them.
IMPURE_BASE = re.compile(r"^(file_|env_|signing_key_generate$|signing_key_export$|seal_sign$|secret_seal$)")
# release.c signs what it is given, with a key it is given: the one pure room that may.
MAY_SIGN = {"question-bank/bank": {"seal_sign"}}


def read_edges():
    edges, pure = {}, []
    for line in (HERE / "edges.txt").read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        room, _, reach = line.partition(":")
        if room == "pure":
            pure = reach.split()
        else:
            edges[room] = reach.split()
    return edges, pure


def room_of(path, edges):
    parts = path.split("/")[:-1]
    while parts:
        if "/".join(parts) in edges:
            return "/".join(parts)
        parts.pop()
    return None


def check_includes(root):
    edges, _ = read_edges()
    faults, seen = [], 0
    files = [p for pattern in ("*.c", "*.h") for top in ("question-bank", "server", "clients", "scripts", "tests")
             for p in (root / top).rglob(pattern) if "node_modules" not in p.parts]
    for path in sorted(files):
        name = str(path.relative_to(root))
        room = room_of(name, edges)
        if room is None:
            faults.append(f"{name}: stands in no room of edges.txt")
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if not match:
                continue
            seen += 1
            target = match.group(1)
            if not (root / target).is_file():
                faults.append(f'{name}:{number}: "{target}" is not a full path from the top')
                continue
            other = room_of(target, edges)
            if other != room and edges[room] != ["*"] and other not in edges[room]:
                faults.append(f"{name}:{number}: {room} may not include {target}")
    if seen == 0:
        faults.append("no #include was found at all")
    return faults


def symbols(archive, defined):
    out = subprocess.run(["nm", "--defined-only" if defined else "-u", str(archive)],
                         check=True, capture_output=True, text=True).stdout
    names = set()
    for line in out.splitlines():
        fields = line.split()
        if len(fields) >= 2 and not line.endswith(":"):
            names.add(fields[-1])
    return names


def archive_of(build, room):
    return build / room / ("libmingfa_" + room.split("/")[-1] + ".a")


def check_symbols(build, root):
    del root
    edges, pure = read_edges()
    allowed = {line.strip() for line in (HERE / "pure-symbols.txt").read_text().splitlines()
               if line.strip() and not line.startswith("#")}
    faults = []
    for room in pure:
        archive = archive_of(build, room)
        if not archive.is_file():
            faults.append(f"{room}: {archive.name} is not built")
            continue
        known = set(allowed) | symbols(archive, True)
        for other in edges[room]:
            known |= {s for s in symbols(archive_of(build, other), True)
                      if other != "question-bank/base" or not IMPURE_BASE.match(s)
                      or s in MAY_SIGN.get(room, ())}
        for name in sorted(symbols(archive, False) - known):
            if not name.startswith(("__asan", "__ubsan", "__tsan", "__sanitizer", "__gcov")):
                faults.append(f"{room}: is pure and may not call {name}")
    return faults


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in ("includes", "symbols"):
        sys.exit(__doc__)
    rest = sys.argv[2:]
    if sys.argv[1] == "includes":
        faults = check_includes(pathlib.Path(rest[0]) if rest else HERE.parent.parent)
    else:
        faults = check_symbols(pathlib.Path(rest[0]), HERE.parent.parent)
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
