"""Reports: three seats hide a clip or a text for all, until the keeper or the admin has decided. Pure."""

from __future__ import annotations

from server.room import held, view
from server.room.commands import Hide, Refused, Report, Restore
from server.room.context import Context
from server.room.events import (
    ClipHidden,
    ClipReported,
    ClipRestored,
    Fact,
    TextHidden,
    TextReported,
    TextRestored,
    Voice,
)
from server.room.governed import WITHHELD_MOST, Reports, is_hidden
from server.room.seats import seat
from server.room.state import RoomState
from server.room.text import cleaned

REASON_LIMIT_CHARACTERS = 64
TEXT_LIMIT_CHARACTERS = 500
# So many seats that report a thing hide it.
HIDING_REPORTS = 3


def report(state: RoomState, command: Report, by: Voice | None, context: Context) -> list[Fact]:
    """Take a report, and hide what enough have reported. Raises `Refused`."""
    key = checked(state, command.clip, command.seq, by)
    reason, text = cleaned(command.reason), cleaned(command.text)[:TEXT_LIMIT_CHARACTERS]
    if not reason:
        raise Refused("empty", "The reason is empty.")
    if len(reason) > REASON_LIMIT_CHARACTERS:
        raise Refused("too_long", f"The reason is longer than {REASON_LIMIT_CHARACTERS} characters.")
    own = seat(state, by.id, context, alone=False) if by else ""
    told = (
        ClipReported(command.clip, reason, text, own)
        if command.clip
        else TextReported(command.seq, reason, text, own)
    )
    return [told, *_enough(state, key, own)]


def _enough(state: RoomState, key: str, own: str) -> list[Fact]:
    before = state.governed.reports.get(key, Reports())
    reporters = {*before.seats, own} - {*before.settled, ""}
    is_full = len(state.governed.withheld) - len(state.governed.held) >= WITHHELD_MOST
    if len(reporters) < HIDING_REPORTS or is_hidden(state.governed, key) or is_full:
        return []
    return [_hidden(key)]


def checked(state: RoomState, clip: str, seq: int, by: Voice | None) -> str:
    """Return by which name a room knows a clip or a text. Raises `Refused` when it is not here."""
    if clip:
        found = state.clips.get(clip)
        if found is None:
            raise Refused("no_such_clip", "This clip is not here (any more).")
        # What is hidden until somebody decided may be reported again by who knows it already.
        if found.hidden and view.is_hidden(state, clip, by.id if by else None):
            raise Refused("no_such_clip", "This clip is not here yet.")
        return found.clip
    is_known = seq in state.texts or seq in state.written
    # Of old texts only those are known that somebody is to decide about.
    if not is_known and str(seq) not in state.governed.withheld and str(seq) not in state.governed.reports:
        raise Refused("no_such_text", "This text is not here (any more).")
    return str(seq)


def hide(state: RoomState, command: Hide) -> list[Fact]:
    """Hide a clip or a text until somebody decided; nothing when it is hidden."""
    key = checked(state, command.clip, command.seq, None)
    return [] if is_hidden(state.governed, key) else [_hidden(key)]


def restore(state: RoomState, command: Restore) -> list[Fact]:
    """Let a clip or a text stay; nothing when nobody reported or hid it."""
    key = checked(state, command.clip, command.seq, None)
    if key in state.governed.held:
        return held.let_pass(state, state.clips[key])
    if key not in state.governed.withheld and not state.governed.reports.get(key, Reports()).seats:
        return []
    return [ClipRestored(command.clip) if command.clip else TextRestored(command.seq)]


def _hidden(key: str) -> Fact:
    return TextHidden(int(key)) if key.isdecimal() else ClipHidden(key)
