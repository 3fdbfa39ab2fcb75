"""What stands in the header of a room's message, and in its subject."""

from __future__ import annotations

import pytest

from server.log.jetstream.records import (
    CLOSED,
    ERASE,
    EVENTS,
    HEADER,
    KeyUse,
    Message,
    Place,
    Record,
    body,
    header,
    name,
    place_of,
    record_of,
    shard,
    token,
)
from server.room.events import Event, numbered
from tests.support.log_contract import said


def events(first: int, last: int) -> list[Event]:
    return [numbered(said(str(number)), number, number - 1) for number in range(first, last + 1)]


@pytest.mark.parametrize("room", ["r", "plaza", "a_b-C9", "with space", "ü", "a.b", ">", "=61", ""])
def test_any_name_is_one_token_of_a_subject(room: str) -> None:
    assert not set(token(room)) & set(" .*>")
    assert token(room)
    assert name(token(room)) == room


def test_junk_is_no_name_and_no_record() -> None:
    assert name("=zz") is None
    assert record_of({}) is None
    assert record_of({HEADER: "[1,2"}) is None
    assert record_of({HEADER: '["one"]'}) is None


def test_rooms_are_spread_over_the_shards() -> None:
    assert {shard(f"room{number}", 16) for number in range(200)} == set(range(16))
    assert shard("plaza", 16) == shard("plaza", 16)


def test_a_record_is_read_as_it_was_written() -> None:
    record = Place().following(EVENTS, "node", "id", events(1, 3))
    assert record_of(header(record)) == record
    use = KeyUse("k", 1, 3, 1, 1_000, b"\x00digest")
    message = Message("r", 1, 1, "", record, body(events(1, 3), [use]))
    assert message.events() == events(1, 3)
    assert message.uses() == [use]


def test_each_record_names_the_messages_from_which_others_are_found() -> None:
    place, firsts = Place(), dict[int, int]()
    for seq in range(10, 3_010):
        record = place.following(EVENTS, "node", "id", events(place.last + 1, place.last + 1))
        place = place_of(seq, seq, record)
        firsts[seq] = record.first
    assert place.last == 3_000
    assert [number for number, _ in place.marks] == [2_944, 2_048, 1]
    assert all(firsts[seq] == number for number, seq in place.marks[:2])


def test_what_erased_counts_for_snapshots_until_the_room_goes() -> None:
    place = place_of(5, 5, Place().following(EVENTS, "node", "id", events(1, 2)))
    assert (place.floor, place.base, place.pending) == (0, 0, ())
    erasing = place.following(ERASE, "node", "id2")
    place = place_of(7, 7, erasing)
    assert (place.floor, place.last, erasing.prev) == (7, 2, 5)
    place = place_of(9, 9, place.following(EVENTS, "node", "id3", events(3, 3)))
    assert place.floor == 7
    place = place_of(12, 12, Record(1, "node", "id4", CLOSED, 1, 0, prev=9))
    assert (place.base, place.last, place.floor) == (12, 0, 0)
    assert place.following(EVENTS, "node", "id5", events(1, 1)).base == 12


def test_a_room_reads_its_keys_from_the_message_of_the_oldest() -> None:
    place = Place(keys={})
    first = place.following(EVENTS, "node", "id", events(1, 1))
    place = place_of(4, 4, Record(*(getattr(first, field) for field in first.__struct_fields__)))
    assert place.keys_from == 0
    place.keys = {"k": (4, KeyUse("k", 1, 1, 1, 0))}
    assert place.following(EVENTS, "node", "id2", events(2, 2)).keys_from == 4
