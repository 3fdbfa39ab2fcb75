"""The newest events of a room, encoded once for all who listen, and signals that are never stored."""

from __future__ import annotations

import asyncio
import logging
from bisect import bisect_right
from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from server.room.events import Event, encode, erased

TAIL_EVENTS = 512

logger = logging.getLogger(__name__)

View = Callable[[Event, str | None], Event]


class Encoded(Struct, frozen=True):
    """An event as bytes: for everybody, and for its own voice (`own`) when that sees it differently."""

    event: Event
    public: bytes
    own: bytes | None = None


class Batch(Struct, frozen=True):
    """What one commit or one burst of signals brings; a signal goes to one voice id, or to all (None)."""

    events: Sequence[Encoded] = ()
    signals: Sequence[tuple[str | None, bytes]] = ()


Reader = Callable[[Batch], None]


class _Signal(Struct, frozen=True):
    kind: str
    data: Any
    type: Literal["signal"] = "signal"


_encoder = msgspec.json.Encoder()


class Tail:
    """Holds the newest `TAIL_EVENTS` events and tells its readers, in order, what comes."""

    def __init__(self, view: View, events: Iterable[Event] = (), *, head: int = 0) -> None:
        self.head = head
        self._view = view
        self._events: list[Encoded] = []
        self._readers: dict[object, Reader] = {}
        self._passive = 0
        self._signals: list[tuple[str | None, bytes]] = []
        self._keep([self._encode(event) for event in list(events)[-TAIL_EVENTS:]])

    @property
    def readers(self) -> int:
        """Return how many subscribed that keep the room awake."""
        return len(self._readers) - self._passive

    def subscribe(self, reader: Reader, *, passive: bool = False) -> Callable[[], None]:
        """Call a reader in the loop with each batch from now on; returns what ends it.

        A passive reader belongs to the room itself (its radio): it does not keep it awake.
        """
        token = object()
        self._readers[token] = reader
        self._passive += passive

        def unsubscribe() -> None:
            if self._readers.pop(token, None) is not None:
                self._passive -= passive

        return unsubscribe

    def publish(self, events: Sequence[Event]) -> None:
        """Show events that are durable, with the signals that waited for this turn's end."""
        fresh = [self._encode(event) for event in events]
        self._keep(fresh)
        self._tell(fresh)

    def signal(self, kind: str, data: Struct | dict[str, Any], *, to: str | None = None) -> None:
        """Send a signal to one voice or to all; those of one loop turn go out together."""
        if not self._readers:
            return
        if not self._signals:
            asyncio.get_running_loop().call_soon(self._flush)
        self._signals.append((to, _encoder.encode(_Signal(kind, data))))

    def since(self, after: int) -> list[Encoded] | None:
        """Return the events after a seq, or None when some of them fell off: then read the log."""
        if after >= self.head:
            return []
        if not self._events or after < self._events[0].event.prev:
            return None
        return self._events[bisect_right(self._events, after, key=_seq) :]

    def newest(self, limit: int) -> list[Encoded] | None:
        """Return the newest `limit` events, or None when the tail does not reach back that far."""
        reaches_back = not self.head or (bool(self._events) and self._events[0].event.prev == 0)
        if len(self._events) < limit and not reaches_back:
            return None
        return self._events[-limit:] if limit > 0 else []

    def encode(self, events: Iterable[Event]) -> list[Encoded]:
        """Encode events that were read from the log as the tail encodes its own."""
        return [self._encode(event) for event in events]

    def erase(self, seqs: Container[int]) -> None:
        """Forget the content of events; nobody is told."""
        for i, encoded in enumerate(self._events):
            if encoded.event.seq in seqs:
                self._events[i] = self._encode(erased(encoded.event))

    def _encode(self, event: Event) -> Encoded:
        shown = self._view(event, None)
        public = encode(shown)
        if event.by is None:
            return Encoded(event, public)
        own = self._view(event, event.by.id)
        return Encoded(event, public, None if own is shown or own == shown else encode(own))

    def _keep(self, fresh: list[Encoded]) -> None:
        """Add to the tail; it is cut at twice its length so that the cut is rare."""
        if not fresh:
            return
        self._events += fresh
        self.head = fresh[-1].event.seq
        if len(self._events) > 2 * TAIL_EVENTS:
            del self._events[:-TAIL_EVENTS]

    def _flush(self) -> None:
        if self._signals:
            self._tell([])

    def _tell(self, events: list[Encoded]) -> None:
        signals, self._signals = self._signals, []
        batch = Batch(events, signals)
        for reader in list(self._readers.values()):
            try:
                reader(batch)
            except Exception:  # the root of whatever the reader does: others must not suffer
                logger.exception("tail.reader_failed")


def _seq(encoded: Encoded) -> int:
    return encoded.event.seq
