from __future__ import annotations

from games.prompts import LANGUAGES, pack
from games.same_line import parted
from tests.support.play import Played, codes


def test_every_card_has_a_line_and_a_feeling() -> None:
    for language in LANGUAGES:
        for card in pack(language, "feelings"):
            line, feeling = parted(card.text)
            assert line, card.text
            assert feeling, card.text


def test_the_line_is_public_and_the_feeling_is_guessed() -> None:
    played = Played("same_line", "a", "b", card='"There is one left." Greedy.')

    assert '"There is one left."' in played.turn.prompt
    assert "Greedy" not in played.turn.prompt
    played.say("a", "There is one left.")
    assert played.say("b", "greedy!") == []
    assert codes(played.wait()) == ["guessed"]
