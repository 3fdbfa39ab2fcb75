"""What a clip answered."""

from __future__ import annotations

from games.round import Prompt, TurnGiven
from server.log.base import Log
from server.log.memory import MemoryLog
from server.room.commands import Caption, Forget, RoundJoin, RoundStart, Say, Throw
from server.room.events import ClipCaptioned, Draft, RoomOpened
from server.rooms.asked import ROUND_EVENTS, asked_again, prompt_of
from tests.support.rooms import ANNA, BELA, CLEO, PureRoom


async def test_the_words_of_a_turn_are_found_until_they_are_forgotten() -> None:
    log = MemoryLog()
    turn = TurnGiven("r", 1, "Why is the moon late?", 0, 5_000)
    await log.append("wonder", [Draft(RoomOpened("wonder", "Wonder"), 1), Draft(turn, 2)])
    assert await prompt_of(log, "wonder", 2) == "Why is the moon late?"
    assert await prompt_of(log, "wonder", 1) == ""
    assert await prompt_of(log, "wonder", 3) == ""
    assert await prompt_of(log, "wonder", None) == ""

    await log.erase("wonder", [2], [])

    assert await prompt_of(log, "wonder", 2) == ""
    await log.close()


async def logged(room: PureRoom) -> Log:
    """Return a log of what happened in a room."""
    log = MemoryLog()
    await log.append("wonder", [Draft(event.data, event.at_ms, event.by) for event in room.events])  # type: ignore[arg-type]
    return log


def asked_seq(room: PureRoom, clip: str) -> int | None:
    return room.state.clips[clip].asked_seq


async def test_what_a_clip_answered_is_found_with_its_game_where_all_were_asked() -> None:
    room = PureRoom()
    room.do(Throw(), ANNA)
    prompt = room.state.round.prompt if room.state.round else None
    room.land("a", ANNA)
    room.pass_time()
    room.land("free", BELA)
    log = await logged(room)

    found = await asked_again(log, "wonder", asked_seq(room, "a"))

    assert found is not None
    assert (found.prompt, found.game) == (prompt, "first_thing")
    assert await asked_again(log, "wonder", asked_seq(room, "free")) is None
    assert await asked_again(log, "wonder", 1) is None
    await log.erase("wonder", [3, 4], [])  # the round and its turn
    assert await asked_again(log, "wonder", asked_seq(room, "a")) is None
    await log.close()


async def test_words_of_a_visitor_come_under_the_id_by_which_they_are_forgotten() -> None:
    room = PureRoom("language")
    room.captions = True
    room.do(RoundStart("word_association"), ANNA)
    room.do(RoundJoin(), BELA)
    room.land("w1", ANNA, duration_ms=600)
    room.do(Caption(ClipCaptioned("w1", "umbrella", "en")))
    room.now_ms = room.turn().go_at_ms
    room.land("w2", BELA, duration_ms=600)
    log = await logged(room)

    found = await asked_again(log, "wonder", asked_seq(room, "w2"))

    assert found is not None
    assert found.prompt == Prompt("w1", "umbrella")
    assert found.game == ""
    room.do(RoundStart(clip="w2", asked=found), ANNA)
    assert "umbrella" in str(room.events[-1])
    room.do(Forget("w1"), ANNA)
    assert "umbrella" not in str(room.events)
    await log.close()


async def test_a_round_that_began_too_long_before_is_not_looked_for() -> None:
    room = PureRoom()
    room.do(Throw(), ANNA)
    for number in range(ROUND_EVENTS):
        room.do(Say(f"line {number}"), CLEO)
    turn = room.turn()
    log = await logged(room)
    (again,) = await log.append("wonder", [Draft(turn, room.now_ms)])

    assert await asked_again(log, "wonder", again.seq) is None
    await log.close()
