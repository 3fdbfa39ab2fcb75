"""Which clips a recording is of, and how much of the log is read for it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from server.room.commands import Hide, Mute, Oversee, Remove
from server.room.events import Draft, Event, RoomOpened
from server.room.recording import StretchFacts
from server.web import stretches
from tests.support import long_evening
from tests.support.web_app import Site

HERE = "/api/rooms/long/recording"
BEGAN_MS, EVERY_MS = long_evening.BEGAN_MS, 3_600


@pytest.fixture
async def filed(site: Site) -> Site:
    """Return a site with a room of 600 clips, most of them filed."""
    await long_evening.tell(site.log, "long", rounds=150)
    return site


@pytest.fixture
async def small(site: Site) -> Site:
    """Return a site with a room of 8 clips, to be changed."""
    await long_evening.tell(site.log, "long", rounds=2)
    return site


async def clips(site: Site, query: str = "") -> int:
    answer = await site.json("GET", HERE + query)
    return int(answer["clips"])


async def test_without_a_question_it_is_the_newest_evening(small: Site) -> None:
    assert await clips(small) == 8
    (evening,) = (await small.json("GET", "/api/rooms/long/evenings"))["evenings"]
    first_ms, last_ms = BEGAN_MS + 2_000, BEGAN_MS + 2_000 + 7 * EVERY_MS
    assert evening == {"from_ms": first_ms, "to_ms": last_ms, "clips": 8}


async def test_a_round_is_found_however_long_ago_it_was(filed: Site) -> None:
    for number in (0, 80, 149):
        answer = await filed.json("GET", f"{HERE}?round=round-{number:04}")
        assert (answer["clips"], answer["round"]) == (4, f"round-{number:04}")
        assert [chapter["title"] for chapter in answer["chapters"]] == [f"Say number {number}."]
        assert answer["media"]["ogg"] == f"{HERE}.ogg?round=round-{number:04}"


async def test_a_round_of_which_a_part_is_filed_is_found_as_a_whole(site: Site) -> None:
    drafts = [Draft(RoomOpened("wonder", "Odd"), BEGAN_MS)]
    drafts += long_evening.take(9_998, BEGAN_MS, None, None) + long_evening.take(9_999, BEGAN_MS, None, None)
    for number in range(150):
        drafts += long_evening.round_of(number, BEGAN_MS + number * 4 * EVERY_MS, EVERY_MS)
    await site.log.append("long", drafts)
    kept = (await site.registry.look("long")).clips
    first = next(iter(kept.whole.values()))
    assert (first.round, first.clip) == ("round-0063", long_evening.name(254))  # and two before it are filed
    for number in (62, 63, 64):
        assert await clips(site, f"?round=round-{number:04}") == 4


async def test_a_round_is_looked_for_from_the_end_of_the_log(
    filed: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, pages = filed.log.read, list[int]()

    async def counted(room: str, after: int = 0, limit: int = 500) -> list[Event]:
        pages.append(after)
        return await read(room, after, limit)

    assert await clips(filed) == 600
    monkeypatch.setattr(filed.log, "read", counted)
    events = 1 + 150 * 11
    for number, most in ((149, 3), (60, 5)):
        pages.clear()
        assert await clips(filed, f"?round=round-{number:04}") == 4
        assert len(pages) <= most
        assert min(pages) > events * number // 150 - 2 * stretches.PAGE


async def test_a_round_that_never_was_costs_a_bounded_look_and_so_does_one_of_too_long_ago(
    filed: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, pages = filed.log.read, list[int]()

    async def counted(room: str, after: int = 0, limit: int = 500) -> list[Event]:
        pages.append(after)
        return await read(room, after, limit)

    assert await clips(filed) == 600
    monkeypatch.setattr(filed.log, "read", counted)
    monkeypatch.setattr(stretches, "PAGE", 50)
    monkeypatch.setattr(stretches, "PAGES_LOOKED", 10)
    for round_ in ("nothing", "round-0003"):
        pages.clear()
        assert await filed.problem("GET", f"{HERE}?round={round_}") == (404, "no_such_clip")
        assert len(pages) == 10


async def test_a_time_is_a_part_of_the_evening_with_its_ends(filed: Site) -> None:
    first_ms = BEGAN_MS + 2_000
    assert await clips(filed, f"?from_ms={first_ms}&to_ms={first_ms + EVERY_MS}") == 2
    assert await clips(filed, f"?to_ms={first_ms + EVERY_MS - 1}") == 1
    assert await clips(filed, f"?from_ms={first_ms + EVERY_MS}") == 599


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?from_ms=2&to_ms=1", "bad_query"),
        ("?from_ms=x", "bad_query"),
        ("?from_ms=-1", "bad_query"),
        ("?round=a&from_ms=1", "bad_query"),
        ("?round=", "bad_query"),
        ("?round=a%20b", "bad_query"),
        ("?round=" + "r" * 65, "bad_query"),
        ("?round=nothing", "no_such_clip"),
        ("?from_ms=1&to_ms=2", "no_such_clip"),
    ],
)
async def test_what_cannot_be_recorded_is_said(small: Site, query: str, code: str) -> None:
    for ending in ("", ".ogg", ".m4a", ".vtt"):
        assert (await small.problem("GET", f"{HERE}{ending}{query}"))[1] == code


async def test_a_room_without_clips_one_that_is_not_there_and_one_that_keeps_its_own(site: Site) -> None:
    assert await site.problem("GET", "/api/rooms/wonder/recording.ogg") == (404, "no_such_clip")
    assert await site.problem("GET", "/api/rooms/nowhere/recording.ogg") == (404, "no_such_room")
    await long_evening.tell(site.log, "long", rounds=1, kind="healing")
    for path in ("evenings", "recording", "recording.ogg", "recording.vtt"):
        assert await site.problem("GET", f"/api/rooms/long/{path}") == (403, "not_allowed")


async def test_nothing_removed_hidden_or_muted_is_in_it(small: Site) -> None:
    for command in (
        Remove(long_evening.name(0), "admin"),
        Hide(long_evening.name(4)),
        Mute(long_evening.VOICES[1].id, 600_000),
    ):
        await small.registry.send("long", Oversee(command), by=None)
    left = [at for at in range(8) if at not in (0, 4) and at % 3 != 1]
    assert await clips(small) == len(left)
    (evening,) = (await small.json("GET", "/api/rooms/long/evenings"))["evenings"]
    assert evening["clips"] == len(left)
    chapters = (await small.json("GET", HERE))["chapters"]
    assert [chapter["title"] for chapter in chapters] == ["Say number 0.", "Out of turn"]


async def test_a_room_with_too_much_is_recorded_in_parts(
    filed: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stretches, "CLIPS_MOST", 100)
    assert await clips(filed) == 100
    assert await filed.problem("GET", f"{HERE}?from_ms=0") == (400, "bad_query")
    monkeypatch.setattr(stretches, "PAGES_MOST", 0)
    assert await filed.problem("GET", HERE) == (400, "bad_query")


async def test_of_a_long_log_only_pages_with_clips_in_them_are_read(
    filed: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, pages = stretches._take, list[int]()

    def counted(events: Sequence[Event], facts: StretchFacts, read: set[int]) -> int:
        pages.append(len(events))
        return take(events, facts, read)

    monkeypatch.setattr(stretches, "_take", counted)
    assert await clips(filed, f"?to_ms={BEGAN_MS + 3_000}") == 1
    assert sum(pages) <= stretches.PAGE + stretches.AFTER
    pages.clear()
    assert await clips(filed) == 600
    assert len(pages) <= 600 * 3 // stretches.PAGE + 3
