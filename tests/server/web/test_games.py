"""Games by HTTP, in the language asked for."""

from __future__ import annotations

from games.registry import GAMES
from server.room.kinds import KINDS
from tests.support.web_app import Site


async def test_all_games_are_told_in_the_language_asked_for(site: Site) -> None:
    for lang in ("en", "de"):
        async with site.ask(
            "GET", "/api/games", headers={"Accept-Language": f"{lang}-AT, *;q=0.1"}
        ) as answer:
            assert answer.headers["Content-Language"] == lang
            assert answer.headers["Vary"] == "Accept-Language"
            told = await answer.json()
        games = told["games"]
        assert [game["id"] for game in games] == [game.id for game in GAMES]
        assert [game["name"] for game in games] == [game.names[lang] for game in GAMES]
        assert set(games[0]) == {
            *("id", "name", "kinds", "turns", "tempo", "rules", "short", "players", "seconds", "mood"),
            *("opt_in", "challenged"),
        }
        assert [game["short"] for game in games] == [game.short[lang] for game in GAMES]
        duel = next(game for game in games if game["id"] == "insult_duel")
        assert (duel["players"], duel["mood"]) == ({"least": 2, "most": 2}, "bold")
        assert [game["id"] for game in games if game["opt_in"]] == ["insult_duel"]
        assert [game["id"] for game in games if game["challenged"]] == ["just_ten_seconds"]
        assert [kind["name"] for kind in told["kinds"]] == [kind.names[lang] for kind in KINDS.values()]
        assert [kind["id"] for kind in told["kinds"] if kind["placed"]] == ["local"]
        assert [kind["id"] for kind in told["kinds"] if kind["themed"]] == ["topic"]
