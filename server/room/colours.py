"""How different colours look, and which one a voice has among others."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from math import atan2, cos, degrees, exp, hypot, radians, sin, sqrt

from server.room.ids import COLOURS

# Two colours that differ by this much are told apart at a glance, also as dots of 11 px; 2 is what one
# notices with both side by side. The colours of voices have room for six so far apart, for nine at 17.
APART = 19.0

Lab = tuple[float, float, float]


def apart(own: str, taken: Collection[str]) -> str:
    """Return a voice's own colour where it is far from all taken ones, else the one farthest from them."""
    if all(difference(own, other) >= APART for other in taken):
        return own
    return max(COLOURS, key=lambda colour: min(difference(colour, other) for other in taken))


@lru_cache(maxsize=1_024)
def difference(one: str, other: str) -> float:
    """Return how different two colours (`#rrggbb`) look, by CIEDE2000."""
    return lab_difference(_lab(one), _lab(other))


def lab_difference(one: Lab, other: Lab) -> float:
    """Return the difference of two colours of CIE L*a*b*, by CIEDE2000 (ISO/CIE 11664-6)."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    grey = 0.5 * (1 - _chroma_weight((hypot(a1, b1) + hypot(a2, b2)) / 2))
    a1, a2 = a1 * (1 + grey), a2 * (1 + grey)
    c1, c2 = hypot(a1, b1), hypot(a2, b2)
    h1, h2 = degrees(atan2(b1, a1)) % 360, degrees(atan2(b2, a2)) % 360
    turn, hue = _hues(h1, h2, grey=c1 * c2 == 0)
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    dl = (l2 - l1) / (1 + 0.015 * (lightness - 50) ** 2 / sqrt(20 + (lightness - 50) ** 2))
    dc = (c2 - c1) / (1 + 0.045 * chroma)
    dh = 2 * sqrt(c1 * c2) * sin(radians(turn) / 2) / (1 + 0.015 * chroma * _hue_weight(hue))
    rotation = sin(radians(60 * exp(-(((hue - 275) / 25) ** 2)))) * -2 * _chroma_weight(chroma)
    return sqrt(dl**2 + dc**2 + dh**2 + rotation * dc * dh)


def _hues(h1: float, h2: float, *, grey: bool) -> tuple[float, float]:
    """Return the signed angle between two hues in degrees, and the hue in the middle."""
    if grey:  # what has no hue takes the other's
        return 0.0, h1 + h2
    turn = (h2 - h1 + 180) % 360 - 180
    return turn, (h1 + turn / 2) % 360


def _chroma_weight(chroma: float) -> float:
    return sqrt(chroma**7 / (chroma**7 + 25.0**7))


def _hue_weight(hue: float) -> float:
    waves = ((1, -30, -0.17), (2, 0, 0.24), (3, 6, 0.32), (4, -63, -0.20))
    return 1 + sum(weight * cos(radians(times * hue + shift)) for times, shift, weight in waves)


def _lab(colour: str) -> Lab:
    """Return a colour of sRGB in CIE L*a*b* (D65)."""
    r, g, b = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    x = _root((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047)
    y = _root(0.2126 * r + 0.7152 * g + 0.0722 * b)
    z = _root((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _root(part: float) -> float:
    return float(part ** (1 / 3)) if part > 0.008856 else 7.787 * part + 16 / 116
