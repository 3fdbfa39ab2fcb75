"""The state of a room: a fold over its events. Pure; unknown kinds of events change nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial

from msgspec import Struct
from msgspec.structs import asdict, replace

from games import captions, forgotten
from games import round as rounds
from games.round import (
    AnswerGiven,
    RevealedTake,
    RoleGiven,
    Round,
    RoundClosed,
    RoundFact,
    RoundOpened,
    RoundRevealed,
    Take,
    Tempo,
)
from games.words import tokens
from server.room import answered, governed, open_chains, taught
from server.room.clips import NO_CLIPS, ClipRef, Clips
from server.room.events import (
    ClipCaptioned,
    ClipLanded,
    ClipRemoved,
    ClipReported,
    Erased,
    Event,
    Fact,
    KeeperGiven,
    KeeperSeen,
    Language,
    ProposalMade,
    ReactionGiven,
    RoomChanged,
    RoomClosed,
    RoomOpened,
    TextRemoved,
    TextSaid,
    TopicSuggested,
    TopicThrown,
    TopicWanted,
    Voice,
    VoiceMuted,
)
from server.room.governed import Governed
from server.room.held_facts import ClipHeld
from server.room.sets import NO_SET, RoundSet, is_praise
from server.room.written import Written, newest, with_repeats, with_text, with_written

NOTHING_YET = Governed()
# How many prompts a room remembers having thrown.
PROMPTS_REMEMBERED = 100
# How many voices a room knows by name, for words meant for one of them alone.
VOICES_KEPT = 500
# What tells of a round, but for its beginning and its end.
ROUND_FACTS = (
    rounds.RoundJoined, rounds.RoundLeft, rounds.RoundPaused, RoleGiven, rounds.TurnGiven,
    rounds.TurnPassed, rounds.HelpGiven, rounds.ChallengeMade, rounds.VerdictGiven,
    rounds.VerdictOverruled,
)  # fmt: skip


class Suggestion(Struct, frozen=True):
    """A topic that waits to be thrown, and the seq of the event that brought it."""

    text: str
    voice: str
    seq: int


class RoomState(Struct, frozen=True):
    """A room as of its newest event; `texts` maps the seq of a text to its voice.

    `keeper` is the voice that keeps a private room, `voices_language` the one that voices are named
    in: that of the opening. `written` maps the seq of an answer, of its reveal, of a suggestion, or of
    a role asked for to what it is; `wanted` are the voices that wait for another topic, `wanted_seats`
    what their wishes count by. `asked_seq` is the seq of the newest turn, whose event has the words that a
    take answers; `set_rounds` is the set of rounds that runs; `answered` are prompts and who answered them,
    `chains` those across visits;
    `removed_seq` is the seq of the newest removal; `voice` None means as the kind has it,
    `character` None too, and "" nobody; `taught` is who has played which game lately.
    """

    head: int = 0
    kind: str = "wonder"
    name: str = ""
    theme: str = ""
    description: str = ""
    language: Language = "en"
    tempo: Tempo = "snap"
    public: bool = False
    place: str = ""
    live: bool = False
    keeper: str = ""
    voices_language: Language = "en"
    opened_at_ms: int = 0
    closed: bool = False
    clips: Clips = NO_CLIPS
    texts: dict[int, str] = {}
    muted: dict[str, int] = {}
    thrown: tuple[str, ...] = ()
    round: Round | None = None
    last_round: Round | None = None
    rested_from_ms: int = 0
    silent_rounds: int = 0
    voices: dict[str, Voice] = {}
    written: dict[int, Written] = {}
    suggestions: dict[str, Suggestion] = {}
    wanted: tuple[str, ...] = ()
    asked_seq: int = 0
    set_rounds: RoundSet = NO_SET
    wanted_seats: tuple[str, ...] = ()
    locked: bool = False
    slow: bool = False
    hold: bool = False
    mask: str = ""
    governed: Governed = NOTHING_YET
    answered: answered.Memory = ()
    chains: open_chains.Memory = ()
    removed_seq: int = 0
    voice: bool | None = None
    taught: taught.Memory = {}
    noise_reduction: bool = False
    character: str | None = None


# What a revealed take has that its clip has not, or has otherwise.
TAKES_OWN = ("voice", "text", "written")
EMPTY = RoomState()


def apply(state: RoomState, event: Event) -> RoomState:
    """Fold one event into the state."""
    folded = _repeated(_folded(state, event), event)
    voices = folded.voices
    if event.by is not None and voices.get(event.by.id) != event.by:
        voices = {**newest(voices, VOICES_KEPT), event.by.id: event.by}
    if event.by is not None and event.by.id == folded.keeper:
        folded = replace(folded, governed=replace(folded.governed, keeper_seen_ms=event.at_ms))
    return replace(folded, head=event.seq, voices=voices)


def _folded(state: RoomState, event: Event) -> RoomState:
    match event.data:
        case TextSaid():
            return _paced(replace(state, texts=with_text(state.texts, event)), event, take=False)
        case ClipLanded() as landed:
            return _clip_landed(state, event, landed)
        case ClipCaptioned() | ClipRemoved() | TextRemoved() as fact:
            return _changed(state, event, fact)
        case RoomOpened() as opened:
            return _room_opened(state, event, opened)
        case RoomChanged() as changed:
            return replace(state, **{k: v for k, v in asdict(changed).items() if v is not None})
        case RoomClosed():
            return replace(state, closed=True)
        case TopicThrown() | TopicSuggested() | TopicWanted() as fact:
            return _topic_changed(state, event, fact)
        case VoiceMuted(voice=voice, until_ms=until_ms):
            return replace(state, muted=_with_muted(state.muted, voice, until_ms, event.at_ms))
        case AnswerGiven() as answer:
            return _answered(state, event, answer)
        case RoundRevealed() as revealed:
            return _revealed(state, event, revealed)
        case ReactionGiven() as fact if _is_like(event, fact):
            return _liked(state, fact.target, event.by.id if event.by else "", fact.seat)
        case _:
            return _round_changed(_governed(state, event), event)


def _is_like(event: Event, fact: ReactionGiven) -> bool:
    """Tell whether a reaction counts for the line of a set: a machine's is shown, and does not."""
    return event.by is not None and not event.by.machine and is_praise(fact.emoji)


def _is_machine(state: RoomState, voice: str) -> bool:
    """Tell whether the room knows a voice as a machine."""
    known = state.voices.get(voice)
    return known is not None and known.machine


def _governed(state: RoomState, event: Event) -> RoomState:
    match event.data:
        case KeeperGiven(voice=voice):
            seen = replace(state.governed, keeper_seen_ms=event.at_ms)
            return replace(state, keeper=voice, governed=seen)
        case KeeperSeen(voice=voice) if voice == state.keeper:
            return replace(state, governed=replace(state.governed, keeper_seen_ms=event.at_ms))
        case fact if isinstance(fact, governed.FACTS):
            return replace(state, governed=governed.apply(state.governed, event, fact))
        case _:
            return state


def _gone(state: RoomState, target: str) -> RoomState:
    """Forget that something was hidden or reported."""
    return replace(state, governed=governed.dropped(state.governed, target))


def _paced(state: RoomState, event: Event, *, take: bool) -> RoomState:
    if not state.slow:
        return state
    return replace(state, governed=governed.paced(state.governed, event, take=take))


def _repeated(state: RoomState, event: Event) -> RoomState:
    """Note which events say again what a visitor said, so that forgetting finds them."""
    ids = {id_ for id_ in _said_before(state, event.data) if id_}
    if not ids:
        return state
    clips = state.clips
    for id_ in ids:
        clips = clips.repeated(id_, event.seq)
    return replace(state, clips=clips, written=with_repeats(state.written, ids, event.seq))


def _said_before(state: RoomState, fact: Fact | Erased) -> Collection[str]:
    match fact:
        case ClipReported(clip=clip) | ClipHeld(clip=clip):
            return (clip,)
        case TopicThrown() | RoundOpened() | ProposalMade() if fact.prompt is not None:
            return (fact.prompt.id,)
        case rounds.TurnGiven() | rounds.VerdictGiven():
            both = (state.round, state.last_round)
            return next((forgotten.repeated(r, fact) for r in both if r and r.id == fact.round), ())
        case _:
            return ()


def _room_opened(state: RoomState, event: Event, opened: RoomOpened) -> RoomState:
    fields = asdict(opened)
    keeper = event.by.id if event.by and not opened.public else ""
    return replace(
        state,
        kind=fields.pop("room_kind"),
        keeper=keeper,
        voices_language=opened.language,
        opened_at_ms=event.at_ms,
        **fields,
    )


def _with_muted(muted: dict[str, int], voice: str, until_ms: int, now_ms: int) -> dict[str, int]:
    """Return who is muted until when, without those whose time is over."""
    kept = {each: ends for each, ends in muted.items() if ends > now_ms and each != voice}
    return {**kept, voice: until_ms} if until_ms > now_ms else kept


def _topic_changed(
    state: RoomState, event: Event, fact: TopicThrown | TopicSuggested | TopicWanted
) -> RoomState:
    match fact:
        case TopicWanted(voice=voice, seat=seat):
            wanted = (*(v for v in state.wanted if v != voice), voice)
            seats = (*(s for s in state.wanted_seats if s != (seat or voice)), seat or voice)
            return replace(state, wanted=wanted, wanted_seats=seats)
        case TopicSuggested():
            suggestion = Suggestion(fact.text, event.by.id if event.by else "", event.seq)
            waiting = {**state.suggestions, fact.topic: suggestion}
            return replace(state, suggestions=waiting, written=with_written(state.written, event, fact.topic))
        case TopicThrown(prompt=prompt):
            waiting = {k: v for k, v in state.suggestions.items() if k != prompt.id}
            thrown = (*state.thrown, prompt.id)[-PROMPTS_REMEMBERED:]
            return replace(state, thrown=thrown, wanted=(), wanted_seats=(), suggestions=waiting)


def _clip_landed(state: RoomState, event: Event, landed: ClipLanded) -> RoomState:
    if not landed.clip:  # somebody else's, still hidden from who folds this
        return state
    asked_seq = state.asked_seq if state.round is not None and landed.round == state.round.id else None
    ref = ClipRef(seq=event.seq, at_ms=event.at_ms, by=event.by, asked_seq=asked_seq, **asdict(landed))
    clips = state.clips.landed(ref).with_old_filed(lambda clip: _is_needed(state, clip))
    state = _paced(replace(state, clips=clips), event, take=True)
    if state.round is None or landed.round != state.round.id or event.by is None:
        return state
    take = take_of(landed, event.by)
    return replace(state, round=rounds.landed(state.round, take, event.at_ms))


def _is_needed(state: RoomState, clip: ClipRef) -> bool:
    """Tell whether a round may still ask for all that is known of a clip."""
    rounds_ = (state.round, state.last_round)
    if clip.clip in state.governed.held:  # its words are told when it passes
        return True
    return clip.hidden or any(each is not None and clip.round == each.id for each in rounds_)


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
        hidden=landed.hidden,
        masked=landed.masked,
    )


def _answered(state: RoomState, event: Event, fact: AnswerGiven) -> RoomState:
    round_ = state.round
    if not fact.answer or event.by is None or round_ is None or fact.round != round_.id:
        return state
    take = Take(
        fact.answer,
        event.by.id,
        fact.turn,
        duration_ms=0,
        onset_ms=0,
        gap_ms=0,
        words=tokens(fact.text),
        text=fact.text,
        hidden=fact.hidden,
        written=True,
    )
    return replace(
        state,
        round=rounds.landed(round_, take, event.at_ms),
        written=with_written(state.written, event, fact.answer),
    )


def _revealed(state: RoomState, event: Event, fact: RoundRevealed) -> RoomState:
    for take in fact.takes:
        state = _take_revealed(state, event, fact.round, take)
    return _with_round_fact(state, fact)


def _take_revealed(state: RoomState, event: Event, round_id: str, take: RevealedTake) -> RoomState:
    """Show a take; add it when its landing was blanked."""
    if take.written:
        state = replace(state, written=with_written(state.written, event, take.clip))
    else:
        known = take.clip in state.clips
        clips = state.clips if known else state.clips.with_clip(_ref(event, round_id, take))
        state = replace(state, clips=clips.revealed(take.clip, event.seq))
    if state.round is None or state.round.id != round_id or state.round.take(take.clip):
        return state
    return replace(state, round=captions.revealed(state.round, take, state.language))


def _ref(event: Event, round_id: str, take: RevealedTake) -> ClipRef:
    told = {name: value for name, value in asdict(take).items() if name not in TAKES_OWN}
    return ClipRef(
        **told,
        seq=event.seq,
        at_ms=event.at_ms,
        by=event.by,
        round=round_id,
        reaction_ms=None,
        caption=take.text,
    )


def _changed(state: RoomState, event: Event, fact: ClipCaptioned | ClipRemoved | TextRemoved) -> RoomState:
    if not isinstance(fact, ClipCaptioned):
        state = replace(state, removed_seq=event.seq)
    if isinstance(fact, TextRemoved):
        return _text_removed(state, fact.target)
    if isinstance(fact, ClipRemoved):
        liked = state.set_rounds.without(fact.clip)
        state = replace(_gone(state, fact.clip), clips=state.clips.without(fact.clip), set_rounds=liked)
        return _forgotten(state, fact.clip)
    if fact.clip not in state.clips:
        return state
    state = replace(state, clips=state.clips.captioned(fact.clip, fact.text, event.seq, fact.words))
    # While a filter holds a clip, its round goes on as if no words had been heard.
    text = "" if fact.clip in state.governed.held else fact.text
    kept = governed.captioned(state.governed, fact.clip, fact.language, fact.by)
    return _in_rounds(
        replace(state, governed=kept),
        lambda round_: captions.captioned(round_, fact.clip, text, tokens(text), fact.language),
    )


def whole(clip: str, events: Iterable[Event]) -> ClipRef | None:
    """Return all that a room knew of a clip, from the events that told of it in their order.

    None when they tell of it no more.
    """
    state = EMPTY
    for event in events:
        state = apply(state, event)
    return state.clips.whole.get(clip)


def _text_removed(state: RoomState, target: int) -> RoomState:
    written = state.written.get(target)
    state = replace(
        _gone(state, str(target)),
        texts={k: v for k, v in state.texts.items() if k != target},
        written={k: v for k, v in state.written.items() if k != target},
        suggestions={k: v for k, v in state.suggestions.items() if v.seq != target},
    )
    if written is None or not written.id:
        return state
    return _forgotten(state, written.id)


def _forgotten(state: RoomState, item: str) -> RoomState:
    """Take a clip, an answer or a topic out wherever its words are repeated."""
    kept = answered.without(state.answered, item)
    chains = open_chains.without(state.chains, item)
    unasked = governed.unasked(state.governed, item)
    state = replace(state, answered=kept, chains=chains, governed=unasked)
    return _in_rounds(state, lambda round_: forgotten.without(round_, item))


def _in_rounds(state: RoomState, change: Callable[[Round], Round]) -> RoomState:
    running, last = state.round, state.last_round
    return replace(state, round=running and change(running), last_round=last and change(last))


def _liked(state: RoomState, item: str, voice: str, seat: str) -> RoomState:
    """Count a heart or a laugh for a take of a round, though nobody's own; those of one seat are one."""
    clip = state.clips.whole.get(item)
    if clip is None or clip.round is None or clip.voice == voice:
        return state
    return replace(state, set_rounds=state.set_rounds.with_like(item, clip.round, seat or voice))


def _round_changed(state: RoomState, event: Event) -> RoomState:
    match event.data:
        case RoundOpened() as fact:
            prompt = (fact.prompt.id,) if fact.prompt and fact.prompt.id not in state.thrown[-1:] else ()
            thrown = (*state.thrown, *prompt)[-PROMPTS_REMEMBERED:]
            begun = rounds.opened(fact, event.at_ms, event.by.id if event.by else "")
            return replace(state, round=begun, thrown=thrown, wanted=(), wanted_seats=())
        case RoundClosed() as fact if state.round is not None and fact.round == state.round.id:
            silent = state.silent_rounds + 1 if fact.reason == "silent" else 0
            is_machine = partial(_is_machine, state)
            return replace(
                state,
                round=None,
                last_round=rounds.apply(state.round, fact),
                set_rounds=state.set_rounds.with_round(state.round, fact, event.at_ms),
                rested_from_ms=event.at_ms,
                silent_rounds=silent,
                chains=open_chains.with_round(state.chains, state.round, fact, event.at_ms, is_machine),
                answered=answered.with_round(state.answered, state.round, is_machine),
                taught=taught.with_round(state.taught, state.round, event.at_ms),
                governed=governed.rested(state.governed),
            )
        case fact if isinstance(fact, ROUND_FACTS):
            if isinstance(fact, rounds.RoundJoined) and fact.role:
                state = replace(state, written=with_written(state.written, event, ""))
            elif isinstance(fact, rounds.TurnGiven):
                missed = state.set_rounds.with_stage(state.round, fact) if state.round else state.set_rounds
                state = replace(state, asked_seq=event.seq, set_rounds=missed)
            return _with_round_fact(state, fact)
        case rounds.VoteCast() as fact:
            return _voted(state, fact, event.at_ms)
        case _:
            return state


def _voted(state: RoomState, fact: rounds.VoteCast, at_ms: int) -> RoomState:
    if fact.value > 0:
        state = _liked(state, fact.clip, fact.voice, fact.seat)
    return _in_rounds(state, lambda r: rounds.voted(r, fact, at_ms) if r.id == fact.round else r)


def _with_round_fact(state: RoomState, fact: RoundFact) -> RoomState:
    if state.round is not None and fact.round == state.round.id:
        return replace(state, round=rounds.apply(state.round, fact))
    if state.last_round is not None and fact.round == state.last_round.id:
        return replace(state, last_round=rounds.apply(state.last_round, fact))
    return state
