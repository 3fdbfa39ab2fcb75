from __future__ import annotations

from games.five_things import THINGS
from games.language.verdicts import VERDICTS
from tests.support.play import Played


def test_five_are_counted_and_a_pause_is_heard() -> None:
    played = Played("five_things")

    assert played.say("a", "Lint, sand, a whale, keys, and a town") == ["full"]
    assert played.say("b", "lint and sand", gap_ms=800) == ["hesitated", "too_few"]
    wordings = {wording.format(said=2, wanted=THINGS) for wording in VERDICTS["en"]["too_few"]}
    assert played.verdicts()[-1].text in wordings
