from __future__ import annotations

from tests.support.play import Played


def test_anybody_may_go_on_where_there_are_no_players() -> None:
    played = Played("questions_only")
    for voice in "xyzxyzxy":
        assert played.turn.voice is None
        played.say(voice)

    assert played.closed is not None


def test_who_joins_is_next_in_the_row() -> None:
    played = Played("questions_only", "a")
    played.say("a")

    assert played.turn.voice == "a"
