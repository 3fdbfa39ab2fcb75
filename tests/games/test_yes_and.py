from __future__ import annotations

from tests.support.play import Played


def test_four_lines_block_and_four_build() -> None:
    played = Played("yes_and", "a", "b")
    for _ in range(2):
        assert played.say("a", "Yes, but it is far.") == []
        assert played.say("b", "Yeah but we have no bus.") == []
    assert "Yes, and" in played.turn.prompt
    assert played.say("a", "No.") == ["start_with"]
    for voice in "bab":
        played.say(voice, "Yes, and we sing.")

    assert played.closed is not None
    assert played.verdicts()[-1].code == "blocks"
    assert "4" in played.verdicts()[-1].text
    assert "3" in played.verdicts()[-1].text
