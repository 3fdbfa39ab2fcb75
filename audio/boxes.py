"""The outermost boxes of MP4 (ISO/IEC 14496-12 4.2), where recorders write what libav cannot follow."""

from __future__ import annotations

from collections.abc import Iterator

LARGE = 1  # this size means: the real one follows the type, in 8 bytes


def mended(body: bytes) -> bytes:
    """Return a file without the heads of fragments that are written twice in a row.

    WebKitGTK's recorder writes the last one so, a second before its end. The first says where its samples
    are, counted from itself, as if the second were not there: it becomes free space, and no place moves.
    """
    whole = bytearray(body)
    before = b""
    place = 0
    for at, size in _boxes(body):
        box = body[at : at + size]
        if box == before and box[4:8] == b"moof":
            whole[place + 4 : place + 8] = b"free"
        before, place = box, at
    return bytes(whole)


def _boxes(body: bytes) -> Iterator[tuple[int, int]]:
    """Yield offset and size of each box, up to the first that is cut off."""
    at = 0
    while at + 8 <= len(body):
        size = int.from_bytes(body[at : at + 4], "big")
        if size == LARGE:
            size = int.from_bytes(body[at + 8 : at + 16], "big")
        if not 8 <= size <= len(body) - at:
            return
        yield at, size
        at += size
