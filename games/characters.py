"""Characters: who keeps people company in a room, by name a machine."""

from __future__ import annotations

from msgspec import Struct


class Character(Struct, frozen=True):
    """A character for rooms of some kinds, with its name in each language that it speaks."""

    id: str
    kinds: tuple[str, ...]
    names: dict[str, str]


_EVERYWHERE = ("wonder", "topic", "local", "humour", "language", "roleplay", "arena", "healing")
CHARACTERS: dict[str, Character] = {
    "toaster": Character("toaster", _EVERYWHERE, {"en": "The Toaster", "de": "Der Toaster"}),
}
