from __future__ import annotations

from tests.support.play import Played


def test_five_are_counted_and_a_pause_is_heard() -> None:
    played = Played("five_things")

    assert played.say("a", "Lint, sand, a whale, keys, and a town") == ["full"]
    assert played.say("b", "lint and sand", gap_ms=800) == ["hesitated", "too_few"]
    assert "2 of 5" in played.verdicts()[-1].text or "2" in played.verdicts()[-1].text
