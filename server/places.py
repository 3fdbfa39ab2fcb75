"""Addresses in the settings: where events and clips go, and who is asked. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple, Protocol
from urllib.parse import parse_qs, urlsplit

_S3 = "s3://"
_NATS = "nats://"
# What S3 takes for a name, and folders in it that need no escape.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION = re.compile(r"[A-Za-z0-9-]*")
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


def shown(servers: str) -> str:
    """Return addresses without what may be a password."""
    scheme, _, rest = servers.partition("://")
    return f"{scheme}://{','.join(server.rpartition('@')[2] for server in rest.split(','))}"


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


class Given(Protocol):
    """The settings that say it."""

    @property
    def log(self) -> str:
        """Return `--log`."""

    @property
    def blobs(self) -> str:
        """Return `--blobs`."""

    @property
    def blobs_url(self) -> str:
        """Return `--blobs-url`."""

    @property
    def s3_endpoint(self) -> str:
        """Return `--s3-endpoint`."""

    @property
    def s3_region(self) -> str:
        """Return `--s3-region`."""

    @property
    def s3_key(self) -> str:
        """Return `--s3-key`."""

    @property
    def s3_secret(self) -> str:
        """Return `--s3-secret`."""


def wrong(given: Given) -> str:
    """Return what is wrong with where clips are to go; nothing when that is fine."""
    place = bucket(given.blobs)
    if place is not None:
        return _wrong_bucket(place, given)
    if useless := [flag for flag, value in _of_buckets(given) if value]:
        return f"{' and '.join(useless)} has an effect with s3://BUCKET only."
    if given.blobs == "nats" and not given.log.startswith(_NATS):
        return "needs --log nats://HOST:PORT, whose servers keep the clips too."
    if given.blobs == "memory" and given.log != "memory":
        return "clips are committed together with their events, so this needs --log memory."
    fits = given.blobs in ("log", "memory", "nats")
    return "" if fits else "must be log, memory, nats or s3://BUCKET[/PREFIX]."


def _of_buckets(given: Given) -> tuple[tuple[str, str], ...]:
    """Return the settings that say more of a bucket."""
    return (
        ("--s3-endpoint", given.s3_endpoint),
        ("--s3-region", given.s3_region),
        ("--s3-key", given.s3_key),
        ("--s3-secret", given.s3_secret),
        ("--blobs-url", given.blobs_url),
    )


def _wrong_bucket(place: Place, given: Given) -> str:
    if not _BUCKET.fullmatch(place.bucket) or (place.prefix and not _PREFIX.fullmatch(place.prefix)):
        return "must look like s3://bucket or s3://bucket/folder, in lower case letters, digits and hyphens."
    if bool(given.s3_key) != bool(given.s3_secret):
        return "needs both --s3-key and --s3-secret, or neither."
    if given.s3_endpoint and not _is_server(given.s3_endpoint):
        return "needs an --s3-endpoint like https://s3.example:9000."
    if not _REGION.fullmatch(given.s3_region):
        return "needs an --s3-region like eu-central-1."
    if given.blobs_url and not _is_server(given.blobs_url):
        return "needs a --blobs-url like https://clips.example."
    return ""


def _is_server(endpoint: str) -> bool:
    """Tell whether this is the address of a server; a key in it would be logged."""
    try:
        url = urlsplit(endpoint)
        named = url.hostname and (url.port is None or url.port)
    except ValueError:
        return False
    fits = url.scheme in ("http", "https") and not url.path and not set("@?#;, ") & set(endpoint)
    return bool(named and fits and endpoint.isprintable())


def wrong_model(url: str) -> str:
    """Return what is wrong with where a model is asked; nothing when that is fine.

    What would be logged with a request is refused: keys and passwords have a setting of their own.
    """
    if not url:
        return ""
    try:
        parsed = urlsplit(url)
        named = (
            parsed.scheme in ("http", "https") and parsed.hostname and (parsed.port is None or parsed.port)
        )
    except ValueError:
        named = None
    fits = named and not set("@?# ") & set(url) and url.isprintable()
    return "" if fits else "must look like https://models.example/v1, without a key, query or password."


def wrong_site(url: str, *schemes: str) -> str:
    """Return what is wrong with the address of a site; nothing when that is fine."""
    fits = not url or (url.startswith(schemes) and url.count("/") == 2)
    return "" if fits else f"must look like {schemes[0]}wonder.example, without a path."


def is_stun(server: str) -> bool:
    """Tell whether this is a host with its port."""
    host, _, port = server.rpartition(":")
    named = host and not set(host) & set(" /@") and (":" not in host or host[0] + host[-1] == "[]")
    return bool(named and port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65_536)
