"""The real server as a child process: started, stopped, killed and started again on the same files."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
READY = re.compile(r"^ready (https?://\S+) udp (\S+):(\d+)$", re.MULTILINE)
START_LIMIT_S = 30.0
STOP_LIMIT_S = 20.0  # the contract's: SIGTERM finishes running takes and exits within it


class Server:
    """One `python -m server serve`; a restart keeps its ports, so that pages find it again."""

    def __init__(self, folder: Path, **options: str | int) -> None:
        self.folder = folder
        self.options: dict[str, str | int] = {"port": 0, "udp_port": 0, "data": str(folder / "data")}
        self.options["speech"] = "off"  # where rooms are spoken to, games begin later
        self.options["host_engine"] = "off"  # who is there alone would be greeted, and played with
        self.options.update(options)
        self.url = ""
        self.udp = ("", 0)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._child is not None
        return self._child.pid

    @property
    def log(self) -> str:
        """What all its runs wrote to standard error."""
        path = self.folder / "server.log"
        return path.read_text() if path.exists() else ""

    def start(self) -> None:
        """Start and wait for the line `ready ...`; a start that fails raises what the server said."""
        said = self.folder / "server.out"
        with said.open("wb") as out, (self.folder / "server.log").open("ab") as err:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "server", "serve", *self._arguments()],
                cwd=ROOT,
                env=_environment(),
                stdout=out,
                stderr=err,
            )
        found = self._until_ready(said)
        self.url, self.udp = found[1], (found[2], int(found[3]))
        self.options["port"] = int(self.url.rsplit(":", 1)[1])
        self.options["udp_port"] = self.udp[1]

    def _arguments(self) -> Iterator[str]:
        for name, value in self.options.items():
            yield from (f"--{name.replace('_', '-')}", str(value))

    def _until_ready(self, said: Path) -> re.Match[str]:
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            if found := READY.search(said.read_text()):
                return found
            if self._child is None or self._child.poll() is not None:
                break
            time.sleep(0.02)
        self.kill()
        raise RuntimeError(f"the server did not start: {said.read_text()}{self.log[-4000:]}")

    def stop(self) -> int:
        """Ask it to end, wait until it has, and return its exit status. Does nothing when it has ended."""
        if self._child is None:
            return 0
        self._child.send_signal(signal.SIGTERM)
        try:
            return self._child.wait(STOP_LIMIT_S)
        finally:
            self.kill()

    def kill(self) -> None:
        """End it as a power cut would. Does nothing when it has ended."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def restart(self, *, kill: bool = False) -> None:
        """Stop (or kill) and start again with the same files and ports."""
        if kill:
            self.kill()
        self.stop()
        self.start()


def _environment() -> dict[str, str]:
    """Return this environment without settings of a developer's own server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("WONDER_")}


@contextmanager
def running_server(**options: str | int) -> Iterator[Server]:
    """Run a server with its files in a temporary folder; ends it, however the test went."""
    with TemporaryDirectory(prefix="wonder-") as folder:
        server = Server(Path(folder), **options)
        try:
            server.start()
            yield server
        finally:
            server.kill()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """End a connection now: what the other side says to it could come after the loop has ended."""
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()
