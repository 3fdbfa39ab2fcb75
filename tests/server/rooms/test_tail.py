"""The tail encodes once, tells its readers in order, and knows what fell off."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from server.room.events import Draft, Event, TextSaid, Voice, decode, encode, numbered
from server.rooms.tail import TAIL_EVENTS, Batch, Encoded, Tail
from tests.support.actors import ANNA, BELA

pytestmark = pytest.mark.virtual_time


def everybody(event: Event, voice: str | None) -> Event:
    return event


def whispering(event: Event, voice: str | None) -> Event:
    """Show words to their own voice only."""
    if event.by is not None and event.by.id == voice:
        return event
    return replace(event, data=TextSaid("..."))


def events(first: int, last: int, by: Voice | None = ANNA) -> list[Event]:
    return [numbered(Draft(TextSaid(f"{seq}"), seq, by), seq, seq - 1) for seq in range(first, last + 1)]


def seqs(encoded: Sequence[Encoded] | None) -> list[int] | None:
    return None if encoded is None else [each.event.seq for each in encoded]


def test_an_event_is_encoded_once_for_all() -> None:
    tail = Tail(everybody)
    (event,) = events(1, 1)
    tail.publish([event])
    (encoded,) = tail.since(0) or []
    assert encoded.public == encode(event)
    assert encoded.own is None
    assert decode(encoded.public) == event


def test_what_only_its_own_voice_may_see_is_apart() -> None:
    tail = Tail(whispering, events(1, 1) + events(2, 2, None))
    own, nobodys = tail.since(0) or []
    assert b"..." in own.public
    assert own.own == encode(events(1, 1)[0])
    assert b"..." in nobodys.public
    assert nobodys.own is None


def test_since_gives_what_came_after() -> None:
    tail = Tail(everybody, events(1, 10))
    assert tail.head == 10
    assert seqs(tail.since(7)) == [8, 9, 10]
    assert seqs(tail.since(0)) == list(range(1, 11))
    assert tail.since(10) == tail.since(99) == []
    assert Tail(everybody).since(0) == []


def test_what_fell_off_is_for_the_log() -> None:
    tail = Tail(everybody, events(41, 50))
    assert tail.since(39) is None
    assert seqs(tail.since(40)) == list(range(41, 51))
    assert Tail(everybody, head=5).since(3) is None


def test_the_tail_is_bounded_and_keeps_the_newest() -> None:
    tail = Tail(everybody, events(1, TAIL_EVENTS + 9))
    assert seqs(tail.newest(10_000)) is None
    for seq in range(TAIL_EVENTS + 10, 5 * TAIL_EVENTS):
        tail.publish(events(seq, seq))
        assert len(tail._events) <= 2 * TAIL_EVENTS
    head = 5 * TAIL_EVENTS - 1
    assert tail.head == head
    assert seqs(tail.since(head - TAIL_EVENTS)) == list(range(head - TAIL_EVENTS + 1, head + 1))


def test_newest_reaches_back_or_says_that_it_does_not() -> None:
    tail = Tail(everybody, events(41, 50))
    assert seqs(tail.newest(3)) == [48, 49, 50]
    assert tail.newest(0) == []
    assert tail.newest(11) is None
    assert seqs(Tail(everybody, events(1, 4)).newest(100)) == [1, 2, 3, 4]
    assert Tail(everybody).newest(100) == []


def test_places_need_not_be_dense() -> None:
    sparse = [numbered(Draft(TextSaid("x"), 1), seq, prev) for prev, seq in ((3, 7), (7, 20), (20, 21))]
    tail = Tail(everybody, sparse)
    assert [seqs(tail.since(after)) for after in (2, 3, 7, 10, 20)] == [
        None,
        [7, 20, 21],
        [20, 21],
        [20, 21],
        [21],
    ]


def test_erasing_leaves_the_place() -> None:
    tail = Tail(everybody, events(1, 3))
    tail.erase([2])
    kept, blank, last = tail.since(0) or []
    assert (kept.event, last.event) == (events(1, 1)[0], events(3, 3)[0])
    assert (blank.event.seq, blank.event.by) == (2, None)
    assert b'"data":{}' in blank.public


def test_every_reader_hears_every_batch_once_in_order() -> None:
    tail = Tail(everybody)
    heard: list[list[int]] = [[], []]
    tail.subscribe(lambda batch: heard[0].extend(seqs(batch.events) or []))
    tail.subscribe(lambda batch: heard[1].extend(seqs(batch.events) or []))
    tail.publish(events(1, 3))
    tail.publish(events(4, 4))
    assert heard == [[1, 2, 3, 4]] * 2


def test_who_unsubscribes_hears_no_more_and_disturbs_nobody() -> None:
    tail = Tail(everybody)
    heard: list[int] = []
    endings: list[Any] = []

    def leave(_: Batch) -> None:
        endings[0]()

    endings.append(tail.subscribe(leave))
    tail.subscribe(lambda batch: heard.extend(seqs(batch.events) or []))
    assert tail.readers == 2
    tail.publish(events(1, 1))
    tail.publish(events(2, 2))
    endings[0]()
    assert heard == [1, 2]
    assert tail.readers == 1


def test_a_reader_that_fails_is_logged_and_harms_no_other(caplog: pytest.LogCaptureFixture) -> None:
    tail = Tail(everybody)
    heard: list[int] = []
    tail.subscribe(lambda _: 1 // 0)  # type: ignore[arg-type]
    tail.subscribe(lambda batch: heard.extend(seqs(batch.events) or []))
    tail.publish(events(1, 2))
    assert heard == [1, 2]
    assert "tail.reader_failed" in caplog.text


async def test_signals_of_one_turn_go_out_together_and_are_not_kept() -> None:
    tail = Tail(everybody)
    batches: list[Batch] = []
    tail.signal("speaking", {"unheard": True})
    tail.subscribe(batches.append)
    tail.signal("speaking", {"voice": "v", "on": True})
    tail.signal("take", {"state": "open"}, to=BELA.id)
    assert batches == []
    await asyncio.sleep(0)
    (batch,) = batches
    assert batch.events == []
    assert [to for to, _ in batch.signals] == [None, BELA.id]
    first = msgspec.json.decode(batch.signals[0][1])
    assert first == {"type": "signal", "kind": "speaking", "data": {"voice": "v", "on": True}}
    assert tail.since(0) == []


async def test_signals_that_wait_travel_with_the_next_events() -> None:
    tail = Tail(everybody)
    batches: list[Batch] = []
    tail.subscribe(batches.append)
    tail.signal("clock", {"server_ms": 1})
    tail.publish(events(1, 1))
    await asyncio.sleep(0)
    assert [(seqs(batch.events), len(batch.signals)) for batch in batches] == [([1], 1)]
