"""Ogg Opus files of other people (RFC 3533, RFC 7845), read as players read them: what is whole is taken.

Pages may be damaged, lost or cut off, and what follows the first stream is left alone. Granule positions are
believed in two places: how long a lost page was, and how much of the last page is to be dropped. The
reader of our own clips, `audio.ogg`, forgives nothing of this.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from audio import ogg, opus
from audio.ogg import CONTINUED, FIRST, HEADER, LAST, BadOgg, Page
from audio.take import SAMPLE_RATE_HZ, Packet

MOST_DAMAGED = 1_000  # false page headers after which the search is given up
# A page holds a second at most (RFC 7845 6: "SHOULD"); that more was lost is not believed.
LONGEST_LOST = 5 * SAMPLE_RATE_HZ
# Granule positions that are off by more samples count something else, and are not used.
LARGEST_SLIP = opus.LONGEST_PACKET


class OtherOgg(BadOgg):
    """It is Ogg, but not plain Opus packets (one channel, or two coupled): Vorbis, or six channels."""


class File(Struct, frozen=True):
    """Packets at their places, in samples at 48 kHz; what is to be heard is from `start` to `end`."""

    packets: list[Packet]
    start: int
    end: int


class Part(Struct, frozen=True):
    """The packets that end on a page; `lost` when pages before it are missing."""

    page: Page
    payloads: list[bytes]
    lost: bool


def read(body: bytes, *, longest: int, most_packets: int) -> File:
    """Return about the first `longest` samples of the first Opus stream. Raises `BadOgg`."""
    head, serial = _head(body)
    start = preskip(head)
    packets: list[Packet] = []
    at = end = claimed = origin = 0
    is_exact = True
    for part in _parts(body, serial):
        length = sum(opus.duration(payload) for payload in part.payloads)
        if not packets:
            # A stream may be joined late, so that its first page begins anywhere (RFC 7845 4.3).
            origin = max(0, part.page.granule - length)
        step = part.page.granule - origin - claimed
        if part.lost and 0 < step - length <= LONGEST_LOST:
            at += step - length
        for payload in part.payloads:
            packets.append(Packet(at, payload))
            at += opus.duration(payload)
        end = at - (_trimmed(part.page, step, length) if is_exact else 0)
        claimed += step
        is_exact = abs(step - length) <= LARGEST_SLIP
        if at >= longest + start or len(packets) >= most_packets:
            break
    if not packets:
        raise BadOgg("no sound in it")
    return File(packets[:most_packets], start, end)


def _trimmed(page: Page, step: int, length: int) -> int:
    """Return how much of the last page is to be dropped, which may be all (RFC 7845 4.4)."""
    return max(0, min(length, length - step)) if page.flags & LAST and page.granule > 0 else 0


def is_plain(head: bytes) -> bool:
    """Tell whether an identification header (RFC 7845 5.1) announces packets of one stream."""
    return len(head) < 20 or head[18] == 0 or head[19] == 1


def preskip(head: bytes) -> int:
    """Return how many samples at the beginning are not to be heard."""
    return int.from_bytes(head[10:12], "little")


def _head(body: bytes) -> tuple[bytes, int]:
    """Return the identification header and the serial number of the first Opus stream."""
    for page in _pages(body):
        if not page.flags & FIRST:
            break
        head = page.body
        if head.startswith(b"OpusHead") and len(head) >= 19 and head[8] < 16:
            if not is_plain(head):
                raise OtherOgg("Opus of several streams")
            return head, page.serial
    raise OtherOgg("no Opus stream begins in it")


def _parts(body: bytes, serial: int) -> Iterator[Part]:
    """Yield what ends on each page behind the headers, until another stream is chained behind."""
    begun: list[bytes] = []
    last: Page | None = None
    lost = False
    for page in _pages(body):
        if page.flags & FIRST and last is not None:
            return
        if page.flags & FIRST or page.serial != serial or _is_repeat(page, last):
            continue
        gap = last is not None and page.number > last.number + 1
        if gap or not page.flags & CONTINUED:
            begun = []
        payloads, begun = _ended(page, begun)
        last, lost = page, lost or gap
        if whole := [payload for payload in payloads if _is_sound(payload)]:
            yield Part(page, whole, lost)
            lost = False


def _is_repeat(page: Page, last: Page | None) -> bool:
    return last is not None and (page.number, page.granule) == (last.number, last.granule)


def _ended(page: Page, begun: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return the packets that end on a page, and what it begins; the rest of one whose start is lost goes."""
    is_headless = bool(page.flags & CONTINUED) and not begun
    payloads: list[bytes] = []
    at = 0
    for size in page.lacing:
        if not is_headless:
            begun.append(page.body[at : at + size])
        at += size
        if size < 255:
            if not is_headless:
                payloads.append(b"".join(begun))
            begun, is_headless = [], False
    return payloads, begun


def _is_sound(packet: bytes) -> bool:
    if packet.startswith((b"OpusTags", b"OpusHead")):
        return False
    try:
        opus.frames(packet)
    except opus.BadPacket:
        return False
    return True


def _pages(body: bytes) -> Iterator[Page]:
    """Yield the pages, wherever they begin; of damaged ones what may be read."""
    damaged, at = 0, body.find(b"OggS")
    while at >= 0 and damaged < MOST_DAMAGED:
        try:
            page, size = ogg.read_page(body, at)
        except BadOgg:
            damaged, size = damaged + 1, 4
        following = body.find(b"OggS", at + size)
        if size > 4:
            yield page
        else:
            yield from _damaged(body[at:] if following < 0 else body[at:following], is_last=following < 0)
        at = following


def _damaged(rest: bytes, *, is_last: bool) -> Iterator[Page]:
    """Yield a page whose checksum is wrong when it ends where the next begins, or is the last and cut off.

    One wrong byte costs a packet so, and not all that are on its page.
    """
    if len(rest) < HEADER.size:
        return
    _, version, flags, granule, serial, number, _, segments = HEADER.unpack_from(rest)
    lacing = rest[HEADER.size : HEADER.size + segments]
    content = rest[HEADER.size + segments :]
    missing = sum(lacing) - len(content)
    if version == 0 and missing == 0:
        yield Page(flags, granule, serial, number, lacing, content)
    elif version == 0 and missing > 0 and is_last:
        yield Page(flags & ~LAST, 0, serial, number, _held(lacing, len(content)), content)


def _held(lacing: bytes, size: int) -> bytes:
    """Return the segments that lie in the first `size` bytes."""
    total = 0
    for index, segment in enumerate(lacing):
        total += segment
        if total > size:
            return lacing[:index]
    return lacing
