from __future__ import annotations

from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from audio import take
from games.round import Round, RoundOpened, TurnGiven
from server.room import masks
from server.room.commands import Change, Oversee, Refused, RoundStart
from server.room.context import Context
from server.room.kinds import KINDS
from server.room.state import RoomState
from tests.support.rooms import ANNA, BELA, PureRoom

ROUNDS = 400


def test_a_room_knows_the_masks_that_there_are() -> None:
    assert take.MASKS == masks.MASKS
    assert set(masks.DRAWN) < set(masks.MASKS)


def test_a_name_is_a_mask_or_none_or_refused_with_a_sentence() -> None:
    assert masks.checked("mouse") == "mouse"
    assert masks.checked(masks.NONE) is None
    for name in ("", "Mouse", "nobody", "x" * 500):
        with pytest.raises(Refused, match=r"There is no such mask\. There are mouse, ") as refused:
            masks.checked(name)
        assert refused.value.code == "bad_value"
        assert "x" not in refused.value.message.replace("mouse", "")


def context(**more: Any) -> Context:
    return Context(1, Random(1), **more)


def test_a_take_wears_the_mask_of_its_round_its_room_its_own_or_its_voices() -> None:
    state, asked = RoomState(), context(masks={ANNA.id: "whisper"})
    assert masks.worn(state, BELA.id, asked) is None
    assert masks.worn(state, ANNA.id, asked) == "whisper"
    assert masks.worn(state, ANNA.id, asked, asked="robot") == "robot"
    state = replace(state, mask="giant")
    assert masks.worn(state, ANNA.id, asked, asked="robot") == "giant"
    state = replace(state, round=Round("r", "first_thing", "snap", 1, mask="mouse"))
    assert masks.worn(state, BELA.id, asked) == "mouse"


@pytest.mark.parametrize("kind", list(KINDS))
def test_some_rounds_of_some_kinds_have_a_mask_and_others_none(kind: str) -> None:
    openings = [RoundOpened(f"round {number}", "first_thing", "snap") for number in range(ROUNDS)]
    drawn = [masks.drawn(KINDS[kind], opening, [opening]) for opening in openings]

    assert drawn.count(None) == pytest.approx(ROUNDS * (1 - KINDS[kind].mask_share), abs=ROUNDS * 0.07)
    assert set(drawn) <= {None, *masks.DRAWN}
    assert drawn == [masks.drawn(KINDS[kind], opening, [opening]) for opening in openings]


def test_where_one_word_is_to_be_understood_there_is_no_mask() -> None:
    sure = replace(KINDS["humour"], mask_share=1.0)
    opening = RoundOpened("r", "word_association", "snap")
    turn = TurnGiven("r", 1, "Go!", 1, 2, max_words=1)
    assert masks.drawn(sure, opening, [opening, turn]) is None
    assert masks.drawn(sure, opening, [opening, replace(turn, max_words=0)]) in masks.DRAWN


def test_a_round_of_a_room_tells_its_mask_to_all(monkeypatch: pytest.MonkeyPatch) -> None:
    room = PureRoom("humour")
    monkeypatch.setitem(KINDS, "humour", replace(KINDS["humour"], mask_share=1.0))
    room.do(RoundStart("world_worst"), ANNA)

    assert room.state.round is not None
    assert room.state.round.mask in masks.DRAWN
    room.restart()
    assert room.state.round is not None
    assert room.state.round.mask in masks.DRAWN


def test_a_room_keeps_a_mask_until_it_is_taken_off() -> None:
    room = PureRoom()
    assert len(room.do(Oversee(Change(mask="giant")))) == 2
    assert room.state.mask == "giant"
    assert not room.do(Oversee(Change(mask="giant")))
    with pytest.raises(Refused, match="no such mask"):
        room.do(Oversee(Change(mask="nobody")))
    assert room.state.mask == "giant"
    room.do(Oversee(Change(mask=masks.NONE)))
    assert room.state.mask == ""
