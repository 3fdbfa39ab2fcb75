"""What the rest of the server may ask of the media plane, in few messages.

The main process speaks to this interface alone, so that peers, captures and broadcasts can
live in the same process or in media workers behind a pipe.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from msgspec import Struct

from audio.take import LONGEST_TAKE_MS, Take

Role = Literal["speaker", "listener"]
Ending = Literal["stopped", "limit", "gone"]


class BadOffer(ValueError):
    """The offer cannot be answered; the sentence says why."""


class Busy(Exception):
    """No more peers are taken now: globally, or from this address."""


class TakeEnded(Struct, frozen=True, tag=True):
    """A take was cut: by command, at the limit, or because its peer is gone.

    `began_at_ms` is the server's epoch time of the first sample after the pre-roll.
    """

    peer: str
    take: Take
    began_at_ms: int
    ending: Ending


class Counts(Struct, frozen=True, tag=True):
    """Totals for metrics."""

    speakers: int = 0
    listeners: int = 0
    packets_in: int = 0
    packets_out: int = 0
    dropped: int = 0
    resent: int = 0


class MediaObserver(Protocol):
    """Is told what peers do."""

    def connected(self, peer: str) -> None:
        """Note that a peer has connected."""

    def level(self, peer: str, *, on: bool) -> None:
        """Note that a peer is heard, or falls silent (with DTX or without): for "speaking" signals."""

    def take_ended(self, ended: TakeEnded) -> None:
        """Take a take that was cut."""

    def gone(self, peer: str) -> None:
        """Note that a peer is gone: exactly once a peer, however it ended."""


class MediaObservers:
    """All who observe a media plane, as one."""

    def __init__(self) -> None:
        self._observers: tuple[MediaObserver, ...] = ()

    def add(self, observer: MediaObserver) -> None:
        """Tell one more, from now on."""
        self._observers = (*self._observers, observer)

    def connected(self, peer: str) -> None:
        """Tell that a peer has connected."""
        for observer in self._observers:
            observer.connected(peer)

    def level(self, peer: str, *, on: bool) -> None:
        """Tell that a peer is heard, or falls silent."""
        for observer in self._observers:
            observer.level(peer, on=on)

    def take_ended(self, ended: TakeEnded) -> None:
        """Tell that a take was cut."""
        for observer in self._observers:
            observer.take_ended(ended)

    def gone(self, peer: str) -> None:
        """Tell that a peer is gone."""
        for observer in self._observers:
            observer.gone(peer)


class Media(Protocol):
    """Owns the UDP port and every peer."""

    def observe(self, observer: MediaObserver) -> None:
        """Tell an observer what peers do; it is named before the first offer."""

    async def answer(
        self,
        room: str,
        role: Role,
        offer: str,
        *,
        address: str,
        commanded: bool = False,
        limit_ms: int = LONGEST_TAKE_MS,
    ) -> tuple[str, str]:
        """Return (peer id, answer SDP). Raises `BadOffer` or `Busy`.

        A speaker's take begins with its first packet and is ended after `limit_ms`, unless `commanded`:
        then `begin_take` and `end_take` cut it, with one second of pre-roll.
        """

    def begin_take(self, peer: str, limit_ms: int) -> bool:
        """Begin a commanded take; False when the peer is gone or has one open."""

    def end_take(self, peer: str) -> bool:
        """End a take; `take_ended` follows within 200 ms (late packets are waited for)."""

    def play(self, room: str, frames: Sequence[bytes]) -> tuple[int, int]:
        """Play 20 ms Opus frames to the listeners of a room, now.

        Returns (starts_at_ms, duration_ms), epoch time. One clip at a time a room; a call
        while one plays replaces it.
        """

    def stop(self, room: str) -> None:
        """Stop what plays in a room."""

    def begin_live_relay(self, peer: str, room: str, delay_ms: int) -> bool:
        """Let a room hear a peer's open take while it is spoken, so much later, until it ends.

        What plays is stopped. False when there is no such take, or the room is too large for it.
        """

    def end_live_relay(self, peer: str, room: str) -> None:
        """Let a room hear a peer's open take no longer, from now on; nothing when it does not."""

    def listeners(self, room: str) -> int:
        """Return how many listeners of a room are connected."""

    def counts(self) -> Counts:
        """Return totals since the start."""

    def endpoint(self) -> tuple[str, int]:
        """Return the advertised address and port."""

    async def close_peer(self, peer: str) -> None:
        """Close a peer (idempotent); an open take is ended as `gone` first."""

    async def close(self) -> None:
        """Close every peer and the port; may be called again."""
