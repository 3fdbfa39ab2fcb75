"""Counting votes: by seats, so that one person with many keys has one say."""

from __future__ import annotations

from collections.abc import Iterable

from games.round import VoteCast


def ballots(votes: Iterable[VoteCast]) -> dict[tuple[str, str], int]:
    """Return what each seat said of each clip, by clip and seat; what it said last counts, and once."""
    return {(vote.clip, vote.seat or vote.voice): vote.value for vote in votes}
