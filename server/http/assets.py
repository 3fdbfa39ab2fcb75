"""Files of the page: read once, kept in memory also packed, known by a hash of their content."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import brotli
from aiohttp import web
from msgspec import Struct
from msgspec.structs import replace

from server.http.problems import Problem
from server.http.ranges import is_known

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
# What may be served, by ending; anything else in the folder is nobody's business.
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wav": "audio/wav",
    ".ogg": "audio/ogg",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain",
}
PACKED_TYPES = ("text/", "application/", "image/svg+xml")
# Below this packing gains nothing.
PACK_FROM_BYTES = 400
_REFUSED = re.compile(r"q=0(\.0*)?")
# Comments that fill whole lines are a quarter of a room's scripts, packed: they are for who reads the source.
_COMMENT = re.compile(rb"^[ \t]*(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*$", re.DOTALL | re.MULTILINE)


class Asset(Struct, frozen=True):
    """A file as it is sent; `packed` are its other forms by content coding, the smallest first."""

    body: bytes
    packed: dict[str, bytes]
    content_type: str
    etag: str


class Assets:
    """The files under one folder; one that changed on disk is read anew."""

    def __init__(self, root: Path = STATIC) -> None:
        self._root = root.resolve()
        self._kept: dict[str, tuple[int, Asset]] = {}

    def find(self, name: str) -> Asset:
        """Return a file by its path under the folder. Raises `Problem` (`no_such_page`)."""
        path = self._path(name)
        if path is None:
            raise Problem("no_such_page", "There is nothing at this address.")
        changed_ns = path.stat().st_mtime_ns
        kept = self._kept.get(name)
        if kept is None or kept[0] != changed_ns:
            kept = self._kept[name] = (changed_ns, _file(path))
        return kept[1]

    def _path(self, name: str) -> Path | None:
        if "\0" in name or "\\" in name or any(not part or part[0] == "." for part in name.split("/")):
            return None
        try:
            path = (self._root / name).resolve()
            fits = path.is_relative_to(self._root) and path.suffix in TYPES and path.is_file()
        except (OSError, ValueError):
            return None
        return path if fits else None


def _file(path: Path) -> Asset:
    body = path.read_bytes()
    if path.suffix == ".js":
        body = without_comments(body)
    found = asset(body, TYPES[path.suffix])
    if not found.packed:
        return found
    # 20 ms for the largest file: worth it where a file is packed once.
    return replace(found, packed={"br": brotli.compress(found.body, quality=11), **found.packed})


def without_comments(script: bytes) -> bytes:
    """Return a script without the comments that fill whole lines; every line keeps its number."""
    return _COMMENT.sub(lambda comment: b"\n" * comment.group().count(b"\n"), script)


def asset(body: bytes, content_type: str) -> Asset:
    """Return bytes as they are sent: packed when that is worth it."""
    packed = {}
    if len(body) >= PACK_FROM_BYTES and content_type.startswith(PACKED_TYPES):
        packed["gzip"] = gzip.compress(body, 9, mtime=0)
    return Asset(body, packed, content_type, f'"{hashlib.sha256(body).hexdigest()[:16]}"')


def answer(request: web.Request, found: Asset, cache_control: str = "no-cache") -> web.Response:
    """Return a file, packed for who takes that, or 304 for who has it."""
    headers = {"ETag": found.etag, "Cache-Control": cache_control, "Vary": "Accept-Encoding"}
    if is_known(request, found.etag):
        return web.Response(status=304, headers=headers)
    body = found.body
    taken = codings(request.headers.get("Accept-Encoding", ""))
    coding = next((coding for coding in found.packed if coding in taken), None)
    if coding is not None:
        body = found.packed[coding]
        headers["Content-Encoding"] = coding
    # Modules are UTF-8 whatever is said of them (HTML 8.1.3.8), and a room's page is sixty of them.
    said = found.content_type.startswith("text/") and found.content_type != "text/javascript"
    charset = "utf-8" if said else None
    return web.Response(body=body, content_type=found.content_type, charset=charset, headers=headers)


def codings(accepted: str) -> set[str]:
    """Return the content codings that an `Accept-Encoding` names and does not refuse (RFC 9110, 12.5.3)."""
    named = (each.replace(" ", "").lower().partition(";") for each in accepted.split(","))
    return {coding for coding, _, weight in named if not _REFUSED.fullmatch(weight)}


ASSETS: web.AppKey[Assets] = web.AppKey("assets")
