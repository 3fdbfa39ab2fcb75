"""Clips that a filter holds: what trips it in their words, and how those who are here let them pass. Pure."""

from __future__ import annotations

from games.round import Word
from server.room import filters, misheard
from server.room.clips import Clip, ClipRef
from server.room.commands import Pass, Refused
from server.room.context import Context
from server.room.events import (
    ClipCaptioned,
    ClipRemoved,
    ClipRestored,
    Fact,
    Voice,
)
from server.room.governed import Reports, is_hidden
from server.room.held_facts import ClipHeld, ClipPassed, PassGiven
from server.room.kinds import KINDS, Filter
from server.room.machines import people
from server.room.seats import seat
from server.room.state import RoomState

# So many seats that say yes let a clip pass; where fewer are here, all of them.
PASSING_VOTES = 3
# In a public room nobody alone lets pass what those who come later would hear.
LEAST_VOTES_PUBLIC, LEAST_VOTES = 2, 1
# A room holds no more clips than this: then the one that waits for longest is removed.
HELD_MOST = 500


def tripped(state: RoomState, caption: ClipCaptioned) -> Filter | None:
    """Return the filter of a room that does not let the words of a clip pass, None when all do."""
    kind = KINDS.get(state.kind, KINDS["wonder"])
    heard = misheard.without(caption.text)
    for name in kind.filters if heard else ():
        # In English any capital may make a last name: here capitals are the recogniser's, and tell nothing.
        text = heard.lower() if (name, state.language) == ("names", "en") else heard
        if filters.refuse(text, state.language, (name,)):
            return name
    return None


def hold(state: RoomState, clip: Clip, name: Filter) -> list[Fact]:
    """Hold a clip; the oldest that is held gives way when there are too many."""
    held = ClipHeld(clip.clip, name, clip.hidden)
    if len(state.governed.held) < HELD_MOST:
        return [held]
    oldest = next(iter(state.governed.held))
    known = state.clips.get(oldest)
    return [ClipRemoved(oldest, "expired", known is not None and known.hidden), held]


def let_pass(state: RoomState, clip: Clip) -> list[Fact]:
    """Let a clip pass: whoever decides in this room has decided about its reports, too."""
    reported = clip.clip in state.governed.reports or is_hidden(state.governed, clip.clip)
    return [*_passed(state, clip), *([ClipRestored(clip.clip)] if reported else [])]


def _passed(state: RoomState, clip: Clip, *, hidden: bool = False) -> list[Fact]:
    """Return that a clip passed, and its words: everybody may know them, if nothing else hides it."""
    held = state.governed.held.get(clip.clip)
    if held is None or clip.hidden:
        return []
    facts: list[Fact] = [ClipPassed(clip.clip)]
    if isinstance(clip, ClipRef) and clip.caption is not None:
        words: tuple[Word, ...] = clip.words
        told = ClipCaptioned(clip.clip, clip.caption, held.language, hidden, words=words, by=held.by)
        facts.append(told)
    return facts


def decide(state: RoomState, command: Pass, by: Voice | None, context: Context, *, alone: bool) -> list[Fact]:
    """Take what somebody says about a clip that is held; who decides `alone` lets it pass.

    Raises `Refused`.
    """
    clip = state.clips.get(command.clip)
    if clip is None or clip.hidden:
        raise Refused("no_such_clip", "This clip is not here (any more).")
    held = state.governed.held.get(clip.clip)
    if held is None:  # it has passed already
        return []
    if by is None or alone:
        return let_pass(state, clip) if command.value else []
    return _voted(state, clip, command.value, by, context)


def _voted(state: RoomState, clip: Clip, value: bool | None, by: Voice, context: Context) -> list[Fact]:
    held = state.governed.held[clip.clip]
    own = seat(state, by.id, context, alone=False)
    speakers = seat(state, clip.voice, context, alone=False)
    if own == speakers:
        raise Refused("own_clip", "Whether your own clip may pass is for the others to say.")
    if state.governed.reports.get(clip.clip, Reports()).seats:
        raise Refused("not_allowed", "This clip was reported, too: whoever keeps this room decides.")
    present = {seat(state, voice, context, alone=False) for voice in people(context.here, context)} | {own}
    yes, no = ({*seats} - {own} for seats in (held.yes, held.no))
    if value is not None:
        (yes if value else no).add(own)
    least = LEAST_VOTES_PUBLIC if state.public else LEAST_VOTES
    needed = max(least, min(PASSING_VOTES, len(present - {speakers})))
    given = PassGiven(clip.clip, by.id, value, len(yes), needed, "" if own == by.id else own)
    passes = value is True and len(yes) >= needed and len(yes) > len(no)
    hidden = is_hidden(state.governed, clip.clip)
    return [given, *(_passed(state, clip, hidden=hidden) if passes else [])]
