"""The lateness of the loop, with a clock of the test's making."""

from __future__ import annotations

import asyncio
import time

from server.metrics.lag import Lag


def test_nothing_is_known_before_the_first_look() -> None:
    assert Lag().quantile(0.99) == 0.0


def test_quantiles_are_of_the_last_looks_alone() -> None:
    lag = Lag(looks=100)
    for delay_s in [9.0] * 50 + [n / 1000 for n in range(100)]:
        lag.note(delay_s)
    assert lag.quantile(0.5) == 0.05
    assert lag.quantile(0.99) == lag.quantile(1.0) == 0.099


def test_a_timer_that_fired_early_is_not_late() -> None:
    lag = Lag()
    lag.note(-0.001)
    assert lag.quantile(1.0) == 0.0


async def test_a_stall_is_seen() -> None:
    lag = Lag()
    watching = asyncio.ensure_future(lag.watch(0.001))
    await asyncio.sleep(0.01)
    time.sleep(0.1)  # noqa: ASYNC251 - what the watch is there for
    async with asyncio.timeout(10):
        while lag.quantile(1.0) < 0.09:
            await asyncio.sleep(0.001)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
