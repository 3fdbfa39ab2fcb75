from __future__ import annotations

from server.engines.tally import MILLION, Tally


def test_cost_is_tokens_times_prices() -> None:
    tally = Tally(prompt_cents=15, answer_cents=60)
    tally.spent(500_000, 1_000)
    tally.ended("written")
    assert round(tally.cents, 6) == 7.56
    assert tally.outcomes == {"written": 1}
    assert Tally().cents == 0


def test_nonsense_is_bounded() -> None:
    tally = Tally(prompt_cents=1)
    tally.spent(-5, 10**30)
    assert (tally.prompt_tokens, tally.answer_tokens) == (0, MILLION)
