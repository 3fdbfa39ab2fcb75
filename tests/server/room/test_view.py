from __future__ import annotations

from games.round import VoteCast
from server.room.events import (
    KINDS,
    ClipLanded,
    ClipReported,
    Draft,
    Erased,
    Fact,
    TextSaid,
    numbered,
)
from server.room.view import view
from tests.support.rooms import ANNA, BELA


def test_a_reaction_time_is_shown_to_its_speaker_only() -> None:
    event = numbered(Draft(ClipLanded("c", 1, 2, 3, -16.0, (), reaction_ms=640), 5, ANNA), 2, 1)

    assert view(event, ANNA.id) == event
    for other in (BELA.id, None):
        seen = view(event, other)
        assert isinstance(seen.data, ClipLanded)
        assert seen.data.reaction_ms is None
        assert (seen.seq, seen.prev, seen.by) == (2, 1, ANNA)


def test_votes_are_secret_but_counted() -> None:
    seen = view(numbered(Draft(VoteCast("r", "c", 3, ANNA.id), 5, ANNA), 2, 1), BELA.id)

    assert seen.by is None
    assert seen.data == VoteCast("r", "c", 3, "")


def test_reports_are_seen_by_nobody() -> None:
    event = numbered(Draft(ClipReported("c", "spam", "text"), 5, ANNA), 2, 1)

    for voice in (ANNA.id, BELA.id, None):
        seen = view(event, voice)
        assert (seen.seq, seen.prev, seen.by, seen.data) == (2, 1, None, Erased())


def test_everything_else_is_seen_as_it_is() -> None:
    event = numbered(Draft(TextSaid("hi"), 5, ANNA), 2, 1)

    assert view(event, None) == event
    assert {"clip.reported", "vote.cast", "clip.landed"} < set(KINDS)


def test_no_private_word_reaches_the_wire() -> None:
    secret: list[Fact] = [ClipReported("c", "reason", "private"), VoteCast("r", "c", 1, ANNA.id)]

    for fact in secret:
        seen = view(numbered(Draft(fact, 5, ANNA), 2, 1), None)
        assert ANNA.id not in str(seen)
        assert "private" not in str(seen)
