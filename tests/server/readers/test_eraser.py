from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from server.log.base import Blob
from server.log.memory import MemoryLog
from server.readers.eraser import Eraser, Ledger, erase, leftovers
from server.room.commands import Caption, Forget, Land, Report, Say
from server.room.events import ClipCaptioned, ClipLanded, Erased
from server.room.house import House
from tests.support.media import ANNA, BELA, Clock, house


@pytest.fixture
async def home() -> AsyncIterator[tuple[House, MemoryLog]]:
    house_, log = await house(Clock())
    yield house_, log
    await house_.close()
    await log.close()


async def fill(house_: House) -> None:
    """Leave two clips, one with a caption and a report, and two texts."""
    for clip, voice in (("a", ANNA), ("b", BELA)):
        landed = Land(ClipLanded(clip, 1, 0, 0, -16.0, ()))
        await house_.send("wonder", landed, by=voice, blobs=[Blob(clip, "wonder", b"voice")])
    await house_.send("wonder", Caption(ClipCaptioned("a", "secret words", "en")), by=None)
    await house_.send("wonder", Report("a", "spam", "secret reason"), by=BELA)
    await house_.send("wonder", Say("secret text"), by=ANNA)
    await house_.send("wonder", Say("kept"), by=BELA)


async def test_what_its_speaker_takes_back_is_gone_from_log_memory_and_blobs(
    home: tuple[House, MemoryLog],
) -> None:
    house_, log = home
    eraser = Eraser(house_, log)
    eraser.attach(await house_.wake("wonder"))
    await fill(house_)

    await house_.send("wonder", Forget(everything=True), by=ANNA)
    await eraser.close()

    events = await log.read("wonder")
    assert "secret" not in str(events)
    assert [type(event.data) for event in events[1:6]] == [Erased, ClipLanded, Erased, Erased, Erased]
    assert await log.blob("a") is None
    assert await log.blob("b") is not None
    tail = (await house_.wake("wonder")).tail.since(0)
    assert tail is not None
    assert not any(b"secret" in encoded.public for encoded in tail)


async def test_the_start_erases_what_a_crash_kept(home: tuple[House, MemoryLog]) -> None:
    house_, log = home
    await fill(house_)
    await house_.send("wonder", Forget("a"), by=ANNA)
    assert await log.blob("a") is not None

    await leftovers(house_, log)

    assert await log.blob("a") is None
    assert not await erase(house_, log, "wonder")


async def test_removals_of_one_moment_are_all_erased(home: tuple[House, MemoryLog]) -> None:
    house_, log = home
    eraser = Eraser(house_, log)
    eraser.attach(await house_.wake("wonder"))
    await fill(house_)

    await asyncio.gather(
        house_.send("wonder", Forget("a"), by=ANNA), house_.send("wonder", Forget("b"), by=BELA)
    )
    await eraser.close()

    assert [await log.blob(clip) for clip in "ab"] == [None, None]


async def test_a_ledger_owes_nothing_for_a_clip_it_never_saw(home: tuple[House, MemoryLog]) -> None:
    house_, log = home
    await fill(house_)
    ledger = Ledger()

    ledger.read(await log.read("wonder"))

    assert not ledger.due
