"""Games by HTTP, in the language asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.registry import GAMES
from server.web.languages import language
from tests.support.web_app import Site


async def test_all_games_are_told_in_the_language_asked_for(site: Site) -> None:
    for lang in ("en", "de"):
        async with site.ask(
            "GET", "/api/games", headers={"Accept-Language": f"{lang}-AT, *;q=0.1"}
        ) as answer:
            assert answer.headers["Content-Language"] == lang
            assert answer.headers["Vary"] == "Accept-Language"
            games = (await answer.json())["games"]
        assert [game["id"] for game in games] == [game.id for game in GAMES]
        assert [game["name"] for game in games] == [game.names[lang] for game in GAMES]
        assert set(games[0]) == {"id", "name", "kinds", "turns", "tempo", "rules"}


@pytest.mark.parametrize(
    ("accept", "best"),
    [
        ("", "en"),
        ("de", "de"),
        ("fr, de;q=0.5, en;q=0.4", "de"),
        ("en;q=0.1, de;q=0.9", "de"),
        ("de;q=0", "en"),
        ("fr", "en"),
        ("DE-at", "de"),
        ("de;q=x", "en"),
        ("de;q=nan, en;q=0.1", "en"),
    ],
)
def test_the_best_of_our_languages_is_taken(accept: str, best: str) -> None:
    assert language(accept) == best


@given(st.text(max_size=100))
def test_any_header_gives_a_language(accept: str) -> None:
    assert language(accept) in ("en", "de")
