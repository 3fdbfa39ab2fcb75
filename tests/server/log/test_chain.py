"""A chain goes on from what was stored, and ends where something else happened."""

from __future__ import annotations

from server.log.base import Conflict, Entry, StorageFull
from server.log.chain import chained, listed
from server.room.events import Draft, RoomClosed, RoomOpened, numbered
from tests.support.log_contract import said

ENTRY = Entry([said("a")])


def test_a_chain_goes_on_at_the_new_head() -> None:
    events = [numbered(said("a"), 4, 3), numbered(said("b"), 5, 4)]
    assert chained(3, ENTRY, events) == 5


def test_a_look_up_does_not_move_a_chain() -> None:
    assert chained(3, Entry((), "k"), []) == 3
    assert chained(3, Entry((), "k"), [numbered(said("a"), 1, 0)]) == 3


def test_a_chain_ends_at_an_earlier_use_a_race_or_a_full_log() -> None:
    for outcome in ([numbered(said("a"), 1, 0)], Conflict(), StorageFull()):
        assert chained(3, ENTRY, outcome) == -1


def test_a_room_is_listed_from_its_opening_to_its_close() -> None:
    opened = numbered(Draft(RoomOpened("wonder", "A", public=True), 1), 1, 0)
    private = numbered(Draft(RoomOpened("wonder", "A"), 1), 1, 0)
    closed = numbered(Draft(RoomClosed("over"), 2), 2, 1)
    assert listed(False, [opened])
    assert not listed(False, [private])
    assert not listed(False, [opened, closed])
    assert not listed(True, [closed])
    assert listed(True, [numbered(said("a"), 2, 1)])
