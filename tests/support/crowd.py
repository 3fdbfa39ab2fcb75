"""A crowd at a real server: listeners, sockets and speakers who come and go for as long as wanted."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from random import Random

import numpy as np
from aiohttp import ClientSession
from msgspec import Struct

from audio import ogg
from tests.support.rtc_bare import BarePeer
from tests.support.uploads import muxed
from tests.support.ws_client import joined, new_key

ROOM = "wonder"
TONE = (np.sin(np.arange(48_000) * 0.05) * 0.3).astype(np.float32)
# The share of listeners that vanish: each keeps its peer session for another 30 s.
VANISHING_SHARE = 0.1
# What a failed visit may raise: the network, or a limit of time.
TROUBLE = (OSError, EOFError, TimeoutError, AssertionError)


class Plan(Struct, frozen=True):
    """How many there are, and how long each stays."""

    listeners: int
    sockets: int
    speakers: int
    stay_s: float


class Crowd:
    """Visitors of one server; `did` counts what they did, and what went wrong."""

    def __init__(self, url: str, session: ClientSession, plan: Plan) -> None:
        self.url, self.plan = url, plan
        self.did: Counter[str] = Counter()
        self.vanishing = False
        self._session = session
        self._random = Random(1)
        self._payloads = ogg.read(muxed(TONE, "ogg", "libopus"))
        self._file = muxed(TONE, "ogg", "libopus")
        self._over = asyncio.Event()

    async def stay(self, seconds: float, *, vanishing: bool = False) -> None:
        """Let everybody come and go; returns when all have left.

        When `vanishing`, some listeners go without a word during the first half.
        """
        self._over.clear()
        self.vanishing = vanishing
        kinds = (
            (self.plan.listeners, self._listen),
            (self.plan.sockets, self._chat),
            (self.plan.speakers, self._speak),
        )
        visits = [asyncio.ensure_future(self._again(visit)) for count, visit in kinds for _ in range(count)]
        await asyncio.sleep(seconds / 2)
        self.vanishing = False
        await asyncio.sleep(seconds / 2)
        self._over.set()
        await asyncio.gather(*visits)

    async def _again(self, visit: Callable[[], Coroutine[None, None, None]]) -> None:
        """Visit until it is over, each time as somebody new."""
        while not self._over.is_set():
            self.did["visits"] += 1
            try:
                await visit()
            except TROUBLE:
                self.did["failed"] += 1
            await self._wait(0.05)

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), seconds)

    def _while(self) -> float:
        return self.plan.stay_s * self._random.uniform(0.5, 1.5)

    def way(self, path: str, key: str = "") -> Callable[[str], Awaitable[str]]:
        """Return what sends an offer to `whip` or `whep`."""
        headers = {"Content-Type": "application/sdp"} | ({"Authorization": f"Bearer {key}"} if key else {})

        async def ask(offer: str) -> str:
            url = f"{self.url}/api/rooms/{ROOM}/{path}"
            async with self._session.post(url, data=offer, headers=headers) as answer:
                text = await answer.text()
                assert answer.status == 201, text
                return text

        return ask

    async def _listen(self) -> None:
        peer = BarePeer("listener", count_only=True)
        try:
            await peer.connect(self.way("whep"))
            await self._wait(self._while())
            self.did["heard"] += peer.count
            if self.vanishing and self._random.random() < VANISHING_SHARE:
                self.did["vanished"] += 1
                await peer.vanish()
        finally:
            await peer.close()

    async def _speak(self) -> None:
        """Speak as one take by WebRTC, or now and then upload a file."""
        key = new_key()
        if self._random.random() < 0.2:
            await self.upload(key)
        else:
            peer = BarePeer("speaker")
            try:
                await peer.connect(self.way("whip", key))
                await peer.speak(self._payloads)
            finally:
                await peer.close()
        self.did["spoken"] += 1
        await self._wait(self._while())

    async def upload(self, key: str) -> None:
        """Upload a clip of a second."""
        headers = {"Content-Type": "audio/ogg", "Authorization": f"Bearer {key}"}
        url = f"{self.url}/api/rooms/{ROOM}/clips"
        async with self._session.post(url, data=self._file, headers=headers) as answer:
            assert answer.status == 201, await answer.text()

    async def _chat(self) -> None:
        """Say something, in the great room or in one of one's own, which then falls asleep."""
        room = ROOM
        if self._random.random() < 0.2:
            made = {"kind": "topic", "name": "A room that sleeps soon"}
            headers = {"Authorization": f"Bearer {new_key()}"}
            async with self._session.post(f"{self.url}/api/rooms", json=made, headers=headers) as answer:
                assert answer.status == 201, await answer.text()
                room = (await answer.json())["id"]
        async with joined(self._session, f"{self.url}/api/rooms/{room}/ws") as client:
            await client.said("Hello, whoever is here.")
            self.did["said"] += 1
            await self._wait(self._while())


async def figures(session: ClientSession, url: str) -> dict[str, float]:
    """Return what /metrics shows."""
    async with session.get(f"{url}/metrics", headers={"Connection": "close"}) as answer:
        lines = (await answer.text()).splitlines()
    samples = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in samples}


def process(pid: int) -> dict[str, float]:
    """Return what the kernel says of a process: threads, open files, children, resident MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {
        "threads": float(re.search(r"Threads:\s+(\d+)", status)[1]),  # type: ignore[index]
        "files": float(len(list(Path(f"/proc/{pid}/fd").iterdir()))),
        "children": float(len(children)),
        "resident_mb": int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024,  # type: ignore[index]
    }
