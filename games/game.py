"""What a game is: pure functions over a round, and the shape that nearly all games share.

A game answers one question: given the round so far, who may do what next? `Play` does the rest:
it opens the round, waits for whom the turn is, passes on when somebody is silent, and ends.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from random import Random
from typing import Any, Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace

from games import endings
from games.captions import is_beyond_words
from games.pace import SILENT_TURNS, SPOKEN, is_asleep, is_unjudged, turn_ends_ms, words_by_ms
from games.parts import Earlier
from games.progress import folded, is_complete, is_shown, number, untold
from games.round import (
    Closing,
    Ending,
    Prompt,
    Round,
    RoundClosed,
    RoundFact,
    RoundOpened,
    RoundPaused,
    RoundRevealed,
    Take,
    Tempo,
    TurnGiven,
    VoteCast,
    apply,
    opened,
)

# Who speaks when: all at once, one after the other, two on one count, one who tells and the others
# who guess, one who is cut at random, or one who does it again and again.
TurnOrder = Literal["all", "chain", "pair", "guess", "cut", "series"]
# What a game feels like, for whoever chooses one.
Mood = Literal["easy", "silly", "clever", "story", "bold", "calm"]
# The most who play in a round: a room's memory of who plays is bounded, and so is the wait.
PLAYERS_LIMIT = 24
# Air before a turn that follows another, after the voice in its last take was heard (no longer than the
# cap): who comes next has prepared meanwhile. A clip ends `CLIP_TAIL_MS` after its voice (`audio/finish.py`).
BREATH_MS: dict[Tempo, int] = {"snap": 300, "slow": 800}
CLIP_TAIL_MS = 80
HEARD_CAP_MS = 15_000
# A vote opens while its clips are replayed, with a breath between them, and stays open this long after.
VOTING_MS: dict[Tempo, int] = {"snap": 3_000, "slow": 8_000}
REPLAY_BREATH_MS: dict[Tempo, int] = {"snap": 400, "slow": 800}
REPLAY_CAP_MS = 30_000
# A round in which nobody speaks ends by itself within this time, whatever its game waits for.
SILENCE_MS = 45_000
# Whoever is left alone in a game for several is waited with for this long.
PAUSE_MS = 20_000
# Nobody joins a round of a known length in its last quarter.
JOINED_UNTIL_SHARE = 0.75
# The longest word: one that German is proud of takes 2 s.
WORD_MS = 2_000
# How often a pack is asked for a prompt that a round has not seen.
DRAWS_TRIED = 6


class GameContext(Struct, frozen=True):
    """What a game may know of its room when it is asked to go on.

    `draw` takes a prompt from a named pack, never a recent one. `present` are the voices known to be here.
    `scored` is False where nothing is judged, `captions` True where words of spoken takes are expected soon.
    `missed` are the voices whose takes were not staged when the room voted last.
    """

    now_ms: int
    language: str
    count_in_ms: int
    window_ms: int
    draw: Callable[[str], Prompt]
    random: Random
    scored: bool = True
    present: Collection[str] = ()
    captions: bool = False
    missed: Collection[str] = ()
    word_window_ms: int = 3_000  # of a turn that wants one word


class Setup(Struct, frozen=True):
    """All that a game needs to begin."""

    round: str
    tempo: Tempo
    players: tuple[str, ...]
    context: GameContext
    chain: str = ""
    earlier: tuple[Earlier, ...] = ()


class Game(Protocol):
    """Rules of play. Everything is a function of its arguments."""

    id: str
    names: dict[str, str]
    rules: dict[str, str]
    short: dict[str, str]
    turns: TurnOrder
    tempo: Tempo
    least: int
    opt_in: bool
    challenged: bool
    pack: str
    takes: int
    most: int
    seconds: int
    mood: Mood

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of rooms that offer the game."""

    @property
    def has_thumbs(self) -> bool:
        """Tell whether the game has a rule of words that others judge where nobody knows the words."""

    def begin(self, setup: Setup) -> list[RoundFact]:
        """Return the facts that open a round, the first turn included."""

    def judge(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Return verdicts on the sound of a take that landed (it is in the round already)."""

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Return verdicts on the words of a take, given those of the takes before it."""

    def is_full(self, round_: Round) -> bool:
        """Tell whether the running turn has all its takes: nobody else may speak in it."""

    def awaited(self, round_: Round, context: GameContext) -> tuple[Take, ...]:
        """Return the takes whose words decide what follows the running turn, and are not known yet."""

    def captioned(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Return what follows from the words of a take, which are in the round already.

        That is verdicts, and while the round runs another turn, or the end. Words may come in any
        order, and for a round that is closed: it then gets verdicts only, none against what was told.
        """

    def landed(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Return what happens next because a take landed: nothing yet, another turn, or the end."""

    def joined(self, round_: Round, voice: str, context: GameContext) -> list[RoundFact]:
        """Return what a voice is told that joined (it is among the players already)."""

    def due(self, round_: Round, speaking: bool, pace: float = 1.0) -> int | None:
        """Return when the round wants to go on by itself, in epoch ms."""

    def advance(self, round_: Round, context: GameContext) -> list[RoundFact]:
        """Return what happens when the round is due: another turn, or the end."""

    def next(self, round_: Round, context: GameContext) -> TurnGiven | None:
        """Return the turn that follows, None when the round is over."""

    def go_on(self, round_: Round, context: GameContext) -> list[RoundFact]:
        """Return what follows the running turn: another one, a pause, or the end."""

    def end(self, round_: Round, context: GameContext) -> list[RoundFact]:
        """Return the end of the round, with its last verdicts."""

    def after_vote(self, round_: Round, vote: VoteCast, context: GameContext) -> list[RoundFact]:
        """Return what follows from a vote, which is in the running round already."""

    def is_judged_by_thumbs(self, round_: Round, take: Take) -> bool:
        """Tell whether others judge a take by such a rule."""

    def told(self, round_: Round) -> Ending:
        """Return how the end is told."""

    def close(self, round_: Round, reason: Closing) -> RoundClosed:
        """Return the end of the round as it is told."""


class Play:
    """The shape of all games here. A game says `next`, and what else differs."""

    id: str
    names: dict[str, str]
    rules: dict[str, str]
    short: dict[str, str]  # the rule in at most six words
    turns: TurnOrder = "all"
    tempo: Tempo = "snap"
    kinds: tuple[str, ...] = ()
    least = 1  # speakers that the room's own pulse wants to see before it offers the game
    challenged = False  # others may say by a vote of -1 that a take broke the rule
    most = PLAYERS_LIMIT  # speak in a round; all others listen and vote
    seconds = 20  # about how long a round lasts, in the tempo of the game
    mood: Mood = "easy"
    finale: Ending = "plain"
    opt_in = False  # nobody is made a player by the pulse: who speaks or joins plays
    pack = "first_thing"
    takes = 0  # how many takes a round has at most, where that ends it
    counted = True  # it has that many: nothing ends it sooner
    solo = False  # whoever is left alone in it plays on
    hidden = False
    joined_replay = False
    silent_turns = SILENT_TURNS
    staged = False  # the prompt stays in sight as the scene, for later turns say something else
    words_decide = False  # what follows a turn hangs on the words of its takes
    compares = False  # a take is judged by the words of those before it, too

    def next(self, round_: Round, context: GameContext) -> TurnGiven | None:
        """Return the turn that follows, None when the round is over."""
        raise NotImplementedError

    def follower(self, round_: Round, context: GameContext) -> str | None:
        """Return who has the turn after the running one, as far as is known."""
        return None

    def open(self, setup: Setup) -> RoundOpened:
        """Return how the round is opened."""
        return self.opening(setup, setup.context.draw(self.pack))

    def roles(self, round_: Round, context: GameContext) -> list[RoundFact]:
        """Return what players are told in secret before the first turn."""
        return []

    def judge(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Return verdicts on the sound of a take."""
        return []

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Return verdicts on the words of a take."""
        return []

    def judge_round(self, round_: Round, context: GameContext) -> list[RoundFact]:
        """Return verdicts on a round that came to its end by the words of several takes, once known."""
        return []

    def ending(self, round_: Round, context: GameContext) -> list[RoundFact]:
        """Return last verdicts before the end."""
        return []

    def joined(self, round_: Round, voice: str, context: GameContext) -> list[RoundFact]:
        """Return what a voice is told that joined."""
        return []

    def opening(self, setup: Setup, prompt: Prompt | None, **more: Any) -> RoundOpened:
        """Return the opening with a prompt."""
        if self.staged and prompt:
            more = {"scene": prompt.text, **more}
        return RoundOpened(setup.round, self.id, setup.tempo, prompt, setup.players, self.hidden, **more)

    def begin(self, setup: Setup) -> list[RoundFact]:
        """Open the round and give the first turn."""
        opening = replace(self.open(setup), chain=setup.chain, earlier=setup.earlier)
        round_ = opened(opening, setup.context.now_ms)
        first = self.next(round_, setup.context)
        turns = [self._placed(round_, first, setup.context)] if first else []
        return [opening, *self.roles(round_, setup.context), *turns]

    def _placed(self, round_: Round, turn: TurnGiven, context: GameContext) -> TurnGiven:
        """Return a turn that says which of how many it is, and who comes next."""
        if turn.act not in SPOKEN:
            return turn
        spoken = sum(given.act in SPOKEN for given in round_.turns)
        of = self.takes if self.counted else 0
        at = min(len(round_.takes), of - 1) if of else spoken
        follower = self.follower(apply(round_, turn), context)
        shown = follower if follower != turn.voice and at + 1 != of else None
        return replace(turn, number=at + 1, of=of, next=shown)

    def landed(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Go on when everybody whose turn it is has spoken."""
        return self.go_on(round_, context) if self.is_full(round_) else []

    def is_full(self, round_: Round) -> bool:
        """Tell whether everybody whose turn it is has spoken, or what they said in hiding is shown."""
        return is_complete(round_) or is_shown(round_)

    def awaited(self, round_: Round, context: GameContext) -> tuple[Take, ...]:
        """Return the takes of the running turn without words, in a game where words decide."""
        if not self.words_decide or round_.turn is None:
            return ()
        return pending(round_, round_.takes_of(round_.turn.turn), context)

    def captioned(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Judge the words that came, and go on when the turn waited for no others."""
        verdicts = untold(round_, self._judge_with(round_, take, context))
        round_ = folded(round_, verdicts)
        if round_.closed is not None:
            late = self.judge_round(round_, context) if round_.closed == "done" else []
            return [*verdicts, *untold(round_, late)]
        waited = round_.turn is not None and take.turn == round_.turn.turn and self.is_full(round_)
        return [*verdicts, *(self.go_on(round_, context) if waited else [])]

    def _judge_with(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Judge a take, and the later ones that wanted its words to be judged in full."""
        later = round_.takes[len(round_.before(take)) + 1 :] if self.compares else ()
        heard = [each for each in (take, *later) if each.words and not each.hidden]
        known = [each for each in heard if not is_unjudged(round_, each)]
        return [fact for each in known for fact in self.judge_words(round_, each, context)]

    def due(self, round_: Round, speaking: bool, pace: float = 1.0) -> int | None:
        """Return the end of the running turn."""
        if not round_.turns:
            return round_.opened_at_ms
        return turn_ends_ms(round_.turns[-1], speaking, pace, round_.tempo)

    def advance(self, round_: Round, context: GameContext) -> list[RoundFact]:
        """Go on without those who were silent; end when the round is asleep."""
        everybody = (*round_.players, *round_.left) if round_.turn and round_.turn.voice else ()
        rota = here_of(everybody, context)
        if is_asleep(round_, max(self.silent_turns, len(rota))):
            return self.end(round_, context)
        return self.go_on(round_, context)

    def go_on(self, round_: Round, context: GameContext) -> list[RoundFact]:
        """Give the next turn, or end; what was hidden is shown before, and words are waited for."""
        hidden = any(take.hidden for take in round_.takes)
        shown: list[RoundFact] = [RoundRevealed(round_.id)] if hidden else []
        if context.captions and self.awaited(round_, context) and context.now_ms < words_by_ms(round_):
            return shown
        turn = self.next(round_, context)
        if turn is None or has_its_link(round_, context):
            return [*shown, *self.end(round_, context)]
        if not self.solo and turn.act in SPOKEN and is_alone(round_, context):
            until_ms = min(context.now_ms + PAUSE_MS, round_.heard_at_ms + SILENCE_MS)
            return [*shown, RoundPaused(round_.id, until_ms)]
        return [*shown, self._placed(round_, turn, context)]

    def end(self, round_: Round, context: GameContext) -> list[RoundFact]:
        """End the round."""
        last = [*self.ending(round_, context), *self.judge_round(round_, context)]
        return [*last, self.close(folded(round_, last), "done" if spoke(round_) else "silent")]

    def after_vote(self, round_: Round, vote: VoteCast, context: GameContext) -> list[RoundFact]:
        """Return nothing: votes only count."""
        return []

    @property
    def has_thumbs(self) -> bool:
        """Return True for a game that judges words."""
        return type(self).judge_words is not Play.judge_words

    def is_judged_by_thumbs(self, round_: Round, take: Take) -> bool:
        """Return whether the game has such a rule."""
        return self.has_thumbs

    def close(self, round_: Round, reason: Closing) -> RoundClosed:
        """Return the end with what there is: also of a round that was ended early."""
        clips = endings.spoken(round_)
        replay = clips if self.joined_replay and len(clips) > 1 else ()
        return RoundClosed(
            round_.id,
            reason,
            clips,
            replay,
            round_.solution,
            ending=self.told(round_),
            winners=self.winners(round_),
            secrets=endings.secrets(round_),
            met=self.met(round_),
            undecided=endings.undecided(round_),
        )

    def told(self, round_: Round) -> Ending:
        """Return how the end is told."""
        return self.finale

    def winners(self, round_: Round) -> tuple[str, ...]:
        """Return the takes with most hearts."""
        return endings.crowned(round_)

    def met(self, round_: Round) -> bool | None:
        """Return whether a hidden pair said the same."""
        return None


def pending(round_: Round, takes: Iterable[Take], context: GameContext) -> tuple[Take, ...]:
    """Return those takes whose words are still to come, and will be good enough to go by."""
    unread = (take for take in takes if take.words is None)
    return tuple(take for take in unread if not is_beyond_words(round_, take, context.language))


def spoke(round_: Round) -> bool:
    """Tell whether anybody said anything in a round itself."""
    return any(take.turn for take in round_.takes)


def has_its_link(round_: Round, context: GameContext) -> bool:
    """Tell whether a chain across visits has the link of the only player here: the next is another's."""
    here = [voice for voice in round_.players if voice in context.present]
    return bool(round_.chain) and len(here) <= 1 and spoke(round_)


def is_alone(round_: Round, context: GameContext) -> bool:
    """Tell whether one player is here, and others were."""
    here = [voice for voice in round_.players if voice in context.present]
    return len(here) == 1 and len(round_.players) + len(round_.left) > 1


def give(
    round_: Round,
    context: GameContext,
    prompt: str,
    voice: str | None = None,
    *,
    window_ms: int | None = None,
    after_ms: int | None = None,
    **more: Any,
) -> TurnGiven:
    """Return a turn that begins after the count-in, or after what was said was heard.

    Whoever may say one word begins sooner, and in a snap round ends with it.
    """
    if more.get("max_words") == 1:
        window_ms = context.word_window_ms if window_ms is None else window_ms
        more = {"one_word": round_.tempo == "snap", **more}
    go_at_ms = context.now_ms + (wait_ms(round_, context) if after_ms is None else after_ms)
    closes_at_ms = go_at_ms + (context.window_ms if window_ms is None else window_ms)
    return TurnGiven(round_.id, number(round_), prompt, go_at_ms, closes_at_ms, voice, **more)


def wait_ms(round_: Round, context: GameContext) -> int:
    """Return how long to wait before "go": the count-in, or the takes of the turn before and a breath."""
    if round_.turn is None:
        return context.count_in_ms
    heard_ms = sum(take.duration_ms for take in round_.takes_of(round_.turn.turn) if round_.turn.wanted)
    since_ms = max(0, context.now_ms - round_.heard_at_ms)  # they are heard while their words are waited for
    left_ms = min(heard_ms, HEARD_CAP_MS) - CLIP_TAIL_MS - since_ms
    return max(0, left_ms) + BREATH_MS[round_.tempo]


def ballot(round_: Round, context: GameContext, prompt: str, **more: Any) -> TurnGiven:
    """Return a turn to vote in, open from the first replay of the takes before it."""
    takes = round_.takes_of(round_.turns[-1].turn) if round_.turns else ()
    breath_ms = REPLAY_BREATH_MS[round_.tempo]
    replay_ms = min(sum(take.duration_ms + breath_ms for take in takes), REPLAY_CAP_MS)
    window_ms = replay_ms + VOTING_MS[round_.tempo]
    return give(round_, context, prompt, window_ms=window_ms, after_ms=0, act="vote", **more)


def here_of(voices: Sequence[str], context: GameContext) -> list[str]:
    """Return those voices who are here; all of them when nobody is at all, for they may come back."""
    return [voice for voice in voices if voice in context.present or not context.present]


def cast(round_: Round, context: GameContext) -> list[str]:
    """Return who plays and is here, by having spoken, else by name."""
    stepped_in = dict.fromkeys((*(take.voice for take in round_.takes), *round_.players))
    return here_of([voice for voice in stepped_in if voice not in round_.left], context)


def player(round_: Round, context: GameContext, *, without: Sequence[str] = ()) -> str | None:
    """Return who comes after the last speaker, among those who are here; None: anybody."""
    here = [voice for voice in here_of(round_.players, context) if voice not in without]
    last = next((turn.voice for turn in reversed(round_.turns) if turn.voice in round_.players), None)
    if not here or last is None:
        return here[0] if here else None
    at = round_.players.index(last) + 1
    order = (*round_.players[at:], *round_.players[:at])
    return next(voice for voice in order if voice in here)


def fresh(context: GameContext, pack: str, round_: Round) -> str:
    """Return a prompt that this round has not seen."""
    seen = {turn.prompt for turn in round_.turns} | ({round_.prompt.text} if round_.prompt else set())
    drawn = (context.draw(pack).text for _ in range(DRAWS_TRIED))
    return next((text for text in drawn if text not in seen), context.draw(pack).text)
