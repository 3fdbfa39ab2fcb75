"""What differs is named, what is damaged too, and what was erased meanwhile is erased."""

from __future__ import annotations

from typing import Any

import pytest

from server.blobs.base import Blob
from server.log.base import Damaged
from server.moving.comparing import NAMED_MOST, Comparing, Comparison
from server.moving.copying import Copying
from server.moving.ends import End
from server.room.events import ClipLanded, Erased
from tests.support.houses import memory_end, quiet, two_ends, whole
from tests.support.log_contract import opened, said


async def compared(source: End, target: End, *, mend: bool = False) -> Comparison:
    return await Comparing(source, target, quiet, mend=mend).run()


async def moved(source: End, target: End) -> None:
    await target.log.adopt_secret(await source.log.secret())
    await Copying(source, target, quiet).run()


async def first_clip(end: End, room: str = "chain-0") -> tuple[int, str]:
    for event in await end.log.read(room):
        if isinstance(event.data, ClipLanded):
            return event.seq, event.data.clip
    raise AssertionError


async def test_the_same_is_counted_and_has_the_same_chain_from_both_sides() -> None:
    async with two_ends() as (source, target):
        await moved(source, target)
        there, back = await compared(source, target), await compared(target, source)
        assert not there.differences
        assert (there.rooms, there.events, there.clips, there.chain) == (
            *(back.rooms, back.events, back.clips),
            back.chain,
        )
        assert there.clips > 3
        assert there.chain != (await compared(memory_end("a"), memory_end("b"))).chain


async def test_a_room_that_lacks_events_or_has_more_is_named() -> None:
    async with two_ends() as (source, target):
        await moved(source, target)
        await source.log.append("chain-0", [said("one more")])
        await target.log.append("machines-4", [said("one more")])
        found = await compared(source, target)
        assert (
            "Room chain-0 has events that are not at the new house: stop the servers" in found.differences[0]
        )
        assert "Room machines-4 has events at the new house" in found.differences[1]
        assert found.differing == 2


async def test_rooms_and_secrets_that_differ_are_named() -> None:
    source, target = memory_end("old"), memory_end("new")
    await source.log.append("a", [opened("a"), said("one")])
    await target.log.append("a", [opened("a"), said("two")])
    await target.log.append("b", [opened("b")])
    found = await compared(source, target)
    assert found.differences == [
        "Event 2 of room a differs.",
        "new has a room b that is not at old.",
        "The two ends have different secrets: ids of voices and links would change.",
    ]


async def test_clips_that_lack_or_are_others_are_named() -> None:
    async with two_ends() as (source, target):
        await moved(source, target)
        _, clip = await first_clip(source)
        await target.log.erase("chain-0", blobs=[clip])
        assert (await compared(source, target)).differences == [
            f"Clip {clip} of room chain-0 is missing at the new house."
        ]
        assert await target.blobs.put(Blob(clip, "chain-0", b"another")) == ()
        found = await compared(source, target)
        assert found.differences == [f"Clip {clip} of room chain-0 is another at the new house."]


async def test_a_damaged_clip_is_named_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with two_ends() as (source, target):
        _, clip = await first_clip(source)
        get = source.blobs.get

        async def damaged(id_: str) -> Any:
            if id_ == clip:
                raise Damaged("a blob is damaged")
            return await get(id_)

        monkeypatch.setattr(source.blobs, "get", damaged)
        await moved(source, target)
        found = await compared(source, target)
        assert found.damages == [f"Clip {clip} of room chain-0 is damaged, and was left out."]
        assert not found.differences


async def test_a_damaged_event_keeps_its_place_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = memory_end("old"), memory_end("new")
    await source.log.append("r", [opened("r"), said("one"), said("two")])
    read = source.log.read

    async def damaged(room: str, after: int = 0, limit: int = 500) -> Any:
        if after < 2 <= after + limit:
            raise Damaged("event 2 is damaged")
        return await read(room, after, limit)

    monkeypatch.setattr(source.log, "read", damaged)
    await target.log.append("r", [opened("r"), said("one"), said("two")])
    found = await compared(source, target)
    assert found.damages == ["Event 2 of room r cannot be read: its place is kept, empty."]
    assert found.differences[0] == "Event 2 of room r differs."


async def test_what_was_erased_meanwhile_is_erased_at_the_target_when_it_may_be_mended() -> None:
    async with two_ends() as (source, target):
        await moved(source, target)
        seq, clip = await first_clip(source)
        await source.log.erase("chain-0", [seq], [clip])
        await source.log.erase("chat-1")
        assert (await compared(source, target)).differing == 2
        found = await compared(source, target, mend=True)
        assert (found.differing, found.mended) == (0, 2)
        assert isinstance((await target.log.read("chain-0", seq - 1, 1))[0].data, Erased)
        assert await target.blobs.get(clip) is None
        assert await whole(target.log, target.blobs) == await whole(source.log, source.blobs)


async def test_clips_that_stay_where_they_are_are_looked_at_once() -> None:
    source, target = memory_end("old"), memory_end("new")
    shared = End("old", "s3://same", source.log, source.blobs, source.erase)
    await source.log.append("r", [opened("r")])
    other = End("new", "s3://same", target.log, source.blobs, target.erase)
    await moved(shared, other)
    assert not (await compared(shared, other)).differences


def test_as_many_sentences_as_anybody_reads() -> None:
    found = Comparison()
    for nth in range(NAMED_MOST + 5):
        found.differ(f"{nth}")
        found.damage(f"{nth}")
    assert len(found.differences) == len(found.damages) == NAMED_MOST
    assert found.differing == found.damaging == NAMED_MOST + 5
