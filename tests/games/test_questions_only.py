from __future__ import annotations

from tests.support.play import Played


def test_statements_are_arrested() -> None:
    played = Played("questions_only", "a", "b", card="Is that your camel?")

    assert played.turn.prompt == "Is that your camel?"
    assert played.say("a", "Why, do you want to buy it?") == []
    assert played.say("b", "No.") == ["statement"]
    assert played.say("a", "is it already sold") == []
