"""Packets sent again to one listener that missed them, within limits.

The same packet under the same sequence number: it is protected to the very same bytes, so that no
nonce serves two plaintexts, and a listener that had it after all drops it as a repeat.
"""

from __future__ import annotations

import pylibsrtp

from server.rtc import rtcp
from server.rtc.batch_sender import BatchSender, Listener
from server.rtc.dtls import SEND_WINDOW, Dtls
from server.rtc.settings import Settings
from server.rtc.token_bucket import TokenBucket

# A browser reports under one source; libsrtp keeps state for each, for ever.
MOST_SSRCS = 2
# A packet asked for twice within this time is sent once: the answer was on its way.
ASKED_TWICE_S = 0.02
REMEMBERED = 64
SMALLEST_REPORT_BYTES = 12


class Retransmitter:
    """Answers the NACKs of one listener."""

    __slots__ = ("_given_s", "_reports", "_resends", "_session", "_settings", "_ssrc", "_ssrcs")

    def __init__(self, dtls: Dtls, ssrc: int, settings: Settings) -> None:
        self._session = dtls.incoming(SEND_WINDOW)
        self._ssrc = ssrc
        self._settings = settings
        self._reports = TokenBucket(settings.reports_per_second)
        self._resends = TokenBucket(settings.resends_per_second)
        self._ssrcs: set[bytes] = set()
        self._given_s: dict[int, float] = {}

    def report(self, datagram: bytes, listener: Listener, batch_sender: BatchSender, now_s: float) -> bool:
        """Answer an SRTCP datagram with what is missing; False when it is dropped unread."""
        if len(datagram) < SMALLEST_REPORT_BYTES or not self._reports.take(1, now_s):
            return False
        if datagram[4:8] not in self._ssrcs and len(self._ssrcs) >= MOST_SSRCS:
            return False
        try:
            plain = self._session.unprotect_rtcp(datagram)
        except (pylibsrtp.Error, ValueError):
            return False
        self._ssrcs.add(datagram[4:8])
        for sequence in rtcp.missing(plain, self._ssrc, self._settings.nacks_a_report):
            self._give(sequence, listener, batch_sender, now_s)
        return True

    def _give(self, sequence: int, listener: Listener, batch_sender: BatchSender, now_s: float) -> None:
        """Send one packet again, if we still have it and did not just do so."""
        if now_s - self._given_s.get(sequence, 0.0) < ASKED_TWICE_S:
            return
        packet = None if listener.batch is None else listener.batch.sent_as(listener, sequence, now_s)
        if packet is None or not self._resends.take(1, now_s):
            return
        self._given_s.pop(sequence, None)
        self._given_s[sequence] = now_s
        if len(self._given_s) > REMEMBERED:
            del self._given_s[next(iter(self._given_s))]
        batch_sender.resend(packet, listener, sequence)
