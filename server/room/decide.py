"""Turn a command into facts, or refuse it. Pure: time, chance and who is here are arguments."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from games.dice import roll
from games.round import (
    RevealedTake,
    RoleGiven,
    RoundClosed,
    RoundLeft,
    RoundOpened,
    RoundPaused,
    RoundRevealed,
    TurnGiven,
    VerdictGiven,
    VerdictOverruled,
    Word,
)
from server.room import door, governing, held, machines, reports, round_lifecycle, rounds, topics
from server.room.clips import Clip
from server.room.commands import (
    Agree,
    Caption,
    Command,
    Forget,
    Open,
    Oversee,
    Pass,
    React,
    Refused,
    Report,
    Say,
    Tick,
)
from server.room.context import Context
from server.room.events import (
    ClipCaptioned,
    ClipHidden,
    ClipRemoved,
    DiceRolled,
    Draft,
    Erased,
    Fact,
    ProposalClosed,
    ReactionGiven,
    TextHidden,
    TextRemoved,
    TextSaid,
    TopicThrown,
    Voice,
    numbered,
)
from server.room.held_facts import ClipHeld, ClipPassed
from server.room.seats import seat
from server.room.state import RoomState, apply
from server.room.text import cleaned, is_emoji

TEXT_LIMIT_CHARACTERS = 500
# A voice says at most about 6 words, or 25 characters, in a second; clips are up to 60 s long.
CAPTION_CHARACTERS, CAPTION_WORDS = 1_500, 400
# A reaction further into a clip than any is long is put here.
REACTED_WITHIN_MS = 60_000

# What the room itself does, whoever gave the occasion.
ROOM_FACTS = (
    TurnGiven,
    VerdictGiven,
    VerdictOverruled,
    RoundClosed,
    RoundPaused,
    ProposalClosed,
    ClipHidden,  # by whose report it was is nobody's business
    TextHidden,
    ClipHeld,
    ClipPassed,  # nor who let it pass
    ClipCaptioned,
)
DICE = "/roll"
DICE_REFUSED = "Dice look like this: /roll 2d6+1, up to 20 of them."


def due(state: RoomState, context: Context) -> int | None:
    """Return when a `Tick` has something to do, in epoch ms; None when nothing is due."""
    times = rounds.due(state, context), governing.seen_due_ms(state, context)
    return min((at_ms for at_ms in times if at_ms is not None), default=None)


def decide(state: RoomState, command: Command, by: Voice | None, context: Context) -> list[Draft]:
    """Return the facts that a command makes true. Raises `Refused` with a code and a sentence."""
    kept = [*governing.lapsed(state, context), *governing.seen(state, context)]
    noted = [Draft(fact, context.now_ms) for fact in kept]
    for draft in noted:
        state = apply(state, numbered(draft, state.head + 1, state.head))
    by = machines.marked(state, by, context)
    door.check(state, command, by, context)
    facts = _facts(state, command, by, context)
    starter = _proposer(state) if isinstance(command, Agree | Tick) else by
    drafts = [Draft(fact, context.now_ms, _by(state, fact, by, starter)) for fact in facts]
    # Whoever takes back their own topic ends nobody's game: it goes on without the words.
    ends = [] if isinstance(command, Forget) else _off_stage(state, drafts, context)
    return [*noted, *drafts, *ends]


def _off_stage(state: RoomState, drafts: list[Draft], context: Context) -> list[Draft]:
    """Return the end of a round whose topic was just hidden or removed: by nobody, whoever did that."""
    topic = state.round.prompt.id if state.round and state.round.prompt else ""
    if not topic or not any(isinstance(each.data, TextHidden | TextRemoved) for each in drafts):
        return []
    for draft in drafts:
        state = apply(state, numbered(draft, state.head + 1, state.head))
    return [Draft(fact, context.now_ms) for fact in topics.off_stage(state, topic, context)]


def _proposer(state: RoomState) -> Voice | None:
    """Return whose facts a proposed round's are: its proposer's."""
    proposal = state.governed.proposal
    return state.voices.get(proposal.voice) if proposal else None


def _by(state: RoomState, fact: Fact, by: Voice | None, starter: Voice | None) -> Voice | None:
    """Return whose fact it is: a secret belongs to who is told it, a revealed take to its speaker."""
    match fact:
        case RoundOpened() | TopicThrown():
            return starter
        case RoleGiven(voice=voice) | RoundRevealed(takes=(RevealedTake(voice=voice),)):
            known = by if by is not None and by.id == voice else state.voices.get(voice)
            return known or Voice(voice, "", "")
        case RoundLeft(voice=voice):
            return by if by is not None and by.id == voice else None
        case _ if isinstance(fact, ROOM_FACTS):
            return None
        case _:
            return by


def _facts(state: RoomState, command: Command, by: Voice | None, context: Context) -> list[Fact]:
    match command:
        case Say(text=text):
            return [_said(state, _text(text, "text", TEXT_LIMIT_CHARACTERS), context)]
        case React():
            return [_reaction(state, command, by, context)]
        case Open():
            if state.head > 0:
                raise Refused("room_exists", "This room is open already.")
            return governing.opening(command)
        case Report():
            return reports.report(state, command, by, context)
        case Forget():
            return _forget(state, command, by)
        case Pass():
            alone = by is None or governing.decides(state, by, context)
            return held.decide(state, command, by, context, alone=alone)
        case Caption(caption=caption):
            return _captioned(state, caption, context)
        case Oversee():
            return governing.overseen(state, command, by, context)
        case _ if isinstance(command, governing.COMMANDS):
            return governing.facts(state, command, by, context)
        case _:
            return rounds.facts(state, command, by, context)


def _said(state: RoomState, text: str, context: Context) -> Fact:
    """Return what was written, or the dice when it asks for them."""
    word, _, expression = text.partition(" ")
    if word != DICE:
        round_lifecycle.check_words(state, text)
        return TextSaid(text)
    try:
        rolled = roll(expression, context.random)
    except ValueError:
        raise Refused("bad_dice", DICE_REFUSED) from None
    return DiceRolled(rolled.expression, rolled.dice, rolled.total)


def _captioned(state: RoomState, caption: ClipCaptioned, context: Context) -> list[Fact]:
    clip = state.clips.get(caption.clip)
    if clip is None or clip.is_captioned:
        return []
    caption = heard(caption)
    name = held.tripped(state, caption)
    holds = held.hold(state, clip, name) if name else []
    if holds or clip.hidden or clip.clip in state.governed.withheld:
        caption = replace(caption, hidden=True)
    if clip.hidden:
        return [*holds, caption]
    for fact in holds:
        state = apply(state, numbered(Draft(fact, context.now_ms), state.head + 1, state.head))
    return [*holds, caption, *round_lifecycle.after_caption(state, caption, context)]


def heard(caption: ClipCaptioned) -> ClipCaptioned:
    """Return a caption within its limits, its words in the order in which they are heard."""
    text = cleaned(caption.text)[:CAPTION_CHARACTERS].strip()
    words, at_ms = list[Word](), 0
    for word, start_ms, end_ms in caption.words[:CAPTION_WORDS] if text else ():
        start_ms = max(at_ms, start_ms)
        words.append((cleaned(word)[:CAPTION_CHARACTERS], start_ms, max(start_ms, end_ms)))
        at_ms = start_ms
    return replace(caption, text=text, words=tuple(word for word in words if word[0]))


def _text(text: str, what: str, limit: int) -> str:
    kept = cleaned(text)
    if not kept:
        raise Refused("empty", f"The {what} is empty.")
    if len(kept) > limit:
        raise Refused("too_long", f"The {what} is longer than {limit} characters.")
    return kept


def _clip(state: RoomState, id: str) -> Clip:  # noqa: A002
    clip = state.clips.get(id)
    if clip is None:
        raise Refused("no_such_clip", "This clip is not here (any more).")
    return clip


def _reaction(state: RoomState, command: React, by: Voice | None, context: Context) -> Fact:
    if not is_emoji(command.emoji):
        raise Refused("not_an_emoji", "React with one emoji.")
    target = command.target
    is_event = target.isascii() and target.isdecimal() and len(target) < 16 and 0 < int(target) <= state.head
    if is_event:
        return ReactionGiven(target, command.emoji)
    if _clip(state, target).hidden or target in state.governed.withheld:
        raise Refused("no_such_clip", "This clip is not here yet.")
    own = seat(state, by.id, context) if by else ""
    counted = "" if by is None or own == by.id else own
    return ReactionGiven(target, command.emoji, max(0, min(command.at_ms, REACTED_WITHIN_MS)), counted)


def _forget(state: RoomState, command: Forget, by: Voice | None) -> list[Fact]:
    if by is None:
        raise Refused("not_yours", "Only its speaker can take a clip back.")
    if command.everything:
        clips = [governing.removed(clip) for clip in state.clips.of_voice(by.id)]
        texts = [seq for seq, voice in state.texts.items() if voice == by.id]
        written = [seq for seq, text in state.written.items() if text.voice == by.id]
        return [*clips, *(TextRemoved(seq) for seq in (*texts, *written))]
    clip = _clip(state, command.clip or "")
    if clip.voice != by.id:
        raise Refused("not_yours", "Only its speaker can take a clip back.")
    return [governing.removed(clip)]


def _told(state: RoomState, target: str) -> tuple[int, ...]:
    """Return the seqs of the reports of a thing: they may repeat its words."""
    reported = state.governed.reports.get(target)
    return reported.seqs if reported else ()


def erasures(state: RoomState, facts: Sequence[Fact | Erased]) -> tuple[list[int], list[str]]:
    """Return the seqs of events to blank and the blobs to drop together with removing facts.

    `state` is the one before them: with what the same batch will store, for the log numbers it as was planned
    or refuses it. Blanked are also the events that say the same words again.
    """
    seqs: set[int] = set()
    blobs: list[str] = []
    for fact in facts:
        if isinstance(fact, TextRemoved):
            written = state.written.get(fact.target)
            seqs.update((fact.target, *(written.repeats if written else ()), *_told(state, str(fact.target))))
        elif isinstance(fact, ClipRemoved) and (clip := state.clips.get(fact.clip)):
            own = (clip.seq, clip.caption_seq, clip.reveal_seq, *clip.repeats)
            seqs.update(seq for seq in own if seq is not None)
            blobs.append(clip.clip)
    return sorted(seqs), blobs
