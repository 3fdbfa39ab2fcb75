from __future__ import annotations

from tests.support.play import Played, voice_of


def test_there_is_no_vote_on_one_take_nor_where_nothing_is_scored() -> None:
    alone = Played("world_worst")
    alone.say("a")
    alone.wait()
    unscored = Played("world_worst", scored=False)
    unscored.say("a")
    unscored.say("b")
    unscored.wait()

    assert alone.closed is not None
    assert unscored.closed is not None


def test_a_vote_takes_no_takes() -> None:
    played = Played("world_worst")
    played.say("a")
    played.say("b")
    played.wait()

    assert played.turn.act == "vote"
    played.room.land("late", voice_of("c"))
    assert [take.clip for take in played.round.takes] == ["c1", "c2"]
