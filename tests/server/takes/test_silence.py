"""A take of one word ends by itself, by what the media plane hears of its speaker."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from server.room.commands import RoundStart, Throw
from server.room.events import ClipLanded
from server.rooms.presence import SPEAKER, PresenceState
from server.takes.silence import SHORTEST_WORD_ON_MS
from tests.support.media import ANNA, START_MS
from tests.support.theatre import Theatre, running_theatre


@pytest.fixture
async def theatre() -> AsyncIterator[Theatre]:
    async with running_theatre() as running:
        yield running


async def heard(theatre: Theatre, *, game: str, on_ms: int, before: bool = False) -> bool:
    """Let Anna be heard for a time in a turn of a game; tell whether her take was ended."""
    peer = await theatre.speaker()
    start = Throw() if game == "first_thing" else RoundStart(game)
    await theatre.room.send(start, by=ANNA)
    assert theatre.room.state.round is not None
    assert theatre.room.state.round.turn is not None
    theatre.clock.ms = theatre.room.state.round.turn.go_at_ms
    if before:
        theatre.media.observers.level(peer, on=True)
    theatre.clock.ms += on_ms if before else 0
    await theatre.takes.begin(theatre.room, ANNA, peer)
    if not before:
        theatre.media.observers.level(peer, on=True)
    theatre.clock.ms += 100 if before else on_ms
    theatre.media.observers.level(peer, on=False)
    return peer not in theatre.media.open


async def test_a_word_and_silence_end_the_take_and_the_page_is_told(theatre: Theatre) -> None:
    assert await heard(theatre, game="word_association", on_ms=SHORTEST_WORD_ON_MS)
    event = await theatre.stop()

    assert isinstance(event.data, ClipLanded)
    assert event.data.round is not None
    states = [told["state"] for told in await theatre.told("take")]
    assert states == ["open", "cut", "landed"]


async def test_a_click_is_no_word(theatre: Theatre) -> None:
    assert not await heard(theatre, game="word_association", on_ms=SHORTEST_WORD_ON_MS - 1)


async def test_what_was_said_before_the_take_is_none_of_its_words(theatre: Theatre) -> None:
    assert not await heard(theatre, game="word_association", on_ms=900, before=True)


async def test_lines_may_have_pauses(theatre: Theatre) -> None:
    assert not await heard(theatre, game="first_thing", on_ms=2_000)


async def test_who_needs_more_time_is_not_cut(theatre: Theatre) -> None:
    theatre.room.set_presence(ANNA.id, None, SPEAKER)
    theatre.room.set_presence(ANNA.id, SPEAKER, PresenceState(speaker=True, pace=1.5))
    assert not await heard(theatre, game="word_association", on_ms=2_000)


async def test_a_plain_session_speaks_on_through_its_pauses(theatre: Theatre) -> None:
    peer = await theatre.speaker(commanded=False)
    theatre.media.observers.level(peer, on=True)
    theatre.media.observers.level(peer, on=False)

    assert ANNA.id in theatre.room.speaking
    assert theatre.clock.ms >= START_MS
