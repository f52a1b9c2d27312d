"""A real server for the tests of the whole system: keys, a signed release, a server process on a free
loopback port with its database in a directory of its own, and its life: start, kill, restart, stop.

MINGFA_BUILD names the build folder. Nothing here sleeps to synchronise: a start ends when the server
has said that it listens."""
import atexit
import contextlib
import datetime
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "demo"))

import district  # noqa: E402
import setup  # noqa: E402
from api import Api, Refused  # noqa: E402,F401

BUILD = pathlib.Path(os.environ.get("MINGFA_BUILD") or ROOT / "build" / "release").resolve()
BIN = BUILD / "bin"
CONTENT = ROOT / "question-bank" / "content"
BLUEPRINTS = CONTENT / "blueprints"
START_S = 60
# The server refuses variables with its prefix that it does not know; this one is ours.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("MINGFA_")}


def tool(*args, **more):
    """Runs one of our programs to its end; its standard output."""
    return subprocess.run([str(a) for a in args], check=True, stdout=subprocess.PIPE, env=ENVIRONMENT, **more).stdout


def memory_dir():
    """Where a database needs no disk: for tests that do not look at durability."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def disk_dir():
    """Where a database lies on a real disk: below the build folder, or /var/tmp if that is in memory."""
    for place in (BUILD / "disk", pathlib.Path("/var/tmp")):
        place.mkdir(parents=True, exist_ok=True)
        if subprocess.run(["stat", "-f", "-c", "%T", str(place)], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.strip() not in ("tmpfs", "ramfs"):
            return str(place)
    raise AssertionError("no real disk: neither the build folder nor /var/tmp")


def free_port():
    with contextlib.closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def china_today():
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=8)).date()


def make_bank(state):
    """Three custodians (SM2 and Ed25519), a keyring of two in three, and a release that two signed."""
    (state / "keys").mkdir(mode=0o700)
    (state / "bank").mkdir(mode=0o700)
    today = china_today()
    valid_to = today.replace(year=today.year + 5, day=min(today.day, 28))
    quiet = {"stderr": subprocess.DEVNULL}
    for n, alg in ((1, "sm2"), (2, "sm2"), (3, "ed25519")):
        passphrase = state / "keys" / f"custodian{n}.passphrase"
        passphrase.write_text(os.urandom(18).hex() + "\n", encoding="utf-8")
        tool(BIN / "mingfa-bank", "keygen", "--alg", alg, "--name", f"保管人{n}", "--role", "custodian",
             "--valid-from", today, "--valid-to", valid_to, "--passphrase-file", passphrase,
             "-o", state / "keys" / f"custodian{n}", **quiet)
    tool(BIN / "mingfa-bank", "keyring", "add", "--keyring", state / "keyring.json", "--quorum", "2",
         *sorted((state / "keys").glob("custodian?.json")), **quiet)
    make_release(state, state / "bank" / "demo.mfbank", f"样题库 {today}")


def make_release(state, release, name):
    """A release of the sample bank, signed by two of make_bank's custodians."""
    today = china_today()
    quiet = {"stderr": subprocess.DEVNULL}
    tool(BIN / "mingfa-bank", "release", "--bank", CONTENT, "--name", name, "--created", today,
         "--law-date", today, "--secret-file", state / "keys" / "bank-secret", "--sample", "-o", release, **quiet)
    for n in (1, 3):
        tool(BIN / "mingfa-bank", "sign", "--key", state / "keys" / f"custodian{n}.pem", "--passphrase-file",
             state / "keys" / f"custodian{n}.passphrase", release, **quiet)


def make_certificate(state):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(state / "keys" / "tls.key"), "-out", str(state / "keys" / "tls.pem")],
        check=True, stderr=subprocess.DEVNULL)


class Server:
    """One installation and, between start and stop, its process.

    tls: serve https with a certificate of its own. on_disk: a directory for the database on a real
    disk; otherwise it lies in memory. wrap: words put before the command (strace). config: members
    added to the configuration."""

    def __init__(self, tls=False, on_disk=None, wrap=(), config=None):
        self.state = pathlib.Path(tempfile.mkdtemp(prefix="mingfa-", dir=on_disk or memory_dir()))
        atexit.register(self.close)
        self.tls, self.wrap, self.process = tls, list(wrap), None
        self.ca = None
        self.apis, self.keeper = [], None
        make_bank(self.state)
        (self.state / "data").mkdir(mode=0o700)
        self.port = free_port()
        self.config = {
            "listen": "127.0.0.1", "port": self.port, "loops": 2, "data_dir": str(self.state / "data"),
            "bank_dir": str(self.state / "bank"), "keyring": str(self.state / "keyring.json"),
            "site_key_file": str(self.state / "keys" / "site-key"), **(config or {})}
        if tls:
            make_certificate(self.state)
            self.ca = str(self.state / "keys" / "tls.pem")
            self.config.update(tls_certificate=self.ca, tls_key=str(self.state / "keys" / "tls.key"))
        self.write_config()
        (self.state / "bootstrap.json").write_bytes(
            tool(BIN / "mingfa-server", "--config", self.config_file, "bootstrap", "--unit-code", district.ROOT[0],
                 "--unit-name", district.ROOT[1], "--person", setup.ADMIN, "--name", "系统管理员",
                 stderr=subprocess.DEVNULL))
        self.log = self.state / "server.log"
        self.program = BIN / "mingfa-server"
        self.environment = dict(ENVIRONMENT)  # of the process
        self.blueprints = BLUEPRINTS

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}"

    @property
    def config_file(self):
        return self.state / "server.json"

    def write_config(self):
        self.config_file.write_text(json.dumps(self.config, ensure_ascii=False), encoding="utf-8")

    def spawn(self):
        """Starts the process and does not wait. Its log is appended to self.log."""
        with open(self.state / "server.out", "wb") as stdout, open(self.log, "ab") as stderr:
            self.process = subprocess.Popen(
                [*self.wrap, str(self.program), "--config", str(self.config_file)],
                stdout=stdout, stderr=stderr, env=self.environment)
        return self

    def start(self):
        """Starts the process; returns once it listens."""
        self.spawn()
        out = self.state / "server.out"
        end = time.monotonic() + START_S
        while b'"url"' not in out.read_bytes():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("the server did not start:\n" + self.log_text()[-4000:])
            time.sleep(0.005)
        return self

    def pid(self):
        """The server's own process, also behind a wrapper."""
        if not self.wrap:
            return self.process.pid
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(children.read_text().split()[0])

    def kill(self):
        os.kill(self.pid(), signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self, timeout_s=60):
        """Asks it to end (SIGTERM); its exit status."""
        os.kill(self.pid(), signal.SIGTERM)
        status = self.process.wait(timeout_s)
        self.process = None
        return status

    def log_text(self):
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def api(self, token=None):
        """Nobody's view, or that of whom the token belongs to. Closed with the server."""
        return self.own(Api(self.url, self.ca, token))

    def own(self, api):
        api.server = self
        self.apis.append(api)
        return api

    def admin(self):
        """The administrator, logged in."""
        return self.own(setup.admin(self, self.state))

    def custodian(self):
        """Who holds the second share of each exam's seed, logged in; made at the first call."""
        if self.keeper is None:
            self.keeper = self.own(setup.custodian(self, self.state, self.admin()))
        return self.keeper

    def fill(self, admin):
        """The demo district: units, 2,000 people, hearings, an officer without a password yet."""
        setup.fill(admin, self.state)

    def person(self, admin, number, password="correct horse battery"):
        """A person of the registry, activated and logged in."""
        code = admin.call("POST", "/activation-codes", {"people": [number]})["codes"][0]["code"]
        api = self.api()
        api.activate(number, code, password)
        return api

    def close(self):
        """Ends everything and removes the directory. Safe to call twice."""
        if self.process is not None and self.process.poll() is None:
            if self.wrap:
                with contextlib.suppress(OSError, IndexError):
                    os.kill(self.pid(), signal.SIGKILL)
            self.process.kill()
            self.process.wait()
        self.process = None
        while self.apis:
            self.apis.pop().close()
        shutil.rmtree(self.state, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_exc):
        self.close()


class Changed:
    """The API, with some members of an exam's definition changed on their way."""

    def __init__(self, api, **changes):
        self.api, self.changes = api, changes

    def call(self, method, path, body=None):
        if (method, path) == ("POST", "/exams"):
            body = {**body, **self.changes}
        return self.api.call(method, path, body)


def wait_for(holds, what, timeout_s=30):
    """Asks again and again, but not for ever."""
    end = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > end:
            raise AssertionError("waited in vain: " + what)
        time.sleep(0.02)


def exam(api, kind="annual", window_ms=3600_000, duration_ms=1800_000, start_in_ms=-1000):
    """An open exam of that kind on the release of api's server; its id. api: or what wraps one."""
    keeper = getattr(api, "api", api).server.custodian()
    return setup.create_exam(api, keeper, BLUEPRINTS, kind, window_ms, duration_ms, int(time.time() * 1000) + start_in_ms)
