"""How a round of any game begins, goes on and ends: what a game returns becomes the room's facts here.

Verdicts on hidden takes wait, and no round ends before they are revealed.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from functools import partial
from random import Random

from msgspec.structs import replace

from games import prompts
from games.endings import spoken
from games.game import Game, GameContext, Setup
from games.pace import is_unjudged, words_by_ms
from games.parts import Duet, Earlier
from games.progress import folded, untold
from games.prompts import Card
from games.referee import coaching
from games.registry import BY_ID
from games.round import (
    AnswerGiven,
    Closing,
    Prompt,
    RevealedTake,
    Round,
    RoundClosed,
    RoundFact,
    RoundOpened,
    RoundRevealed,
    Take,
    Tempo,
    TurnGiven,
    opened,
)
from server.room import door, filters, lines, linked, masks
from server.room.clips import ClipRef
from server.room.context import Context
from server.room.events import (
    ClipCaptioned,
    ClipLanded,
    Draft,
    Fact,
    Voice,
    numbered,
)
from server.room.held_facts import ClipHeld
from server.room.kinds import KINDS, TIMINGS, RoomKind
from server.room.sets import SET_ROUNDS
from server.room.state import RoomState, apply

# Takes may begin this long before "go": eager speakers are welcome.
EAGER_MS = 1_500
COACHED = ("done", "silent", "again")
# Why a round ends whose next one begins at once.
FOLLOWED = ("again", "replaced")
# After each silent round the pulse rests twice as long, up to this many doublings.
PULSE_DOUBLINGS = 4
# The page shows how a game ended for 8 s. A chain is heard again as one: a breath before it and after it,
# and one between two clips; whatever is longer than 15 s is cut off by what comes next.
ENDING_MS, ENDING_LONGEST_MS = 8_000, 15_000
ENDING_LEAD_MS, ENDING_BREATH_MS = 2_500, 300
HEARD_AS_ONE = ("chain", "series")
# How long a clip counts that is too old to be known whole.
COMPANY_CLIP_MS = 3_000


def kind_of(state: RoomState) -> RoomKind:
    """Return the kind of a room; a kind that no longer exists counts as `wonder`."""
    return KINDS.get(state.kind, KINDS["wonder"])


def check_words(state: RoomState, text: str) -> None:
    """Refuse (`filtered`) what a visitor writes that the filters of the room do not let pass."""
    filters.check(text, state.language, kind_of(state).filters)


def plain(state: RoomState) -> Game:
    """Return the game that a throw begins."""
    return BY_ID[kind_of(state).plain]


def new_id(random: Random) -> str:
    """Return an id of 128 bits."""
    return base64.urlsafe_b64encode(random.randbytes(16)).rstrip(b"=").decode()


def game_context(state: RoomState, round_: Round, context: Context) -> GameContext:
    """Return what a game may know of the room beside its round."""
    return _game_context(state, round_.tempo, context, None)


def _game_context(state: RoomState, tempo: Tempo, context: Context, prompt: Prompt | None) -> GameContext:
    timing = TIMINGS[tempo]

    def draw(name: str) -> Prompt:
        random = context.random
        cards = (plain(state).pack == name and _on_theme(state, random)) or prompts.pack(state.language, name)
        return prompt or prompts.draw(cards, tempo=tempo, kind=state.kind, recent=state.thrown, random=random)

    return GameContext(
        context.now_ms,
        state.language,
        timing.count_in_ms,
        timing.window_ms,
        draw,
        context.random,
        kind_of(state).scored,
        door.admitted(state, context.here, context),
        context.captions,
        state.set_rounds.missed,
        timing.word_ms,
    )


def _on_theme(state: RoomState, random: Random) -> list[Card]:
    """Return cards about the room's theme that it has not seen lately; none when the draw says otherwise."""
    if random.random() >= kind_of(state).theme_share:
        return []
    return [card for card in prompts.about(state.language, state.theme) if card.id not in state.thrown]


def begin(
    state: RoomState,
    game: Game,
    tempo: Tempo | None,
    players: Sequence[str],
    context: Context,
    *,
    prompt: Prompt | None = None,
    company: tuple[str, ...] = (),
    duet: Duet | None = None,
    chain: str = "",
    earlier: tuple[Earlier, ...] = (),
) -> list[Fact]:
    """Begin a round of a game, on a given prompt or one drawn, in the company of older clips or links."""
    tempo = tempo or state.tempo
    now = _game_context(state, tempo, context, prompt)
    setup = Setup(new_id(context.random), tempo, tuple(players), now, chain, earlier)
    facts = game.begin(setup)
    kind = kind_of(state)
    begun = [
        replace(fact, mask=masks.drawn(kind, fact, facts), company=company, duet=duet)
        if isinstance(fact, RoundOpened)
        else fact
        for fact in facts
    ]
    round_ = next((opened(fact, context.now_ms) for fact in begun if isinstance(fact, RoundOpened)), None)
    return lines.with_time(begun, state, round_, context)


def close(state: RoomState, reason: Closing, context: Context) -> list[Fact]:
    """End the running round by somebody's wish."""
    round_ = state.round
    if round_ is None:
        return []
    game = BY_ID.get(round_.game)
    closed = game.close(round_, reason) if game else RoundClosed(round_.id, reason, spoken(round_))
    return with_reveals(state, [closed], context)


def after_landing(
    state: RoomState, fact: ClipLanded | AnswerGiven, by: Voice, context: Context
) -> list[Fact]:
    """Return what follows from a take or answer: verdicts, another turn, or the end."""
    state = apply(state, numbered(Draft(fact, context.now_ms, by), state.head + 1, state.head))
    round_ = state.round
    take = round_.take(fact.clip if isinstance(fact, ClipLanded) else fact.answer) if round_ else None
    game = BY_ID.get(round_.game) if round_ else None
    if round_ is None or take is None or game is None:
        return []
    now = game_context(state, round_, context)
    verdicts = [] if take.hidden else untold(round_, _judged(game, round_, take, now))
    follows = game.landed(folded(round_, verdicts), take, now)
    return with_reveals(state, [*verdicts, *follows], context)


def after_caption(state: RoomState, fact: ClipCaptioned, context: Context) -> list[Fact]:
    """Return what follows from the words of a clip in the running or the last round."""
    state = apply(state, numbered(Draft(fact, context.now_ms), state.head + 1, state.head))
    for round_ in (state.round, state.last_round):
        take = round_.take(fact.clip) if round_ else None
        game = BY_ID.get(round_.game) if round_ else None
        if round_ is not None and take is not None and game is not None:
            return with_reveals(
                state, game.captioned(round_, take, game_context(state, round_, context)), context
            )
    return []


def is_full(round_: Round) -> bool:
    """Tell whether the running turn has all its takes, and waits for their words only."""
    game = BY_ID.get(round_.game)
    return game is not None and game.is_full(round_)


def words_due_ms(state: RoomState, game: Game, round_: Round, context: Context) -> int | None:
    """Return until when the running turn waits for words, in epoch ms; None when it waits for none.

    What is hidden is shown first: only what everybody hears is waited for.
    """
    if not context.captions or any(take.hidden for take in round_.takes):
        return None
    return words_by_ms(round_) if game.awaited(round_, game_context(state, round_, context)) else None


def _judged(game: Game, round_: Round, take: Take, now: GameContext) -> list[RoundFact]:
    """Return all verdicts on a take; what is written has words at once and no sound.

    A take without a word, a cough, breaks no rule of words.
    """
    if is_unjudged(round_, take):
        return []
    by_sound = [] if take.written else game.judge(round_, take, now)
    return [*by_sound, *(game.judge_words(round_, take, now) if take.words else [])]


def with_reveals(state: RoomState, facts: Iterable[RoundFact], context: Context) -> list[Fact]:
    """Return a game's facts as the room stores them: reveals first, and the end with set and coaching."""
    facts_: list[Fact] = []
    revealed = False
    for fact in facts:
        if isinstance(fact, RoundRevealed | RoundClosed) and not revealed:
            facts_ += _reveals(state, context)
            revealed = True
        if isinstance(fact, RoundClosed):
            facts_.append(_last_words(state, fact, context))
        elif isinstance(fact, TurnGiven) and not fact.role:
            facts_.append(replace(fact, clips=_shown(state, fact.clips) or fact.clips))
        elif not isinstance(fact, RoundRevealed):
            facts_.append(fact)
    return lines.with_time(facts_, state, state.round, context)


def card_ends_ms(state: RoomState) -> int:
    """Return until when the end of the last round has the stage, in epoch ms."""
    return state.rested_from_ms + _ending_ms(state.last_round)


def next_round_at_ms(state: RoomState) -> int:
    """Return when a room at rest begins its next round by itself, in epoch ms: after its card."""
    timing, takes = TIMINGS[state.tempo], state.last_round.takes if state.last_round else ()
    is_lively = len({take.voice for take in takes}) > 1
    doubled = 2 ** min(state.silent_rounds, PULSE_DOUBLINGS)
    rest_ms = timing.lively_ms if is_lively else timing.pulse_ms * doubled
    rest_ms = max(rest_ms, _ending_ms(state.last_round), _company_ms(state))
    return state.rested_from_ms + rest_ms if state.rested_from_ms else state.opened_at_ms


def _ending_ms(round_: Round | None) -> int:
    """Return how long the end of a round has the stage; one without takes has no card."""
    if round_ is None or not round_.takes or round_.closed in FOLLOWED:
        return 0
    game = BY_ID.get(round_.game)
    if game is None or game.told(round_) not in HEARD_AS_ONE:
        return ENDING_MS
    heard_ms = ENDING_LEAD_MS + sum(take.duration_ms + ENDING_BREATH_MS for take in round_.takes)
    return min(max(heard_ms, ENDING_MS), ENDING_LONGEST_MS)


def _company_ms(state: RoomState) -> int:
    """Return how long a take and the older clips that are heard after it sound, if there are any."""
    round_ = state.last_round
    if round_ is None or not round_.company or not round_.takes:
        return 0
    whole = (state.clips.whole.get(clip) for clip in round_.company)
    heard_ms = [take.duration_ms for take in round_.takes]
    heard_ms += [clip.duration_ms if clip else COMPANY_CLIP_MS for clip in whole]
    return min(sum(heard_ms) + ENDING_LEAD_MS + ENDING_BREATH_MS * len(heard_ms), ENDING_LONGEST_MS)


def _last_words(state: RoomState, fact: RoundClosed, context: Context) -> RoundClosed:
    """Return the end of the running round as a room tells it: in its set, coached, and what comes next."""
    fact = _coached(state, fact, context)
    if state.round is None or state.round.id != fact.round:
        return fact
    replay, winners = (_shown(state, clips) for clips in (fact.replay, fact.winners))
    undecided = tuple(each for each in fact.undecided if not is_withheld(state, each.clip))
    fact = replace(fact, replay=replay, winners=winners, undecided=undecided)
    if state.round.takes:
        place, set_ = state.set_rounds.next_place(context.now_ms), state.set_rounds
        line = set_.liked_best(fact.round, lambda clip: _is_heard(state, clip)) if place == SET_ROUNDS else ""
        fact = replace(fact, set_place=place, line=line)
    now = partial(game_context, state, state.round, context)
    fact = replace(fact, stays_open=linked.stays_open(state, state.round, fact, now, context))
    if fact.reason in FOLLOWED or not kind_of(state).pulse:
        return fact
    rested = apply(state, numbered(Draft(fact, context.now_ms), state.head + 1, state.head))
    return replace(fact, next_at_ms=next_round_at_ms(rested))


def is_withheld(state: RoomState, item: str) -> bool:
    """Tell whether a take or a text is hidden until somebody decided: texts are hidden by their seqs."""
    withheld = state.governed.withheld
    if not withheld or item in withheld:
        return bool(withheld)
    return any(written.id == item and str(seq) in withheld for seq, written in state.written.items())


def _shown(state: RoomState, clips: tuple[str, ...]) -> tuple[str, ...]:
    """Return takes without those that are hidden for now, for they were reported."""
    return tuple(clip for clip in clips if not is_withheld(state, clip))


def _is_heard(state: RoomState, clip: str) -> bool:
    known = state.clips.get(clip)
    return known is not None and not known.hidden and clip not in state.governed.withheld


def _coached(state: RoomState, fact: RoundClosed, context: Context) -> RoundClosed:
    if fact.reason not in COACHED:
        return fact
    kind = kind_of(state)
    tempo = state.round.tempo if state.round else state.tempo
    care = kind.aftercare.get(state.language, "") if state.round and state.round.game != kind.plain else ""
    return replace(fact, coach=care or coaching(state.language, tempo, context.random))


def _reveals(state: RoomState, context: Context) -> list[Fact]:
    """Reveal every hidden take by an event of its own, so that each can be forgotten by itself."""
    round_ = state.round
    game = BY_ID.get(round_.game) if round_ else None
    if round_ is None:
        return []
    facts: list[Fact] = []
    for take in round_.takes:
        if take.hidden:
            shown = replace(take, hidden=False)
            ref = state.clips.whole.get(take.clip)
            if (held := state.governed.held.get(take.clip)) is not None:
                facts += [
                    ClipHeld(take.clip, held.filter),
                    RoundRevealed(round_.id, (_unworded(shown, ref),)),
                ]
                continue
            facts.append(RoundRevealed(round_.id, (_revealed(shown, ref),)))
            facts += _judged(game, round_, shown, game_context(state, round_, context)) if game else []
    return facts


def _unworded(take: Take, ref: ClipRef | None) -> RevealedTake:
    """Return a take that a filter holds, without its words."""
    return replace(_revealed(take, ref), text=None, words=())


def _revealed(take: Take, ref: ClipRef | None) -> RevealedTake:
    shown = RevealedTake(take.clip, take.voice, take.turn, text=take.text, written=take.written)
    if ref is None:
        return shown
    return replace(
        shown,
        duration_ms=ref.duration_ms,
        onset_ms=ref.onset_ms,
        gap_ms=ref.gap_ms,
        loudness_lufs=ref.loudness_lufs,
        peaks=ref.peaks,
        masked=ref.masked,
        source=ref.source,
        words=ref.words,
        mask=ref.mask,
    )
