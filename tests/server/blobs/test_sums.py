"""Sums tell a blob from every other, and each part of it by itself."""

from __future__ import annotations

from server.blobs.sums import LETTERS, PART_BYTES, parts_of, piece, sums

BODY = bytes(range(256)) * 600  # 2.3 parts


def test_parts_have_sums_of_their_own() -> None:
    whole = sums("r", "b", BODY)
    assert len(whole) == 3 * LETTERS == parts_of(len(BODY)) * LETTERS
    assert sums("r", "b", BODY[PART_BYTES:], 1) == piece(whole, 1, 2)
    assert sums("r", "b", BODY[PART_BYTES : 2 * PART_BYTES], 1) == piece(whole, 1, 1)


def test_an_empty_body_has_a_sum() -> None:
    assert len(sums("r", "b", b"")) == LETTERS
    assert parts_of(0) == 1
    assert (parts_of(PART_BYTES), parts_of(PART_BYTES + 1)) == (1, 2)


def test_another_room_id_place_or_byte_has_another_sum() -> None:
    part = BODY[:PART_BYTES]
    others = [("s", "b", part, 0), ("r", "c", part, 0), ("r", "b", part, 1), ("r", "b", part[:-1] + b"?", 0)]
    assert len({sums("r", "b", part), *(sums(*other) for other in others)}) == 5
