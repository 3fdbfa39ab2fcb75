"""The state of a room: a fold over its events. Total, pure, deaf to kinds it does not know."""

from __future__ import annotations

from itertools import islice

from msgspec import Struct
from msgspec.structs import asdict, replace

from games import round as rounds
from games.round import Round, RoundClosed, RoundOpened, Take, Tempo
from server.room.events import (
    ClipCaptioned,
    ClipLanded,
    ClipRemoved,
    Event,
    Language,
    RoomChanged,
    RoomClosed,
    RoomOpened,
    Source,
    TextRemoved,
    TextSaid,
    TopicThrown,
    Voice,
    VoiceMuted,
)

# How many texts a visitor may still take back, and how many prompts a room remembers having thrown.
TEXTS_KEPT = 500
PROMPTS_REMEMBERED = 100


class ClipRef(Struct, frozen=True):
    """What a room knows of a clip that is in it: where its events are and what was measured."""

    clip: str
    seq: int
    at_ms: int
    by: Voice | None
    duration_ms: int
    onset_ms: int
    gap_ms: int
    loudness_lufs: float
    peaks: tuple[int, ...]
    masked: bool
    source: Source
    round: str | None
    turn: int | None
    reaction_ms: int | None
    caption: str | None = None
    caption_seq: int | None = None


class RoomState(Struct, frozen=True):
    """A room as of its newest event; `texts` maps the seq of a text to its voice."""

    head: int = 0
    kind: str = "wonder"
    name: str = ""
    theme: str = ""
    description: str = ""
    language: Language = "en"
    tempo: Tempo = "snap"
    public: bool = False
    place: str = ""
    opened_at_ms: int = 0
    closed: bool = False
    clips: dict[str, ClipRef] = {}
    texts: dict[int, str] = {}
    muted: dict[str, int] = {}
    thrown: tuple[str, ...] = ()
    round: Round | None = None
    last_round: Round | None = None
    rested_from_ms: int = 0
    silent_rounds: int = 0


EMPTY = RoomState()


def apply(state: RoomState, event: Event) -> RoomState:
    """Fold one event into the state."""
    return replace(_folded(state, event), head=event.seq)


def _folded(state: RoomState, event: Event) -> RoomState:
    match event.data:
        case TextSaid():
            return replace(state, texts=_with_text(state.texts, event))
        case ClipLanded() as landed:
            return _clip_landed(state, event, landed)
        case ClipCaptioned() | ClipRemoved() | TextRemoved() as fact:
            return _clip_changed(state, event, fact)
        case RoomOpened() as opened:
            return _room_opened(state, event, opened)
        case RoomChanged() as changed:
            return replace(state, **{k: v for k, v in asdict(changed).items() if v is not None})
        case RoomClosed():
            return replace(state, closed=True)
        case TopicThrown(prompt=prompt):
            return replace(state, thrown=(*state.thrown, prompt.id)[-PROMPTS_REMEMBERED:])
        case VoiceMuted(voice=voice, until_ms=until_ms):
            return replace(state, muted={**state.muted, voice: until_ms})
        case _:
            return _round_changed(state, event)


def _room_opened(state: RoomState, event: Event, opened: RoomOpened) -> RoomState:
    fields = asdict(opened)
    return replace(state, kind=fields.pop("room_kind"), opened_at_ms=event.at_ms, **fields)


def _with_text(texts: dict[int, str], event: Event) -> dict[int, str]:
    kept = dict(islice(texts.items(), max(0, len(texts) + 1 - TEXTS_KEPT), None))
    kept[event.seq] = event.by.id if event.by else ""
    return kept


def _clip_landed(state: RoomState, event: Event, landed: ClipLanded) -> RoomState:
    ref = ClipRef(seq=event.seq, at_ms=event.at_ms, by=event.by, **asdict(landed))
    state = replace(state, clips={**state.clips, landed.clip: ref})
    if state.round is None or landed.round != state.round.id or event.by is None:
        return state
    return replace(state, round=rounds.landed(state.round, take_of(landed, event.by)))


def take_of(landed: ClipLanded, by: Voice) -> Take:
    """Return the take that a landed clip is in its round."""
    return Take(
        landed.clip,
        by.id,
        landed.turn or 1,
        landed.duration_ms,
        landed.onset_ms,
        landed.gap_ms,
        landed.reaction_ms,
    )


def _clip_changed(
    state: RoomState, event: Event, fact: ClipCaptioned | ClipRemoved | TextRemoved
) -> RoomState:
    if isinstance(fact, TextRemoved):
        return replace(state, texts={k: v for k, v in state.texts.items() if k != fact.target})
    if isinstance(fact, ClipRemoved):
        return replace(state, clips={k: v for k, v in state.clips.items() if k != fact.clip})
    ref = state.clips.get(fact.clip)
    if ref is None:
        return state
    captioned = replace(ref, caption=fact.text, caption_seq=event.seq)
    return replace(state, clips={**state.clips, fact.clip: captioned})


def _round_changed(state: RoomState, event: Event) -> RoomState:
    match event.data:
        case RoundOpened() as fact:
            prompt = (fact.prompt.id,) if fact.prompt and fact.prompt.id not in state.thrown[-1:] else ()
            thrown = (*state.thrown, *prompt)[-PROMPTS_REMEMBERED:]
            return replace(state, round=rounds.opened(fact, event.at_ms), thrown=thrown)
        case RoundClosed() as fact if state.round is not None and fact.round == state.round.id:
            silent = state.silent_rounds + 1 if fact.reason == "silent" else 0
            return replace(
                state,
                round=None,
                last_round=state.round,
                rested_from_ms=event.at_ms,
                silent_rounds=silent,
            )
        case rounds.RoundJoined() | rounds.TurnGiven() | rounds.VoteCast() | rounds.VerdictGiven() as fact:
            return _with_round_fact(state, fact)
        case _:
            return state


def _with_round_fact(state: RoomState, fact: rounds.RoundFact) -> RoomState:
    if state.round is not None and fact.round == state.round.id:
        return replace(state, round=rounds.apply(state.round, fact))
    if state.last_round is not None and fact.round == state.last_round.id:
        return replace(state, last_round=rounds.apply(state.last_round, fact))
    return state
