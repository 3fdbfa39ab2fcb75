"""A hub of models with one repository, as far as the real downloaders of models and voices ask it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

COMMIT = "a" * 40


class _Repository(ThreadingHTTPServer):
    """The repository's files; `hashes` names wrong ones."""

    def __init__(self, files: dict[str, bytes], hashes: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files, self.hashes = files, hashes

    def info(self, path: str) -> dict[str, Any]:
        """Return what the hub says of a file: weights are kept by SHA-256, all else by git's hash."""
        body, named = self.files[path], self.hashes.get(path)
        git = hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
        found: dict[str, Any] = {"type": "file", "path": path, "size": len(body), "oid": named or git}
        if path.endswith(".onnx"):
            sha256 = named or hashlib.sha256(body).hexdigest()
            found["lfs"] = {"oid": sha256, "size": len(body), "pointerSize": 130}
        return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Repository

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_POST(self) -> None:
        """Tell what of some paths is there."""
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())["paths"]
        there = [self.server.info(path) for path in asked if path in self.server.files]
        self._send(json.dumps(there).encode())

    def _answer(self, *, with_body: bool) -> None:
        path, files = self.path.split("?")[0], self.server.files
        sizes = [{"rfilename": name, "size": len(body)} for name, body in files.items()]
        if "/tree/" in path:
            tree = [{"type": "file", "path": each["rfilename"], "oid": COMMIT} | each for each in sizes]
            body = json.dumps(tree).encode()
        elif path.startswith("/api/models/"):
            body = json.dumps({"id": "a/b", "sha": COMMIT, "siblings": sizes}).encode()
        else:
            name = path.split("/resolve/", 1)[-1].split("/", 1)[-1]
            body = files[name if name in files else path.rsplit("/", 1)[1]]
        self._send(body, with_body=with_body)

    def _send(self, body: bytes, *, with_body: bool = True) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def hub(files: dict[str, bytes], hashes: dict[str, str] | None = None) -> Iterator[str]:
    """Serve one repository as the hub of models does; yield the hub's address."""
    with _Repository(files, hashes or {}) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
