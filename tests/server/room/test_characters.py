"""Which characters a room may have, and how it gets or loses one."""

from __future__ import annotations

import pytest

from games.characters import CHARACTERS
from server.room.characters import NONE, checked, offered
from server.room.commands import Change, Open, Oversee, Refused
from server.room.events import RoomChanged, RoomOpened
from server.room.kinds import KINDS
from server.room.state import EMPTY
from tests.support.rooms import ANNA, PureRoom

ONE = next(each.id for each in CHARACTERS.values() if "wonder" in each.kinds)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_kind_of_room_has_one_in_every_language(kind: str, language: str) -> None:
    assert all(each.names[language] for each in offered(kind, language))
    assert offered(kind, language)


def test_who_is_not_offered_is_refused() -> None:
    assert checked(ONE, "wonder", "en") == ONE
    assert checked(NONE, "wonder", "en") == ""
    for wrong in ("nobody", ONE.upper() + "x"):
        with pytest.raises(Refused, match=ONE):
            checked(wrong, "wonder", "en")


def test_a_room_is_opened_with_one_or_without() -> None:
    room = PureRoom()
    for character, state in ((None, None), (NONE, ""), (ONE, ONE)):
        room.state, room.events = EMPTY, []
        room.do(Open(RoomOpened("wonder", "Ours"), character=character), ANNA)
        assert room.state.character == state


def test_a_room_gets_and_loses_one() -> None:
    room = PureRoom()
    assert RoomChanged(character=ONE) in room.do(Oversee(Change(character=ONE)))
    assert room.do(Oversee(Change(character=ONE))) == []
    assert RoomChanged(character="") in room.do(Oversee(Change(character=NONE)))
    assert room.state.character == ""
    with pytest.raises(Refused):
        room.do(Oversee(Change(character="nobody")))
