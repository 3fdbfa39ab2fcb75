from __future__ import annotations

from games.first_thing import FirstThing
from games.game import QUIET_GRACE_MS, SPEAKING_GRACE_MS, Scene, Setup, closing, turn_ends_ms
from games.round import Prompt, RoundClosed, RoundOpened, Take, TurnGiven, apply, landed, opened

GAME = FirstThing()
SETUP = Setup("r", "snap", "en", (), 1_000, 3_000, 5_000, lambda name: Prompt(name, "Say"))
SCENE = Scene(20_000, "en", 3_000, 5_000, lambda name: Prompt(name, "Say"))


def test_one_turn_for_all_then_the_end() -> None:
    first, turn = GAME.begin(SETUP)
    assert isinstance(first, RoundOpened)
    assert isinstance(turn, TurnGiven)
    round_ = apply(opened(first, 1_000), turn)
    take = Take("c", "a", 1, 700, 0, 0)

    assert (turn.voice, turn.go_at_ms, turn.closes_at_ms) == (None, 4_000, 9_000)
    assert GAME.due(round_, speaking=False) == 9_000 + QUIET_GRACE_MS
    assert turn_ends_ms(turn, speaking=True) == 9_000 + SPEAKING_GRACE_MS
    assert GAME.judge(landed(round_, take), take, SCENE) == []
    assert GAME.advance(round_, SCENE) == [RoundClosed("r", "silent")]
    assert closing(landed(round_, take)) == RoundClosed("r", "done", ("c",))
