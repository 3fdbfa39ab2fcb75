"""Real NATS servers on loopback, for tests: killed, paused and started again at will."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.support.ports import free_ports
from tests.support.programs import need_program

UP_S = 20


class NatsServer:
    """One server with its folder; `start` it, `kill` it, `start` it again on the same port."""

    def __init__(self, folder: Path, *, sync: str = "always", name: str = "n0", extra: str = "") -> None:
        self.folder = folder
        self._choose_ports()
        self._name, self._sync, self._extra = name, sync, extra
        self._process: subprocess.Popen[bytes] | None = None
        self._was_up = False

    def _choose_ports(self) -> None:
        self.port, self.route, monitor = free_ports(3)
        self.url = f"nats://127.0.0.1:{self.port}"
        self.monitor = f"http://127.0.0.1:{monitor}"

    @property
    def pid(self) -> int:
        """Return the process id of the running server."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Tell whether the server was started and not killed."""
        return self._process is not None

    def configure(self, routes: Sequence[int] = ()) -> None:
        """Write the configuration; with `routes` it is one of a cluster."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [
            f"server_name: {self._name}",
            f'listen: "127.0.0.1:{self.port}"',
            f'http: "{self.monitor.removeprefix("http://")}"',
            "max_payload: 4MB",
            f'jetstream {{ store_dir: "{self.folder}/js", sync_interval: {self._sync}, max_file: 4GB }}',
            self._extra,
        ]
        if routes:
            urls = ", ".join(f'"nats://127.0.0.1:{port}"' for port in routes if port != self.route)
            lines.append(f'cluster {{ name: c, listen: "127.0.0.1:{self.route}", routes: [{urls}] }}')
        (self.folder / "nats.conf").write_text("\n".join(lines) + "\n")

    async def start(self, routes: Sequence[int] = ()) -> None:
        """Start the server, and wait until it is ready; a port that was taken meanwhile is tried again."""
        async with asyncio.timeout(UP_S):
            while not await self._start(routes):
                if not self._was_up and not routes:
                    self._choose_ports()
                await asyncio.sleep(0.05)
        self._was_up = True

    async def _start(self, routes: Sequence[int]) -> bool:
        """Run the server until it says that it is ready; False when it ended instead."""
        self.configure(routes)
        log = self.folder / "log"
        before = log.stat().st_size if log.exists() else 0
        self._process = self._run()
        while b"Server is ready" not in log.read_bytes()[before:]:
            if self._process.poll() is not None:
                said = log.read_bytes()[before:]
                assert b"address already in use" in said, said[-2_000:]
                return False
            await asyncio.sleep(0.005)
        return True

    def _run(self) -> subprocess.Popen[bytes]:
        command = [need_program("nats-server"), "-c", str(self.folder / "nats.conf")]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)

    def kill(self, signal_: int = signal.SIGKILL) -> None:
        """End the server, by default as a power cut would; may be called again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)  # not to another's process, should it have ended
            self._process.send_signal(signal_)
            self._process.wait(timeout=UP_S)
            self._process = None

    def pause(self) -> None:
        """Let the server stand still."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)


def holding(server: NatsServer, mark: bytes) -> Counter[str]:
    """Count a mark in each file of a server that has it; the server makes and removes some meanwhile."""
    found: Counter[str] = Counter()
    for folder, _, names in os.walk(server.folder):
        for path in (Path(folder, name) for name in names):
            with suppress(FileNotFoundError):
                if count := path.read_bytes().count(mark):
                    found[str(path)] = count
    return found


@asynccontextmanager
async def nats_server(folder: Path, *, sync: str = "always", extra: str = "") -> AsyncIterator[NatsServer]:
    """Run one server in a folder."""
    server = NatsServer(folder, sync=sync, extra=extra)
    try:
        await server.start()
        yield server
    finally:
        server.kill()


@asynccontextmanager
async def nats_cluster(folder: Path, size: int = 3) -> AsyncIterator[list[NatsServer]]:
    """Run servers that are one cluster; who needs its JetStream waits for the first stream."""
    servers = [NatsServer(folder / f"n{i}", name=f"n{i}") for i in range(size)]
    routes = [server.route for server in servers]
    try:
        for server in servers:
            await server.start(routes)
        yield servers
    finally:
        for server in servers:
            server.kill()


class DeafProxy:
    """Stands before a server; loses what the server answers from when it is told to, until it cuts."""

    def __init__(self, server: NatsServer) -> None:
        self._server = server
        self._deaf = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._listening: asyncio.Server | None = None
        self.url = ""

    async def start(self) -> None:
        """Listen on a port of its own."""
        self._listening = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"nats://127.0.0.1:{self._listening.sockets[0].getsockname()[1]}"

    def lose_answers(self) -> None:
        """Pass on what is asked, and no answer."""
        self._deaf = True

    def cut(self) -> None:
        """End all connections; new ones are passed on whole."""
        self._deaf = False
        for writer in self._writers:
            writer.close()

    async def close(self) -> None:
        """Listen no more."""
        assert self._listening is not None
        self._listening.close()
        self.cut()
        await self._listening.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", self._server.port)
        self._writers |= {writer, ours}
        try:
            await asyncio.gather(self._pass(reader, ours), self._pass(theirs, writer, answers=True))
        finally:
            self._writers -= {writer, ours}

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False
    ) -> None:
        try:
            while data := await reader.read(65_536):
                if not (answers and self._deaf):
                    writer.write(data)
                    await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def deaf_proxy(server: NatsServer) -> AsyncIterator[DeafProxy]:
    """Run a proxy before a server."""
    proxy = DeafProxy(server)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()
