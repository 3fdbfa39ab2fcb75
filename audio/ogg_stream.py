"""Ogg Opus that is written while it is made: packets in, pages out, with chapters in its comment header.

Chapters are those of the Vorbis comment extension that players know (`CHAPTER001`, `CHAPTER001NAME`).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from audio.ogg import CONTINUED, FIRST, FRAMES_PER_PAGE, LAST, NO_GRANULE, write_page
from audio.opus import FRAME

# As many as three digits count.
CHAPTERS_MOST = 999
# What libopus adds in front at 48 kHz. Each clip has it too: its sound begins where its packets do.
PRESKIP = 312
SEGMENTS, SEGMENT = 255, 255  # of a page; bytes of a full segment

Chapter = tuple[int, str]  # where it begins, in ms, and its title


class OggStream:
    """One logical stream of 20 ms packets; what was returned is kept no more."""

    def __init__(self, *, serial: int) -> None:
        self._serial = serial
        self._number = 0
        self._frames = 0
        self._waiting: list[bytes] = []

    def begin(self) -> bytes:
        """Return the first page, which is the same whatever follows."""
        head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, PRESKIP, 48_000, 0, 0)
        return write_page([head], FIRST, 0, self._serial, self._next())

    def head(self, title: str, chapters: Sequence[Chapter]) -> bytes:
        """Return the pages of the comment header, which come second."""
        return self._pages(tags(title, chapters))

    def add(self, frames: Sequence[bytes]) -> bytes:
        """Return the pages that are full now; the last page waits, for it might be the end."""
        self._waiting += frames
        full = (len(self._waiting) - 1) // FRAMES_PER_PAGE
        return b"".join(self._page(0) for _ in range(full))

    def end(self) -> bytes:
        """Return the last page."""
        return self._page(LAST)

    def _page(self, flags: int) -> bytes:
        packets, self._waiting = self._waiting[:FRAMES_PER_PAGE], self._waiting[FRAMES_PER_PAGE:]
        self._frames += len(packets)
        return write_page(packets, flags, self._frames * FRAME, self._serial, self._next())

    def _next(self) -> int:
        self._number += 1
        return self._number - 1

    def _pages(self, packet: bytes) -> bytes:
        """Return one packet on as many pages as it needs."""
        pages, whole = [], SEGMENTS * SEGMENT
        for at in range(0, len(packet) + 1, whole):
            part = packet[at : at + whole]
            granule = 0 if len(part) < whole else NO_GRANULE
            pages.append(write_page([part], CONTINUED if at else 0, granule, self._serial, self._next()))
        return b"".join(pages)


def tags(title: str, chapters: Sequence[Chapter]) -> bytes:
    """Return the comment header (RFC 7845 5.2) with a title and chapters."""
    comments = [f"TITLE={title}"] if title else []
    for number, (at_ms, name) in enumerate(chapters, 1):
        minutes, rest_ms = divmod(at_ms, 60_000)
        clock = f"{minutes // 60:02}:{minutes % 60:02}:{rest_ms // 1000:02}.{rest_ms % 1000:03}"
        comments += [f"CHAPTER{number:03}={clock}", f"CHAPTER{number:03}NAME={name}"]
    coded = [comment.encode() for comment in comments]
    body = b"".join(struct.pack("<I", len(comment)) + comment for comment in coded)
    return b"OpusTags" + struct.pack("<II", 0, len(coded)) + body
