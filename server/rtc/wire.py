"""The messages between the main process and a media worker."""

from __future__ import annotations

import time
from typing import Literal

from msgspec import Struct

from server.rtc.media import Counts, Role, TakeEnded
from server.rtc.settings import Settings

Now = Literal["connected", "loud", "quiet", "gone"]


def monotonic_ms() -> int:
    """Return the time by the clock that all processes of a machine share; a worker's takes began by it."""
    return time.monotonic_ns() // 1_000_000


# --- to the worker


class Open(Struct, frozen=True, tag=True):
    """Bind the port and serve; the first message, once."""

    host: str
    port: int
    public_ip: str
    settings: Settings


class Ask(Struct, frozen=True, tag=True):
    """Answer an offer."""

    number: int
    room: str
    role: Role
    offer: str
    address: str
    commanded: bool
    limit_ms: int


class Begin(Struct, frozen=True, tag=True):
    """Begin a commanded take."""

    peer: str
    limit_ms: int


class Play(Struct, frozen=True, tag=True):
    """Play a clip at a moment of the monotonic clock, which all processes of a machine share."""

    room: str
    frames: list[bytes]
    at_s: float


class Halt(Struct, frozen=True, tag=True):
    """Stop what plays."""

    room: str


class PlayLiveRelay(Struct, frozen=True, tag=True):
    """Let a room hear one packet of a take that is being spoken, by its place in samples."""

    room: str
    take: str
    at: int
    payload: bytes
    delay_ms: int


class Act(Struct, frozen=True, tag=True):
    """End a take, begin or end its live relay, or close its peer."""

    peer: str
    what: Literal["end", "live_relay", "live_relay_off", "part"]


# The end of orders means: close every peer and end.
Order = Open | Ask | Begin | Act | Play | Halt | PlayLiveRelay


# --- from the worker


class Opened(Struct, frozen=True, tag=True):
    """The port is bound."""

    address: str
    port: int


class Broken(Struct, frozen=True, tag=True):
    """The port cannot be bound, and why."""

    errno: int
    sentence: str


class Answered(Struct, frozen=True, tag=True):
    """An offer has its answer."""

    number: int
    peer: str
    answer: str


class Declined(Struct, frozen=True, tag=True):
    """An offer has none: it is bad, or nobody is let in now."""

    number: int
    busy: bool
    sentence: str


class Changed(Struct, frozen=True, tag=True):
    """A peer is connected, began or ceased to send sound, or is gone."""

    peer: str
    now: Now


class LiveRelaySound(Struct, frozen=True, tag=True):
    """One packet of a take in live relay, with its place in samples."""

    peer: str
    at: int
    payload: bytes


# Counts are a sign of life, too.
Report = Opened | Broken | Answered | Declined | TakeEnded | Changed | LiveRelaySound | Counts
