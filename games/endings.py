"""How a round ends: who won, by whose hearts, and what was secret. Without hearts nobody wins."""

from __future__ import annotations

from collections.abc import Iterable

from games.ballots import balance, ballots
from games.parts import OpenChallenge, Secret
from games.round import Round

# The codes of verdicts on a challenge begin so.
CHALLENGE_CODES = "challenge_"


def hearts(round_: Round) -> dict[str, int]:
    """Return what the votes for each take that is there come to; those of one seat count once."""
    points = {take.clip: 0 for take in round_.takes}
    for (clip, _), value in ballots(round_.votes).items():
        if clip in points:
            points[clip] += value
    return points


def crowned(round_: Round, clips: Iterable[str] | None = None) -> tuple[str, ...]:
    """Return the takes with most hearts, of some clips or of all: several in a tie, none without hearts."""
    points = hearts(round_)
    among = points if clips is None else {clip: points[clip] for clip in clips if clip in points}
    most = max(among.values(), default=0)
    return tuple(clip for clip, sum_ in among.items() if most > 0 and sum_ == most)


def staged(round_: Round) -> tuple[str, ...]:
    """Return the takes that could be voted for in the last turn to vote; all when there was none."""
    votes = [turn for turn in round_.turns if turn.act == "vote"]
    return (votes[-1].clips if votes else ()) or tuple(take.clip for take in round_.takes)


def with_twins(round_: Round, clips: Iterable[str]) -> tuple[str, ...]:
    """Return takes, and those of others that say the same words as one of them."""
    chosen = set(clips)
    said = {take.words for take in round_.takes if take.clip in chosen and take.words}
    return tuple(take.clip for take in round_.takes if take.clip in chosen or take.words in said)


def duel(round_: Round) -> tuple[str, ...]:
    """Return the best line of whoever won by all hearts together; one of each in a tie."""
    points = hearts(round_)
    voices: dict[str, int] = {}
    for take in round_.takes:
        voices[take.voice] = voices.get(take.voice, 0) + points[take.clip]
    most = max(voices.values(), default=0)
    won = [voice for voice, sum_ in voices.items() if most > 0 and sum_ == most]
    lines = ([take.clip for take in round_.takes if take.voice == voice] for voice in won)
    return tuple(max(clips, key=lambda clip: points[clip]) for clips in lines)


def secrets(round_: Round) -> tuple[Secret, ...]:
    """Return what players alone were told, one after the other."""
    return tuple(Secret(fact.voice, fact.role, fact.text) for fact in round_.roles)


def undecided(round_: Round) -> tuple[OpenChallenge, ...]:
    """Return the challenges that neither the referee nor the others have decided."""
    decided = {
        given.clip
        for given in round_.verdicts
        if given.tone == "fault" or given.code.startswith(CHALLENGE_CODES)
    }
    return tuple(
        OpenChallenge(made.clip, made.voice)
        for made in round_.challenges
        if made.clip not in decided and balance(round_.votes, made.clip) <= 0
    )


def spoken(round_: Round) -> tuple[str, ...]:
    """Return the clips of a round in their order: what is written has no sound."""
    return tuple(take.clip for take in round_.takes if not take.written)
