from __future__ import annotations

import pytest

from server.room.kinds import DAY_MS
from server.web import today
from server.web.today import CameToday, Today

MIDNIGHT_MS = 20_000 * DAY_MS
START_MS = MIDNIGHT_MS + 5_000


def test_each_counts_once_a_day_since_the_start_and_then_since_midnight() -> None:
    counted = Today(START_MS)
    for who in (b"anna", b"bela", b"anna"):
        counted.came(who, START_MS + 1)

    assert counted.count(MIDNIGHT_MS + DAY_MS - 1) == CameToday(2, START_MS)
    assert counted.count(MIDNIGHT_MS + DAY_MS) == CameToday(0, MIDNIGHT_MS + DAY_MS)
    counted.came(b"anna", MIDNIGHT_MS + DAY_MS)
    assert counted.count(MIDNIGHT_MS + DAY_MS + 9) == CameToday(1, MIDNIGHT_MS + DAY_MS)


def test_nothing_of_who_came_is_kept_that_could_be_recognised_the_day_after() -> None:
    counted = Today(START_MS)
    counted.came(b"anna", START_MS)
    before = {*counted._people}
    counted.came(b"anna", START_MS + DAY_MS)

    assert b"anna" not in before
    assert not before & counted._people


def test_of_more_than_can_be_told_apart_no_count_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(today, "PEOPLE_COUNTED", 2)
    counted = Today(START_MS)
    for number in range(9):
        counted.came(bytes([number]), START_MS)

    assert counted.count(START_MS) == CameToday(None, START_MS)
    assert len(counted._people) == 3
