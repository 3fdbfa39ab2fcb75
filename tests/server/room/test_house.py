"""Every language has a room that is there from the start."""

from __future__ import annotations

from typing import get_args

import pytest
from msgspec.structs import replace

from server.config import HOUSE_LANGUAGES
from server.room import governing, ids
from server.room.commands import Refused
from server.room.events import Language, RoomOpened
from server.room.house import HOUSE, HOUSE_IDS, is_house_name


def test_each_language_has_a_public_room_of_its_own() -> None:
    assert set(HOUSE) == set(HOUSE_LANGUAGES) == set(get_args(Language))
    assert len(HOUSE_IDS) == len(HOUSE)
    for language, room in HOUSE.items():
        assert (room.opened.language, room.opened.public) == (language, True)
        assert room.id == ids.slug(room.id)


@pytest.mark.parametrize(
    "name",
    [
        "Space of Wonder",
        "space-of-wonder!",
        "Spаce of Wonder",
        "🆂🅿🅰🅲🅴 🅾🅵 🆆🅾🅽🅳🅴🆁",
        "SpaceofWonder",
        "Raum der Wunder ✨",
    ],
)
def test_names_that_look_like_the_houses_own_are_known(name: str) -> None:
    assert is_house_name(name)


@pytest.mark.parametrize("name", ["Wonder", "Space of Blunder", "Spaces of Wonder", "Raum", "✨"])
def test_other_names_are_everybodys(name: str) -> None:
    assert not is_house_name(name)


def test_no_visitors_public_room_is_called_as_the_houses_or_so_that_it_looks_so() -> None:
    wanted = RoomOpened("wonder", "", theme="Spаce of Wonder", public=True)
    with pytest.raises(Refused) as refusal:
        governing.opened(wanted)

    assert refusal.value.code == "room_taken"
    assert governing.opened(replace(wanted, public=False)).name == wanted.theme
    assert governing.opened(wanted, house=True).name == wanted.theme
