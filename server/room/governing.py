"""What the keeper of a private room and the admin may do: change its words, close it, mute a voice.

The keeper is who opened it. A public room has none: what happens to it is the admin's business.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import asdict, replace

from server.room import filters, round_lifecycle
from server.room.commands import Change, Mute, Refused
from server.room.context import Context
from server.room.events import Fact, RoomChanged, RoomClosed, RoomOpened, Voice, VoiceMuted
from server.room.kinds import KINDS
from server.room.state import RoomState
from server.room.text import cleaned

NAME_CHARACTERS, THEME_CHARACTERS, DESCRIPTION_CHARACTERS = 60, 120, 500
WORDS = ("name", "theme", "description")
MUTE_LONGEST_MS = 86_400_000
# A room remembers no more than this many muted voices; each is forgotten when its time is over.
MUTED_VOICES = 500
# Why a room was closed: by whom.
BY_KEEPER, BY_ADMIN = "keeper", "admin"


def opened(room: RoomOpened) -> RoomOpened:
    """Return a room as it is opened. Raises `Refused` (`too_long`, `filtered`)."""
    room = _described(room)
    _check_words(room, WORDS)
    return room


def _check_words(room: RoomOpened, names: Iterable[str]) -> None:
    """Look at the words of a room that come from a visitor."""
    kept = KINDS.get(room.room_kind, KINDS["wonder"]).filters
    for name in names:
        filters.check(getattr(room, name), room.language, kept)


def _described(room: RoomOpened) -> RoomOpened:
    """Return a room with its words cleaned, and with a name. Raises `Refused` (`too_long`)."""
    theme = _words(room.theme, "theme", THEME_CHARACTERS)
    name = _words(room.name, "name", NAME_CHARACTERS) or theme[:NAME_CHARACTERS]
    names = KINDS.get(room.room_kind, KINDS["wonder"]).names
    return replace(
        room,
        name=name or names[room.language],
        theme=theme,
        description=_words(room.description, "description", DESCRIPTION_CHARACTERS),
    )


def _words(text: str, what: str, limit: int) -> str:
    kept = cleaned(text)
    if len(kept) > limit:
        raise Refused("too_long", f"The {what} is longer than {limit} characters.")
    return kept


def change(state: RoomState, command: Change, by: Voice | None) -> list[Fact]:
    """Say what becomes other than it was; nothing when all is so already."""
    _check_keeper(state, by)
    wanted = {name: value for name, value in asdict(command).items() if value is not None}
    before = {name: getattr(state, name) for name in command.__struct_fields__}
    asked = _described(RoomOpened(state.kind, **{**before, **wanted}))
    after = {name: getattr(asked, name) for name in wanted}
    changed = {name: value for name, value in after.items() if value != before[name]}
    _check_words(asked, [name for name in WORDS if name in changed])
    return [RoomChanged(**changed)] if changed else []


def close(state: RoomState, by: Voice | None, context: Context) -> list[Fact]:
    """End the room, and its round before; nothing when it has ended."""
    _check_keeper(state, by)
    if state.closed:
        return []
    return [*round_lifecycle.close(state, "stopped", context), RoomClosed(BY_KEEPER if by else BY_ADMIN)]


def mute(state: RoomState, command: Mute, by: Voice | None, context: Context) -> list[Fact]:
    """Let a voice neither speak nor write for a while; after no time at all it may again."""
    _check_keeper(state, by)
    if by is not None and command.voice == by.id:
        raise Refused("bad_value", "Mute somebody else.")
    if command.voice not in state.voices and command.voice not in context.here:
        raise Refused("bad_value", "There is no such voice in this room.")
    if not 0 <= command.for_ms <= MUTE_LONGEST_MS:
        raise Refused("bad_value", f"`for_ms` must be from 0 to {MUTE_LONGEST_MS}.")
    muted = {voice for voice, until_ms in state.muted.items() if until_ms > context.now_ms}
    if command.for_ms == 0 and command.voice not in muted:
        return []
    if len(muted | {command.voice}) > MUTED_VOICES:
        raise Refused("too_fast", f"No more than {MUTED_VOICES} voices can be muted at once.")
    return [VoiceMuted(command.voice, context.now_ms + command.for_ms)]


def _check_keeper(state: RoomState, by: Voice | None) -> None:
    """Refuse whoever is neither the keeper nor, with `by` None, the admin."""
    if by is not None and not (state.keeper and by.id == state.keeper):
        raise Refused("not_allowed", "Only whoever opened a private room, and the admin, may do this.")
