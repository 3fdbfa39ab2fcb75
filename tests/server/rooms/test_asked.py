"""What a clip answered."""

from __future__ import annotations

from games.round import TurnGiven
from server.log.memory import MemoryLog
from server.room.events import Draft, RoomOpened
from server.rooms.asked import prompt_of


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
