"""What the server says on a socket beside events, as bytes: the greeting, answers and signals. Pure."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from server.room.commands import Refused
from server.room.events import Voice
from server.socket.messages import Id

PROTOCOL = 1

_encoder = msgspec.json.Encoder()


class _Welcome(Struct, frozen=True, tag="welcome", tag_field="type", omit_defaults=True):
    protocol: int
    room: msgspec.Raw
    you: Voice
    head: int
    server_ms: int
    key: str = ""
    anew: bool = False


class _Ack(Struct, frozen=True, tag="ack", tag_field="type"):
    id: Id
    seq: int


class _Refused(Struct, frozen=True, tag="refused", tag_field="type", omit_defaults=True):
    id: Id | float
    code: str
    message: str
    retry_after_ms: int | None = None


class _Pong(Struct, frozen=True, tag="pong", tag_field="type", omit_defaults=True):
    t: int | float
    server_ms: int
    id: Id = ""


class _Signal(Struct, frozen=True, tag="signal", tag_field="type"):
    kind: str
    data: Any


def welcome(
    room: bytes, you: Voice, head: int, server_ms: int, key: str = "", *, anew: bool = False
) -> bytes:
    """Return the first message of a socket; `room` is the room's JSON object, `key` is a made one.

    `anew` says that the cursor that was given is not of this log: what follows begins anew.
    """
    return _encoder.encode(_Welcome(PROTOCOL, msgspec.Raw(room), you, head, server_ms, key, anew))


def ack(id_: Id, seq: int) -> bytes:
    """Return the answer to a granted message; everything it caused has a seq up to `seq`."""
    return _encoder.encode(_Ack(id_, seq))


def refused(id_: Id | float, why: Refused) -> bytes:
    """Return the answer to a message that is not granted."""
    return _encoder.encode(_Refused(id_, why.code, why.message, why.retry_after_ms))


def pong(t: float, server_ms: int, id_: Id = "") -> bytes:
    """Return the answer to a ping, with its id if it had one."""
    return _encoder.encode(_Pong(t, server_ms, id_))


def signal(kind: str, data: Struct | dict[str, Any]) -> bytes:
    """Return a signal: sent once, never stored."""
    return _encoder.encode(_Signal(kind, data))
