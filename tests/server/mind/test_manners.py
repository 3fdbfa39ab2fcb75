from __future__ import annotations

import pytest

from server.mind.manners import claims_to_be_human, is_swearing


@pytest.mark.parametrize(
    "text", ["What the fuck", "du Arschloch", "so ein Scheiß", "kys", "Wichser!", "shitty"]
)
def test_swearing_is_told(text: str) -> None:
    assert is_swearing(text)


@pytest.mark.parametrize(
    "text", ["a duck", "der Wickelfisch", "a classic assassin", "Huretti", "scheinbar", "mist"]
)
def test_what_only_looks_like_it_is_not(text: str) -> None:
    assert not is_swearing(text)


@pytest.mark.parametrize(
    "text",
    [
        "I'm a human",
        "I'm no robot",
        "I'm an actual person",
        "ich bin doch ein Mensch",
        "I am not a robot.",
        "Ich bin ein Mensch",
        "ich bin keine Maschine",
    ],
)
def test_a_claim_to_be_human_is_told(text: str) -> None:
    assert claims_to_be_human(text)


@pytest.mark.parametrize(
    "text", ["I'm a machine", "Are you human?", "Ich bin ein Automat", "a human walks in"]
)
def test_other_talk_of_people_is_not(text: str) -> None:
    assert not claims_to_be_human(text)
