"""Cells and their neighbours, held against a library that does nothing else."""

from __future__ import annotations

import pygeohash
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.room.ids import slug
from server.room.place import is_cell, neighbours, room_id

CELLS = st.builds(
    pygeohash.encode,
    st.floats(-80, 80),
    st.floats(-179.9, 179.9),
    precision=st.integers(3, 5),
)


@given(CELLS)
def test_neighbours_are_those_of_the_library(cell: str) -> None:
    north, east = pygeohash.get_adjacent(cell, "top"), pygeohash.get_adjacent(cell, "right")
    south, west = pygeohash.get_adjacent(cell, "bottom"), pygeohash.get_adjacent(cell, "left")
    north_east, south_east = (pygeohash.get_adjacent(side, "right") for side in (north, south))
    south_west, north_west = (pygeohash.get_adjacent(side, "left") for side in (south, north))
    assert neighbours(cell) == (north, north_east, east, south_east, south, south_west, west, north_west)


@given(CELLS)
def test_to_be_neighbours_is_mutual(cell: str) -> None:
    around = neighbours(cell)
    assert len(set(around)) == len(around) == 8
    assert cell not in around
    assert all(cell in neighbours(other) for other in around)


def test_the_world_is_round_but_ends_at_the_poles() -> None:
    assert "bpb" in neighbours("zzz")
    pole = neighbours(pygeohash.encode(89.9, 10.0, precision=3))
    assert len(pole) == 5
    date_line = pygeohash.encode(10.0, 179.9, precision=4)
    assert pygeohash.encode(10.0, -179.9, precision=4) in neighbours(date_line)


@pytest.mark.parametrize("text", ["", "u3", "u33dbc", "U33D", "u3a", "u3i", "u33d ", "u33\n", "üüü"])
def test_what_is_finer_or_no_cell_is_refused(text: str) -> None:
    assert not is_cell(text)


def test_no_name_makes_the_id_of_a_cells_room() -> None:
    assert slug(room_id("u33d")) != room_id("u33d")
