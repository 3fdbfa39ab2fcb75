from __future__ import annotations

from tests.support.play import Played

WHOLE = "I see cups in the sink. I feel tired. I need some order. Would you wash yours?"
GANZ = "Ich sehe Tassen. Ich fühle mich müde. Ich brauche Ordnung. Würdest du deine spülen?"


def test_one_complains_the_next_translates_and_complains_then() -> None:
    played = Played("jackal_giraffe", "a", "b", tempo="slow", scored=False)

    assert (played.turn.voice, played.turn.role) == ("a", "jackal")
    assert played.say("a", "Nobody ever washes!") == []
    assert (played.turn.voice, played.turn.role) == ("b", "giraffe")
    assert played.say("b", WHOLE) == ["giraffe_whole"]
    assert (played.turn.voice, played.turn.role) == ("b", "jackal")


def test_steps_are_noted_never_judged() -> None:
    played = Played("jackal_giraffe", "a", scored=False, language="de", card="Keiner spült!")

    assert "Keiner spült!" in played.turn.prompt
    assert played.say("a", "Ich sehe Tassen.") == ["giraffe_missing"]
    assert played.say("a", "Du machst das immer!") == ["absolute"]
    assert played.say("a", GANZ) == ["giraffe_whole"]
    assert {verdict.tone for verdict in played.verdicts()} == {"note"}
