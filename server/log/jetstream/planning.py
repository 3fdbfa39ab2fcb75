"""What an append would store, decided on where its room ends; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from msgspec import Struct, field

from server.log.base import Conflict, Entry, KeyUsed, Outcome, Snapshot
from server.log.chain import KEYS_LOOKED_AT, chained, is_outdated, is_same_use, looks_at_keys
from server.log.jetstream.records import KeyUse, Place
from server.room.events import Event, numbered


class Plan(Struct):
    """What one message is to store, and what its entries are answered then."""

    outcomes: list[Outcome] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    uses: list[KeyUse] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)  # the newest number after each entry that stores
    erases: set[int] = field(default_factory=set)
    drops: bool = False  # whether the room's snapshot goes
    snapshot: Snapshot | None = None


def plan(place: Place, entries: Sequence[Entry], expect: int | None, before: Mapping[int, Event]) -> Plan:
    """Decide a chain on where the room ends; `before` has what the keys of its entries stored before."""
    made = Plan()
    for entry in entries:
        if entry.blobs:
            raise ValueError("this log stores no blobs: they have a storage of their own")
        outcome = _decided(made, place, entry, expect, before)
        made.outcomes.append(outcome)
        expect = None if expect is None else chained(expect, entry, outcome)
    return made


def _decided(
    made: Plan, place: Place, entry: Entry, expect: int | None, before: Mapping[int, Event]
) -> Outcome:
    if entry.key is not None and (use := _use(made, place, entry.key)) is not None:
        if not is_same_use(use.digest, entry.digest):
            return KeyUsed("the key was used for something else")
        if use.first > place.last:
            return made.events[use.first - place.last - 1 : use.last - place.last]
        return [before[seq] for seq in range(use.first, use.last + 1) if seq in before]
    if not entry.drafts:
        return []
    head = place.last + len(made.events)
    if expect is not None and expect != head:
        return Conflict(f"expected {expect}, the head is {head}")
    return _stored(made, place, entry, head)


def _stored(made: Plan, place: Place, entry: Entry, head: int) -> list[Event]:
    events = [numbered(draft, head + 1 + i, head + i) for i, draft in enumerate(entry.drafts)]
    made.events += events
    made.ends.append(events[-1].seq)
    if entry.key is not None:
        nth = place.record.used + len(made.uses) + 1
        made.uses.append(
            KeyUse(entry.key, events[0].seq, events[-1].seq, nth, events[-1].at_ms, entry.digest)
        )
    last = events[-1].seq
    made.erases |= {seq for seq in entry.erases if 0 < seq <= last}
    if entry.erases or entry.drops:
        made.drops, made.snapshot = True, None
    if entry.snapshot is not None and entry.snapshot.seq == last:
        made.snapshot = entry.snapshot
    return events


def _use(made: Plan, place: Place, key: str) -> KeyUse | None:
    for use in made.uses:
        if use.key == key:
            return use
    known = (place.keys or {}).get(key)
    return known[1] if known is not None else None


def remember(keys: dict[str, tuple[int, KeyUse]], place: Place, seq: int, made: Plan) -> None:
    """Note the keys of a message that was stored, and now and then forget the oldest ones."""
    uses = {use.last: use for use in made.uses}
    used, first = place.record.used, place.last + 1
    for last in made.ends:
        use = uses.get(last)
        if use is not None:
            keys[use.key] = (seq, use)
            used = use.nth
        events = made.events[first - place.last - 1 : last - place.last]
        if looks_at_keys(events):
            forget(keys, used, events[-1].at_ms)
        first = last + 1


def forget(keys: dict[str, tuple[int, KeyUse]], used: int, now_ms: int) -> None:
    """Look at the oldest keys, and forget those that may go."""
    for key, (_, use) in list(islice(keys.items(), KEYS_LOOKED_AT)):
        if is_outdated(used - use.nth, use.at_ms, now_ms):
            del keys[key]
