"""Counting votes: by seats, so that one person with many keys has one say."""

from __future__ import annotations

from collections.abc import Iterable

from games.round import VoteCast


def ballots(votes: Iterable[VoteCast]) -> dict[tuple[str, str], int]:
    """Return what each seat said of each clip, by clip and seat; what it said last counts, and once."""
    return {(vote.clip, vote.seat or vote.voice): vote.value for vote in votes}


def balance(votes: Iterable[VoteCast], *clips: str) -> int:
    """Return how many more said yes than no to some clips; each seat counts once."""
    said: dict[str, int] = {}
    for (clip, seat), value in ballots(votes).items():
        if clip in clips:
            said[seat] = (value > 0) - (value < 0)
    return sum(said.values())
