"""The public rooms that every installation has: one for each language."""

from __future__ import annotations

from msgspec import Struct

from server.room.events import Language, RoomOpened
from server.room.text import folded


class HouseRoom(Struct, frozen=True):
    """The id and the opening of a public room that the server itself opens."""

    id: str
    opened: RoomOpened


HOUSE: dict[Language, HouseRoom] = {
    "en": HouseRoom("wonder", RoomOpened("wonder", "Space of Wonder", theme="Anything", public=True)),
    "de": HouseRoom(
        "wunder", RoomOpened("wonder", "Raum der Wunder", theme="Alles", language="de", public=True)
    ),
}
HOUSE_IDS = frozenset(room.id for room in HOUSE.values())


def is_house_name(name: str) -> bool:
    """Tell whether a name is one of the house's own, or looks like one."""
    return _letters(name) in {_letters(room.opened.name) for room in HOUSE.values()}


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, folded(name)))
