"""Sums by which a blob of another storage is known for ours, each part of it by itself. Pure.

A sum is of the part's bytes and of whose they are: a blob that lies under another's id does not fit.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode

# A clip of 30 s has about 150 KB: who asks for a part of it is not made to wait for all.
PART_BYTES = 65_536
SUM_BYTES = 15  # 20 letters
LETTERS = SUM_BYTES * 4 // 3


def sums(room: str, id: str, body: bytes, first_part: int = 0) -> str:  # noqa: A002
    """Return the sums of all parts of a body, one after another; of an empty body there is one too.

    `body` may begin at another part than the first, then these sums are a piece of the whole's.
    """
    starts = range(0, max(len(body), 1), PART_BYTES)
    return "".join(
        _sum(room, id, first_part + number, body[start : start + PART_BYTES])
        for number, start in enumerate(starts)
    )


def piece(all_sums: str, first_part: int, parts: int) -> str:
    """Return the sums of some parts, out of those of all."""
    return all_sums[first_part * LETTERS : (first_part + parts) * LETTERS]


def parts_of(size_bytes: int) -> int:
    """Return how many parts a body of a size has."""
    return max(1, -(-size_bytes // PART_BYTES))


def _sum(room: str, id: str, number: int, part: bytes) -> str:  # noqa: A002
    made = hashlib.blake2b(f"{room}\0{id}\0{number}\0".encode(), digest_size=SUM_BYTES)
    made.update(part)
    return urlsafe_b64encode(made.digest()).decode()
