"""How many are in a room, as its row in the lobby and its description say."""

from __future__ import annotations

from msgspec import Struct


class Counts(Struct, frozen=True):
    """How many voices are here, how many of them listen, may speak, and read along.

    Beside them, `screens` are those that play the room's sound: they are heard, and count as nobody.
    """

    voices: int = 0
    listeners: int = 0
    speakers: int = 0
    screens: int = 0
    readers: int = 0
