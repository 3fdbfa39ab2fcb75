"""Whatever comes in whatever order: every take comes to one end, told once, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.room.events import Voice
from tests.support.actors import local
from tests.support.media import ANNA
from tests.support.take_races import ACTIONS, VOICES, Action, Play, playing


def _check(play: Play, landed: list[str]) -> None:
    lives = play.lives
    assert play.left <= {"landed", "refused", "previewed"}
    assert {life.state for life in lives} <= {"landed", "refused"}
    assert all(life.answer.done() for life in lives)
    assert sorted(landed) == sorted(life.id for life in lives if life.state == "landed")
    outcomes = Counter(play.observed.outcomes)
    assert outcomes.total() == len(lives)
    assert outcomes["landed"] == len(landed)
    takes = play.takes
    assert [len(takes._outcomes), len(takes._previewing), len(takes._sessions)] == [0, 0, 0]
    assert not takes._previewing.landing()
    assert not takes._sessions._speakers
    room = local(play.room)
    assert (room._holds, dict(room._presence.speaking), room._presence.heard) == (0, {}, set())
    heard = [told for told in play.observed.relays if isinstance(told, bool)]
    assert heard == [True, False] * (len(heard) // 2)


def _check_signals(play: Play) -> None:
    """Of each take of a microphone its speaker is told one thing at the end."""
    by_peer = Counter(life.peer for life in play.lives if life.peer)
    for peer, count in by_peer.items():
        assert sum(play.told[peer, state] for state in ("landed", "refused", "preview")) == count


@pytest.mark.parametrize("kind", ["wonder", "healing"])
@settings(max_examples=150)
@given(steps=st.lists(st.tuples(st.sampled_from(ACTIONS), st.sampled_from(VOICES)), max_size=30))
@example(steps=[("begin", ANNA), ("stop", ANNA), ("stop", ANNA), ("cut", ANNA)])
@example(steps=[("begin", ANNA), ("limit", ANNA), ("begin", ANNA), ("gone", ANNA)])
@example(steps=[("plain", ANNA), ("loud", ANNA), ("limit", ANNA), ("quiet", ANNA), ("loud", ANNA)])
@example(
    steps=[("hold finish", ANNA), ("begin", ANNA), ("limit", ANNA), ("gone", ANNA), ("close room", ANNA)]
)
@example(steps=[("announce", ANNA), ("fill disk", ANNA), ("upload", ANNA), ("free disk", ANNA)])
@example(steps=[("upload", ANNA), ("hold log", ANNA), ("keep", ANNA), ("upload", ANNA), ("break log", ANNA)])
@example(steps=[("upload", ANNA), ("wait", ANNA), ("wait", ANNA), ("keep", ANNA), ("upload", ANNA)])
def test_every_take_ends_once_and_leaves_nothing(kind: str, steps: list[tuple[Action, Voice]]) -> None:
    async def play_all() -> None:
        async with playing(kind) as play:
            for action, voice in steps:
                await play.do(action, voice)
            await play.end()
            _check(play, await play.landed())
            if kind == "wonder":
                _check_signals(play)

    asyncio.run(play_all())
