from __future__ import annotations

from tests.support.play import Played


def test_likenesses_want_to_differ() -> None:
    played = Played("five_likenesses", card="a wet tennis ball")

    assert played.turn.prompt.startswith("A wet tennis ball is like")
    assert played.say("a", "a moon, an angry pea, old soup, my uncle, a planet") == ["full"]
    assert played.say("b", "a green ball, a green ball!") == ["alike"]


def test_the_room_votes_when_there_is_a_choice() -> None:
    played = Played("five_likenesses")
    played.say("a")
    played.say("b")
    played.wait()

    assert played.turn.act == "vote"
