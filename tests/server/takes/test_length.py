"""How long takes may be: what the room says, within what the host says, within what any clip may have."""

from __future__ import annotations

from typing import cast

import pytest

from audio.take import LONGEST_CLIP_MS, TAKE_MARGIN_MS
from server.room import rounds
from server.rooms.base import Room
from server.takes.length import longest_clip_ms, take_limit_ms
from tests.support.rooms import ANNA, PureRoom

ANY_HOST_MS = 2 * LONGEST_CLIP_MS


class PacedRoom(PureRoom):
    """A room of kind `roleplay`: clips have 10 s there."""

    def __init__(self, pace: float) -> None:
        super().__init__("roleplay")
        self.paces = {ANNA.id: pace}


def lengths(pace: float, host_ms: int) -> tuple[int, int]:
    room = cast(Room, PacedRoom(pace))
    return longest_clip_ms(room, ANNA, host_ms), take_limit_ms(room, ANNA, host_ms, now_ms=5_000)


@pytest.mark.parametrize(
    ("pace", "host_ms", "clip_ms"),
    [(1.0, ANY_HOST_MS, 10_000), (1.5, ANY_HOST_MS, 15_000), (9.0, ANY_HOST_MS, 20_000), (2.0, 4_000, 4_000)],
)
def test_the_least_of_room_and_host_counts_and_silence_around_it_is_recorded_too(
    pace: float, host_ms: int, clip_ms: int
) -> None:
    assert lengths(pace, host_ms) == (clip_ms, clip_ms + TAKE_MARGIN_MS)


def test_no_rule_and_no_host_allow_more_than_any_clip_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of another version may give turns of any length."""
    monkeypatch.setattr(rounds, "take_limit_ms", lambda *_: 10 * LONGEST_CLIP_MS)
    monkeypatch.setattr(rounds, "take_ends_ms", lambda *_: 10 * LONGEST_CLIP_MS + 5_000)

    assert lengths(1.0, ANY_HOST_MS) == (LONGEST_CLIP_MS, LONGEST_CLIP_MS + TAKE_MARGIN_MS)
