from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from audio import picture

SVG = "{http://www.w3.org/2000/svg}"


def test_a_picture_is_well_formed_with_a_bar_a_peak() -> None:
    tree = ET.fromstring(picture.svg([0, 50, 100] + [10] * 61))
    bars = tree.findall(f"{SVG}rect")

    assert tree.tag == f"{SVG}svg"
    assert [float(bar.attrib["height"]) for bar in bars[:3]] == [3, 32, 64]
    assert len(bars) == 64


def test_a_picture_runs_nothing_and_loads_nothing() -> None:
    text = picture.svg([50] * 64)

    assert not re.search(r"<script|\son\w+=|href|url\(|@import|<foreignObject", text, re.IGNORECASE)
    assert text.count("http") == 1  # the namespace


def test_a_picture_is_small_and_suits_the_dark() -> None:
    text = picture.svg([50] * 64)

    assert len(text) < 5_000
    assert "prefers-color-scheme:dark" in text


@pytest.mark.parametrize("peaks", [[], [-5], [1_000], [0] * 64])
def test_odd_peaks_still_give_a_picture(peaks: list[int]) -> None:
    for bar in ET.fromstring(picture.svg(peaks)).findall(f"{SVG}rect"):
        assert 3 <= float(bar.attrib["height"]) <= 64
