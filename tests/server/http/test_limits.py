from __future__ import annotations

from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.http.limits import (
    ADDRESS_VOICES,
    RATES,
    Buckets,
    FloodLimits,
    Limits,
    Rate,
    UploadBudget,
    network,
    prefix,
)
from server.room.commands import Refused


def granted(buckets: Buckets, key: str, times_ms: list[float]) -> list[float]:
    """Return the moments at which an impatient visitor was let through."""
    through = []
    for now_ms in times_ms:
        if buckets.wait_ms(key, now_ms) == 0:
            buckets.spend(key, now_ms)
            through.append(now_ms)
    return through


def test_a_thousand_visitors_of_one_address_come_back_at_once() -> None:
    buckets = Buckets(RATES["join"].times(ADDRESS_VOICES))
    assert 1_000 <= len(granted(buckets, "192.0.2.1", [1e12] * 2_000)) < 2_000


@given(
    burst=st.integers(1, 20),
    per_s=st.floats(0.05, 50),
    steps=st.lists(st.floats(0, 3000), max_size=200),
)
def test_no_span_of_time_lets_through_more_than_burst_and_rate(
    burst: int, per_s: float, steps: list[float]
) -> None:
    times = [1e12]
    for step in steps:
        times.append(times[-1] + step)
    through = granted(Buckets(Rate(burst, per_s)), "v", times)
    for first, begin in enumerate(through):
        for last in range(first, len(through)):
            span_s = (through[last] - begin) / 1000
            assert last - first + 1 <= burst + span_s * per_s + 0.01


@given(burst=st.integers(1, 20), per_s=st.floats(0.05, 50), now_ms=st.floats(1e9, 1e13))
def test_who_waits_as_told_is_let_through(burst: int, per_s: float, now_ms: float) -> None:
    buckets = Buckets(Rate(burst, per_s))
    for _ in range(burst):
        assert buckets.wait_ms("v", now_ms) == 0
        buckets.spend("v", now_ms)
    wait_ms = buckets.wait_ms("v", now_ms)
    assert 0 < wait_ms <= 1000 / per_s + 0.01
    assert buckets.wait_ms("v", now_ms + wait_ms + 0.01) == 0


def test_a_child_that_types_fast_is_not_refused() -> None:
    limits = Limits()
    now_ms = 1e12
    for line in range(60):  # eight quick lines, then two lines a second
        if line >= 8:
            now_ms += 500
        limits.check("say", voice="child", address="192.0.2.1", now_ms=now_ms)


def test_a_line_beyond_the_burst_is_refused_with_the_time_to_wait() -> None:
    limits = Limits()
    for _ in range(RATES["say"].burst):
        limits.check("say", voice="v", address="192.0.2.1", now_ms=1e12)
    with pytest.raises(Refused) as refusal:
        limits.check("say", voice="v", address="192.0.2.1", now_ms=1e12)
    assert (refusal.value.code, refusal.value.retry_after_ms) == ("too_fast", 334)
    limits.check("say", voice="other", address="192.0.2.1", now_ms=1e12)


def test_voices_made_up_at_one_address_share_its_limit() -> None:
    limits = Limits()
    rate = RATES["say"].times(30)
    for number in range(rate.burst):
        limits.check("say", voice=f"v{number}", address="192.0.2.1", now_ms=1e12)
    with pytest.raises(Refused):
        limits.check("say", voice="one more", address="192.0.2.1", now_ms=1e12)
    limits.check("say", voice="elsewhere", address="192.0.2.2", now_ms=1e12)


def test_a_refused_action_is_not_counted() -> None:
    limits = Limits({"say": Rate(1, 1.0)}, address_voices=1)
    limits.check("say", voice="a", address="x", now_ms=1e12)
    for _ in range(50):
        with pytest.raises(Refused):
            limits.check("say", voice="b", address="x", now_ms=1e12)
    limits.check("say", voice="b", address="x", now_ms=1e12 + 1000)


def test_listening_needs_no_voice_and_switched_off_limits_refuse_nothing() -> None:
    Limits().check("offer", voice=None, address="192.0.2.1", now_ms=1e12)
    off = Limits({"say": Rate(1, 0.001)}, on=False)
    for _ in range(100):
        off.check("say", voice="v", address="x", now_ms=1e12)


def test_the_table_stays_bounded_and_keeps_the_newest() -> None:
    buckets = Buckets(Rate(1, 0.001), size=100)
    for number in range(10_000):
        buckets.spend(f"v{number}", 1e12 + number)
        assert len(buckets) <= 100
    assert buckets.wait_ms("v9999", 1e12 + 10_000) > 0


def test_full_buckets_give_way_first() -> None:
    buckets = Buckets(Rate(1, 1.0), size=10)
    buckets.spend("busy", 1e12 + 5000)
    for number in range(9):
        buckets.spend(f"v{number}", 1e12)
    buckets.spend("new", 1e12 + 5500)
    assert len(buckets) == 2
    assert buckets.wait_ms("busy", 1e12 + 5500) > 0


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", "unknown"),
        (None, "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_an_address_counts_by_its_prefix(address: str | None, expected: str) -> None:
    assert prefix(address) == expected


def test_uploads_hold_so_many_bytes_of_an_address_and_of_all_and_one_always_fits() -> None:
    held = UploadBudget(most_bytes=30, most_of_address_bytes=20)
    with held.holding("a", 100):
        pass
    with ExitStack() as uploads:
        uploads.enter_context(held.holding("a", 12))
        for address, size_bytes in (("a", 9), ("b", 19)):
            with pytest.raises(Refused) as refusal, held.holding(address, size_bytes):
                raise AssertionError("it must not get in")
            assert refusal.value.code == "busy"
        uploads.enter_context(held.holding("a", 8))
        uploads.enter_context(held.holding("b", 10))
    with held.holding("a", 20), held.holding("b", 10):
        pass


def test_a_network_opens_so_many_rooms_in_an_hour_whoever_asks() -> None:
    limits = Limits(floods=FloodLimits(rooms_per_hour=30))
    for number in range(30):
        limits.check("room", voice=f"v{number}", address="192.0.2.1", now_ms=1e12)
    with pytest.raises(Refused) as refused:
        limits.check("room", voice="one more", address="192.0.2.1", now_ms=1e12)
    assert refused.value.retry_after_ms == pytest.approx(120_000, abs=1)
    limits.check("room", voice="elsewhere", address="192.0.2.2", now_ms=1e12)


def test_ten_keys_of_one_network_speak_out_of_turn_as_often_as_three() -> None:
    limits = Limits(floods=FloodLimits(asides_per_minute=3))
    for _ in range(3):
        limits.check("aside", voice="v", address="192.0.2.1", now_ms=1e12)
    with pytest.raises(Refused):
        limits.check("aside", voice="v", address="192.0.2.1", now_ms=1e12)
    for number in range(6):
        limits.check("aside", voice=f"v{number}", address="192.0.2.1", now_ms=1e12)
    with pytest.raises(Refused):
        limits.check("aside", voice="v9", address="192.0.2.1", now_ms=1e12)
    limits.check("aside", voice="elsewhere", address="192.0.2.2", now_ms=1e12)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        (None, "unknown"),
    ],
)
def test_a_network_is_what_an_address_is_part_of(address: str | None, expected: str) -> None:
    assert network(address) == expected
