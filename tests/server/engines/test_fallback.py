from __future__ import annotations

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


async def test_when_both_fail_it_says_so_and_both_are_closed() -> None:
    engines = Scripted("one", FAILED), Scripted("two", FAILED)
    both = Fallback(*engines)
    with pytest.raises(EngineFailed):
        await both.write(REACT)
    await both.close()
    assert (both.name, [each.closed for each in engines]) == ("one", [1, 1])
