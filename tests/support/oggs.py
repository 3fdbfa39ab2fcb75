"""Ogg files by hand, with the liberties that recorders take."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from msgspec import Struct

from audio import ogg, opus

SERIAL = 7
PRESKIP = 312
HEAD = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, PRESKIP, 48_000, 0, 0)
TAGS = b"OpusTags" + struct.pack("<II", 0, 0)


class Page(Struct):
    """A page to be: whole packets, and what its head says."""

    packets: list[bytes]
    granule: int
    number: int
    flags: int = 0
    serial: int = SERIAL

    def written(self) -> bytes:
        """Return its bytes, with the checksum that it needs."""
        lacing = b"".join(b"\xff" * (len(p) // 255) + bytes((len(p) % 255,)) for p in self.packets)
        fields = (b"OggS", 0, self.flags, self.granule, self.serial, self.number)
        rest = lacing + b"".join(self.packets)
        blank = ogg.HEADER.pack(*fields, 0, len(lacing)) + rest
        return ogg.HEADER.pack(*fields, ogg.checksum(blank), len(lacing)) + rest


def pages(
    packets: Sequence[bytes], *, per_page: int = 25, head: bytes = HEAD, tags: bytes = TAGS
) -> list[Page]:
    """Return the pages of a plain file."""
    made = [Page([head], 0, 0, ogg.FIRST), Page([tags], 0, 1)]
    granule = 0
    for start in range(0, len(packets), per_page):
        part = list(packets[start : start + per_page])
        granule += sum(map(opus.duration, part))
        made.append(Page(part, granule, len(made)))
    made[-1].flags = ogg.LAST
    return made


def written(made: Sequence[Page]) -> bytes:
    """Return the bytes of pages."""
    return b"".join(page.written() for page in made)


def mapped(family: int, channels: int, streams: int, coupled: int) -> bytes:
    """Return an identification header with a channel mapping table (RFC 7845 5.1.1)."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, channels, PRESKIP, 48_000, 0, family)
    return head + bytes((streams, coupled, *range(channels)))
