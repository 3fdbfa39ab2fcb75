"""What one message of a room's log is: one append, with all that the next owner must know in its header."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from server.room.events import Event, decode, encode

HEADER = "W-Record"
# A message knows the last one that passed a multiple of each: from them any number is found in a few steps.
MARK_EVERY = (64, 1_024, 16_384)

EVENTS, CLAIM, ERASE, CLOSED = "events", "claim", "erase", "closed"
# Among what is to be erased: all that a room had before it was dropped.
ALL_BEFORE = 0

_TOKEN = re.compile(r"[A-Za-z0-9_-]+")


class Record(Struct, frozen=True, array_like=True):
    """The header of a room's message.

    `prev`, `base` (the newest record that dropped the room), `keys_from` (the oldest remembered key's
    message), `floor` (the newest message before that erased) and `marks` are sequences of the stream;
    `erases` go from it with this message, and `pending` went with others, but may be there yet.
    """

    epoch: int
    node: str
    append: str
    kind: str
    first: int
    last: int
    prev: int = 0
    base: int = 0
    at_ms: int = 0
    public: bool = False
    used: int = 0
    keys: int = 0
    keys_from: int = 0
    floor: int = 0
    marks: tuple[tuple[int, int], ...] = ((1, 0),) * len(MARK_EVERY)
    kinds: tuple[str, ...] = ()
    erases: tuple[int, ...] = ()
    pending: tuple[int, ...] = ()

    @property
    def writer(self) -> str:
        """Return the node that wrote it: an append's name is the node's with a number."""
        return self.append.rpartition(".")[0]


class KeyUse(Struct, frozen=True, array_like=True):
    """What a key, the `nth` of its room, was used for."""

    key: str
    first: int
    last: int
    nth: int
    at_ms: int
    digest: bytes = b""


class Body(Struct, frozen=True):
    """What a message stores: events as they are sent, and the keys that they came under."""

    events: list[msgspec.Raw] = field(default_factory=list)
    keys: list[KeyUse] = field(default_factory=list)


class Message(Struct, frozen=True):
    """A message of a room at its place `seq`. Its bytes are at `stored`: there, or in a blanked copy."""

    room: str
    seq: int
    stored: int
    stamp: str
    record: Record
    body: bytes

    def events(self) -> list[Event]:
        """Return its events. Raises `msgspec.DecodeError`."""
        return [decode(bytes(raw)) for raw in _body.decode(self.body).events]

    def uses(self) -> list[KeyUse]:
        """Return the keys that it stored something under."""
        return _body.decode(self.body).keys


_record = msgspec.json.Decoder(Record)
_body = msgspec.json.Decoder(Body)
_encoder = msgspec.json.Encoder()


def header(record: Record) -> dict[str, str]:
    """Return the header of a record."""
    return {HEADER: _encoder.encode(record).decode()}


def record_of(headers: Mapping[str, str]) -> Record | None:
    """Return the record in the headers of a message; None for what is none of ours."""
    try:
        return _record.decode(headers[HEADER])
    except (KeyError, msgspec.DecodeError):
        return None


def body(events: Sequence[Event], keys: Sequence[KeyUse] = ()) -> bytes:
    """Return what a message stores."""
    return _encoder.encode(Body([msgspec.Raw(encode(event)) for event in events], list(keys)))


@lru_cache(maxsize=8_192)
def shard(room: str, shards: int) -> int:
    """Return in which of the streams a room is."""
    return int.from_bytes(hashlib.blake2b(room.encode(), digest_size=8).digest()) % shards


def token(name: str) -> str:
    """Return a name as a part of a subject."""
    return name if _TOKEN.fullmatch(name) else "=" + name.encode().hex()


def name(token: str) -> str | None:
    """Return the name that a part of a subject is; None for what is none."""
    if not token.startswith("="):
        return token
    try:
        return bytes.fromhex(token[1:]).decode()
    except ValueError:
        return None


class Place(Struct):
    """Where a room's log ends: its newest record, `seq`, and the newest message whatever it is, `head`.

    What follows is as of after that record. `keys` are those the room remembers, oldest first, each with the
    sequence of its message; None while they are not loaded.
    """

    head: int = 0
    seq: int = 0
    record: Record = Record(0, "", "", EVENTS, 1, 0)
    pending: tuple[int, ...] = ()
    keys: dict[str, tuple[int, KeyUse]] | None = None

    @property
    def last(self) -> int:
        """Return the number of the newest event."""
        return self.record.last

    @property
    def base(self) -> int:
        """Return the sequence after which the room's messages are."""
        return self.seq if self.record.kind == CLOSED else self.record.base

    @property
    def is_erasing(self) -> bool:
        """Tell whether the newest record takes messages back."""
        return bool(self.record.erases) or self.record.kind in (ERASE, CLOSED)

    @property
    def floor(self) -> int:
        """Return the sequence of the newest message that erased: snapshots from before are none any more."""
        return self.seq if self.record.erases or self.record.kind == ERASE else self.record.floor

    @property
    def keys_from(self) -> int:
        """Return the sequence from which the room's keys are read."""
        if self.record.keys_from or not self.record.keys:
            return self.record.keys_from
        return self.seq

    @property
    def marks(self) -> tuple[tuple[int, int], ...]:
        """Return where the messages are that passed multiples of the numbers in `MARK_EVERY`."""
        record = self.record
        passed = ((record.first - 1) // every != record.last // every for every in MARK_EVERY)
        here = (record.first, self.seq)
        return tuple(here if new else mark for new, mark in zip(passed, record.marks, strict=True))

    def following(self, kind: str, node: str, append: str, events: Sequence[Event] = ()) -> Record:
        """Return the record of the next append: what is not given stays as it is."""
        first = self.last + 1
        last = events[-1].seq if events else self.last
        return replace(
            self.record,
            kind=kind,
            node=node,
            append=append,
            first=first,
            last=last,
            prev=self.seq,
            base=self.base,
            at_ms=events[-1].at_ms if events else self.record.at_ms,
            keys=0,
            keys_from=self.keys_from if self.keys is None else self._oldest_key(),
            floor=self.floor,
            marks=self.marks,
            kinds=tuple(sorted({event.kind for event in events})),
            erases=(),
            pending=self.pending,
        )

    def _oldest_key(self) -> int:
        return next(iter(self.keys.values()))[0] if self.keys else 0


def place_of(head: int, seq: int, record: Record) -> Place:
    """Return the place that a room's newest record tells of."""
    pending = (*record.pending, *record.erases)
    if record.kind == CLOSED:
        pending = (ALL_BEFORE,)
    return Place(head, seq, record, pending)
