"""What chat costs the server: `python -m bench.chat`.

The real server, every message in SQLite before it is sent, is pinned to core 0, the generator (`fanout.c`,
built with `cc` when it is needed) to core 1. Every delivery on every socket is checked by a stamp in its
text. CPU is user and system time of all the server's processes, from /proc.

Lone messages come evenly spaced, each a write of its own to every connection. Saturated is a closed loop:
eight senders, each with four messages of its own under way. Both are run several times, in turn with the
plainest server that aiohttp allows (`plain.py`). Figures are medians; `times_plain` is our CPU in shares of
its, for the price of a write changes with the machine's hour. A run that others disturbed is repeated.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.request import Request, urlopen

from msgspec import Struct

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "bench" / "fanout.c"
PROGRAM = ROOT / ".build" / "fanout"
READY = re.compile(r"^ready (\S+) ", re.MULTILINE)
START_LIMIT_S, STOP_LIMIT_S = 30.0, 20.0
SERVER_CORE, GENERATOR_CORE = 0, 1
# Cores that other programs may use meanwhile, and how often a disturbed run is repeated.
FOREIGN_CORES, REPEATS = 0.25, 2
MESSAGES_PER_S = 20
WINDOW = 4
ROUNDS = 3


class Result(Struct):
    """What the generator reports of one run; fields that a run does not have stay 0."""

    conns: int
    cpu_s_per_M: float = 0.0  # noqa: N815 - microseconds a delivery
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    deliv_per_s: float = 0.0
    per_frame: float = 0.0
    missing: int = 0
    gen_cpu: float = 0.0
    foreign_cpu: float = 0.0
    join_cpu_s: float = 0.0
    idle_kb_per_conn: float = 0.0


class Subject:
    """The server under test: its address, and a fresh room for each run."""

    def __init__(self, url: str, pid: int, *, rooms: bool = True) -> None:
        self.url = url
        self.pid = pid
        self._rooms = rooms

    @property
    def port(self) -> int:
        """Return its TCP port."""
        return int(self.url.rpartition(":")[2])

    def new_room(self) -> str:
        """Make a room nobody else is in and return its id; a server without rooms takes any."""
        if not self._rooms:
            return "only"
        request = Request(f"{self.url}/api/rooms", b'{"kind":"wonder"}', {"Content-Type": "application/json"})
        with urlopen(request, timeout=10) as response:
            return str(json.load(response)["id"])

    def run(self, *options: str) -> Result:
        """Run the generator against a fresh room, again when others disturbed it."""
        for _ in range(REPEATS + 1):
            result = self._run(options)
            if result.foreign_cpu <= FOREIGN_CORES:
                break
        return result

    def _run(self, options: Sequence[str]) -> Result:
        command = [
            *pinned(GENERATOR_CORE),
            *(str(PROGRAM), "--port", str(self.port), "--path", f"/api/rooms/{self.new_room()}/ws"),
            *("--ready", '"type":"welcome"', "--msg", '{"type":"say","id":"%k","text":"%p"}'),
            *("--max-time", "120", *options),
        ]
        for pid in family(self.pid):
            command += ["--pid", str(pid)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not done.stdout:
            raise RuntimeError(f"the generator failed: {done.stderr}")
        known = {name: value for name, value in json.loads(done.stdout).items() if name in _FIELDS}
        return Result(**known)


_FIELDS = set(Result.__struct_fields__)


def pinned(core: int) -> list[str]:
    """Return what keeps a command on one core, nothing where that core is not ours."""
    return ["taskset", "-c", str(core)] if core in os.sched_getaffinity(0) else []


def family(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in children.read_text().split()]
    return found


def raise_file_limit() -> None:
    """Let the generator open a socket a connection."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def build() -> None:
    """Build the generator when it is older than its source. Raises `CalledProcessError`."""
    if PROGRAM.exists() and PROGRAM.stat().st_mtime >= SOURCE.stat().st_mtime:
        return
    PROGRAM.parent.mkdir(exist_ok=True)
    subprocess.run(["cc", "-O2", "-o", str(PROGRAM), str(SOURCE)], check=True)


@contextmanager
def serving(**more: str) -> Iterator[Subject]:
    """Run our server on an empty folder, without limits for visitors and with more settings; ends it."""
    with TemporaryDirectory(prefix="wonder-bench-") as folder:
        options = {"port": "0", "udp-port": "0", "data": f"{folder}/data", "log": "sqlite", "limits": "off"}
        options |= {name.replace("_", "-"): value for name, value in more.items()}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        with _running(["server", "serve", *arguments], Path(folder) / "said") as (url, pid):
            yield Subject(url, pid)


@contextmanager
def serving_plainly() -> Iterator[Subject]:
    """Run the server we compare with; ends it."""
    with (
        TemporaryDirectory(prefix="wonder-bench-") as folder,
        _running(["bench.plain"], Path(folder) / "said") as (url, pid),
    ):
        yield Subject(url, pid, rooms=False)


@contextmanager
def _running(module: Sequence[str], said: Path) -> Iterator[tuple[str, int]]:
    with said.open("wb") as out:
        child = subprocess.Popen(
            [*pinned(SERVER_CORE), sys.executable, "-m", *module],
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _url(said, child), child.pid
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _url(said: Path, child: subprocess.Popen[bytes]) -> str:
    deadline_s = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline_s and child.poll() is None:
        if found := READY.search(said.read_text()):
            return found[1]
        time.sleep(0.05)
    raise RuntimeError(f"the server did not start: {said.read_text()[-2000:]}")


def measure(connections: int = 1000, seconds: float = 5.0, rounds: int = ROUNDS) -> dict[str, float]:
    """Return the figures of chat in a room with so many connections."""
    build()
    raise_file_limit()
    size = ["--conns", str(connections), "--warm", "1", "--secs", str(seconds)]
    lone, saturated = [*size, "--rate", str(MESSAGES_PER_S)], [*size, "--window", str(WINDOW)]
    with serving() as ours, serving_plainly() as plain:
        ours.run("--conns", "1", "--idle", "1")
        idle = ours.run("--conns", str(connections * 2), "--idle", "2")
        # The first thousand paid for the memory that later ones find free.
        joined = ours.run("--conns", str(connections), "--idle", "1")
        loads = {"lone": lone, "saturated": saturated}
        pairs = {
            name: [(ours.run(*load), plain.run(*load)) for _ in range(rounds)] for name, load in loads.items()
        }
    figures = {
        "chat_connections": connections,
        "chat_joins_cpu_s": joined.join_cpu_s,
        "chat_idle_socket_kb": idle.idle_kb_per_conn,
    }
    for name, runs in pairs.items():
        figures |= {f"chat_{name}_{figure}": value for figure, value in _compared(runs).items()}
    figures["chat_foreign_cores"] = max(run.foreign_cpu for runs in pairs.values() for run, _ in runs)
    return figures


def _compared(runs: Sequence[tuple[Result, Result]]) -> dict[str, float]:
    """Return the medians of our runs, and of their ratios to the other's beside them."""
    ours = [run for run, _ in runs]
    return {
        "cpu_us_per_delivery": median(run.cpu_s_per_M for run in ours),
        "times_plain": median(run.cpu_s_per_M / plain.cpu_s_per_M for run, plain in runs),
        "deliveries_per_s": median(run.deliv_per_s for run in ours),
        "p50_ms": median(run.p50_ms for run in ours),
        "p99_ms": median(run.p99_ms for run in ours),
        "messages_per_frame": median(run.per_frame for run in ours),
        "missing_deliveries": max(run.missing for run in ours),
    }


def main() -> None:
    """Print the figures, one a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args()
    for name, value in measure(given.connections, given.seconds).items():
        print(f"{name:40} {value:.3f}")


if __name__ == "__main__":
    main()
