from __future__ import annotations

import logging

import pytest

from server.engines.fallback import Fallback
from server.engines.text import EngineFailed, Request
from tests.support.language_models import REACT


class Scripted:
    """An engine that says one thing, or fails."""

    def __init__(self, name: str, line: str | EngineFailed | None) -> None:
        self.name, self.line, self.closed = name, line, 0

    async def write(self, request: Request) -> str | None:
        if isinstance(self.line, EngineFailed):
            raise self.line
        return self.line

    async def close(self) -> None:
        self.closed += 1


FAILED = EngineFailed("it is down.")


@pytest.mark.parametrize(
    ("first", "second", "line"),
    [("One.", "Two.", "One."), (None, "Two.", "Two."), (FAILED, "Two.", "Two."), (FAILED, None, None)],
)
async def test_the_second_is_asked_where_the_first_has_no_line(
    first: str | EngineFailed | None, second: str | None, line: str | None
) -> None:
    assert await Fallback(Scripted("one", first), Scripted("two", second)).write(REACT) == line


async def test_the_log_tells_once_that_the_first_fails_and_once_that_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    first = Scripted("one", FAILED)
    both = Fallback(first, Scripted("two", "Two."))
    for line in (FAILED, FAILED, FAILED, None, "One.", FAILED):
        first.line = line
        await both.write(REACT)
    assert [record.getMessage().split()[0] for record in caplog.records] == [
        "text.fell_back",
        "text.came_back",
        "text.fell_back",
    ]


async def test_when_both_fail_it_says_so_and_both_are_closed() -> None:
    engines = Scripted("one", FAILED), Scripted("two", FAILED)
    both = Fallback(*engines)
    with pytest.raises(EngineFailed):
        await both.write(REACT)
    await both.close()
    assert (both.name, [each.closed for each in engines]) == ("one", [1, 1])
