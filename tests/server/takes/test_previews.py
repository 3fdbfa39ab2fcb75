"""Previews are few, small, gone in time, and have one end, in whatever order it is asked for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Literal, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audio.take import Clip
from server.blobs.memory import MemoryBlobs
from server.room.commands import Refused
from server.room.events import RoomOpened, Voice
from server.room.rounds import PREVIEW_MS
from server.rooms.base import Room
from server.rooms.registry import RoomRegistry
from server.takes.life import TakeLife
from server.takes.previews import Preview, Previews
from server.takes.takes import UPLOAD, Takes
from tests.support.actors import GatedLog
from tests.support.media import ANNA, BELA, Clock, FakeFinisher, FakeMedia
from tests.support.theatre import mute


class QuietRoom:
    """A room of which only the id matters."""

    def __init__(self, id_: str) -> None:
        self.id = id_


def added(previews: Previews, voice: Voice, *, room: str = "calm", size_bytes: int = 10) -> Preview:
    take = TakeLife(cast(Room, QuietRoom(room)), voice, "webrtc", longest_ms=7_000, state="finishing")
    take.go("previewed", 0.0)
    return previews.add(take, Clip(b"x" * size_bytes, 900, 300, 0, -16.0, -2.0, (50,) * 64))


async def test_the_previews_of_a_voice_are_those_of_one_room() -> None:
    previews = Previews(Clock())
    first = added(previews, ANNA)
    added(previews, BELA)
    added(previews, ANNA, room="mild")
    assert previews.of("calm", ANNA) == [first]
    assert (first.room, first.voice, previews.get(first.id)) == ("calm", ANNA, first)


async def test_a_preview_ends_with_its_minute() -> None:
    clock = Clock()
    previews = Previews(clock)
    made = added(previews, ANNA)
    clock.ms += PREVIEW_MS - 1
    assert (previews.get(made.id), previews.expired(), previews.next_ms()) == (made, [], clock.ms + 1)
    clock.ms += 1
    assert (previews.get(made.id), previews.expired()) == (None, [made])
    previews.pop(made.id)
    previews.pop(made.id)
    assert (len(previews), previews.next_ms()) == (0, None)


async def test_of_too_many_bytes_the_oldest_go_but_none_that_lands() -> None:
    previews = Previews(Clock(), size_bytes=25)
    made = [added(previews, ANNA, room=f"calm-{number}") for number in range(4)]
    assert previews.surplus() == made[:2]
    made[0].take.go("finishing", 0.0)
    assert previews.surplus() == made[1:3]


# --- keep, drop, the next take and the clock, in any order and at once

Step = Literal["upload", "speak", "keep", "keep older", "drop", "stranger", "hold", "let go", "break", "wait"]
STEPS: list[Step] = [
    "upload", "speak", "keep", "keep older", "drop", "stranger", "hold", "let go", "break", "wait",
]  # fmt: skip


class Healing:
    """A room where takes are heard first, on a log that a test holds up; and what was answered."""

    def __init__(self, room: Room, takes: Takes, log: GatedLog, clock: Clock) -> None:
        self.room, self.takes, self.log, self.clock = room, takes, log, clock
        self.previews: list[str] = []
        self.kept: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.answers: list[asyncio.Task[None]] = []

    async def do(self, step: Step) -> None:
        newest = self.previews[-1:]
        match step:
            case "upload":
                await self._upload()
            case "speak":
                await self.takes.begin(self.room, ANNA, "")
                self.room.end_speaking(ANNA.id, UPLOAD)
            case "keep" | "keep older":
                for preview in newest if step == "keep" else self.previews[-2:-1]:
                    self.answers.append(asyncio.ensure_future(self._keep(preview)))
            case "drop":
                self._drop()
            case "stranger":
                for preview in newest:
                    with pytest.raises(Refused, match="not here"):
                        self.takes.drop(self.room, BELA, preview)
            case "hold" | "let go":
                (self.log.gate.clear if step == "hold" else self.log.gate.set)()
            case "break":
                self.log.error = None if self.log.error else OSError("broken")
            case "wait":
                self.clock.ms += PREVIEW_MS // 2
        await asyncio.sleep(0)

    async def _upload(self) -> None:
        made = await self.takes.upload(self.room.id, ANNA, b"speech", "audio/ogg")
        assert isinstance(made, Preview)
        self.previews.append(made.id)

    async def _keep(self, preview: str) -> None:
        try:
            event = await self.takes.keep(self.room, ANNA, preview)
        except (Refused, OSError):
            return
        assert getattr(event.data, "clip", "") == preview
        self.kept[preview] += 1

    def _drop(self) -> None:
        for preview in self.previews[-1:]:
            try:
                self.takes.drop(self.room, ANNA, preview)
            except Refused:
                continue
            self.dropped[preview] += 1

    async def end(self) -> None:
        """Let all that waits be answered."""
        self.log.error = None
        self.log.gate.set()
        await asyncio.gather(*self.answers)


@asynccontextmanager
async def healing() -> AsyncIterator[Healing]:
    clock, log = Clock(), GatedLog()
    registry = RoomRegistry(log, clock=clock, random=Random(1), secret=b"s" * 32)
    blobs = MemoryBlobs(log)
    takes = Takes(registry, FakeMedia(), FakeFinisher(), blobs=blobs, clock=clock)  # type: ignore[arg-type]
    room = await registry.open(RoomOpened("healing", "Heal", tempo="slow"), None, id="healing")
    yield Healing(room, takes, log, clock)
    await takes.close()
    await registry.close()
    await log.close()


@settings(max_examples=120)
@given(steps=st.lists(st.sampled_from(STEPS), max_size=24))
@example(steps=["upload", "hold", "keep", "drop", "let go"])
@example(steps=["upload", "hold", "keep", "keep", "let go"])
@example(steps=["upload", "break", "keep", "break", "drop"])
def test_a_preview_lands_or_is_let_go_and_never_both(steps: list[Step]) -> None:
    async def play() -> None:
        async with healing() as at:
            for step in steps:
                await at.do(step)
            await at.end()
            landed = set(at.room.state.clips)
            assert set(at.kept) == landed
            assert not landed & set(at.dropped)
            assert set(at.dropped.values()) <= {1}
            assert not any(at.room.has_take(ANNA.id, preview) for preview in landed | set(at.dropped))
            assert not any(at.room.has_take(ANNA.id, preview) for preview in at.previews[:-1])

    asyncio.run(play())


async def test_who_keeps_twice_at_once_gets_the_one_clip_twice() -> None:
    async with healing() as at:
        for step in ("upload", "hold", "keep", "keep"):
            await at.do(step)
        with pytest.raises(Refused, match="kept"):
            at.takes.drop(at.room, ANNA, at.previews[0])
        await at.end()
        assert at.kept == {at.previews[0]: 2}
        assert not at.room.speaking


async def test_a_take_that_could_not_be_kept_may_be_kept_again_or_dropped() -> None:
    async with healing() as at:
        for step in ("upload", "break", "keep"):
            await at.do(step)
        await asyncio.gather(*at.answers)
        assert not at.kept
        at.log.error = None
        await at.do("keep")
        await at.end()
        assert at.kept == {at.previews[0]: 1}


async def test_a_take_that_could_not_be_kept_does_not_wait_beside_the_next_one() -> None:
    async with healing() as at:
        for step in ("upload", "hold", "keep", "speak", "break", "let go"):
            await at.do(step)
        await asyncio.gather(*at.answers)
        assert at.takes.preview_room(at.previews[0]) is None
        assert not at.room.speaking


async def test_previews_that_are_pushed_out_no_longer_hold_their_rounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with healing() as at:
        monkeypatch.setattr(at.takes._previewing._previews, "_size_bytes", 0)
        await at.do("upload")
        assert at.takes.preview_room(at.previews[0]) is None
        assert not at.room.speaking


async def test_a_stopping_server_waits_for_a_take_that_is_being_kept() -> None:
    async with healing() as at:
        for step in ("upload", "hold", "keep"):
            await at.do(step)
        at.answers[0].cancel()  # whoever asked is gone
        draining = asyncio.ensure_future(at.takes.drain())
        await asyncio.sleep(0)
        at.log.gate.set()
        await draining
        assert list(at.room.state.clips) == at.previews


async def test_a_preview_that_waits_lets_a_muted_voice_send_nothing_more() -> None:
    async with healing() as at:
        await at.do("upload")
        mute(at.room, ANNA, at.clock.ms + 60_000)
        with pytest.raises(Refused, match="muted"):
            await at.do("upload")
