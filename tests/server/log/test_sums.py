"""A sum tells every flipped bit and every wrong place."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from server.log import sums


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=300), st.data())
def test_every_flipped_bit_changes_the_sum(body: bytes, data: st.DataObject) -> None:
    bit = data.draw(st.integers(0, len(body) * 8 - 1))
    flipped = bytearray(body)
    flipped[bit // 8] ^= 1 << bit % 8
    assert sums.of_event(1, 2, "k", body) != sums.of_event(1, 2, "k", bytes(flipped))
    assert sums.of_blob("b", 1, body) != sums.of_blob("b", 1, bytes(flipped))
    assert sums.of_secret(body) != sums.of_secret(bytes(flipped))


def test_the_place_is_in_the_sum() -> None:
    same = sums.of_event(1, 2, "k", b"body")
    assert len(same) == 4
    assert same != sums.of_event(2, 2, "k", b"body")
    assert same != sums.of_event(1, 3, "k", b"body")
    assert same != sums.of_event(1, 2, None, b"body")
    assert sums.of_room_head(1, 2, 3, True) != sums.of_room_head(1, 2, 3, False)


def test_rooms_are_found_by_a_hash_of_fixed_length() -> None:
    assert sums.name("wonder") == sums.name("wonder") != sums.name("wander")
    assert len(sums.name("w" * 64)) == sums.NAME_BYTES
