"""The jobs of the thread that writes to the SQLite file, and their results."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from server.log.base import Effect, Entry, Outcome, Snapshot


class Append(Struct, frozen=True):
    """A chain of entries for one room; `expect` None takes the head as it is, for one entry alone."""

    room: str
    entries: Sequence[Entry]
    expect: int | None


class Erase(Struct, frozen=True):
    """Events to blank and blobs to drop; the whole room when `seqs` is None and there are no blobs."""

    room: str
    seqs: Sequence[int] | None
    blobs: Sequence[str]


class Keep(Struct, frozen=True):
    """A room's snapshot to store; None drops the one there is."""

    room: str
    snapshot: Snapshot | None


class Advance(Struct, frozen=True):
    """Move a reader's cursor, and store what it did."""

    reader: str
    position: int
    expect: int
    effects: Sequence[Effect]


class Restart(Struct, frozen=True):
    """Forget a reader's cursor and what it keeps."""

    reader: str


class Distrust(Struct, frozen=True):
    """Drop what readers keep, for it is damaged; those that kept something begin anew."""


class Check(Struct, frozen=True):
    """Ask whether an append could be taken now."""


class Secret(Struct, frozen=True):
    """Ask for the secret, made at the first time."""


class Adopt(Struct, frozen=True):
    """Put another installation's secret in the place of this one's."""

    secret: bytes


Job = Append | Erase | Keep | Advance | Restart | Distrust | Check | Secret | Adopt
Result = list[Outcome] | bytes | bool | None | Exception
