"""Answer bytes that rarely change: whole, in part (RFC 9110 14), or not at all when known (13)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from aiohttp import web

from server.http.problems import Problem

_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")


def answer(
    request: web.Request, body: bytes, content_type: str, etag: str, headers: Mapping[str, str]
) -> web.Response:
    """Return a body, the part of it that was asked for, or 304. Raises `Problem` (`bad_range`)."""
    known = {**headers, "ETag": etag, "Accept-Ranges": "bytes"}
    if is_known(request, etag):
        return web.Response(status=304, headers=known)
    asked = part(request, len(body), etag)
    if asked is None:
        return web.Response(body=body, content_type=content_type, headers=known)
    first, last = asked
    return answer_part(body[first : last + 1], first, len(body), content_type, known)


def answer_part(
    body: bytes, first: int, size_bytes: int, content_type: str, headers: Mapping[str, str]
) -> web.Response:
    """Return a part of what has a size as a whole, from the byte `first` on; `headers` has its entity tag."""
    known = {**headers, "Content-Range": f"bytes {first}-{first + len(body) - 1}/{size_bytes}"}
    return web.Response(body=body, status=206, content_type=content_type, headers=known)


def unread(
    request: web.Request, size_bytes: int | None, content_type: str, etag: str, headers: Mapping[str, str]
) -> web.Response | None:
    """Return the answer that needs no body: 304, or the headers alone where the size is known; else None."""
    known = {**headers, "ETag": etag, "Accept-Ranges": "bytes"}
    if is_known(request, etag):
        return web.Response(status=304, headers=known)
    if request.method == "HEAD" and size_bytes is not None:
        known["Content-Length"] = str(size_bytes)
        return web.Response(content_type=content_type, headers=known)
    return None


def is_known(request: web.Request, etag: str) -> bool:
    """Tell whether the visitor has what an entity tag stands for."""
    return is_listed(request, "If-None-Match", etag)


def is_listed(request: web.Request, header: str, etag: str) -> bool:
    """Tell whether a header lists an entity tag, or any by `*`; it may be weak, or lack its quotes.

    Proxies weaken tags (nginx does when it compresses), and some programs drop the quotes.
    """
    listed = ",".join(request.headers.getall(header, ())).split(",")
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in listed}
    return "*" in tags or etag.strip('"') in tags


def part(request: web.Request, size_bytes: int, etag: str) -> tuple[int, int] | None:
    """Return first and last byte; None for the whole, also when the range has a form nobody here knows.

    Only GET has parts (RFC 9110 14.2). Raises `Problem` (`bad_range`).
    """
    if request.method != "GET":
        return None
    found = _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if found is None or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = found.groups()
    if not first and not last:
        return None
    if not first:
        start, end = max(0, size_bytes - int(last)), size_bytes - 1
        satisfiable = int(last) > 0
    else:
        start, end = int(first), min(int(last or size_bytes), size_bytes - 1)
        if last and int(last) < start:
            return None
        satisfiable = start < size_bytes
    if not satisfiable:
        raise Problem(
            "bad_range", "There is no such part.", headers={"Content-Range": f"bytes */{size_bytes}"}
        )
    return start, end
