"""The example bots, run as their documents say, against a real server: they write, play, and are marked."""

from __future__ import annotations

import asyncio
import shutil
import sys
from typing import Any

import pytest

from server.socket.endpoint import SOCKETS
from tests.support.actors import now_ms
from tests.support.shape import ROOT
from tests.support.web_app import running_site
from tests.support.ws_client import Client, joined

EXAMPLES = {
    "python": (sys.executable, "examples/bot.py"),
    "node": (shutil.which("node") or "node", "--experimental-websocket", "--no-warnings", "examples/bot.js"),
}
KEY = "b" * 32
# A program starts in a second, beside browsers on a small machine in many.
START_LIMIT_S = 40.0


@pytest.mark.parametrize("language", EXAMPLES)
async def test_a_bot_answers_a_line_and_plays_word_association(language: str) -> None:
    async with running_site() as site, joined(site.session, f"{site.url}/api/rooms/wonder/ws") as person:
        await person.said("/joke, but nobody was here yet")
        bot = await asyncio.create_subprocess_exec(*EXAMPLES[language], f"{site.url}/r/wonder", KEY, cwd=ROOT)
        try:
            async with asyncio.timeout(START_LIMIT_S):
                while len(site.app[SOCKETS]) < 2:
                    await asyncio.sleep(0.02)
            voice = await _marked(person)
            await person.said("/coin please")
            said = await _by(person, voice, "text.said")
            assert said["data"]["text"] in ("heads", "tails"), "and no joke for what came before"
            assert said["by"] == voice
            await _play(person, voice)
        finally:
            bot.kill()
            await bot.wait()


async def _marked(person: Client) -> dict[str, Any]:
    """Wait until somebody is here who says that it is a machine."""
    while True:
        for one in (await person.signal("presence"))["voices"]:
            if one.get("machine"):
                return dict(one)


async def _by(person: Client, voice: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the next event of a kind by a voice."""
    return await person.until(
        lambda m: m["type"] == "event" and m["kind"] == kind and m["by"]["id"] == voice["id"]
    )


async def _turn(person: Client) -> dict[str, Any]:
    """Return the next turn of the game: the room may have thrown a topic of its own before."""
    while (turn := (await person.event("turn.given"))["data"])["voice"] is None:
        pass
    return dict(turn)


async def _play(person: Client, voice: dict[str, Any]) -> None:
    """Begin a round, take the own turn, and see the bot take its own."""
    me = person.welcome["you"]["id"]
    await person.ask("here", speaker=True)
    assert (await person.ask("round.start", game="word_association", tempo="slow"))["type"] == "ack"
    while (turn := (await _turn(person)))["voice"] != voice["id"]:
        assert turn["voice"] == me
        await asyncio.sleep(max(0, turn["go_at_ms"] - now_ms()) / 1000)
        await person.ask("answer", round=turn["round"], text="rain")
    answer = await _by(person, voice, "answer.given")
    assert answer["data"]["text"].isalpha()
    assert answer["by"]["machine"] is True
