from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from server.log.memory import MemoryLog
from server.room import door
from server.room.actor import CONSENTS_KEPT
from server.room.commands import Command, Forget, Refused, Report, RoundStart, RoundStop, Say, Vote
from server.room.house import House
from server.room.state import EMPTY
from tests.support.actors import BELA, toy_house, toy_room

ARENA = replace(EMPTY, kind="arena")


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = toy_house(MemoryLog())
    yield house
    await house.close()


@pytest.mark.parametrize("command", [None, RoundStart("insult_duel"), Vote("r", "c", 1)])
def test_who_would_speak_or_play_behind_a_door_is_asked_first(command: Command | None) -> None:
    with pytest.raises(Refused) as refused:
        door.check(replace(ARENA, language="de"), command, consented=False)
    assert (refused.value.code, refused.value.message[:4]) == ("consent_needed", "Hier")
    door.check(ARENA, command, consented=True)
    door.check(replace(EMPTY, kind="wonder"), command, consented=False)


@pytest.mark.parametrize("command", [Say("hi"), Forget("c"), Report("c", "rude"), RoundStop()])
def test_chat_taking_back_reporting_and_out_need_no_consent(command: Command) -> None:
    door.check(ARENA, command, consented=False)


async def test_a_pace_holds_as_long_as_its_voice_is_here(house: House) -> None:
    room = await toy_room(house)
    room.set_pace(BELA.id, 2.0)
    assert room.paces == {}
    room.arrive(BELA)
    room.arrive(BELA)
    room.set_pace(BELA.id, 1.5)
    room.leave(BELA)
    assert room.paces == {BELA.id: 1.5}
    room.set_pace(BELA.id, 1.0)
    assert room.paces == {}
    room.set_pace(BELA.id, 2.0)
    room.leave(BELA)
    assert room.paces == {}


async def test_who_came_in_by_the_door_is_remembered_up_to_a_limit(house: House) -> None:
    room = await toy_room(house)
    for number in range(CONSENTS_KEPT + 1):
        room.consent(f"v{number}")
    assert not room.has_consented("v0")
    assert room.has_consented("v1")
    assert room.has_consented(f"v{CONSENTS_KEPT}")
