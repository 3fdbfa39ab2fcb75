"""Checksums of what is stored: a bit that flipped on the disk is found when it is read."""

from __future__ import annotations

import hashlib
from zlib import crc32

NAME_BYTES = 16


def name(room: str) -> bytes:
    """Return the hash by which a room is found."""
    return hashlib.blake2b(room.encode(), digest_size=NAME_BYTES).digest()


def of_event(number: int, seq: int, key: str | None, body: bytes) -> bytes:
    """Return the sum of an event in its place, 4 bytes."""
    return crc32(body, crc32(f"{number} {seq} {key}".encode())).to_bytes(4)


def of_key(number: int, key: str, digest: bytes, *numbers: int) -> int:
    """Return the sum of a key that was used, with the other columns in their order."""
    return crc32(digest, crc32(f"{number} {key} {numbers}".encode()))


def of_blob(id: str, number: int, body: bytes) -> int:  # noqa: A002
    """Return the sum of a blob in its room."""
    return crc32(body, crc32(f"{number} {id}".encode()))


def of_snapshot(number: int, part: str, seq: int, version: bytes, body: bytes) -> int:
    """Return the sum of a part of a room's snapshot."""
    return crc32(body, crc32(f"{number} {part} {seq} {version.hex()}".encode()))


def of_room_head(number: int, head: int, last_at_ms: int, public: bool) -> int:
    """Return the sum of a catalogue row."""
    return crc32(f"{number} {head} {last_at_ms} {int(public)}".encode())


def of_secret(body: bytes) -> int:
    """Return the sum of the secret."""
    return crc32(body)


def of_cursor(reader: str, position: int) -> int:
    """Return the sum of a reader's cursor."""
    return crc32(f"{reader} {position}".encode())


def of_projected(number: int, reader: str, item: str, part: str, value: int) -> int:
    """Return the sum of a row of a reader's projection, of a room's number."""
    return crc32(f"{number} {reader} {item} {part} {value}".encode())
