from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from server.rtc.token_bucket import TokenBucket


def test_a_bucket_lets_a_second_through_at_once_and_no_more() -> None:
    bucket = TokenBucket(10)

    assert sum(bucket.take(1, 5.0) for _ in range(50)) == 10


def test_a_bucket_refills_with_time() -> None:
    bucket = TokenBucket(10)
    while bucket.take(1, 0.0):
        pass

    assert not bucket.take(1, 0.05)
    assert bucket.take(1, 0.2)


def test_a_clock_that_steps_back_gives_nothing() -> None:
    bucket = TokenBucket(1)
    assert bucket.take(1, 100.0)

    assert not bucket.take(1, 0.0)


@settings(deadline=None)
@given(st.lists(st.floats(0, 0.1), min_size=1, max_size=300))
def test_no_second_ever_passes_more_than_twice_the_rate(gaps: list[float]) -> None:
    bucket, now_s, passed = TokenBucket(20), 0.0, []
    for gap in gaps:
        now_s += gap
        if bucket.take(1, now_s):
            passed.append(now_s)

    assert all(sum(at <= each < at + 1 for each in passed) <= 40 for at in passed)
