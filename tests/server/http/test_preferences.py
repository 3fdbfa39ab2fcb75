from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from server.http.preferences import language_of, themed


@pytest.mark.parametrize(
    ("cookie", "accept", "language"),
    [
        ("", "de-AT,en;q=0.5", "de"),
        ("wonder_language=en", "de", "en"),
        ("wonder_language=xx", "de", "de"),
        ("", "", "en"),
    ],
)
def test_the_language_that_was_chosen_goes_before_the_browsers(
    cookie: str, accept: str, language: str
) -> None:
    headers = {"Cookie": cookie, "Accept-Language": accept}
    assert language_of(make_mocked_request("GET", "/", headers=headers)) == language


@pytest.mark.parametrize(
    ("cookie", "attribute"),
    [("", ""), ("wonder_theme=light", ' data-theme="light"'), ('wonder_theme="><script>', "")],
)
def test_only_a_theme_that_there_is_gets_into_a_page(cookie: str, attribute: str) -> None:
    assert themed(make_mocked_request("GET", "/", headers={"Cookie": cookie})) == attribute
