"""A speaker's side of a peer: SRTP in, takes and level out, within limits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import pylibsrtp
from aiortc.rtp import RtpPacket

from server.rtc import rtp
from server.rtc.capture import Capture, Recording
from server.rtc.dtls import Dtls
from server.rtc.level import Level
from server.rtc.media import Ending
from server.rtc.settings import Settings
from server.rtc.token_bucket import TokenBucket

# A browser has one; another appears when a program starts its sound anew. libsrtp keeps state for each: so
# the one that was heard longest ago is forgotten, and not let in again, for its packets could be replayed.
MOST_SSRCS = 8
MOST_SSRCS_EVER = 256
# After a stall of the network packets come at once: as many are taken as may be sent in this time.
BURST_S = 3.0

# When the sound of the last moment has come, packets that were overtaken get this long.
REORDER_MS = 10
# A microphone that sent nothing for so long is in a pause (DTX): what was said is here already,
# but for a packet that is only late. In packets longer than these 20 ms it takes longer to tell.
SILENT_MS = 70
USUAL_PACKET_MS = 20
SILENT_LATE_MS = 40
# One that was heard in a take and then sends nothing for so long is gone: in a pause (DTX) a packet comes
# every 400 ms. Consent would tell after 30 s only, and whoever waits for the take would wait for its limit.
VANISHED_MS = 2_500
LOOK_MS = 500


# Where a packet belongs, in samples, and its payload.
PacketSink = Callable[[int, bytes], None]


class SpeakerObserver(Protocol):
    """Is told what a speaker does."""

    def took(self, recording: Recording, ending: Ending) -> None:
        """Take a take that was cut."""

    def level(self, *, on: bool) -> None:
        """Note that sound began or ended."""


class Speaker:
    """One microphone. A session that is one take begins it with its first packet, and it has `limit_ms`."""

    def __init__(
        self,
        dtls: Dtls,
        payload_type: int,
        observer: SpeakerObserver,
        settings: Settings,
        *,
        commanded: bool,
        limit_ms: int,
    ) -> None:
        self.heard = 0
        self._session = dtls.incoming()
        self._payload_type = payload_type
        self._observer = observer
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._capture = Capture(preroll_ms=settings.preroll_ms)
        self._level = Level()
        self._packets = TokenBucket(settings.packets_per_second, BURST_S)
        self._bytes = TokenBucket(settings.bytes_per_second, BURST_S)
        self._ssrcs: dict[int, None] = {}  # the last that was heard at the end
        self._past_ssrcs: set[int] = set()
        self._to_begin = not commanded
        self._one_take_ms = limit_ms
        self._ending: Ending | None = None
        self._begun_ms = self._limit_ms = self._ended_ms = 0.0
        self._is_whole = False
        self._timer: asyncio.TimerHandle | None = None
        self._level_timer: asyncio.TimerHandle | None = None
        self._live_relay: PacketSink | None = None

    def media(self, datagram: bytes) -> bool:
        """Take an SRTP datagram; False when it is dropped."""
        if len(datagram) <= rtp.HEADER_BYTES:
            return False
        ssrc = int.from_bytes(datagram[8:12], "big")
        # First of all, for programs send the video that was declined all the same: it may use up nothing.
        if datagram[1] & 0x7F != self._payload_type or not self._is_welcome(ssrc):
            return False
        now_s = self._loop.time()
        if not self._packets.take(1, now_s) or not self._bytes.take(len(datagram), now_s):
            return False
        try:
            plain = self._session.unprotect(datagram)
        except (pylibsrtp.Error, ValueError):
            return False
        self._note(ssrc)
        return self._hear(plain, now_s * 1000)

    def _is_welcome(self, ssrc: int) -> bool:
        """Tell whether packets of an SSRC are accepted."""
        return ssrc in self._ssrcs or (
            ssrc not in self._past_ssrcs and len(self._past_ssrcs) < MOST_SSRCS_EVER - MOST_SSRCS
        )

    def _note(self, ssrc: int) -> None:
        """Note that a stream proved itself; forget the one that was silent longest when they are too many."""
        if ssrc not in self._ssrcs and len(self._ssrcs) >= MOST_SSRCS:
            oldest = next(iter(self._ssrcs))
            del self._ssrcs[oldest]
            self._past_ssrcs.add(oldest)
            self._session.remove_stream(oldest)
        self._ssrcs.pop(ssrc, None)
        self._ssrcs[ssrc] = None

    def _hear(self, plain: bytes, now_ms: float) -> bool:
        try:
            packet = RtpPacket.parse(plain)
        except ValueError:
            return False
        if self._to_begin:
            self._to_begin = False
            self._begin(0.0, self._one_take_ms)  # nothing of it is pre-roll
        place = self._capture.push(packet, now_ms)
        if place is None:
            return False
        self.heard += 1
        if self._level.push(len(packet.payload), self._capture.packet_ms, now_ms):
            self._observer.level(on=True)
            self._watch_level()
        if self._live_relay is not None and self._ending is None:
            self._live_relay(place.at, packet.payload)
        if self._ending is not None and not self._is_whole and self._capture.reaches(self._ended_ms, now_ms):
            self._is_whole = True
            self._cut_in(REORDER_MS)
        return True

    def begin(self, limit_ms: int) -> bool:
        """Open a take; False when one is open."""
        if self._capture.open:
            return False
        self._begin(self._loop.time() * 1000, limit_ms)
        return True

    def _begin(self, from_ms: float, limit_ms: int) -> None:
        self._capture.begin(from_ms)
        self._begun_ms = self._loop.time() * 1000
        self._limit_ms = self._begun_ms + limit_ms
        self._look()

    def _look(self) -> None:
        """End the take at its limit, or when the microphone that was heard in it has vanished."""
        now_ms = self._loop.time() * 1000
        if now_ms >= self._limit_ms:
            self._end("limit")
        elif self._begun_ms < self._capture.heard_ms < now_ms - VANISHED_MS:
            self._end("gone")
        else:
            self._timer = self._loop.call_later(min(LOOK_MS, self._limit_ms - now_ms) / 1000, self._look)

    def begin_live_relay(self, sink: PacketSink) -> bool:
        """Tell every packet of the open take as it comes; False when none is open."""
        if self._capture.open and self._ending is None:
            self._live_relay = sink
            return True
        return False

    def end_live_relay(self) -> None:
        """Tell the packets of the open take no longer; the take goes on."""
        self._live_relay = None

    def end(self) -> bool:
        """End the open take after the late packets came; False when none is open."""
        if not self._capture.open or self._ending is not None:
            return False
        self._end("stopped")
        return True

    def _end(self, ending: Ending) -> None:
        """Wait for what was said until now: not at all long when the microphone had fallen silent."""
        self._ending = ending
        self._is_whole = False
        self._ended_ms = self._loop.time() * 1000
        pause_ms = SILENT_MS + max(0.0, self._capture.packet_ms - USUAL_PACKET_MS)
        is_silent = self._ended_ms - self._capture.heard_ms > pause_ms
        self._cut_in(min(SILENT_LATE_MS, self._settings.late_ms) if is_silent else self._settings.late_ms)

    def _cut_in(self, ms: float) -> None:
        self._cancel()
        self._timer = self._loop.call_later(ms / 1000, self._cut)

    def _cut(self) -> None:
        ending, self._ending, self._live_relay = self._ending or "gone", None, None
        self._cancel()
        self._observer.took(self._capture.cut(self._loop.time() * 1000), ending)

    @property
    def open(self) -> bool:
        """Whether a take is open."""
        return self._capture.open

    def close(self, *, keep_ms: int) -> None:
        """Cut an open take of at least `keep_ms`, or one that was ended already; forget shorter ones."""
        if self._capture.open and (self._ending is not None or self._capture.duration_ms() >= keep_ms):
            self._cut()
        self._cancel()
        if self._level_timer is not None:
            self._level_timer.cancel()
        if self._level.on:
            self._level.on = False
            self._observer.level(on=False)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _watch_level(self) -> None:
        left_ms = self._level.rest_ms(self._loop.time() * 1000)
        if left_ms:
            self._level_timer = self._loop.call_later(left_ms / 1000, self._watch_level)
        else:
            self._level_timer = None
            self._observer.level(on=False)
