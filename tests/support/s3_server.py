"""A real S3 server (SeaweedFS) on free ports, and what stands between it and us when it misbehaves."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
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
from tests.support.programs import need_program

START_LIMIT_S = 40.0
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
    ports = dict(zip(_port_names(), _free_ports(2 * len(PORTS)), strict=True))
    arguments = [f"-{name}={port}" for name, port in ports.items()]
    arguments += ["-ip=127.0.0.1", f"-dir={home}", "-s3", f"-s3.config={home / 's3.json'}"]
    arguments += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false", "-master.telemetry=false"]
    # Small objects lie in the filer's own index: nothing has to be laid out on the disk first.
    arguments += ["-filer.saveToFilerLimit=4000000", "-volume.max=2", "-master.volumeSizeLimitMB=64"]
    with (home / "log").open("wb") as log:
        child = subprocess.Popen([program, "-v=0", "server", *arguments], cwd=home, stdout=log, stderr=log)
    server = S3Server(f"http://127.0.0.1:{ports['s3.port']}", f"http://127.0.0.1:{ports['filer.port']}")
    try:
        _await(server, child, home / "log")
        yield server
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


def _free_ports(count: int) -> list[int]:
    """Return ports that were free, all held at once so that they differ."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _await(server: S3Server, child: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the bucket can be made, and takes something: that may be seconds later."""
    until_s = time.monotonic() + START_LIMIT_S
    made = server.bucket()
    store = S3Store(
        made.name,
        endpoint=made.endpoint,
        access_key_id=made.key,
        secret_access_key=made.secret,
        client_options={"allow_http": True, "timeout": timedelta(seconds=START_LIMIT_S)},
    )
    while time.monotonic() < until_s and child.poll() is None:
        try:
            server.make_bucket(BUCKET)
            obstore.put(store, "first", b"")
        except (OSError, BaseError):
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"the S3 server did not start:\n{log.read_text(errors='replace')[-3000:]}")
