"""A round of play: its facts, its state, and the fold from one to the other.

Every game uses this one shape, so the room, the page and the referee fold rounds
without knowing any game. Times are server epoch milliseconds (`*_at_ms`) or spans (`*_ms`).
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

Tempo = Literal["snap", "slow"]
Closing = Literal["done", "silent", "again", "replaced", "stopped"]


class Prompt(Struct, frozen=True):
    """What a visitor is asked: an id that never changes and the words shown."""

    id: str
    text: str


class RoundOpened(Struct, frozen=True, tag="round.opened", tag_field="kind"):
    """A game began; `players` are voice ids in turn order, empty when all play at once."""

    round: str
    game: str
    tempo: Tempo
    prompt: Prompt | None = None
    players: tuple[str, ...] = ()


class RoundJoined(Struct, frozen=True, tag="round.joined", tag_field="kind"):
    """A voice asked to play in the running round."""

    round: str
    voice: str
    role: str = ""


class TurnGiven(Struct, frozen=True, tag="turn.given", tag_field="kind"):
    """Someone (or everyone, `voice` None) may speak from `go_at_ms` to `closes_at_ms`."""

    round: str
    turn: int
    prompt: str
    go_at_ms: int
    closes_at_ms: int
    voice: str | None = None


class VoteCast(Struct, frozen=True, tag="vote.cast", tag_field="kind"):
    """A voice valued a take of another."""

    round: str
    clip: str
    value: int
    voice: str


class VerdictGiven(Struct, frozen=True, tag="verdict.given", tag_field="kind"):
    """The referee said something of a take; `code` is stable, `text` is shown."""

    round: str
    clip: str
    code: str
    text: str


class RoundClosed(Struct, frozen=True, tag="round.closed", tag_field="kind"):
    """A round ended; `takes` are its clips in order."""

    round: str
    reason: Closing
    takes: tuple[str, ...] = ()


RoundFact = RoundOpened | RoundJoined | TurnGiven | VoteCast | VerdictGiven | RoundClosed


class Take(Struct, frozen=True):
    """One clip in a round, with what was measured of it; `words` None until captioned."""

    clip: str
    voice: str
    turn: int
    duration_ms: int
    onset_ms: int
    gap_ms: int
    reaction_ms: int | None = None
    words: tuple[str, ...] | None = None


class Round(Struct, frozen=True):
    """All that a game may know of its round."""

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

    @property
    def turn(self) -> TurnGiven | None:
        """Return the turn that was given last."""
        return self.turns[-1] if self.turns else None

    def takes_of(self, turn: int) -> tuple[Take, ...]:
        """Return the takes that landed in one turn."""
        return tuple(take for take in self.takes if take.turn == turn)


def opened(fact: RoundOpened, at_ms: int) -> Round:
    """Return the round that a `round.opened` begins."""
    return Round(fact.round, fact.game, fact.tempo, at_ms, fact.prompt, fact.players)


def apply(round_: Round, fact: RoundFact) -> Round:
    """Fold one fact into a round; facts of other rounds leave it as it is."""
    if fact.round != round_.id:
        return round_
    match fact:
        case RoundJoined(voice=voice) if voice not in round_.players:
            return replace(round_, players=(*round_.players, voice))
        case TurnGiven():
            return replace(round_, turns=(*round_.turns, fact))
        case VoteCast():
            return replace(round_, votes=(*round_.votes, fact))
        case VerdictGiven():
            return replace(round_, verdicts=(*round_.verdicts, fact))
        case _:
            return round_


def landed(round_: Round, take: Take) -> Round:
    """Add a take to a round."""
    return replace(round_, takes=(*round_.takes, take))
