from __future__ import annotations

from contextlib import suppress

import pytest

from server.http.floods import NEWCOMER_MS, SENTENCES, SLOW_FOR_MS, SLOW_ROOMS, RoomFloods
from server.http.limits import FloodLimits
from server.room.commands import Refused

LIMITS = FloodLimits(lines_per_minute=60, reactions_per_minute=600)
NOW_MS = 1e12


def line(
    floods: RoomFloods, voice: str = "v", network: str = "n", now_ms: float = NOW_MS, **more: bool
) -> str:
    try:
        floods.check_line("r", voice, network, now_ms, newcomer=more.get("newcomer", False), language="en")
    except Refused as refusal:
        return (
            refusal.code
            if (refusal.message, bool(refusal.retry_after_ms)) == (SENTENCES["en"], True)
            else "?"
        )
    return ""


def flooded() -> RoomFloods:
    floods = RoomFloods(LIMITS)
    assert [line(floods, f"v{number}", f"n{number}") for number in range(20)] == [""] * 20
    return floods


def test_a_room_takes_what_people_write_and_is_slow_when_it_is_flooded() -> None:
    floods = flooded()
    assert not floods.is_slow("r", NOW_MS)
    assert line(floods, "one", "one") == ""
    assert floods.is_slow("r", NOW_MS)
    assert line(floods, "one", "other") == "slow"
    assert line(floods, "other", "one") == "slow"
    assert not floods.is_slow("another", NOW_MS)


def test_in_a_slow_room_a_voice_and_a_network_write_now_and_then_and_who_is_new_listens() -> None:
    floods = flooded()
    assert line(floods, "old", "old") == ""
    assert line(floods, "new", "new", newcomer=True) == "slow"
    assert line(floods, "second", "old", NOW_MS + 2_000) == ""
    assert line(floods, "old", "elsewhere", NOW_MS + 9_000) == "slow"
    assert line(floods, "old", "elsewhere", NOW_MS + 10_000) == ""
    assert SLOW_FOR_MS < NEWCOMER_MS


def test_a_room_is_itself_again_when_nobody_floods_it() -> None:
    floods = flooded()
    line(floods)
    later_ms = NOW_MS + SLOW_FOR_MS
    assert not floods.is_slow("r", later_ms)
    assert line(floods, "new", "new", later_ms, newcomer=True) == ""


def test_reactions_are_counted_by_room() -> None:
    floods = RoomFloods(LIMITS)
    for _ in range(60):
        floods.check_reaction("r", NOW_MS)
    with pytest.raises(Refused) as refusal:
        floods.check_reaction("r", NOW_MS)
    assert refusal.value.code == "too_fast"
    floods.check_reaction("other", NOW_MS)


def test_no_more_rooms_are_known_as_slow_than_there_is_place_for() -> None:
    floods = RoomFloods(FloodLimits(lines_per_minute=1))
    for number in range(SLOW_ROOMS + 5):
        for _ in range(2):
            with suppress(Refused):
                floods.check_line(f"r{number}", "v", "n", NOW_MS, newcomer=False, language="de")
    assert len(floods._slow_until_ms) == SLOW_ROOMS
