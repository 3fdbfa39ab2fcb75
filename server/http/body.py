"""Read request bodies: bounded in bytes and time, checked against their content type."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Mapping
from typing import TypeVar

import msgspec
from aiohttp import web

from server.http.app_keys import CONFIG
from server.http.problems import Problem

T = TypeVar("T")


async def read(request: web.Request, limit_bytes: int) -> bytes:
    """Return the body. Raises `Problem` (`too_big`, `too_slow`, `bad_request`)."""
    if (request.content_length or 0) > limit_bytes:
        raise _too_big(limit_bytes)
    try:
        async with asyncio.timeout(request.app[CONFIG].body_timeout_ms / 1000):
            return await _gather(request, limit_bytes)
    except TimeoutError:
        raise Problem("too_slow", "The request came too slowly.", headers={"Connection": "close"}) from None
    except web.RequestPayloadError:
        raise Problem("bad_request", "The body of the request is broken.") from None


async def _gather(request: web.Request, limit_bytes: int) -> bytes:
    found = bytearray()
    async for part in request.content.iter_any():
        found += part
        if len(found) > limit_bytes:
            raise _too_big(limit_bytes)
    return bytes(found)


def _too_big(limit_bytes: int) -> Problem:
    return Problem("too_big", f"At most {limit_bytes} bytes are taken here.", headers={"Connection": "close"})


def check_type(request: web.Request, *allowed: str, also: Container[str] = ()) -> str:
    """Return the content type without parameters. Raises `Problem` when it is not allowed.

    `also` are names that are taken, but not proposed.
    """
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem("wrong_type", "Send the body without a content encoding.")
    sent = request.content_type
    if "Content-Type" not in request.headers or not (sent in allowed or sent in also):
        raise Problem("wrong_type", f"Send {' or '.join(allowed)}.", headers={"Accept": ", ".join(allowed)})
    return sent


async def read_json(request: web.Request, kind: type[T], limit_bytes: int | None = None) -> T:
    """Return a JSON body as a struct, null as left out. Raises `Problem` (`bad_json`, `bad_value`)."""
    check_type(request, "application/json")
    body = await read(request, limit_bytes or request.app[CONFIG].json_bytes)
    try:
        found = msgspec.json.decode(body)
        if isinstance(found, dict):
            found = {name: value for name, value in found.items() if value is not None}
        return msgspec.convert(found, kind)
    except msgspec.ValidationError as error:
        raise Problem("bad_value", f"{error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem("bad_json", "The body is not JSON.") from None


async def read_sdp(request: web.Request) -> str:
    """Return an offer. Raises `Problem`."""
    check_type(request, "application/sdp")
    return _text(await read(request, request.app[CONFIG].sdp_bytes))


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise Problem("bad_offer", "The offer is not UTF-8.") from None


def whole(query: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """Return a whole number from a query. Raises `Problem` (`bad_query`)."""
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 16 and least <= int(text) <= most):
        raise Problem("bad_query", f"`{name}` must be a whole number from {least} to {most}.")
    return int(text)
