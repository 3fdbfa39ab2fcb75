"""A listener behind a lossy network, and the share of sound that it has to conceal.

Loss both ways and jitter are put on at its socket. It asks again as a browser does: a while after
a gap shows, and again until the moment at which the sound is due.
"""

from __future__ import annotations

import asyncio
import random

from tests.support.nacks import nack
from tests.support.rtc_bare import BarePeer, Heard

# How long a gap may be mere disorder, how often is asked, and when it is too late.
DISORDER_S = 0.12
AGAIN_S = 0.1
# What a jitter buffer settles on for 100 ms of jitter and one repair.
BUFFER_S = 0.4


class LossyListener(BarePeer):
    """Loses and delays media datagrams; `asks` says whether it sends NACKs."""

    def __init__(self, *, loss: float, jitter_s: float, asks: bool, seed: int = 1) -> None:
        super().__init__("listener")
        self.asks = asks
        self.media_ssrc = 0
        self._loss, self._jitter_s = loss, jitter_s
        self._chance = random.Random(seed)
        self._seen: dict[int, float] = {}
        self._asked: dict[int, float] = {}
        self._due: dict[int, asyncio.TimerHandle] = {}

    def _take_datagram(self, datagram: bytes) -> None:
        if datagram[0] < 128:
            super()._take_datagram(datagram)
        elif self._chance.random() >= self._loss:
            delay_s = self._chance.random() * self._jitter_s
            asyncio.get_running_loop().call_later(delay_s, super()._take_datagram, datagram)

    def _rtp(self, data: bytes) -> None:
        before = len(self.heard)
        super()._rtp(data)
        self.media_ssrc = int.from_bytes(data[8:12], "big")
        self._note(self.heard[before])

    def _note(self, heard: Heard) -> None:
        newest = max(self._seen, default=heard.sequence - 1)
        self._seen.setdefault(heard.sequence, heard.at_s)
        self._cancel(heard.sequence)
        for sequence in range(newest + 1, heard.sequence):
            if sequence not in self._seen and self.asks:
                self._ask_in(DISORDER_S, sequence, heard.at_s + BUFFER_S)

    def _cancel(self, sequence: int) -> None:
        timer = self._due.pop(sequence, None)
        if timer is not None:
            timer.cancel()

    def _ask_in(self, wait_s: float, sequence: int, until_s: float) -> None:
        loop = asyncio.get_running_loop()
        self._due[sequence] = loop.call_later(wait_s, self._ask, sequence, until_s)

    def _ask(self, sequence: int, until_s: float) -> None:
        if asyncio.get_running_loop().time() > until_s:
            return
        if self._chance.random() >= self._loss:
            self.report(nack(self.ssrc, self.media_ssrc, [sequence & 0xFFFF]))
        self._ask_in(AGAIN_S, sequence, until_s)

    def concealed(self) -> float:
        """Return the share of packets that were not there when their sound was due."""
        first = min(self.heard, key=lambda each: each.sequence)
        starts_s = min(each.at_s - (each.timestamp - first.timestamp) / 48_000 for each in self.heard)
        in_time = {
            each.sequence
            for each in self.heard
            if each.at_s - starts_s - (each.timestamp - first.timestamp) / 48_000 <= BUFFER_S
        }
        expected = max(in_time) - min(in_time) + 1
        return 1 - len(in_time) / expected

    async def vanish(self) -> None:
        for sequence in list(self._due):
            self._cancel(sequence)
        await super().vanish()
