from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.engines.breaker import FAILURES, REST_S, Breaker


class Hand:
    """A clock that is set by hand."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def opened() -> tuple[Breaker, Hand]:
    hand = Hand()
    breaker = Breaker(hand)
    for _ in range(FAILURES):
        assert breaker.passes()
        breaker.failed()
    return breaker, hand


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(Hand())
    for _ in range(10):
        for _ in range(FAILURES - 1):
            breaker.failed()
        breaker.succeeded()
    assert breaker.passes()
    assert not breaker.is_open


def test_after_a_rest_one_alone_is_let_pass() -> None:
    breaker, hand = opened()
    assert not breaker.passes()
    hand.now_s = REST_S
    assert [breaker.passes(), breaker.passes()] == [True, False]
    breaker.failed()
    assert not breaker.passes()
    hand.now_s = 2 * REST_S
    assert breaker.passes()
    breaker.succeeded()
    assert [breaker.passes(), breaker.passes(), breaker.is_open] == [True, True, False]


def test_whoever_gave_up_leaves_the_next_one_to_try() -> None:
    breaker, hand = opened()
    hand.now_s = REST_S
    assert breaker.passes()
    breaker.gave_up()
    assert breaker.passes()
    assert breaker.is_open


@given(st.lists(st.sampled_from(["ask", "succeeded", "failed", "gave_up", "wait"])))
def test_it_never_stays_open_for_longer_than_its_rest(steps: list[str]) -> None:
    hand = Hand()
    breaker = Breaker(hand)
    for step in steps:
        if step == "wait":
            hand.now_s += REST_S / 2
        elif step == "ask":
            breaker.passes()
        else:
            getattr(breaker, step)()
    breaker.gave_up()
    hand.now_s += REST_S
    assert breaker.passes()
