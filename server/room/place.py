"""Places as geohash cells, coarse on purpose: a cell's sides are 5 km (5 characters) to 156 km (3). Pure."""

from __future__ import annotations

import re

# District, city, region: anything finer would tell where somebody lives.
FINEST_CHARACTERS, COARSEST_CHARACTERS = 5, 3
BITS = 5
# The letters of a geohash, in the order of their values: no a, i, l, o.
_LETTERS = "0123456789bcdefghjkmnpqrstuvwxyz"
# As a regular expression of any dialect.
CELL = f"[{_LETTERS}]{{{COARSEST_CHARACTERS},{FINEST_CHARACTERS}}}"
_CELL = re.compile(CELL)


def is_cell(text: str) -> bool:
    """Tell whether a text is a cell that is coarse enough."""
    return _CELL.fullmatch(text) is not None


def room_id(cell: str) -> str:
    """Return the id of a cell's room; no room's name makes such an id."""
    return f"local_{cell}"


def neighbours(cell: str) -> tuple[str, ...]:
    """Return the cells around a cell, north first and clockwise; at a pole there are five."""
    x, y, columns, rows = _position(cell)
    around = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
    near = (((x + east) % columns, y + north) for east, north in around)
    return tuple(_cell(east, north, len(cell)) for east, north in near if 0 <= north < rows)


def _position(cell: str) -> tuple[int, int, int, int]:
    """Return column and row of a cell, from the south-west, and how many of them there are."""
    bits = "".join(f"{_LETTERS.index(letter):0{BITS}b}" for letter in cell)
    east, north = bits[::2], bits[1::2]
    return int(east, 2), int(north, 2), 2 ** len(east), 2 ** len(north)


def _cell(x: int, y: int, characters: int) -> str:
    """Return the cell in a column and row: their bits take turns, east first."""
    bits = characters * BITS
    east, north = f"{x:0{(bits + 1) // 2}b}", f"{y:0{bits // 2}b}"
    mixed = "".join(east[i // 2] if i % 2 == 0 else north[i // 2] for i in range(bits))
    return "".join(_LETTERS[int(mixed[i : i + BITS], 2)] for i in range(0, bits, BITS))
