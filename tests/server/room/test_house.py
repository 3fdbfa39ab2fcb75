"""Every language has a room that is there from the start."""

from __future__ import annotations

from typing import get_args

from server.config import HOUSE_LANGUAGES
from server.room import ids
from server.room.events import Language
from server.room.house import HOUSE, HOUSE_IDS


def test_each_language_has_a_public_room_of_its_own() -> None:
    assert set(HOUSE) == set(HOUSE_LANGUAGES) == set(get_args(Language))
    assert len(HOUSE_IDS) == len(HOUSE)
    for language, room in HOUSE.items():
        assert (room.opened.language, room.opened.public) == (language, True)
        assert room.id == ids.slug(room.id)
