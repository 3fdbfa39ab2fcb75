from __future__ import annotations

from server.rtc.level import DTX_BYTES, HOLD_MS, Level


def pushed(
    level: Level, sizes: list[int], start_ms: float = 0.0, step_ms: float = 20.0, packet_ms: float = 20.0
) -> list[bool]:
    return [level.push(size, packet_ms, start_ms + at * step_ms) for at, size in enumerate(sizes)]


def test_sound_is_told_once_when_it_begins() -> None:
    assert pushed(Level(), [80] * 6) == [False, False, True, False, False, False]


def test_the_updates_of_silence_are_no_sound() -> None:
    level = Level()

    assert not any(pushed(level, [40, 1, 1], step_ms=400.0))
    assert not any(pushed(level, [80] * 5, start_ms=2_000.0, step_ms=400.0))
    assert not any(pushed(level, [DTX_BYTES] * 50, start_ms=9_000.0))


def test_short_packets_of_sound_are_as_small_as_long_ones_of_silence() -> None:
    """2.5 ms at 16 kbit/s are 5 bytes."""
    assert any(pushed(Level(), [5] * 5, step_ms=2.5, packet_ms=2.5))
    assert not any(pushed(Level(), [2] * 50, step_ms=2.5, packet_ms=2.5))
    assert not any(pushed(Level(), [DTX_BYTES] * 50, step_ms=120.0, packet_ms=120.0))


def test_sound_is_held_over_a_short_pause_and_ends_after_it() -> None:
    level = Level()
    pushed(level, [80] * 3)

    assert level.rest_ms(40.0 + HOLD_MS - 1) == 1
    assert level.on
    assert level.rest_ms(40.0 + HOLD_MS) == 0
    assert not level.on


def test_sound_that_ended_can_begin_again() -> None:
    level = Level()
    pushed(level, [80] * 3)
    level.rest_ms(1_000.0)

    assert pushed(level, [80] * 3, start_ms=1_000.0)[-1]
