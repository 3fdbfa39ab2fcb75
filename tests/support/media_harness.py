"""A media plane and all that it told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from audio.take import LONGEST_TAKE_MS
from server.rtc.local import LocalMedia
from server.rtc.media import Role, TakeEnded
from server.rtc.remote import RemoteMedia
from tests.support.rtc_bare import Ask, BarePeer, Setup

ROOM = "room"
SPEECH = [b"\x78" + bytes([number]) * 40 for number in range(100)]
Plane = TypeVar("Plane", LocalMedia, RemoteMedia)
Remote = TypeVar("Remote", bound=BarePeer)


class MediaHarness(Generic[Plane]):
    """A media plane and all that it told."""

    def __init__(self, media: Plane) -> None:
        self.media: Plane = media
        self.told: list[tuple[str, str]] = []
        self.takes: list[TakeEnded] = []
        self.last = ""
        self._peers: list[BarePeer] = []
        media.observe(self)

    async def close(self) -> None:
        """Close the media plane, and every peer that its test left open: also when the test failed."""
        for remote in self._peers:
            await remote.vanish()
        await self.media.close()

    def connected(self, peer: str) -> None:
        self.told.append(("connected", peer))

    def gone(self, peer: str) -> None:
        self.told.append(("gone", peer))

    def level(self, peer: str, *, on: bool) -> None:
        self.told.append(("on" if on else "off", peer))

    def take_ended(self, ended: TakeEnded) -> None:
        self.takes.append(ended)

    def door(
        self, role: Role, *, room: str = ROOM, commanded: bool = False, limit_ms: int = LONGEST_TAKE_MS
    ) -> Ask:
        async def ask(offer: str) -> str:
            self.last, answer = await self.media.answer(
                room, role, offer, address="192.0.2.1", commanded=commanded, limit_ms=limit_ms
            )
            return answer

        return ask

    def peer(self, role: Role, *, setup: Setup = "actpass") -> BarePeer:
        """Return a peer that is not connected yet."""
        return self.own(BarePeer(role, setup=setup))

    def own(self, remote: Remote) -> Remote:
        """Close a peer with this house."""
        self._peers.append(remote)
        return remote

    async def join(
        self,
        role: Role,
        *,
        commanded: bool = False,
        setup: Setup = "actpass",
        limit_ms: int = LONGEST_TAKE_MS,
    ) -> tuple[BarePeer, str]:
        remote = self.peer(role, setup=setup)
        door = self.door(role, commanded=commanded, limit_ms=limit_ms)
        await remote.connect(door, checking_s=0.3)
        await self.until(lambda: ("connected", self.last) in self.told)
        return remote, self.last

    async def until(self, true: Callable[[], bool], limit_s: float = 8.0) -> None:
        async with asyncio.timeout(limit_s):
            while not true():
                await asyncio.sleep(0.005)

    async def received(self, packets: int) -> None:
        """Wait until the media plane has read this many packets: what was sent may still be on its way."""
        await self.until(lambda: self.media.counts().packets_in >= packets)

    def times_gone(self, peer: str) -> int:
        return self.told.count(("gone", peer))
