from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.http.languages import LANGUAGES, language


@pytest.mark.parametrize(
    ("accept", "best"),
    [
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("fr, de;q=0.5, en;q=0.4", "de"),
        ("en;q=0.8, de;q=0.9", "de"),
        ("de;q=0", "en"),
        ("de;q=nonsense", "en"),
        ("de; q=0.3, en; q=0.2", "de"),
        ("*", "en"),
        ("german", "en"),
        ("de;q=nan, en;q=0.1", "en"),
    ],
)
def test_the_best_of_ours_is_taken(accept: str, best: str) -> None:
    assert language(accept) == best


@given(st.text())
def test_nonsense_gets_one_of_ours(accept: str) -> None:
    assert language(accept) in LANGUAGES
