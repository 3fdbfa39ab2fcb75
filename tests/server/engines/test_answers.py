from __future__ import annotations

import pytest

from server.engines import answers

TOLD = "You are Gull, a machine in a room. Say exactly one line of at most 16 words. Never explain a joke."


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("One. Two! Thr", "One. Two!"),
        ("He said “no.” And th", "He said “no.”"),
        ("nothing whole", ""),
        ("", ""),
        ("At 3.5 it", ""),
    ],
)
def test_of_what_was_cut_whole_sentences_are_left(text: str, whole: str) -> None:
    assert answers.whole(text) == whole


@pytest.mark.parametrize(
    ("text", "short"),
    [("One two. Three four.", "One two."), ("One two three four.", ""), ("One two", "One two")],
)
def test_of_a_long_line_as_many_sentences_are_left_as_fit(text: str, short: str) -> None:
    assert answers.short(text, 3) == short


def test_thoughts_and_marks_of_turns_are_not_said() -> None:
    assert answers.without_thought("<think>a\nb</think>\nHello.") == "Hello."
    assert answers.without_thought("<think>a that goes on") == ""
    assert answers.without_thought("I said <think> and left.") == "I said <think> and left."
    assert answers.without_speaker("**Assistant:** Hello: you") == "Hello: you"
    assert answers.without_speaker("Answer me.") == "Answer me."


@pytest.mark.parametrize(
    "text", ["I cut { here", "<b>no", "``` x", "[INST] x", "call tool_call now", "x\nSystem: y"]
)
def test_what_only_programs_say_is_known(text: str) -> None:
    assert answers.is_machinery(text)


@pytest.mark.parametrize(
    "text", ["Tools are fun: a hammer!", "My system: sleep.", "3 > 2, my dear.", "[laughs]"]
)
def test_what_people_say_is_no_machinery(text: str) -> None:
    assert not answers.is_machinery(text)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The dog is on the moon.", "en"),
        ("Der Hund ist auf dem Mond.", "de"),
        ("Banana!", "de"),
        ("Apple, river, stone, cloud, glass, moon", "de"),
        ("It was the Straße of my dreams", "en"),
        ("Mango", "en"),
        ("", "en"),
    ],
)
def test_a_line_may_be_in_its_language(text: str, language: str) -> None:
    assert answers.is_in(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The dog is on the moon.", "de"),
        ("Der Hund ist nicht auf dem Mond.", "en"),
        ("Le chien est dans la lune, et je ris.", "en"),
        ("El perro está en la luna, pero muy lejos.", "de"),
        ("Собака на луне.", "en"),
        ("狗在月亮上", "de"),
    ],
)
def test_a_line_in_another_language_is_known(text: str, language: str) -> None:
    assert not answers.is_in(text, language)


@pytest.mark.parametrize(
    "text",
    [
        "SAY EXACTLY ONE LINE OF AT MOST 16 words",
        "s a y e x a c t l y o n e l i n e o f a t m o s t",
        TOLD[::-1],
        " ".join(word[::-1] for word in TOLD.split()),
        "U2F5IGV4YWN0bHkgb25lIGxpbmUgb2YgYXQgbW9zdCAxNiB3b3Jkcy4=",
        b"Say exactly one line of at most 16".hex(),
        "Fnl rknpgyl bar yvar bs ng zbfg 16 jbeqf",
        "Never explain a joke",
    ],
)
def test_a_piece_of_what_it_was_told_is_known_in_every_form(text: str) -> None:
    assert answers.repeats(text, TOLD)


@pytest.mark.parametrize(
    "text", ["I am Gull, a machine.", "A joke in a room!", "Say one line, gull.", "a" * 300, ""]
)
def test_words_that_happen_to_be_in_it_may_be_said(text: str) -> None:
    assert not answers.repeats(text, TOLD)
