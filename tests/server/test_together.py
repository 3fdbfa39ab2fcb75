"""Nothing is left running or unseen when one of several fails."""

from __future__ import annotations

import ast
import asyncio

import pytest

from server.together import settled
from tests.support.shape import CODE, python_files


def gathers(source: str) -> list[int]:
    """Return the lines that gather without asking for every outcome."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "gather"]
    return [call.lineno for call in named if "return_exceptions" not in {word.arg for word in call.keywords}]


def test_nothing_else_gathers_without_seeing_every_outcome() -> None:
    assert gathers("await asyncio.gather(a(), b())") == [1]
    assert not [f"{path}:{line}" for path in python_files(*CODE) for line in gathers(path.read_text())]


async def result(value: int, after: asyncio.Event | None = None, *, fails: bool = False) -> int:
    if after is not None:
        await after.wait()
    if fails:
        raise ValueError(value)
    return value


async def test_results_come_in_order() -> None:
    later = asyncio.Event()
    asyncio.get_running_loop().call_soon(later.set)
    assert await settled([result(1, later), result(2)]) == [1, 2]
    assert await settled([]) == []


async def test_a_failure_is_raised_when_all_have_ended_and_every_other_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    later, ended = asyncio.Event(), asyncio.Event()

    async def last() -> int:
        await later.wait()
        ended.set()
        return 3

    waiting = asyncio.ensure_future(settled([result(1, fails=True), last(), result(2, later, fails=True)]))
    await asyncio.sleep(0)
    assert not waiting.done()
    later.set()
    with pytest.raises(ValueError, match="1"):
        await waiting
    assert ended.is_set()
    assert "ValueError: 2" in caplog.text
