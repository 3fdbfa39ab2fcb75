"""The room's own pulse waits for a greeting that is said aloud, and for nothing else."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from server.room import welcome
from server.room.commands import Change, Open
from server.room.context import Context
from server.room.events import RoomOpened
from server.room.rounds import due
from server.room.state import EMPTY
from server.room.welcome import GREETING_MS
from tests.support.rooms import ANNA, BELA, PureRoom

BOT = "voice-bot"


def greeted(room: PureRoom) -> Context:
    """Return the context of a room whose character greets Anna, who came this moment, aloud."""
    return replace(
        room.context(),
        here=(ANNA.id, BOT),
        speakers=(ANNA.id, BOT),
        inside=(ANNA.id, BOT),
        machines=(BOT,),
        came={ANNA.id: room.now_ms, BOT: room.now_ms - 60_000},
        spoken_ms=lambda text, language: 1_000,
        hosted=True,
    )


def test_the_first_round_begins_after_the_greeting() -> None:
    room = PureRoom()
    context = greeted(room)
    assert due(room.state, context) == room.now_ms + GREETING_MS
    later = replace(context, now_ms=room.now_ms + GREETING_MS)
    assert due(room.state, later) == later.now_ms


@pytest.mark.parametrize(
    "change",
    [
        {"hosted": False},
        {"spoken_ms": None},
        {"inside": (ANNA.id, BELA.id)},
        {"inside": (BOT,)},
        {"machines": ()},
    ],
    ids=str,
)
def test_where_nobody_is_greeted_aloud_nothing_waits(change: dict[str, object]) -> None:
    room = PureRoom()
    assert welcome.over_ms(room.state, replace(greeted(room), **change)) == 0


@pytest.mark.parametrize("change", [Change(character=""), Change(voice=False)])
def test_a_room_without_a_character_or_a_voice_waits_for_none(change: Change) -> None:
    room = PureRoom()
    room.state, room.events = EMPTY, []
    room.do(Open(RoomOpened("wonder", "Test")), ANNA)
    room.do(change, ANNA)
    assert welcome.over_ms(room.state, greeted(room)) == 0
