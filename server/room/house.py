"""The public rooms that every installation has: one for each language."""

from __future__ import annotations

from msgspec import Struct

from server.room.events import Language, RoomOpened


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
