"""Speakers and listeners as other programs are: stock aiortc peer connections.

`target` is the URL of a WHIP or WHEP endpoint, or a coroutine function from offer to answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import Any, TypeVar
from urllib.parse import urljoin

import aiohttp
import aioice.ice
import av
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket

from tests.support.rtc_bare import Heard

Ask = Callable[[str], Awaitable[str]]
FRAME_SAMPLES = 960

# Machines without a network have only this address, and stock aioice leaves it out.
aioice.ice.get_host_addresses = lambda *_, **__: ["127.0.0.1"]


class Frames(MediaStreamTrack):
    """A microphone that yields ready Opus payloads, paced in real time; None is a pause of DTX."""

    kind = "audio"

    def __init__(self, payloads: Sequence[bytes | None]) -> None:
        super().__init__()
        self.done = asyncio.Event()
        self._payloads = iter(enumerate(payloads))
        self._start_s: float | None = None

    async def recv(self) -> av.Packet[Any]:
        for at, payload in self._payloads:
            now_s = asyncio.get_running_loop().time()
            self._start_s = self._start_s or now_s
            await asyncio.sleep(max(0.0, self._start_s + at * 0.02 - now_s))
            if payload is not None:
                packet = av.Packet(payload)
                packet.pts, packet.time_base = at * FRAME_SAMPLES, Fraction(1, 48_000)
                return packet
        self.done.set()
        await asyncio.Event().wait()
        raise MediaStreamError


class Client:
    """One peer connection with a target, connected; `close` deletes its session."""

    def __init__(self, target: str | Ask, headers: dict[str, str] | None = None) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.location: str | None = None
        self._target = target
        self._headers = headers or {}

    async def connect(self, limit_s: float = 10.0) -> None:
        """Offer, take the answer, and wait until connected. Raises TimeoutError or ConnectionError."""
        connected = asyncio.Event()
        self.pc.on("connectionstatechange", lambda: connected.set() if self.settled else None)
        await self.pc.setLocalDescription(await self.pc.createOffer())
        answer = await self._ask(self.pc.localDescription.sdp)
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await asyncio.wait_for(connected.wait(), limit_s)
        if self.pc.connectionState != "connected":
            raise ConnectionError(f"the peer connection is {self.pc.connectionState}")

    @property
    def settled(self) -> bool:
        """Whether it is decided how connecting went."""
        return self.pc.connectionState in ("connected", "failed", "closed")

    async def _ask(self, offer: str) -> str:
        if callable(self._target):
            return await self._target(offer)
        headers = {"Content-Type": "application/sdp", **self._headers}
        async with (
            aiohttp.ClientSession() as http,
            http.post(self._target, data=offer, headers=headers) as response,
        ):
            text = await response.text()
            if response.status != 201:
                raise ConnectionError(f"{response.status}: {text}")
            self.location = urljoin(self._target, response.headers["Location"])
            return text

    async def close(self, *, delete: bool = True) -> None:
        """Delete the session where it has a location, and say goodbye."""
        location, self.location = self.location, None
        try:
            if delete and location is not None:
                async with (
                    aiohttp.ClientSession() as http,
                    http.delete(location, headers=self._headers) as response,
                ):
                    await response.read()
        finally:
            await self.pc.close()


class Speaker(Client):
    """Sends ready payloads. `lose(index)` tells which RTP packets are lost on the way."""

    def __init__(
        self,
        target: str | Ask,
        payloads: Sequence[bytes | None],
        *,
        headers: dict[str, str] | None = None,
        lose: Callable[[int], bool] = lambda index: False,
    ) -> None:
        super().__init__(target, headers)
        self.frames = Frames(payloads)
        self._lose = lose
        self._sent = 0
        sender = self.pc.addTrack(self.frames)
        self._send_rtp = sender.transport._send_rtp
        sender.transport._send_rtp = self._send_or_lose  # type: ignore[method-assign]

    async def _send_or_lose(self, data: bytes) -> None:
        if 192 <= data[1] < 224:
            await self._send_rtp(data)
            return
        self._sent += 1
        if not self._lose(self._sent - 1):
            await self._send_rtp(data)


class Listener(Client):
    """Records the payloads that come, with the time of their arrival; decodes nothing."""

    def __init__(
        self,
        target: str | Ask,
        *,
        headers: dict[str, str] | None = None,
        lose: Callable[[int], bool] = lambda index: False,
    ) -> None:
        super().__init__(target, headers)
        self.heard: list[Heard] = []
        self._lose = lose
        self._count = 0
        self._news = asyncio.Event()
        receiver: Any = self.pc.addTransceiver("audio", direction="recvonly").receiver
        receiver._handle_rtp_packet = self._take

    async def _take(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        self._count += 1
        if self._lose(self._count - 1):
            return
        heard = Heard(
            time.monotonic(), packet.sequence_number, packet.timestamp, bool(packet.marker), packet.payload
        )
        self.heard.append(heard)
        self._news.set()

    async def hear(self, enough: Callable[[list[Heard]], bool], limit_s: float = 10.0) -> list[Heard]:
        """Wait until what was heard is enough, and return it."""
        async with asyncio.timeout(limit_s):
            while not enough(self.heard):
                self._news.clear()
                await self._news.wait()
        return self.heard


AnyClient = TypeVar("AnyClient", bound=Client)


@asynccontextmanager
async def connected(client: AnyClient) -> AsyncIterator[AnyClient]:
    """Connect a client, and close it however its test ends."""
    try:
        await client.connect()
        yield client
    finally:
        await client.close()


async def speak(
    target: str | Ask,
    payloads: Sequence[bytes | None],
    *,
    headers: dict[str, str] | None = None,
    lose: Callable[[int], bool] = lambda index: False,
    then_close: bool = True,
) -> Speaker:
    """Connect, send the payloads in real time, and end the session."""
    speaker = Speaker(target, payloads, headers=headers, lose=lose)
    is_left_open = False
    try:
        await speaker.connect()
        await asyncio.wait_for(speaker.frames.done.wait(), 15 + len(payloads) * 0.04)
        is_left_open = not then_close
    finally:
        if not is_left_open:
            await speaker.close()
    return speaker
