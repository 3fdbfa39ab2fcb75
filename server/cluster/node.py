"""One node of a cluster: it beats, hears the others beat, serves them, and follows rooms of theirs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from server.cluster.directory import ClaimedLog, ClusterDirectory
from server.cluster.members import BEAT_EVERY_MS, Beat, Members
from server.cluster.messages import Junk, decode_beat, encode
from server.cluster.serving import Serving
from server.cluster.transport import BEATS, Transport, tail_of
from server.rooms.base import Room
from server.rooms.local import LocalRoom
from server.rooms.registry import RoomRegistry

# How often is looked who is gone: a part of what a room may be without its owner (3 s).
LOOK_EVERY_S = 0.1
# How often a clock that is off is named in the log.
CLOCK_EVERY_S = 60.0

# How often is asked whether the last that was heard of a silent room is the last that was said.
COMPARE_EVERY_S = 10.0
AGAIN_S = 1.0  # when the log did not answer, or a step failed

logger = logging.getLogger(__name__)


class Node:
    """Made before its registry, which gets `directory` and `serving.watch`; then `join` and `start`."""

    def __init__(
        self, node: str, log: ClaimedLog, transport: Transport, clock: Callable[[], int], *, region: str = ""
    ) -> None:
        self.node = node
        self.members = Members(node, _now_ms(), region=region)
        self.directory = ClusterDirectory(node, log, transport, self.members)
        self.serving = Serving(self)
        self._log, self._transport, self._clock, self._region = log, transport, clock, region
        self._is_leaving = False
        self._was_deaf = False
        self._clock_at_s = 0.0  # when clocks are compared next
        self._is_doubted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._unsubscribe: Callable[[], None] | None = None
        transport.on_reconnected = self._reconnected

    def join(self, registry: RoomRegistry) -> None:
        """Work for a registry from now on."""
        self.directory.join(registry)
        registry.register(self.serving)

    async def start(self) -> None:
        """Be a node from now on."""
        self._unsubscribe = await self._transport.subscribe(BEATS, self._hear)
        await self._transport.serve(self.node, self.serving.answer)
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(_for_ever(self._beat_once), name="cluster beats"),
            loop.create_task(_for_ever(self._look_once), name="cluster looks"),
            loop.create_task(_for_ever(self._verify_once), name="cluster verifies"),
            loop.create_task(_for_ever(self._compare_once), name="cluster compares"),
        ]

    def leave(self) -> None:
        """Say that this node leaves: others claim its rooms at once."""
        self._is_leaving = True
        self._beat()

    async def close(self) -> None:
        """Be a node no more; may be called again. The registry is closed after this."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._unsubscribe is not None:
            self._unsubscribe()
        await self.directory.close()
        self.serving.close()

    # Beats

    def _beat(self) -> None:
        beat = Beat(self.node, self._clock(), self._region, float(len(self.directory.registry)))
        beat = Beat(beat.node, beat.at_ms, beat.region, beat.load, self._is_leaving)
        self._transport.publish(BEATS, encode(beat))

    async def _beat_once(self) -> None:
        """Beat, and wait until the next beat."""
        self._beat()
        await asyncio.sleep(BEAT_EVERY_MS / 1000)

    def _hear(self, body: bytes) -> None:
        try:
            beat = decode_beat(body)
        except Junk as why:
            logger.debug("cluster.junk_beat %s", why)
            return
        self.members.hear(beat, _now_ms(), self._clock())
        self.directory.heard(beat.node)

    def _reconnected(self) -> None:
        """Begin to listen anew: what was published meanwhile did not come."""
        self.members.reconnected(_now_ms())
        self._heard_nothing()

    def _heard_nothing(self) -> None:
        """Follow all rooms of others anew, and ask the log which of one's own are left."""
        for room in self.directory.remotes():
            room.look_again()
        self.doubted()

    async def _look_once(self) -> None:
        """See after a while who is gone."""
        await asyncio.sleep(LOOK_EVERY_S)
        self._look()
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._clock_at_s:
            self._clock_at_s = now_s + CLOCK_EVERY_S
            self._compare_clocks()

    async def _compare_once(self) -> None:
        """Compare with the owners after a while what came of their rooms."""
        await asyncio.sleep(COMPARE_EVERY_S)
        await self.directory.compare()

    def _look(self) -> None:
        """Look for new owners of rooms whose owner is gone, and take back the visitors of silent nodes."""
        now_ms = _now_ms()
        is_deaf = not self.members.heard_lately(now_ms)
        returned, self._was_deaf = self._was_deaf and not is_deaf, is_deaf
        gone: dict[str, bool] = {}
        for room in self.directory.remotes():
            if room.owner and room.owner not in gone:
                gone[room.owner] = self.members.is_gone(room.owner, now_ms)
            if gone.get(room.owner):
                room.look_again(is_silent=not self.members.is_leaving(room.owner))  # who leaves still answers
        if returned:
            self._heard_nothing()
        self.serving.drop(lambda node: self.members.is_silent(node, now_ms))

    def _compare_clocks(self) -> None:
        if self.members.is_clock_off(_now_ms()):
            off_ms = self.members.clock_off_ms(_now_ms())
            logger.warning("cluster.clock_off ms=%s: this machine's clock differs from the others'", off_ms)

    # What serving asks

    async def epoch_of(self, room: str) -> int | None:
        """Return in which epoch this node owns a room; None when it does not."""
        seen = await self._log.look(room)
        return seen.epoch if seen is not None and seen.owner == self.node else None

    async def wake(self, room: str) -> Room:
        """Return a room, awake."""
        return await self.directory.registry.wake(room)

    def rouse(self, room: str) -> None:
        """Begin to wake a room."""
        self.directory.registry.rouse(room)

    def known(self, room: str) -> Room | None:
        """Return a room that is awake here or has readers."""
        return self.directory.registry.known(room)

    def publish_tail(self, room: str, body: bytes) -> None:
        """Send a frame to all who follow a room."""
        self._transport.publish(tail_of(room), body)

    def lateness_ms(self, node: str, deadline_ms: int) -> int:
        """Return how long ago a deadline on a node's clock was; negative when it is to come."""
        return self._clock() + (self.members.offset_ms(node) or 0) - deadline_ms

    def met(self, node: str) -> None:
        """Note that a node lives."""
        self.members.meet(node, _now_ms())

    def doubted(self) -> None:
        """Begin to ask the log which rooms are still those of this node."""
        self._is_doubted.set()

    async def _verify_once(self) -> None:
        """Give up rooms that others have claimed, when that may be."""
        await self._is_doubted.wait()
        self._is_doubted.clear()
        for room in list(self.directory.registry.rooms()):
            try:
                await self.taken(room.id)
            except OSError as error:
                logger.warning("cluster.not_verified room=%.6s %s", room.id, type(error).__name__)
                self._is_doubted.set()
                await asyncio.sleep(AGAIN_S)
            except Exception:
                self._is_doubted.set()
                raise

    async def taken(self, room: str) -> None:
        """Give a room up if the log says that another node has it."""
        seen = await self._log.look(room)
        known = self.known(room)
        if (seen is None or seen.owner != self.node) and isinstance(known, LocalRoom):
            await known.give_way()


async def _for_ever(step: Callable[[], Awaitable[None]]) -> None:
    """Take a step again and again, whatever becomes of one; the root of its task."""
    while True:
        try:
            await step()
        except Exception:
            logger.exception("cluster.step_failed")
            await asyncio.sleep(AGAIN_S)


def _now_ms() -> int:
    return round(asyncio.get_running_loop().time() * 1000)
