"""Where events and clips go: what `--log` and `--blobs` say, and what is wrong with it. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

_S3 = "s3://"
_NATS = "nats://"
# What S3 takes for a name, and folders in it that need no escape.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")


class Place(NamedTuple):
    """A bucket, and the folder in it that is ours; empty is the whole."""

    bucket: str
    prefix: str


class Nats(NamedTuple):
    """Servers of NATS, and where each tells of itself (its monitoring)."""

    servers: str
    monitors: tuple[str, ...]


def nats(log: str) -> Nats | None:
    """Return the servers that keep the log, None where it goes elsewhere."""
    if not log.startswith(_NATS):
        return None
    servers, _, query = log.partition("?")
    return Nats(servers, tuple(parse_qs(query).get("monitor", ())))


def wrong_log(log: str) -> str:
    """Return what is wrong with where events are to go; nothing when that is fine."""
    place = nats(log)
    if place is None:
        return "" if log in ("sqlite", "memory") else "must be sqlite, memory or nats://HOST:PORT."
    servers = place.servers.removeprefix(_NATS).split(",")
    query = parse_qs(log.partition("?")[2], keep_blank_values=True)
    fits = all(map(_is_at, servers)) and all(map(_is_server, place.monitors)) and set(query) <= {"monitor"}
    return "" if fits else "must look like nats://HOST:PORT[,HOST:PORT][?monitor=http://HOST:PORT]."


def _is_at(server: str) -> bool:
    """Tell whether this is a host with its port, perhaps with who we are before it."""
    try:
        url = urlsplit(f"{_NATS}{server}")
        return bool(url.hostname and url.port) and not url.path
    except ValueError:
        return False


def bucket(blobs: str) -> Place | None:
    """Return the bucket that is named, None where clips go elsewhere."""
    if not blobs.startswith(_S3):
        return None
    name, _, prefix = blobs.removeprefix(_S3).partition("/")
    return Place(name, prefix.rstrip("/"))


def is_nats(blobs: str, log: str) -> bool:
    """Tell whether clips go to NATS: where the log does, they do unless something else is said."""
    return blobs == "nats" or (blobs == "log" and log.startswith(_NATS))


def wrong(blobs: str, log: str, endpoint: str, key: str, secret: str) -> str:
    """Return what is wrong with where clips are to go; nothing when that is fine."""
    place = bucket(blobs)
    if place is not None:
        return _wrong_bucket(place, endpoint, key, secret)
    if endpoint or key or secret:
        return "--s3-endpoint, --s3-key and --s3-secret have an effect with s3://BUCKET only."
    if blobs == "nats" and not log.startswith(_NATS):
        return "needs --log nats://HOST:PORT, whose servers keep the clips too."
    if blobs == "memory" and log != "memory":
        return "clips are committed together with their events, so this needs --log memory."
    return "" if blobs in ("log", "memory", "nats") else "must be log, memory, nats or s3://BUCKET[/PREFIX]."


def _wrong_bucket(place: Place, endpoint: str, key: str, secret: str) -> str:
    if not _BUCKET.fullmatch(place.bucket) or (place.prefix and not _PREFIX.fullmatch(place.prefix)):
        return "must look like s3://bucket or s3://bucket/folder, in lower case letters, digits and hyphens."
    if bool(key) != bool(secret):
        return "needs both --s3-key and --s3-secret, or neither."
    return (
        "" if not endpoint or _is_server(endpoint) else "needs an --s3-endpoint like https://s3.example:9000."
    )


def _is_server(endpoint: str) -> bool:
    """Tell whether this is the address of a server; a key in it would be logged."""
    try:
        url = urlsplit(endpoint)
        named = url.hostname and (url.port is None or url.port)
    except ValueError:
        return False
    fits = url.scheme in ("http", "https") and not url.path.strip("/") and not set("@?# ") & set(endpoint)
    return bool(named and fits and endpoint.isprintable())
