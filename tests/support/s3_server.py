"""A real S3 server (SeaweedFS) on free ports, and what stands between it and us when it misbehaves."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

import obstore
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from msgspec import Struct
from obstore.exceptions import BaseError
from obstore.store import S3Store
from yarl import URL

from server.blobs.s3 import Bucket
from tests.support.ports import free_ports
from tests.support.programs import need_program

STARTS, START_LIMIT_S = 3, 40.0  # all starts together
ASK_S = 5.0
IN_USE = b"address already in use"
BUCKET = "wonder"
# Who may do what: the key that clips are kept with, and one that may only look.
KEYS = {
    "wonder": ("Read", "Write", "List"),
    "reader": ("Read", "List"),
}
PORTS = ("s3.port", "master.port", "volume.port", "filer.port")


class S3Server(Struct):
    """A server that runs, with one bucket in it."""

    endpoint: str
    filer: str

    def bucket(self, prefix: str = "", *, key: str = "wonder", **changed: str) -> Bucket:
        """Return the bucket as a key sees it; its secret is its name backwards."""
        given = {"name": BUCKET, "endpoint": self.endpoint, "key": key, "secret": key[::-1], **changed}
        return Bucket(prefix=prefix, **given)

    def make_bucket(self, name: str) -> None:
        """Make a bucket; it is a folder to the server."""
        request = urllib.request.Request(f"{self.filer}/buckets/{name}/", method="POST")
        with urllib.request.urlopen(request, timeout=5):
            pass


@contextmanager
def running_s3(home: Path) -> Iterator[S3Server]:
    """Run a server with its data in a folder."""
    program = need_program("weed")
    identities = [
        {
            "name": name,
            "credentials": [{"accessKey": name, "secretKey": name[::-1]}],
            "actions": list(actions),
        }
        for name, actions in KEYS.items()
    ]
    (home / "s3.json").write_text(json.dumps({"identities": identities}))
    arguments = ["-ip=127.0.0.1", f"-dir={home}", "-s3", f"-s3.config={home / 's3.json'}"]
    arguments += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false", "-master.telemetry=false"]
    # Small objects lie in the filer's own index: nothing has to be laid out on the disk first.
    arguments += ["-filer.saveToFilerLimit=4000000", "-volume.max=2", "-master.volumeSizeLimitMB=64"]
    until_s = time.monotonic() + START_LIMIT_S
    for _ in range(STARTS):
        with _started([program, "-v=0", "server", *arguments], home, until_s) as server:
            if server is not None:
                yield server
                return
    log = (home / "log").read_text(errors="replace")
    raise AssertionError(f"the S3 server did not start:\n{log[-3000:]}")


@contextmanager
def _started(command: list[str], home: Path, until_s: float) -> Iterator[S3Server | None]:
    """Start a server on ports of its own; None when another took one of them, or it did not come up."""
    ports = dict(zip(_port_names(), free_ports(2 * len(PORTS)), strict=True))
    command = [*command, *(f"-{name}={port}" for name, port in ports.items())]
    with (home / "log").open("wb") as log:
        child = subprocess.Popen(command, cwd=home, stdout=log, stderr=log)
    server = S3Server(f"http://127.0.0.1:{ports['s3.port']}", f"http://127.0.0.1:{ports['filer.port']}")
    try:
        yield server if _is_up(server, child, home / "log", until_s) else None
    finally:
        child.kill()
        child.wait()


class Between(Struct):
    """What stands between us and the server; each field makes it misbehave in one way."""

    endpoint: str = ""
    answers: int = 0  # this status instead of asking the server
    body: bytes | None = None  # this instead of what a GET gives
    silent: asyncio.Event | None = None  # nothing is answered until it is set
    full_at_bytes: int = 0  # no PUT once so much came
    stored_bytes: int = 0
    loses_answers: int = 0  # so many PUTs are done, and the connection cut before they are answered
    asked: int = 0

    async def handle(self, request: web.Request, session: ClientSession, upstream: str) -> web.StreamResponse:
        """Pass a request on, or do not."""
        self.asked += 1
        sent = await request.read()
        if self.silent is not None:
            await self.silent.wait()
        is_put, bytes_then = request.method == "PUT", self.stored_bytes + len(sent)
        if is_put and self.full_at_bytes and bytes_then > self.full_at_bytes:
            return web.Response(status=403, text="<Error><Code>QuotaExceeded</Code></Error>")
        if self.answers:
            return web.Response(status=self.answers, text="<Error><Code>Made</Code></Error>")
        url = URL(upstream + request.raw_path, encoded=True)
        async with session.request(request.method, url, data=sent, headers=request.headers) as answered:
            got = await answered.read()
            headers = {k: v for k, v in answered.headers.items() if k.lower() not in _OWN_HEADERS}
        if is_put and answered.status == 200:
            self.stored_bytes = bytes_then
        if is_put and self.loses_answers and request.transport:
            self.loses_answers -= 1
            request.transport.close()
        if request.method == "GET" and "list-type" not in request.query and self.body is not None:
            got = self.body
        if request.method == "HEAD":  # its length is of what a GET would give
            headers["Content-Length"] = answered.headers.get("Content-Length", "0")
        return web.Response(status=answered.status, body=got, headers=headers)


_OWN_HEADERS = ("content-length", "transfer-encoding", "connection", "date", "server")


@asynccontextmanager
async def between(server: S3Server) -> AsyncIterator[Between]:
    """Stand between us and a server, which sees the name that was asked for: it is signed."""
    made = Between()
    async with ClientSession(auto_decompress=False) as session:

        async def handle(request: web.Request) -> web.StreamResponse:
            return await made.handle(request, session, server.endpoint)

        app = web.Application(client_max_size=10_000_000)
        app.router.add_route("*", "/{path:.*}", handle)
        async with TestServer(app) as listening:
            made.endpoint = f"http://127.0.0.1:{listening.port}"
            yield made


def _port_names() -> list[str]:
    return [name + end for name in PORTS for end in ("", ".grpc")]


def _is_up(server: S3Server, child: subprocess.Popen[bytes], log: Path, until_s: float) -> bool:
    """Wait until the bucket can be made, and takes something, seconds later; tell whether that came."""
    made, is_made = server.bucket(), False
    store = S3Store(
        made.name,
        endpoint=made.endpoint,
        access_key_id=made.key,
        secret_access_key=made.secret,
        client_options={"allow_http": True, "timeout": timedelta(seconds=ASK_S)},
        retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=ASK_S)},
    )
    while time.monotonic() < until_s and child.poll() is None and IN_USE not in log.read_bytes():
        try:
            if not is_made:
                server.make_bucket(BUCKET)
                is_made = True
            obstore.put(store, "first", b"")
        except (OSError, BaseError):
            time.sleep(0.05)
        else:
            return True
    return False
