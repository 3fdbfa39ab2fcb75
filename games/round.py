"""A round of play: its facts, its state, and the fold from one to the other.

Every game uses this one shape, so the room, the page and the referee fold rounds
without knowing any game. Times are server epoch milliseconds (`*_at_ms`) or spans (`*_ms`).
"""

from __future__ import annotations

from typing import ClassVar, Literal

from msgspec import Struct
from msgspec.structs import replace

from games.parts import Duet, Earlier, OpenChallenge, Secret

Tempo = Literal["snap", "slow"]
Closing = Literal["done", "silent", "again", "replaced", "stopped"]
# How the end of a round is told: by hearts, as one piece, as a duel, as two words that met or not, by what
# was secret, as takes that replace each other, or just so.
Ending = Literal["votes", "chain", "duel", "pair", "secrets", "series", "plain"]
# What a turn is for: to speak, to guess what another meant, to vote, or only to listen.
Act = Literal["speak", "guess", "vote", "listen"]
# Why a voice has no turns any more: by its own wish, for it left the room, or for its turns were silent.
Leaving = Literal["out", "gone", "silent"]
# How a verdict is meant: faults can be overruled by votes; rooms without scores hear notes only.
Tone = Literal["fault", "praise", "note"]


class Prompt(Struct, frozen=True):
    """What a visitor is asked: an id that never changes and the words shown."""

    id: str
    text: str


class RoundOpened(Struct, frozen=True):
    """A game began; `players` are voice ids in turn order, empty when all play at once.

    `answer` is what others must find out: nobody sees it (nor the prompt's id) before the end.
    In a `hidden` round there are takes that only their speakers see, until `round.revealed`. With a `mask`
    everyone sounds alike in it. `company` are older clips that answered the same prompt: they are heard after
    the first take, or that of the voice which began the round. In a `duet` its one older clip is heard before
    "go", and the prompt is shown from the start; then it and the first take are heard as one. In a `chain`
    across visits (its id) one alone adds a link to the `earlier` ones, of which the last are heard first.
    """

    kind: ClassVar[str] = "round.opened"
    round: str
    game: str
    tempo: Tempo
    prompt: Prompt | None = None
    players: tuple[str, ...] = ()
    hidden: bool = False
    scene: str = ""
    answer: str = ""
    mask: str | None = None
    company: tuple[str, ...] = ()
    duet: Duet | None = None
    chain: str = ""
    earlier: tuple[Earlier, ...] = ()


class RoundJoined(Struct, frozen=True):
    """A voice asked to play in the running round; who is `late` has a first take that is not judged."""

    kind: ClassVar[str] = "round.joined"
    round: str
    voice: str
    role: str = ""
    late: bool = False


class RoundLeft(Struct, frozen=True):
    """A voice has no turns any more in a round that goes on; `round.joined` brings it back."""

    kind: ClassVar[str] = "round.left"
    round: str
    voice: str
    reason: Leaving


class RoundPaused(Struct, frozen=True):
    """One alone is left to play: the round ends at `until_ms` unless somebody comes back or joins."""

    kind: ClassVar[str] = "round.paused"
    round: str
    until_ms: int


class RoleGiven(Struct, frozen=True):
    """A player is told something that only they may know: who they are, or what to tell."""

    kind: ClassVar[str] = "role.given"
    round: str
    voice: str
    role: str = ""
    text: str = ""


class TurnGiven(Struct, frozen=True):
    """Someone (or everyone, `voice` None) may speak from `go_at_ms` to `closes_at_ms`.

    `voices` are the only ones who may, when not empty; `besides` is the one who may not (it knows
    the answer). A take is to begin by `closes_at_ms`, and `limit_ms` bounds it from its first sound (0:
    as the room does); with `one_word` it ends once its voice fell silent behind a word. `cut_at_ms`
    ends it wherever it is and is shown to nobody before; `bell` rings at "go"; `steps` are shown one
    after the other, evenly over the window; `min_words` and `max_words` are 0 where they do not matter.
    Takes of a `hidden` turn are shown when all of them are. `next` speaks after it, as far as is known;
    it is turn `number` of those that people speak in, `of` as many (0: nobody knows). In a turn to vote,
    `clips` are those that may be voted for (none: all).
    """

    kind: ClassVar[str] = "turn.given"
    round: str
    turn: int
    prompt: str
    go_at_ms: int
    closes_at_ms: int
    voice: str | None = None
    act: Act = "speak"
    voices: tuple[str, ...] = ()
    besides: str | None = None
    role: str = ""
    min_words: int = 0
    max_words: int = 0
    limit_ms: int = 0
    cut_at_ms: int | None = None
    bell: bool = False
    steps: tuple[str, ...] = ()
    hidden: bool = False
    one_word: bool = False
    next: str | None = None
    number: int = 0
    of: int = 0
    clips: tuple[str, ...] = ()

    def is_for(self, voice: str) -> bool:
        """Tell whether a voice may speak (or write) in this turn."""
        if self.act in {"vote", "listen"} or voice == self.besides:
            return False
        return self.voice in {None, voice} and (not self.voices or voice in self.voices)

    @property
    def wanted(self) -> tuple[str, ...]:
        """Return the voices whose takes complete the turn; none when time alone does."""
        return (self.voice,) if self.voice else self.voices


class TurnPassed(Struct, frozen=True):
    """A voice passed its turn on; that counts as nothing said, and as no silence."""

    kind: ClassVar[str] = "turn.passed"
    round: str
    turn: int
    voice: str


class HelpGiven(Struct, frozen=True):
    """A voice whose turn it is asked for a word, and all see the one it got."""

    kind: ClassVar[str] = "help.given"
    round: str
    turn: int
    voice: str
    text: str


class AnswerGiven(Struct, frozen=True):
    """A visitor wrote what others say: the text route of every game; `answer` is its id."""

    kind: ClassVar[str] = "answer.given"
    round: str
    turn: int
    answer: str
    text: str
    hidden: bool = False


# A word with the times from which and to which it is heard, in ms from the start of its clip.
Word = tuple[str, int, int]


class RevealedTake(Struct, frozen=True):
    """A take that was hidden, with all that its first event kept back."""

    clip: str
    voice: str
    turn: int
    duration_ms: int = 0
    onset_ms: int = 0
    gap_ms: int = 0
    loudness_lufs: float = 0.0
    peaks: tuple[int, ...] = ()
    masked: bool = False
    source: str = "webrtc"
    text: str | None = None
    written: bool = False
    words: tuple[Word, ...] = ()
    mask: str | None = None


class RoundRevealed(Struct, frozen=True):
    """Hidden takes are hidden no more. A game asks with no takes; the room fills in those there are."""

    kind: ClassVar[str] = "round.revealed"
    round: str
    takes: tuple[RevealedTake, ...] = ()


class VoteCast(Struct, frozen=True, omit_defaults=True):
    """A voice valued a take of another; votes of one `seat` count as one (empty: the voice's own)."""

    kind: ClassVar[str] = "vote.cast"
    round: str
    clip: str
    value: int
    voice: str
    seat: str = ""


class ChallengeMade(Struct, frozen=True):
    """A voice says that a take broke the rule; the words decide, or the thumbs of the others."""

    kind: ClassVar[str] = "challenge.made"
    round: str
    clip: str
    voice: str


class VerdictGiven(Struct, frozen=True):
    """The referee said something of a take; `code` is stable, `text` is shown."""

    kind: ClassVar[str] = "verdict.given"
    round: str
    clip: str
    code: str
    text: str
    tone: Tone = "fault"


class VerdictOverruled(Struct, frozen=True):
    """The room voted that the referee was wrong."""

    kind: ClassVar[str] = "verdict.overruled"
    round: str
    clip: str
    code: str


class RoundClosed(Struct, frozen=True):
    """A round ended; `takes` are its clips in order.

    `replay` is the order in which the clips make one piece (empty: they do not), `answer` what was
    to be found out, `coach` a word on the way to the next round. `winners` are takes, written ones
    too: several are a tie or twins, none is nobody. `met` is None where nobody knows whether two words
    were one. `set_place` is the round's place in the room's set (0: it counts for none), and the
    last one has the `line` that the set liked best. The next round begins by itself at `next_at_ms`
    (0: it does not) if somebody may speak then. `undecided` are challenges that stay open. A chain that
    `stays_open` waits for whoever comes next.
    """

    kind: ClassVar[str] = "round.closed"
    round: str
    reason: Closing
    takes: tuple[str, ...] = ()
    replay: tuple[str, ...] = ()
    answer: str = ""
    coach: str = ""
    ending: Ending = "plain"
    winners: tuple[str, ...] = ()
    secrets: tuple[Secret, ...] = ()
    met: bool | None = None
    set_place: int = 0
    line: str = ""
    next_at_ms: int = 0
    undecided: tuple[OpenChallenge, ...] = ()
    stays_open: bool = False


RoundFact = (
    RoundOpened
    | RoundJoined
    | RoundLeft
    | RoundPaused
    | RoleGiven
    | TurnGiven
    | TurnPassed
    | HelpGiven
    | AnswerGiven
    | RoundRevealed
    | VoteCast
    | ChallengeMade
    | VerdictGiven
    | VerdictOverruled
    | RoundClosed
)


class Take(Struct, frozen=True):
    """One clip (or written answer) in a round, with what was measured of it.

    `words` and `text` are None until it is captioned. `words` are what rules go by: there are none where
    somebody listened and heard none, and where what was heard is too uncertain (`games/captions.py`).
    """

    clip: str
    voice: str
    turn: int
    duration_ms: int
    onset_ms: int
    gap_ms: int
    reaction_ms: int | None = None
    words: tuple[str, ...] | None = None
    text: str | None = None
    hidden: bool = False
    written: bool = False
    masked: bool = False

    @property
    def is_worded(self) -> bool:
        """Tell whether its words are known well enough to go by; those of a spoken take may never be."""
        return self.written or bool(self.words)


class Round(Struct, frozen=True):
    """All that a game may know of its round.

    `heard_at_ms` is when something was said last, `closed` why it ended, `starter` the voice that began it;
    `left` have no turns any more, `late` came in its middle; `paused_until_ms` is 0 while it goes on.
    `voted_at_ms` is when each vote was cast, and `quiet` are those of `left` who come back by speaking.
    `company` are older clips that answered the same prompt, in a `duet` the one that is heard first.
    Takes of turn 0 are earlier links of its `chain`.
    """

    id: str
    game: str
    tempo: Tempo
    opened_at_ms: int
    prompt: Prompt | None = None
    players: tuple[str, ...] = ()
    turns: tuple[TurnGiven, ...] = ()
    takes: tuple[Take, ...] = ()
    votes: tuple[VoteCast, ...] = ()
    verdicts: tuple[VerdictGiven, ...] = ()
    hidden: bool = False
    scene: str = ""
    answer: str = ""
    roles: tuple[RoleGiven, ...] = ()
    overruled: tuple[VerdictOverruled, ...] = ()
    challenges: tuple[ChallengeMade, ...] = ()
    heard_at_ms: int = 0
    closed: Closing | None = None
    starter: str = ""
    left: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    passed: tuple[TurnPassed, ...] = ()
    helps: tuple[HelpGiven, ...] = ()
    paused_until_ms: int = 0
    voted_at_ms: tuple[int, ...] = ()
    quiet: tuple[str, ...] = ()
    mask: str | None = None
    company: tuple[str, ...] = ()
    duet: Duet | None = None
    chain: str = ""

    @property
    def turn(self) -> TurnGiven | None:
        """Return the turn that was given last."""
        return self.turns[-1] if self.turns else None

    @property
    def solution(self) -> str:
        """Return what was to be found out: the answer without what a colon parts from it."""
        return self.answer.partition(":")[0]

    def takes_of(self, turn: int) -> tuple[Take, ...]:
        """Return the takes that landed in one turn."""
        return tuple(take for take in self.takes if take.turn == turn)

    def before(self, take: Take) -> tuple[Take, ...]:
        """Return the takes that landed before one; all of them when it is not in the round."""
        clips = [other.clip for other in self.takes]
        return self.takes[: clips.index(take.clip)] if take.clip in clips else self.takes

    def turn_of(self, take: Take) -> TurnGiven | None:
        """Return the turn in which a take landed."""
        return next((turn for turn in self.turns if turn.turn == take.turn), None)

    def take(self, clip: str) -> Take | None:
        """Return the take of a clip, None when it is not (or no more) in the round."""
        return next((take for take in self.takes if take.clip == clip), None)

    def faults(self, voice: str) -> int:
        """Return how many faults of a voice stand."""
        return sum(self.faults_of(take.clip) for take in self.takes if take.voice == voice)

    def faults_of(self, clip: str) -> int:
        """Return how many faults of a take stand: those that no vote overruled."""
        waived = {fact.code for fact in self.overruled if fact.clip == clip}
        found = [fact.code for fact in self.verdicts if fact.clip == clip and fact.tone == "fault"]
        return sum(code not in waived for code in found)


def opened(fact: RoundOpened, at_ms: int, starter: str = "") -> Round:
    """Return the round that a `round.opened` begins."""
    return Round(
        fact.round,
        fact.game,
        fact.tempo,
        at_ms,
        fact.prompt,
        fact.players,
        hidden=fact.hidden,
        scene=fact.scene,
        answer=fact.answer,
        heard_at_ms=at_ms,
        starter=starter,
        mask=fact.mask,
        company=fact.company,
        duet=fact.duet,
        chain=fact.chain,
        takes=tuple(Take(each.clip, each.voice, 0, each.duration_ms, 0, 0) for each in fact.earlier),
    )


def apply(round_: Round, fact: RoundFact) -> Round:
    """Fold one fact into a round; facts of other rounds leave it as it is."""
    if fact.round != round_.id:
        return round_
    match fact:
        case RoundJoined() | RoundLeft() | RoundPaused():
            return _players_changed(round_, fact)
        case RoleGiven():
            return replace(round_, roles=(*round_.roles, fact))
        case TurnGiven() | TurnPassed() | HelpGiven():
            return _turn_changed(round_, fact)
        case RoundRevealed(takes=takes):
            return _revealed(round_, {take.clip for take in takes})
        case VoteCast():
            return voted(round_, fact, 0)
        case ChallengeMade():
            return replace(round_, challenges=(*round_.challenges, fact))
        case VerdictGiven():
            return replace(round_, verdicts=(*round_.verdicts, fact))
        case VerdictOverruled():
            return replace(round_, overruled=(*round_.overruled, fact))
        case RoundClosed(reason=reason):
            return replace(round_, closed=reason)
        case _:
            return round_


def _players_changed(round_: Round, fact: RoundJoined | RoundLeft | RoundPaused) -> Round:
    match fact:
        case RoundJoined(voice=voice) if voice not in round_.players:
            late = (*round_.late, voice) if fact.late and voice not in round_.late else round_.late
            left, quiet = _but(round_.left, voice), _but(round_.quiet, voice)
            players = (*round_.players, voice)
            return replace(round_, players=players, left=left, quiet=quiet, late=late, paused_until_ms=0)
        case RoundLeft(voice=voice) if voice not in round_.left:
            quiet = (*round_.quiet, voice) if fact.reason == "silent" else round_.quiet
            left, players = (*round_.left, voice), _but(round_.players, voice)
            return replace(round_, players=players, left=left, quiet=quiet)
        case RoundPaused(until_ms=until_ms):
            return replace(round_, paused_until_ms=until_ms)
        case _:
            return round_


def _but(voices: tuple[str, ...], voice: str) -> tuple[str, ...]:
    return tuple(each for each in voices if each != voice)


def voted(round_: Round, fact: VoteCast, at_ms: int) -> Round:
    """Add a vote to a round."""
    return replace(round_, votes=(*round_.votes, fact), voted_at_ms=(*round_.voted_at_ms, at_ms))


def _turn_changed(round_: Round, fact: TurnGiven | TurnPassed | HelpGiven) -> Round:
    match fact:
        case TurnGiven():
            return replace(round_, turns=(*round_.turns, fact), paused_until_ms=0)
        case TurnPassed():
            return replace(round_, passed=(*round_.passed, fact))
        case HelpGiven():
            return replace(round_, helps=(*round_.helps, fact))


def _revealed(round_: Round, clips: set[str]) -> Round:
    takes = (replace(take, hidden=False) if take.clip in clips else take for take in round_.takes)
    return replace(round_, takes=tuple(takes))


def landed(round_: Round, take: Take, at_ms: int = 0) -> Round:
    """Add a take to a round."""
    return replace(round_, takes=(*round_.takes, take), heard_at_ms=max(round_.heard_at_ms, at_ms))
