from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from server.rota import Rota
from tests.support.actors import until

pytestmark = pytest.mark.virtual_time


async def test_a_few_are_served_at_once_and_all_in_the_end() -> None:
    served: Counter[int] = Counter()
    most = now = 0

    async def serve(who: int) -> None:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(1)
        now -= 1
        served[who] += 1

    rota = Rota(serve, at_once=3, name="tests")
    for who in range(12):
        rota.wake(who)
        rota.wake(who)
    await until(lambda: rota.is_idle)
    assert served == Counter(range(12))
    assert most == 3
    rota.wake(1)
    await until(lambda: rota.is_idle)
    assert served[1] == 2
    await rota.close(1)


async def test_who_pauses_keeps_nobody_waiting() -> None:
    at: dict[str, list[float]] = {"slow": [], "quick": []}

    async def serve(who: str) -> float | None:
        at[who].append(asyncio.get_running_loop().time())
        return 3.0 if who == "slow" and len(at[who]) < 3 else None

    rota = Rota(serve, at_once=1, name="tests")
    rota.wake("slow")
    rota.wake("quick")
    await until(lambda: len(at["slow"]) == 1 and len(at["quick"]) == 1)
    rota.wake("slow")  # it pauses all the same
    await until(lambda: len(at["slow"]) == 3)
    first, second, third = at["slow"]
    assert second - first > 2.9
    assert third - second > 2.9
    assert at["quick"][0] - first < 1
    await rota.close(1)


async def test_who_is_woken_while_being_served_is_served_again() -> None:
    served: list[str] = []
    may_end = asyncio.Event()

    async def serve(who: str) -> None:
        served.append(who)
        await may_end.wait()

    rota = Rota(serve, at_once=1, name="tests")
    rota.wake("a")
    await until(lambda: served)
    rota.wake("a")
    may_end.set()
    await until(lambda: rota.is_idle)
    assert served == ["a", "a"]
    await rota.close(1)


async def test_a_step_that_breaks_is_no_end(caplog: pytest.LogCaptureFixture) -> None:
    served: list[str] = []

    async def serve(who: str) -> None:
        served.append(who)
        if who == "bad":
            raise ZeroDivisionError

    rota = Rota(serve, at_once=1, name="tests")
    rota.wake("bad")
    rota.wake("good")
    await until(lambda: rota.is_idle)
    assert served == ["bad", "good"]
    assert "tests.step_failed" in caplog.text
    await rota.close(1)


async def test_who_is_dropped_is_not_served_and_nobody_after_the_end() -> None:
    served: list[str] = []

    async def serve(who: str) -> float:
        served.append(who)
        await asyncio.sleep(5)
        return 5.0

    rota = Rota(serve, at_once=1, name="tests")
    for who in ("a", "b", "c"):
        rota.wake(who)
    rota.drop("b")
    await until(lambda: "c" in served)
    rota.drop("a")  # it pauses
    await rota.close(0.1)
    await rota.close(0.1)
    rota.wake("a")
    await asyncio.sleep(60)
    assert served == ["a", "c"]
