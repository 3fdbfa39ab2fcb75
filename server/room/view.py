"""What one visitor may see of an event: everything that leaves a room for a visitor goes through here."""

from __future__ import annotations

from msgspec.structs import replace

from games.round import AnswerGiven, Prompt, RoleGiven, Round, RoundOpened, TurnGiven, VoteCast
from server.room.clips import Clip
from server.room.events import (
    AdminActed,
    ClipCaptioned,
    ClipLanded,
    ClipRemoved,
    ClipReported,
    Erased,
    Event,
    Fact,
    NetworkMuted,
    ReactionGiven,
    TextReported,
    TopicWanted,
)
from server.room.held_facts import ClipHeld, PassGiven
from server.room.state import RoomState


def view(event: Event, voice: str | None) -> Event:
    """Return the event as a voice may see it; `voice` None stands for everybody else."""
    match event.data:
        case Erased():
            return event
        case NetworkMuted() | AdminActed():
            return replace(event, by=None, data=Erased())
        case ClipReported() | TextReported() as told:
            # Whoever reported may learn what became of it; nobody else sees that they did.
            return _unseated(event, told) if _own(event, voice) else replace(event, by=None, data=Erased())
        case ReactionGiven() | TopicWanted() | VoteCast() | PassGiven() as counted if counted.seat:
            return view(_unseated(event, counted), voice)
        case VoteCast() | PassGiven() as fact if not _own(event, voice):
            return replace(event, by=None, data=replace(fact, voice=""))
        case fact:
            seen = _for_all(fact) if _is_kept_from_all(fact) or not _own(event, voice) else fact
            return event if seen is fact else replace(event, data=seen)


def _unseated(
    event: Event, fact: ClipReported | PassGiven | ReactionGiven | TextReported | TopicWanted | VoteCast
) -> Event:
    """Keep back what a voice counts by: it tells which voices come from one network."""
    return replace(event, data=replace(fact, seat=""))


def is_hidden(state: RoomState, clip: str, voice: str | None) -> bool:
    """Tell whether a clip (or written answer) must not be seen or heard by a voice yet, or just now."""
    known = state.clips.get(clip)
    if known is not None:
        return is_clip_hidden(state, known, voice)
    take = state.round.take(clip) if state.round else None
    return take is not None and take.hidden and take.voice != voice


def is_clip_hidden(state: RoomState, known: Clip, voice: str | None) -> bool:
    """Tell the same of a clip that was looked up."""
    keeps = bool(state.keeper) and voice == state.keeper
    is_kept_back = known.hidden or (known.clip in state.governed.withheld and not keeps)
    return is_kept_back and (not known.voice or known.voice != voice)


def public(round_: Round) -> Round:
    """Return a round as everybody may see it: no secrets, no reaction times, no one's votes."""
    return replace(
        round_,
        prompt=_prompt(round_.prompt, round_.answer),
        answer="",
        turns=tuple(_turn(turn) for turn in round_.turns),
        takes=tuple(replace(take, reaction_ms=None) for take in round_.takes if not take.hidden),
        votes=tuple(replace(vote, voice="", seat="") for vote in round_.votes),
        roles=tuple(replace(role, role="", text="") for role in round_.roles),
    )


def _own(event: Event, voice: str | None) -> bool:
    return event.by is not None and event.by.id == voice


def _is_kept_from_all(fact: Fact) -> bool:
    """Tell whether a fact holds what not even its own voice may see."""
    return isinstance(fact, RoundOpened | TurnGiven | ClipCaptioned | ClipHeld)


def _for_all(fact: Fact) -> Fact:
    """Return a fact without what is not for everybody."""
    match fact:
        case ClipLanded(hidden=True):
            return ClipLanded("", 0, 0, 0, 0.0, (), round=fact.round, turn=fact.turn, hidden=True)
        case ClipLanded(reaction_ms=reaction_ms) if reaction_ms is not None:
            return replace(fact, reaction_ms=None)
        case ClipCaptioned(hidden=True) | AnswerGiven(hidden=True):
            return _blank(fact)
        case ClipHeld(hidden=True):
            return replace(fact, clip="", filter="")
        case ClipRemoved(hidden=True):
            return replace(fact, clip="")
        case RoleGiven():
            return replace(fact, role="", text="")
        case RoundOpened() if fact.answer:
            return replace(fact, prompt=_prompt(fact.prompt, fact.answer), answer="")
        case TurnGiven():
            return _turn(fact)
        case _:
            return fact


def _blank(fact: ClipCaptioned | AnswerGiven) -> Fact:
    if isinstance(fact, AnswerGiven):
        return replace(fact, answer="", text="")
    return replace(fact, clip="", text="", words=())


def _prompt(prompt: Prompt | None, answer: str) -> Prompt | None:
    """Keep back a prompt's id while its answer is looked for: the packs are public."""
    return replace(prompt, id="") if prompt and answer else prompt


def _turn(turn: TurnGiven) -> TurnGiven:
    return turn if turn.cut_at_ms is None else replace(turn, cut_at_ms=None)
