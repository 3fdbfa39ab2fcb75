"""The address of the bot's webhook; `tests/server/telegram/test_bot.py` has it with a bot."""

from __future__ import annotations

from typing import Any

from server.web.telegram import SECRET_HEADER, TELEGRAM, UPDATE_BYTES
from tests.support.web_app import Site

PATH, SECRET = "/api/telegram/" + "p" * 43, "s" * 43


class Bot:
    link = "https://t.me/a_bot"

    def __init__(self) -> None:
        self.received: list[Any] = []

    def is_path(self, secret: str) -> bool:
        return secret == "p" * 43

    def is_telegram(self, secret: str) -> bool:
        return secret == SECRET

    async def receive(self, told: Any) -> bool:
        self.received.append(told)
        return True


async def test_only_an_update_with_both_secrets_reaches_the_bot(site: Site) -> None:
    bot = site.app[TELEGRAM].bot = Bot()
    known = {SECRET_HEADER: SECRET}
    asks: tuple[tuple[str, dict[str, Any], tuple[int, str]], ...] = (
        ("/api/telegram/" + "x" * 43, {"json": {}, "headers": known}, (404, "no_such_page")),
        (PATH, {"json": {}}, (401, "bad_key")),
        (PATH, {"data": b"{}", "headers": known}, (415, "wrong_type")),
        (PATH, {"data": b"{", "headers": {**known, "Content-Type": "application/json"}}, (400, "bad_json")),
        (PATH, {"json": {"a": "x" * UPDATE_BYTES}, "headers": known}, (413, "too_big")),
    )
    for path, asked, refused in asks:
        assert await site.problem("POST", path, **asked) == refused
    assert not bot.received
    assert await site.status("POST", PATH, json={"update_id": 1}, headers=known) == 200
    assert bot.received == [{"update_id": 1}]
    assert (await site.json("GET", "/api/rooms"))["telegram"] == bot.link
