"""What chat costs the server: `python -m bench.chat`.

The real server, every message in SQLite before it is sent, is pinned to core 0, the generator (`fanout.c`,
built with `cc` when it is needed) to core 1. Every delivery on every socket is checked by a stamp in its
text. CPU is user and system time of all the server's processes, from /proc.

Lone messages come evenly spaced, each a write of its own to every member. Saturated is a closed loop: eight
senders, each with four messages of its own under way. A run that other programs disturbed is repeated.
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

    def __init__(self, url: str, pid: int) -> None:
        self.url = url
        self.pid = pid

    @property
    def port(self) -> int:
        """Return its TCP port."""
        return int(self.url.rpartition(":")[2])

    def new_room(self) -> str:
        """Make a room nobody else is in and return its id."""
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
    """Let the generator open a socket a member."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def build() -> None:
    """Build the generator when it is older than its source. Raises `CalledProcessError`."""
    if PROGRAM.exists() and PROGRAM.stat().st_mtime >= SOURCE.stat().st_mtime:
        return
    PROGRAM.parent.mkdir(exist_ok=True)
    subprocess.run(["cc", "-O2", "-o", str(PROGRAM), str(SOURCE)], check=True)


@contextmanager
def serving() -> Iterator[Subject]:
    """Run the server on an empty folder, without limits for visitors; ends it."""
    with TemporaryDirectory(prefix="wonder-bench-") as folder:
        said = Path(folder) / "said"
        options = {"port": "0", "udp-port": "0", "data": f"{folder}/data", "log": "sqlite", "limits": "off"}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        with said.open("wb") as out:
            child = subprocess.Popen(
                [*pinned(SERVER_CORE), sys.executable, "-m", "server", "serve", *arguments],
                cwd=ROOT,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            yield Subject(_url(said, child), child.pid)
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


def measure(members: int = 1000, seconds: float = 5.0) -> dict[str, float]:
    """Return the figures of chat in a room with so many members."""
    build()
    raise_file_limit()
    size = ["--conns", str(members), "--warm", "1", "--secs", str(seconds)]
    with serving() as server:
        server.run("--conns", "1", "--idle", "1")
        idle = server.run("--conns", str(members * 2), "--idle", "2")
        # The first thousand paid for the memory that later ones find free.
        joined = server.run("--conns", str(members), "--idle", "1")
        lone = server.run(*size, "--rate", str(MESSAGES_PER_S))
        saturated = server.run(*size, "--window", str(WINDOW))
    return {
        "chat_members": members,
        "chat_lone_cpu_us_per_delivery": lone.cpu_s_per_M,
        "chat_lone_p50_ms": lone.p50_ms,
        "chat_lone_p99_ms": lone.p99_ms,
        "chat_saturated_cpu_us_per_delivery": saturated.cpu_s_per_M,
        "chat_saturated_deliveries_per_s": saturated.deliv_per_s,
        "chat_saturated_p50_ms": saturated.p50_ms,
        "chat_saturated_p99_ms": saturated.p99_ms,
        "chat_saturated_messages_per_frame": saturated.per_frame,
        "chat_joins_cpu_s": joined.join_cpu_s,
        "chat_idle_socket_kb": idle.idle_kb_per_conn,
        "chat_missing_deliveries": lone.missing + saturated.missing,
        "chat_foreign_cores": max(idle.foreign_cpu, lone.foreign_cpu, saturated.foreign_cpu),
    }


def main() -> None:
    """Print the figures, one a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args()
    for name, value in measure(given.members, given.seconds).items():
        print(f"{name:40} {value:.3f}")


if __name__ == "__main__":
    main()
