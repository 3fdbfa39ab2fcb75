"""The picture for link previews, as another decoder sees it."""

from __future__ import annotations

import io

import av
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from server.web.waveform_image import HEIGHT, WIDTH, png


def decoded(body: bytes) -> np.ndarray:
    with av.open(io.BytesIO(body), mode="r", format="png_pipe") as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


def test_loud_parts_stand_taller_than_quiet_ones() -> None:
    body = png((10, 100))
    assert len(body) < 20_000
    picture = decoded(body)
    assert picture.shape == (HEIGHT, WIDTH, 3)
    gold = (picture == (0xFF, 0xD4, 0x79)).all(axis=2).sum(axis=0)
    quiet, loud = gold[: WIDTH // 2].max(), gold[WIDTH // 2 :].max()
    assert 0 < quiet * 5 < loud < HEIGHT


@given(st.lists(st.integers(0, 100), max_size=64))
def test_any_peaks_make_a_picture(peaks: list[int]) -> None:
    assert png(tuple(peaks)).startswith(b"\x89PNG")
