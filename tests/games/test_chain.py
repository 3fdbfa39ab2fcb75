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
    played.join("b")
    played.say("a")
    assert played.turn.voice == "b"

    played.join("c")
    played.say("b")
    assert played.turn.voice == "c"


def test_what_the_round_is_about_stays_in_sight_while_the_prompts_change() -> None:
    played = Played("word_ration", "a", "b", card="Two pirates on a pedal boat.")
    played.say("a")

    assert "pirates" not in played.turn.prompt
    assert played.round.scene == "Two pirates on a pedal boat."
