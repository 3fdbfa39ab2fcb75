"""A bare WebRTC peer for tests and benchmarks: one socket, stock aiortc DTLS, RTP by hand.

Everything a browser hides is a method here: moving to another address, vanishing without a
goodbye, losing and reordering packets, sending rubbish.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Literal, NamedTuple, Self, cast

from aioice import stun
from aiortc.rtcdtlstransport import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
)
from aiortc.rtp import RtpPacket
from aiortc.sdp import SessionDescription

from server.rtc import stun as ours

Ask = Callable[[str], Awaitable[str]]  # offer -> answer
Setup = Literal["actpass", "active", "passive"]
CERTIFICATE = RTCCertificate.generateCertificate()
PAYLOAD_TYPE = 111
FRAME_SAMPLES = 960


class Heard(NamedTuple):
    """A packet that came: when (monotonic seconds) and what."""

    at_s: float
    sequence: int
    timestamp: int
    marker: bool
    payload: bytes


class _Dtls(RTCDtlsTransport):
    """Stock DTLS that hands every decrypted RTP packet on."""

    on_rtp: Callable[[bytes], None]

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        self.on_rtp(data)


class BarePeer:
    """One peer. `connect`, then `send`, `move`, `vanish` or `close`."""

    role = "controlling"  # what aiortc asks of its transport

    def __init__(
        self,
        kind: str,
        *,
        payload_type: int = PAYLOAD_TYPE,
        count_only: bool = False,
        setup: Setup = "actpass",
    ) -> None:
        self.kind = kind
        self.setup = setup
        self.payload_type = payload_type
        self.heard: list[Heard] = []
        self.count = 0
        self.checks_answered = 0
        self.sequence = random.randrange(1 << 15)
        self.timestamp = random.randrange(1 << 31)
        self.ssrc = random.randrange(1, 1 << 32)
        self.lose: Callable[[int], bool] = lambda index: False
        self._count_only = count_only
        self._ufrag = secrets.token_hex(4)
        self._own_password = secrets.token_hex(16).encode()
        self._sent = 0
        self._inbound: asyncio.Queue[bytes] = asyncio.Queue()
        self._answered = asyncio.Event()
        self._news = asyncio.Event()
        self._checking: asyncio.Task[None] | None = None
        self.dtls = _Dtls(cast(Any, self), [CERTIFICATE])
        self.dtls._set_role("server" if setup == "passive" else "client")
        self.dtls.on_rtp = self._rtp

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, error: type[BaseException] | None, *_: object) -> None:
        await (self.close() if error is None else self.vanish())

    def offer(self) -> str:
        """Return an offer for this peer."""
        direction = "sendonly" if self.kind == "speaker" else "recvonly"
        fingerprint = CERTIFICATE.getFingerprints()[0]
        lines = [
            *("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0"),
            f"m=audio 9 UDP/TLS/RTP/SAVPF {self.payload_type}",
            *("c=IN IP4 0.0.0.0", "a=mid:0", f"a={direction}", "a=rtcp-mux"),
            f"a=rtpmap:{self.payload_type} opus/48000/2",
            *(f"a=ice-ufrag:{self._ufrag}", f"a=ice-pwd:{self._own_password.decode()}"),
            *(f"a=fingerprint:{fingerprint.algorithm} {fingerprint.value}", f"a=setup:{self.setup}"),
        ]
        return "\r\n".join(lines) + "\r\n"

    async def connect(self, ask: Ask, *, checking_s: float = 2.0) -> None:
        """Offer, check the path, and shake hands. Raises TimeoutError or ConnectionError."""
        self.take_answer(await ask(self.offer()))
        await self.prove()
        await self.shake_hands()
        self._checking = asyncio.ensure_future(self._keep_checking(checking_s))

    def take_answer(self, answer: str) -> None:
        """Note where the server is and how it proves itself."""
        media = SessionDescription.parse(answer).media[0]
        assert media.dtls is not None
        assert media.ice is not None
        self._password = (media.ice.password or "").encode()
        self._username = f"{media.ice.usernameFragment}:{self._ufrag}"
        self._fingerprints = [RTCDtlsFingerprint(f.algorithm, f.value) for f in media.dtls.fingerprints]
        candidate = media.ice_candidates[0]
        self.server = (candidate.ip, candidate.port)
        self._open()

    def _open(self) -> None:
        self.socket = socket.socket(
            socket.AF_INET6 if ":" in self.server[0] else socket.AF_INET, socket.SOCK_DGRAM
        )
        self.socket.setblocking(False)
        self.socket.connect(self.server)
        asyncio.get_running_loop().add_reader(self.socket.fileno(), self._readable)

    def _readable(self) -> None:
        for _ in range(32):
            try:
                datagram = self.socket.recv(2048)
            except OSError:
                return
            self._take_datagram(datagram)

    def _take_datagram(self, datagram: bytes) -> None:
        if datagram[:2] == b"\0\1":  # a full agent checks us too
            request = ours.read(datagram)
            if request is not None:
                self.send_raw(ours.answer(request, self._own_password, self.server[0], self.server[1]))
        elif datagram[0] < 4:
            self.checks_answered += 1
            self._answered.set()
        elif self._count_only and datagram[0] > 127:
            self.count += 1
        else:
            self._inbound.put_nowait(datagram)

    async def _recv(self) -> bytes:
        return await self._inbound.get()

    async def _send(self, datagram: bytes) -> None:
        self.send_raw(datagram)

    def send_raw(self, datagram: bytes) -> None:
        """Send bytes as they are."""
        with suppress(OSError):
            self.socket.send(datagram)

    def check(self, *, password: bytes | None = None, nominates: bool = True) -> bytes:
        """Return a binding request for the server, signed."""
        attributes: dict[str, Any] = {"USERNAME": self._username, "PRIORITY": 1, "ICE-CONTROLLING": 1}
        if nominates:
            attributes["USE-CANDIDATE"] = None
        message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, attributes=attributes)
        message.add_message_integrity(password or self._password)
        return bytes(message)

    async def prove(self, limit_s: float = 5.0) -> None:
        """Check until an answer comes."""
        self._answered.clear()
        async with asyncio.timeout(limit_s):
            while not self._answered.is_set():
                self.send_raw(self.check())
                try:
                    await asyncio.wait_for(self._answered.wait(), 0.2)
                except TimeoutError:
                    continue

    async def shake_hands(self, limit_s: float = 10.0) -> None:
        """Run DTLS as the client, or as the server of a passive offer."""
        theirs = "client" if self.setup == "passive" else "server"
        await asyncio.wait_for(self.dtls.start(RTCDtlsParameters(self._fingerprints, theirs)), limit_s)
        if self.dtls.state != "connected":
            raise ConnectionError("the DTLS handshake failed")

    async def _keep_checking(self, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            self.send_raw(self.check())

    def _rtp(self, data: bytes) -> None:
        packet = RtpPacket.parse(data)
        self.count += 1
        self.heard.append(
            Heard(
                time.monotonic(),
                packet.sequence_number,
                packet.timestamp,
                bool(packet.marker),
                packet.payload,
            )
        )
        self._news.set()

    async def hear(self, enough: Callable[[list[Heard]], bool], limit_s: float = 10.0) -> list[Heard]:
        """Wait until what was heard is enough, and return it."""
        async with asyncio.timeout(limit_s):
            while not enough(self.heard):
                self._news.clear()
                await self._news.wait()
        return self.heard

    def report(self, compound: bytes) -> None:
        """Send RTCP, protected."""
        self.send_raw(self.dtls._tx_srtp.protect_rtcp(compound))

    def packet(self, payload: bytes, *, ssrc: int | None = None) -> bytes:
        """Return the next SRTP packet of this peer without sending it; time goes on by 20 ms."""
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.timestamp = (self.timestamp + FRAME_SAMPLES) & 0xFFFFFFFF
        packet = RtpPacket(
            payload_type=self.payload_type,
            sequence_number=self.sequence,
            timestamp=self.timestamp,
            ssrc=ssrc or self.ssrc,
            payload=payload,
        )
        protected: bytes = self.dtls._tx_srtp.protect(packet.serialize())
        return protected

    def send(self, payload: bytes) -> None:
        """Send the next Opus payload now, unless the loss pattern takes it."""
        datagram = self.packet(payload)
        if not self.lose(self._sent):
            self.send_raw(datagram)
        self._sent += 1

    async def speak(self, payloads: list[bytes]) -> None:
        """Send payloads in real time, 20 ms apart."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        for index, payload in enumerate(payloads):
            await asyncio.sleep(max(0.0, start + index * 0.02 - loop.time()))
            self.send(payload)

    def skip(self, frames: int) -> None:
        """Let time pass without sending, as DTX does."""
        self.timestamp = (self.timestamp + frames * FRAME_SAMPLES) & 0xFFFFFFFF

    async def move(self) -> None:
        """Go on from another port, as after a change of network."""
        self._close_socket()
        self._open()
        await self.prove()

    def _close_socket(self) -> None:
        if self.socket.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self.socket.fileno())
            self.socket.close()

    async def vanish(self) -> None:
        """Stop without a word, as a killed process does."""
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.gather(self._checking, return_exceptions=True)
        pump, self.dtls._task = self.dtls._task, None
        if pump is not None:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)
        if hasattr(self, "socket"):
            self._close_socket()

    async def close(self) -> None:
        """Say goodbye (close_notify) and stop."""
        if hasattr(self, "socket") and self.socket.fileno() >= 0:
            pump = self.dtls._task
            await self.dtls.stop()
            await asyncio.gather(*([pump] if pump else []), return_exceptions=True)
        await self.vanish()
