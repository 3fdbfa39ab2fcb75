from __future__ import annotations

import pytest

from games.language.tongue import Tongue, ending
from games.referee import TONGUES


def test_an_ending_begins_at_the_last_vowel_that_carries_the_voice() -> None:
    assert ending("garden", (), "aeiou", "en$") == "arden"
    assert ending("cat", (), "aeiou", "en$") == "at"
    assert ending("hm", (), "aeiou", "en$") == ""


@pytest.mark.parametrize("tongue", TONGUES.values())
def test_every_language_has_all_its_words(tongue: Tongue) -> None:
    assert tongue.steps.keys() == tongue.step_names.keys() == {"seen", "felt", "needed", "asked"}
    assert tongue.yes
    assert tongue.but
    assert tongue.also
    assert tongue.luck
    assert tongue.bad_luck
    assert tongue.absolutes
    assert tongue.stops
    assert not tongue.yes & tongue.fillers
