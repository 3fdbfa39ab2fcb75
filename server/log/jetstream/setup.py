"""The streams of a log: made where they are missing, and read back for what they cannot promise."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from typing import Any

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout
from msgspec import Struct
from msgspec.structs import replace

from server.log.base import Unusable
from server.log.jetstream import readers, sequence, snapshots
from server.log.jetstream.reading import of_api
from server.log.jetstream.sending import AGAIN_S, EXPECTED
from server.nats.codes import NAME_IN_USE, NO_LEADER, NO_STREAM, WRONG_SEQUENCE
from server.nats.connection import Connection, NatsRefused, NatsSilent

SHARDS = 16  # for good: it is stored when the first log is opened
SECRET_BYTES = 32
META = "META"
TESTED = (2, 15, 1)
REPLICAS = 3  # of a cluster: one server may be lost
MONITOR_S = 3.0
UNKNOWN_SYNC = (
    "Whether NATS writes to the disk before it answers (sync_interval: always) is not known: name where its "
    "servers tell of themselves, as in nats://HOST:4222?monitor=http://HOST:8222."
)
LEAST_PAYLOAD = 1_000_000
# Nothing of ours goes by its message id: the shortest time in which the server looks for those.
DUPLICATES_NS = 100_000_000
MAKE_S, ASK_S = 20.0, 2.0

# What every stream must have: otherwise it forgets, or answers before it is sure.
WANTED: dict[str, Any] = {
    "storage": "file",
    "retention": "limits",
    "discard": "new",
    "max_age": 0,
    "max_msgs": -1,
    "max_msgs_per_subject": -1,
    "allow_direct": True,
    "allow_atomic": True,
    "deny_delete": False,
    "allow_msg_ttl": False,
}

# Without these it cannot be used at all.
NEEDED = ("allow_direct", "allow_atomic")


class Meta(Struct, frozen=True):
    """What a log keeps for good."""

    shards: int
    secret: bytes


class _JetStream(Struct):
    config: dict[str, Any]


class _Varz(Struct):
    """What the monitoring of a server tells."""

    jetstream: _JetStream


class Found(Struct, frozen=True):
    """What the servers cannot promise, each as a sentence."""

    meta: Meta
    weak: tuple[str, ...]


async def set_up(
    connection: Connection, *, monitors: Sequence[str] = (), shards: int = SHARDS, max_bytes: int = -1
) -> Found:
    """Make what is missing, and read back what is there. Raises `Unusable`, `OSError`.

    `shards` and `max_bytes` are those of streams that are made now.
    """
    replicas = REPLICAS if connection.is_of_cluster else 1
    weak = [*_of_server(connection), *await _of_monitors(monitors)]
    try:
        meta_stream = await _stream(connection, META, ["meta"], replicas, -1)
        meta = await _meta(connection, shards)
        streams = {META: meta_stream}
        for name, subjects in _streams(meta.shards):
            streams[name] = await _stream(connection, name, subjects, replicas, max_bytes)
    except NatsRefused as refused:
        raise Unusable(f"NATS does not give what the log needs: {refused.description}.") from refused
    return Found(meta, (*weak, *_of_streams(streams, replicas)))


def _streams(shards: int) -> list[tuple[str, list[str]]]:
    rooms = [(f"ROOMS_{shard}", [f"rooms.{shard}.*", f"blank.{shard}.*.*"]) for shard in range(shards)]
    return [
        *rooms,
        (snapshots.STREAM, [snapshots.SUBJECTS]),
        (readers.STREAM, [readers.SUBJECTS]),
        (sequence.STREAM, [sequence.SUBJECT]),
    ]


async def _stream(
    connection: Connection, name: str, subjects: list[str], replicas: int, max_bytes: int
) -> dict[str, Any]:
    """Return the configuration of a stream, which is made if it is missing."""
    try:
        info = await _asked(connection, f"STREAM.INFO.{name}")
    except NatsRefused as refused:
        if refused.code != NO_STREAM:
            raise
        asked = {
            **WANTED,
            "name": name,
            "subjects": subjects,
            "num_replicas": replicas,
            "max_bytes": max_bytes,
            "duplicate_window": DUPLICATES_NS,
        }
        try:
            info = await _asked(connection, f"STREAM.CREATE.{name}", asked)
        except NatsRefused as taken:
            if taken.code != NAME_IN_USE:
                raise
            info = await _asked(connection, f"STREAM.INFO.{name}")
    config: dict[str, Any] = info["config"]
    if not all(config.get(key) for key in NEEDED):
        raise Unusable(
            f"The stream {name} lacks {' or '.join(NEEDED)}: nothing could be erased. Update NATS."
        )
    if not set(subjects) <= set(config.get("subjects", ())):
        raise Unusable(f"The stream {name} is another's: it does not take {subjects[0]}.")
    return config


async def _asked(connection: Connection, subject: str, body: Any = None) -> dict[str, Any]:
    """Ask until somebody answers: without a leader, as in a cluster that just began, nobody does."""
    within = asyncio.get_running_loop().time() + MAKE_S
    while True:
        try:
            return await connection.js(subject, body, ASK_S)
        except NatsSilent:
            if asyncio.get_running_loop().time() > within:
                raise
        except NatsRefused as refused:
            if refused.code != NO_LEADER or asyncio.get_running_loop().time() > within:
                raise
        await asyncio.sleep(AGAIN_S)


async def _meta(connection: Connection, shards: int) -> Meta:
    """Return what is kept for good; who comes first decides."""
    made = Meta(shards, secrets.token_bytes(SECRET_BYTES))
    try:
        await connection.publish("meta", msgspec.json.encode(made), {EXPECTED: "0"})
        return made
    except NatsRefused as refused:
        if refused.code != WRONG_SEQUENCE:
            raise NatsSilent(str(refused)) from refused
    answer = await connection.js(f"STREAM.MSG.GET.{META}", {"last_by_subj": "meta"})
    try:
        return msgspec.json.decode(of_api(answer["message"]).body, type=Meta)
    except msgspec.DecodeError as error:
        raise Unusable("What the log keeps for good (META) cannot be read: restore a backup.") from error


async def adopt(connection: Connection, secret: bytes) -> None:
    """Put another installation's secret in the place of the one that is kept. Raises `OSError`."""
    stored = await connection.newest(META, "meta")
    if stored is None:
        raise NatsSilent("what the log keeps for good is not there yet")
    meta = replace(msgspec.json.decode(stored.body, type=Meta), secret=secret)
    try:
        await connection.publish("meta", msgspec.json.encode(meta), {EXPECTED: str(stored.seq)})
    except NatsRefused as refused:
        raise NatsSilent(str(refused)) from refused


def _of_server(connection: Connection) -> list[str]:
    weak: list[str] = []
    if connection.version < TESTED:
        version = ".".join(map(str, connection.version))
        weak.append(f"NATS {version} is older than 2.15.1, the oldest that was tested: update it.")
    if connection.max_payload < LEAST_PAYLOAD:
        weak.append(f"max_payload is {connection.max_payload} bytes: clips and snapshots need 1 MB.")
    return weak


async def _of_monitors(monitors: Sequence[str]) -> list[str]:
    """Return which servers answer before what they stored is on the disk, as far as they tell."""
    if not monitors:
        return [UNKNOWN_SYNC]
    weak: list[str] = []
    async with ClientSession(timeout=ClientTimeout(total=MONITOR_S)) as http:
        for monitor in monitors:
            try:
                async with http.get(f"{monitor.rstrip('/')}/varz") as answer:
                    told = msgspec.json.decode(await answer.read(), type=_Varz)
            except (ClientError, TimeoutError, msgspec.DecodeError) as error:
                weak.append(f"The monitoring at {monitor} does not tell of NATS ({type(error).__name__}).")
                continue
            if not told.jetstream.config.get("sync_always"):
                weak.append(
                    f"NATS at {monitor} answers before it wrote to the disk: set sync_interval: always."
                )
    return weak


def _of_streams(streams: dict[str, dict[str, Any]], replicas: int) -> list[str]:
    weak: list[str] = []
    for name, config in streams.items():
        for key, wanted in WANTED.items():
            # The server leaves out what is off or nothing.
            if (found := config.get(key, type(wanted)())) != wanted:
                weak.append(f"The stream {name} has {key} {found}, and needs {wanted}.")
        if config.get("persist_mode", "default") not in ("", "default"):
            weak.append(
                f"The stream {name} answers before it wrote to the disk: its persist_mode must be default."
            )
        if (found := config.get("num_replicas", 1)) < replicas:
            weak.append(f"The stream {name} has {found} replicas, and needs {replicas}.")
    return weak
