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


def signal_body(kind: str, data: Struct | dict[str, Any]) -> bytes:
    """Return a signal as it is sent."""
    return _encoder.encode(_Signal(kind, data))


class Subscription:
    """A reader of a tail, and what else it wants to be told; `close` ends it."""

    __slots__ = ("_on_close", "ended", "passive", "read", "rested")

    def __init__(
        self,
        read: Reader,
        *,
        passive: bool,
        rested: Callable[[], None] | None,
        ended: Callable[[], None] | None,
        on_close: Callable[[Subscription], None],
    ) -> None:
        self.read, self.passive, self.rested, self.ended = read, passive, rested, ended
        self._on_close = on_close

    def __call__(self) -> None:
        """Stop reading; may be called again."""
        self._on_close(self)


class Tail:
    """Holds the newest `TAIL_EVENTS` events and tells its readers, in order, what comes.

    While its room sleeps it holds none, but keeps its head and its readers: signals still go out.
    """

    __slots__ = ("_events", "_readers", "_signals", "_view", "head", "on_left")

    def __init__(self, view: View, events: Iterable[Event] = (), *, head: int = 0) -> None:
        self.head = head
        self.on_left: Callable[[], None] = _nobody_asks  # the last reader has gone that stays through sleep
        self._view = view
        self._events: list[Encoded] = []
        self._readers: tuple[Subscription, ...] = ()
        self._signals: list[tuple[str | None, bytes]] = []
        self._keep([self._encode(event) for event in list(events)[-TAIL_EVENTS:]])

    @property
    def readers(self) -> int:
        """Return how many subscribed that stay while the room sleeps."""
        return sum(not reader.passive for reader in self._readers)

    def subscribe(
        self,
        reader: Reader,
        *,
        passive: bool = False,
        rested: Callable[[], None] | None = None,
        ended: Callable[[], None] | None = None,
    ) -> Callable[[], None]:
        """Call a reader in the loop with each batch from now on; returns what ends it.

        A passive reader (a room's radio) is let go when the room falls asleep; others stay, and are told
        so by `rested`. When this tail has ended for good, because the room has another owner, they are
        told by `ended`: the log knows the rest.
        """
        made = Subscription(reader, passive=passive, rested=rested, ended=ended, on_close=self._unsubscribe)
        self._readers += (made,)
        return made

    def _unsubscribe(self, gone: Subscription) -> None:
        before = self.readers
        self._readers = tuple(reader for reader in self._readers if reader is not gone)
        if before and not self.readers:
            self.on_left()

    def fill(self, newest: Sequence[Event]) -> None:
        """Hold events again after a sleep, up to the head; nobody is told of them."""
        known = [event for event in newest if not self.head or event.seq <= self.head]
        self._keep([self._encode(event) for event in known[-TAIL_EVENTS:]])

    def rest(self) -> None:
        """Drop the events and the passive readers: the room falls asleep."""
        self._flush()
        self._events = []
        self._readers = tuple(reader for reader in self._readers if not reader.passive)
        for reader in self._readers:
            if reader.rested is not None:
                reader.rested()

    def end(self) -> None:
        """End for good, as another process owns the room; the readers are told by `ended`."""
        readers, self._readers = self._readers, ()
        self._events, self._signals = [], []
        for reader in readers:
            if reader.ended is not None:
                reader.ended()

    def publish(self, events: Sequence[Event]) -> None:
        """Show events that are durable, with the signals that waited for this turn's end."""
        fresh = [self._encode(event) for event in events]
        self._keep(fresh)
        self._tell(fresh)

    def signal(self, kind: str, data: Struct | dict[str, Any], *, to: str | None = None) -> None:
        """Send a signal to one voice or to all; those of one loop turn go out together."""
        if self._readers:
            self.relay(to, signal_body(kind, data))

    def relay(self, to: str | None, body: bytes) -> None:
        """Send a signal that is encoded already."""
        if not self._readers:
            return
        if not self._signals:
            asyncio.get_running_loop().call_soon(self._flush)
        self._signals.append((to, body))

    def bring(self, events: Sequence[Event], signals: Sequence[tuple[str | None, bytes]]) -> None:
        """Show at once what came from the room's owner elsewhere."""
        self._signals += signals
        if events:
            self.publish(events)
        else:
            self._flush()

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
        for reader in self._readers:
            try:
                reader.read(batch)
            except Exception:  # the root of whatever the reader does: others must not suffer
                logger.exception("tail.reader_failed")


def _nobody_asks() -> None:
    """Do nothing: the default of `on_left`."""


def _seq(encoded: Encoded) -> int:
    return encoded.event.seq
