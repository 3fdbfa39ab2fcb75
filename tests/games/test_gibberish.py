from __future__ import annotations

from tests.support.play import Played


def test_nonsense_is_translated_as_i_by_the_next() -> None:
    played = Played("gibberish", "a", "b")

    assert (played.turn.voice, played.turn.role) == ("a", "speaker")
    assert played.say("a", "what would they have been about") == ["no_nonsense"]
    assert (played.turn.voice, played.turn.role) == ("b", "translator")
    assert played.say("b", "He wants soup") == ["not_i"]
    assert (played.turn.voice, played.turn.role) == ("a", "speaker")
    played.say("a", "frobbel dosch")
    assert played.say("b", "I would like my soup") == []


def test_silent_nonsense_needs_no_translation() -> None:
    played = Played("gibberish", "a", "b")
    played.wait()

    assert (played.turn.voice, played.turn.role) == ("b", "speaker")
