"""Characters as a room sees them: which may keep people company in it. Pure."""

from __future__ import annotations

from games.characters import CHARACTERS, Character
from server.room.commands import Refused

NONE = "none"  # sends it away


def offered(kind: str, language: str) -> tuple[Character, ...]:
    """Return the characters that a room of a kind may have, in its language."""
    return tuple(each for each in CHARACTERS.values() if kind in each.kinds and language in each.names)


def checked(name: str, kind: str, language: str) -> str:
    """Return the character of a name, "" for none. Raises `Refused` (`bad_value`)."""
    if name in ("", NONE):
        return ""
    names = [each.id for each in offered(kind, language)]
    if name not in names:
        raise Refused(
            "bad_value", f"No such character is for this room. There are {', '.join([*names, NONE])}."
        )
    return name
