from __future__ import annotations

from tests.support.play import Played


def test_a_line_that_was_there_has_a_beard() -> None:
    played = Played("world_worst", card="World's worst lifeguard")

    assert played.say("a", "I cannot swim, can somebody help me?") == []
    assert played.say("b", "Can somebody help me? I can't swim!") == ["old_joke"]
    assert played.say("c", "I only watch the shallow end") == []
