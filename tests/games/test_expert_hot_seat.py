from __future__ import annotations

from tests.support.play import Played


def test_others_ask_and_the_expert_answers() -> None:
    played = Played("expert_hot_seat", "a", "b", "c")
    asked = []
    while played.closed is None:
        voice = played.turn.voice
        assert voice is not None
        asked.append(voice)
        played.say(voice, "Why not?")

    assert asked == ["b", "a", "c", "a", "b", "a", "c", "a", "b", "a"]


def test_alone_the_room_asks_and_experts_know() -> None:
    played = Played("expert_hot_seat", "a")

    assert played.turn.role == "expert"
    assert played.say("a", "I don't know", gap_ms=1_000) == ["hesitated", "unknowing"]
    assert len(set(played.prompts)) == 2
