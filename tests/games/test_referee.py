from __future__ import annotations

import string
from random import Random

import pytest

from games.language.verdicts import COACHING, VERDICTS
from games.referee import TONGUES, coaching, is_same_guess
from games.round import ChallengeMade, VerdictOverruled
from tests.support.play import Played, codes


def test_both_languages_say_the_same_things_in_the_same_terms() -> None:
    assert VERDICTS["en"].keys() == VERDICTS["de"].keys()
    for code, wordings in VERDICTS["en"].items():
        fields = {field for text in wordings for _, field, _, _ in string.Formatter().parse(text) if field}
        for text in (*wordings, *VERDICTS["de"][code]):
            assert {f for _, f, _, _ in string.Formatter().parse(text) if f} <= fields | {"word"}, code
            assert len(text) <= 60


def test_votes_of_two_more_overrule_a_fault_once() -> None:
    played = Played("word_association", "a", "b")
    played.say("a", duration_ms=5_000)

    assert len(played.vote("b", "c1", 3)) == 1
    assert played.round.faults("a") == 1
    _, overruled = played.vote("c", "c1", 3)
    assert overruled == VerdictOverruled(played.round.id, "c1", "too_long")
    assert played.round.faults("a") == 0
    assert len(played.vote("d", "c1", 3)) == 1


def test_boos_count_against_cheers() -> None:
    played = Played("word_association", "a", "b")
    played.say("a", duration_ms=5_000)
    for voice, value in (("b", 3), ("c", -1), ("d", 2)):
        assert not any(isinstance(fact, VerdictOverruled) for fact in played.vote(voice, "c1", value))

    assert isinstance(played.vote("e", "c1", 1)[-1], VerdictOverruled)


def test_two_thumbs_are_a_fault_where_nobody_knows_the_words() -> None:
    deaf, hears, known = (
        Played("questions_only", "a", "b", captions=captions) for captions in (False, True, True)
    )
    deaf.say("a")
    hears.land("a")
    known.say("a", "is it you?")

    for played, told in ((deaf, True), (hears, True), (known, False)):
        assert played.vote("b", "c1", -1)[1:] == ([ChallengeMade(played.round.id, "c1", "b")] if told else [])
    assert codes(deaf.vote("c", "c1", -1)) == ["thumbs"]
    assert codes(deaf.vote("d", "c1", -1)) == []
    assert codes(hears.vote("c", "c1", -1)) == []  # its words may still come
    assert codes(known.vote("c", "c1", -1)) == []


def test_a_word_has_a_singular() -> None:
    for language, said in (("en", ("1 word", "2 words")), ("de", ("1 Wort", "2 Wörter"))):
        assert tuple(TONGUES[language].name_words(count) for count in (1, 2)) == said


@pytest.mark.parametrize(
    ("guess", "truth", "same"),
    [
        ("is it an umbrella?", "umbrella", True),
        ("Umbrellas!", "umbrella", True),
        ("verliebt", "Frisch verliebt", True),
        ("a hat", "umbrella", False),
        ("", "umbrella", False),
    ],
)
def test_guesses_are_taken_kindly(guess: str, truth: str, same: bool) -> None:
    assert is_same_guess(guess, truth) is same


def test_coaching_is_short() -> None:
    for language, tempos in COACHING.items():
        for tempo, lines in tempos.items():
            assert coaching(language, "snap" if tempo == "snap" else "slow", Random(1)) in lines
            assert all(len(line) <= 36 for line in lines)
