"""The benchmarks, in interleaved rounds (see scripts/bench).

A server of its own with the demo district, its database under build/bench on the checkout's disk;
nginx beside it as the yardstick of what TLS over loopback gives on this machine at this moment.
Nothing else is started, and only what was started is ended."""
import argparse
import collections
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "system"))
sys.path.insert(0, str(ROOT / "scripts" / "demo"))

import district  # noqa: E402
import rig  # noqa: E402
import setup  # noqa: E402

SCENARIOS = ROOT / "clients" / "load" / "scenarios"
DISK = ROOT / "build" / "bench"
OUT = ROOT / "build" / "bench.jsonl"
CONNECTIONS = 200
STARTERS = 64       # connections that start; each for several people
WINDOW_MS = 30 * 86400 * 1000
DURATION_MS = 8 * 3600 * 1000
TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")
NAMES = ["draw", "grade", "save_tls", "save_p99_ms", "save_cpu_us", "bytes_per_answer", "save_1", "start_tls",
         "finish_tls", "commit_rate", "stampede", "save_tls_10k", "conn_bytes"]
TEN_THOUSAND = ["save_tls_10k", "conn_bytes"]
SLOW = ["stampede", *TEN_THOUSAND]  # not with --quick
MANY = 10000        # connected candidates
UNITS = {"draw": "papers/s", "grade": "sessions/s", "save_tls": "saves/s", "save_p99_ms": "ms",
         "save_cpu_us": "us", "bytes_per_answer": "bytes", "save_1": "saves/s", "start_tls": "starts/s",
         "finish_tls": "hand-ins/s", "commit_rate": "answers/s", "stampede": "ms", "save_tls_10k": "saves/s", "conn_bytes": "bytes"}
REFERENCES = {"save_tls": "nginx, static 200 over TLS", "save_cpu_us": "nginx, static 200 over TLS",
              "save_1": "append and fdatasync", "commit_rate": "append and fdatasync",
              "save_tls_10k": "save_tls at 200 connections"}


def note(text):
    print(text, file=sys.stderr, flush=True)


def bench(*args):
    """One rate of mingfa-bench."""
    return float(rig.tool(rig.BIN / "mingfa-bench", *args))


def load(*args):
    """One run of mingfa-load; what it says. A run that found a fault ends everything."""
    done = subprocess.run([str(rig.BIN / "mingfa-load"), *map(str, args)], stdout=subprocess.PIPE, env=rig.ENVIRONMENT)
    if done.returncode != 0:
        raise SystemExit(f"mingfa-load {args[0]} failed: {done.stdout.decode()}")
    said = json.loads(done.stdout)
    if said["client"]["is_limit"]:
        share = said["client"].get("cpu_share_max", said["client"]["cpu_share"])
        note(f"  mingfa-load itself is the limit of this {args[0]} (share of a core {share})")
    if said["errors"]:
        note(f"  {args[0]}: {said['errors']}")
    return said


def cpu_us(pids):
    """CPU time that the processes took so far."""
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total * TICK_US


def written(pid):
    """Bytes that a process had written to disks so far."""
    fields = dict(line.split(": ") for line in pathlib.Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(fields["write_bytes"])


def resident(pid):
    """Bytes of memory that a process holds."""
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Nginx:
    """A static 200 over TLS, about as long as an acknowledgement, with two workers."""

    CONFIG = """daemon off; worker_processes 2; pid {d}/pid; error_log {d}/error.log;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
client_body_temp_path {d}/a; proxy_temp_path {d}/b; fastcgi_temp_path {d}/c; uwsgi_temp_path {d}/d; scgi_temp_path {d}/e;
server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {crt}; ssl_certificate_key {key};
location / {{ default_type application/json; return 200 '{body}'; }} }} }}
"""

    def __init__(self, directory, server):
        directory.mkdir()
        self.port = rig.free_port()
        body = json.dumps({"seq": 123456, "head": "0" * 64, "padding": "0" * 80})
        config = directory / "nginx.conf"
        config.write_text(self.CONFIG.format(d=directory, port=self.port, crt=server.ca,
                                             key=server.config["tls_key"], body=body))
        self.process = subprocess.Popen(["nginx", "-c", str(config), "-e", str(directory / "error.log")],
                                        stderr=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), contextlib.closing(socket.create_connection(("127.0.0.1", self.port))):
                break
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit("nginx did not start:\n" + (directory / "error.log").read_text())
            time.sleep(0.02)

    def pids(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Town:
    """The server with its people logged in; makes an exam whenever one is needed."""

    def __init__(self, people, more):
        # The cheapest hash that the server takes, and no waiting room: neither logging in nor the
        # admission rate is what is measured.
        self.server = rig.Server(tls=True, on_disk=DISK,
                                 config={"hash_kib": 8192, "hash_passes": 1, "starts_per_second": 0})
        self.server.start()
        admin = self.server.admin()
        self.server.fill(admin)
        staff = [p[0] for p in district.people() if p[4] == "在册" and p[0] != setup.OFFICER][:people]
        if more:
            staff += self.people_add(admin, more)
        codes = []
        for i in range(0, len(staff), 500):
            codes += admin.call("POST", "/activation-codes", {"people": staff[i:i + 500]})["codes"]
        codes_file = self.server.state / "codes.jsonl"
        codes_file.write_text("".join(json.dumps({"person": c["person"], "code": c["code"]}) + "\n" for c in codes))
        self.people = self.server.state / "tokens.jsonl"
        load("login", *self.where(), "--candidates", codes_file, "--tokens-out", self.people, "--connections", 8)
        self.officer = self.server.person(admin, setup.OFFICER)
        self.saving = self.exam()

    @staticmethod
    def people_add(admin, count):
        numbers = [f"B{n:05d}" for n in range(count)]
        unit = next(code for code, _name, parent in district.units() if parent != district.ROOT[0])
        rows = "".join(f"{n},张三,{unit},公务员,在册,,\n" for n in numbers)
        admin.call("POST", "/people/import", csv=("人员编号,姓名,单位编码,人员类别,状态,职务,任职日期\n" + rows).encode())
        return numbers

    def where(self):
        return "--url", self.server.url, "--ca", self.server.ca

    def exam(self):
        return setup.create_exam(self.officer, self.server.custodian(), rig.BLUEPRINTS, "annual", WINDOW_MS, DURATION_MS,
                                 int(time.time() * 1000) - 1000)

    @contextlib.contextmanager
    def waiting_room(self):
        """The server as it comes, with people waiting their turn."""
        without = self.server.config.pop("starts_per_second")
        try:
            self.restart()
            yield
        finally:
            self.server.config["starts_per_second"] = without
            self.restart()

    def restart(self):
        self.server.write_config()
        if self.server.stop() != 0:
            raise SystemExit("the server did not end well:\n" + self.server.log_text()[-2000:])
        for api in self.server.apis:
            api.close()
        self.server.start()

    def save(self, connections, seconds, rate=None):
        return load("save", *self.where(), "--candidates", self.people, "--exam", self.saving,
                    "--connections", connections, "--seconds", seconds, *(["--rate", rate] if rate else []))


class Rounds:
    """What is measured, round by round."""

    def __init__(self, args, town, nginx, scratch):
        self.args, self.town, self.nginx, self.scratch = args, town, nginx, scratch
        self.values = collections.defaultdict(list)
        self.references = collections.defaultdict(list)
        self.loads = collections.defaultdict(list)
        self.ms = args.seconds * 1000

    def wanted(self, *names):
        return any(name in self.args.only for name in names)

    def keep(self, name, value, reference=None):
        self.values[name].append(value)
        if reference is not None:
            self.references[name].append(reference)
        self.loads[name].append(os.getloadavg()[0])
        note(f"  {name} {value:.6g}" + (f" (reference {reference:.6g})" if reference is not None else ""))

    def directory(self):
        return tempfile.mkdtemp(dir=self.scratch)

    def parts(self):
        release = self.town.server.state / "bank" / "demo.mfbank"
        for name in ("draw", "grade"):
            if self.wanted(name):
                self.keep(name, bench(name, self.ms // 4, release, rig.BLUEPRINTS / "annual.json"))

    def saves(self):
        """Rate, CPU and latency of saving, each beside nginx."""
        if not self.wanted("save_tls", "save_p99_ms", "save_cpu_us", "bytes_per_answer", "save_tls_10k"):
            return
        pids = self.nginx.pids()
        before = cpu_us(pids)
        static = load("get", "--url", f"https://localhost:{self.nginx.port}", "--ca", self.town.server.ca, "--path", "/",
                      "--connections", CONNECTIONS, "--seconds", self.args.seconds)
        static_cpu = (cpu_us(pids) - before) / static["status"]["200"]
        pid = self.town.server.pid()
        before, disk = cpu_us([pid]), written(pid)
        saved = self.town.save(CONNECTIONS, self.args.seconds)
        self.keep("bytes_per_answer", (written(pid) - disk) / saved["status"]["200"])
        cpu = (cpu_us([self.town.server.pid()]) - before) / saved["status"]["200"]
        self.keep("save_tls", saved["per_second"], static["per_second"])
        self.keep("save_cpu_us", cpu, static_cpu)
        if self.wanted("save_p99_ms"):
            half = max(1, int(statistics.median(self.values["save_tls"]) / 2))
            self.keep("save_p99_ms", self.town.save(CONNECTIONS, self.args.seconds, half)["latency_ms"]["p99"])

    def single(self):
        if not self.wanted("save_1", "commit_rate"):
            return
        synced = bench("sync", self.ms // 3, self.directory())
        if self.wanted("save_1"):
            self.keep("save_1", self.town.save(1, self.args.seconds)["per_second"], synced)
        if self.wanted("commit_rate"):
            self.keep("commit_rate", bench("commit", self.ms // 2, self.directory()), synced)

    def starts(self):
        if self.wanted("start_tls"):
            said = load("start", *self.town.where(), "--candidates", self.town.people, "--exam", self.town.exam(),
                        "--connections", STARTERS)
            self.keep("start_tls", said["per_second"])
        if self.wanted("finish_tls"):
            said = load("finish", *self.town.where(), "--candidates", self.town.people, "--exam", self.town.exam(),
                        "--connections", STARTERS)
            self.keep("finish_tls", said["per_second"])

    def stampede(self):
        """All who are not of the ten thousand arrive in two seconds, past the admission rate that the
        product comes with: how long a start takes once somebody is connected and it is their turn."""
        if not self.wanted("stampede"):
            return
        with self.town.waiting_room():
            said = load("play", SCENARIOS / "stampede.json", *self.town.where(), "--candidates", self.town.people,
                        "--exam", self.town.exam(), "--people", self.args.people)
        if said["errors"]:
            raise SystemExit("errors in a stampede")
        latency = said["latency_ms"]
        note(f"  {said['waiting_room']['people']} of {said['people']['planned']} people were told to wait; p99 with "
             f"connecting {latency['start']['p99']} ms, of connecting {said['connect_ms']['p99']} ms")
        self.keep("stampede", latency["start_admitted"]["p99"])

    def many(self):
        """Ten thousand candidates, each on a connection of their own, their sessions open."""
        if not self.wanted("save_tls_10k", "conn_bytes"):
            return
        pid = self.town.server.pid()
        before = resident(pid)
        peak = []
        done = threading.Event()

        def look():
            while not done.wait(0.2):
                peak.append(resident(pid))

        looker = threading.Thread(target=look)
        looker.start()
        saved = self.town.save(MANY, self.args.seconds)
        done.set()
        looker.join()
        self.keep("save_tls_10k", saved["per_second"], self.values["save_tls"][-1])
        self.keep("conn_bytes", (max(peak) - before) / MANY)

    def run(self):
        for n in range(self.args.rounds):
            note(f"round {n + 1} of {self.args.rounds}")
            self.parts()
            self.saves()
            self.single()
            self.starts()
            self.many()
            self.stampede()

    def lines(self):
        for name in NAMES:
            if name not in self.args.only or name not in self.values:
                continue
            value = statistics.median(self.values[name])
            reference = statistics.median(self.references[name]) if self.references[name] else None
            yield {"name": name, "value": round(value, 3), "unit": UNITS[name], "reference": REFERENCES.get(name),
                   "reference_value": None if reference is None else round(reference, 3),
                   "ratio": None if not reference else round(value / reference, 3),
                   "load": round(statistics.median(self.loads[name]), 2)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true")
    length.add_argument("--full", action="store_true")
    parser.add_argument("--only", default=",".join(NAMES))
    args = parser.parse_args()
    args.only = args.only.split(",")
    unknown = [name for name in args.only if name not in NAMES]
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    args.rounds, args.seconds = (5, 5) if args.full else (3, 2)
    if not args.full:
        args.only = [name for name in args.only if name not in SLOW]
    args.people = 1900 if args.full else 800
    more = MANY - args.people if any(name in args.only for name in TEN_THOUSAND) else 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    DISK.mkdir(parents=True, exist_ok=True)
    scratch = pathlib.Path(tempfile.mkdtemp(dir=DISK))
    town = nginx = None
    try:
        note("setting up the server and its people")
        town = Town(args.people, more)
        nginx = Nginx(scratch / "nginx", town.server)
        rounds = Rounds(args, town, nginx, scratch)
        rounds.run()
        lines = [json.dumps(line, ensure_ascii=False) for line in rounds.lines()]
    finally:
        if nginx is not None:
            nginx.stop()
        if town is not None:
            town.server.close()
        shutil.rmtree(scratch, ignore_errors=True)
        with contextlib.suppress(OSError):
            DISK.rmdir()
    OUT.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
