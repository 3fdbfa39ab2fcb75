from __future__ import annotations

import msgspec

from server.rtc.settings import Settings


def test_every_limit_is_a_positive_number() -> None:
    assert all(value > 0 for value in msgspec.structs.asdict(Settings()).values())


def test_packets_grow_with_the_room_and_stay_within_opus() -> None:
    chosen = Settings()

    assert chosen.small_room < chosen.large_room
    assert chosen.frames_in_small <= chosen.frames_in_middle <= chosen.frames_in_large <= 6
