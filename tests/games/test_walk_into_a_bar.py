from __future__ import annotations

from tests.support.play import Played


def test_the_room_says_who_and_votes_for_the_best_groan() -> None:
    played = Played("walk_into_a_bar", card="penguins")
    assert played.turn.prompt == "185 penguins walk into a bar …"
    played.say("a", "The barman says: is this a formal occasion?")
    assert played.say("b", "the barman says is this a formal occasion") == ["old_joke"]
    played.wait()
    played.vote("b", "c1", 4)
    played.wait()

    assert played.codes() == ["old_joke", "favourite"]
    assert played.closed is not None
