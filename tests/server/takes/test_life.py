"""A take goes on from state to state, and comes to one end."""

from __future__ import annotations

from typing import cast, get_args

import pytest

from server.room.commands import Refused
from server.rooms.base import Room
from server.takes.life import NEXT, State, TakeLife
from tests.support.media import ANNA

STATES: tuple[State, ...] = get_args(State)


def take(state: State = "open") -> TakeLife:
    return TakeLife(cast(Room, None), ANNA, "webrtc", longest_ms=7_000, state=state)


async def test_takes_have_ids_of_their_own() -> None:
    assert take().id != take().id


@pytest.mark.parametrize("state", STATES)
async def test_a_take_goes_where_its_state_may_go_and_nowhere_else(state: State) -> None:
    for other in STATES:
        each = take(state)
        if other in NEXT[state]:
            each.go(other, 0.0)
            assert each.state == other
        else:
            with pytest.raises(ValueError, match=f"that is {state} cannot be {other}"):
                each.go(other, 0.0)
            assert each.state == state


def test_every_state_can_be_reached_and_only_the_two_ends_lead_nowhere() -> None:
    reached: set[State] = {"open"}
    for _ in STATES:
        reached |= {after for state in reached for after in NEXT[state]}
    assert reached == set(STATES)
    assert {state for state in STATES if not NEXT[state]} == {"landed", "refused"}


async def test_only_the_time_that_finishing_takes_is_counted() -> None:
    kept = take()
    for state, now_s in (("ended", 10.0), ("finishing", 11.0), ("previewed", 11.25), ("finishing", 40.0)):
        kept.go(cast(State, state), now_s)
    kept.go("landed", 40.5)
    assert kept.spent_s == 0.75


async def test_whoever_waits_has_the_first_answer() -> None:
    refused, heard = take(), take()
    refused.reply(Refused("silent", "We heard nothing."))
    refused.reply(None)
    heard.reply(None)
    heard.reply(Refused("silent", "We heard nothing."))
    with pytest.raises(Refused, match="nothing"):
        await refused.answer
    assert await heard.answer is None
