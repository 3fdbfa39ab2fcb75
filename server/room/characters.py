"""Characters as a room sees them: which may keep people company in it. Pure."""

from __future__ import annotations

from games.characters import CHARACTERS, Character, of_kind
from server.room.commands import Refused
from server.room.state import RoomState

NONE = "none"  # sends it away


def of(state: RoomState) -> Character | None:
    """Return who keeps people company in a room: as was chosen, else as its kind has it; None for nobody."""
    chosen = state.character
    character = CHARACTERS.get(chosen) if chosen is not None else of_kind(state.kind)
    return character if character is not None and state.language in character.names else None


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
