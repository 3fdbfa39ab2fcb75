"""How the bot bears what Telegram does to it."""

from __future__ import annotations

import logging

import pytest

from server.telegram.api import LONGEST_FLOOD_S, Api, Away, ChatGone, Flooded
from tests.support.bot_api import NAME, TOKEN, BotApi, Fault, Person, flood, no_chat


async def test_it_asks_and_sends(telegram: BotApi) -> None:
    zoe = Person(telegram, 1)
    api = Api(TOKEN, telegram.url)
    assert await api.name() == NAME
    await api.say(1, "hello", [[("yes", "y"), ("no", "n")]])
    await api.play(1, b"OggS bytes", "a clip")
    assert zoe.heard == ["hello", "a clip"]
    assert telegram.sent[1][1]["voice"] == b"OggS bytes"
    await api.close()
    await api.close()


async def test_a_pause_that_is_too_long_is_not_waited_for(telegram: BotApi) -> None:
    api = Api(TOKEN, telegram.url)
    telegram.faults["sendMessage"] = [flood(LONGEST_FLOOD_S + 1)]
    with pytest.raises(Flooded):
        await api.say(1, "hello")
    await api.close()


async def test_a_chat_that_is_gone_is_told_apart_from_telegram_being_away(telegram: BotApi) -> None:
    api = Api(TOKEN, telegram.url)
    telegram.gone[1] = no_chat
    with pytest.raises(ChatGone):
        await api.say(1, "hello")
    telegram.faults["sendMessage"] = [Fault(400, "Bad Request: message is too long")]
    with pytest.raises(Away):
        await api.say(2, "hello")
    await api.close()


async def test_its_failures_and_logs_do_not_tell_the_token(
    telegram: BotApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "server")
    api = Api(TOKEN, telegram.url)
    telegram.files["lost"] = b""
    missing = [await _why(api, name) for name in ("never", "lost")]
    telegram.is_down = True
    missing.append(await _why(api, "lost"))
    await api.is_busy(1)
    await api.pressed("q")
    for told in [*missing, caplog.text]:
        assert TOKEN.partition(":")[2] not in told
    await api.close()


async def _why(api: Api, file: str) -> str:
    try:
        await api.fetch(file)
    except Away as away:
        return repr(away)
    return ""


async def test_what_is_no_update_is_none(telegram: BotApi) -> None:
    api = Api(TOKEN, telegram.url)
    assert api.read({"update_id": "what"}) is None
    assert api.read([]) is None
    found = api.read(Person(telegram, 1).write("hi"))
    assert found is not None
    assert found.message is not None
    assert found.message.text == "hi"
    await api.close()
