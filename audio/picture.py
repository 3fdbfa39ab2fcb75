"""A clip's picture: its 64 peaks as bars, a small SVG without script that suits dark and light."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

BAR, GAP, HEIGHT = 4, 2, 64  # pixels
LEAST = 3  # a silent bar still shows as a dot

STYLE = "rect{fill:#4a53c9}@media(prefers-color-scheme:dark){rect{fill:#b4bcff}}"


def svg(peaks: Sequence[int], *, colour: str = "", label: str = "the shape of the sound") -> str:
    """Return the picture of `peaks` (0 to 100 each) as an SVG document, in one colour or that of a theme."""
    width = max(1, len(peaks)) * (BAR + GAP) - GAP
    bars = "".join(_bar(index, peak) for index, peak in enumerate(peaks))
    look = f'<g fill="{escape(colour, quote=True)}">{bars}</g>' if colour else f"<style>{STYLE}</style>{bars}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" '
        f'width="{width}" height="{HEIGHT}" role="img" aria-label="{escape(label, quote=True)}">{look}</svg>'
    )


def _bar(index: int, peak: int) -> str:
    height = max(LEAST, round(min(max(int(peak), 0), 100) * HEIGHT / 100))
    x, y = index * (BAR + GAP), (HEIGHT - height) / 2
    return f'<rect x="{x}" y="{y:g}" width="{BAR}" height="{height}" rx="{BAR / 2:g}"/>'
