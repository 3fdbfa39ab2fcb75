"""One visitor alone, by socket, with the embedded host: greeted, played with, six games to their end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest

from server.engines.embedded import Embedded
from server.readers.host import Host
from server.room.events import RoomOpened
from tests.support.media import START_MS
from tests.support.web_app import running_site
from tests.support.ws_client import Client, Message, joined

pytestmark = pytest.mark.virtual_time

SIX = {
    "language": ("word_association", "last_word_first", "forbidden_word"),
    "roleplay": ("word_at_a_time", "questions_only", "yes_and"),
}
SECOND_MS = 1_000


class Lonely:
    """A visitor's page, which answers whenever it may; `events` are all that came."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.voice: str = client.welcome["you"]["id"]

    def events(self, kind: str, round_: str = "") -> list[Message]:
        """Return the events of a kind, of one round when asked."""
        found = [event for event in self.client.events() if event["kind"] == kind]
        return [event for event in found if not round_ or event["data"].get("round") == round_]

    async def come(self) -> None:
        await self.client.ask("here", speaker=True, listening="files", consented=True)

    async def play(self, game: str) -> str:
        """Begin a game alone and play it to its end; return its round."""
        while (answer := await self.client.ask("round.start", game=game))["type"] == "refused":
            await self.next()
        opened = self.events("round.opened")[-1]["data"]
        assert (opened["game"], answer["type"]) == (game, "ack")
        while not self.events("round.closed", opened["round"]):
            await self.next()
        return str(opened["round"])

    async def next(self) -> None:
        """Take in the next event, and answer if one may."""
        event = await self.client.event()
        if event["kind"] == "turn.given":
            await self.answer(event["data"])

    async def answer(self, turn: dict[str, Any]) -> None:
        """Answer the turn if it is one's own, a second after "go"."""
        of_others = turn["voice"] not in (None, self.voice) or turn.get("besides") == self.voice
        if of_others or turn["act"] not in ("speak", "guess"):
            return
        wait_ms = turn["go_at_ms"] + SECOND_MS - now_ms()
        await asyncio.sleep(max(0, wait_ms) / 1000)
        await self.client.ask("answer", round=turn["round"], text=f"teapot {turn['turn']}")


def now_ms() -> int:
    """Return the time of the loop that passes at once."""
    return START_MS + round(asyncio.get_running_loop().time() * 1000)


@asynccontextmanager
async def alone_in(kind: str) -> AsyncIterator[Lonely]:
    """Let one visitor into a room of a kind with its character."""
    async with running_site(clock=now_ms, captions=True) as site:
        names = {"r": "name"}
        host = Host(
            Embedded(), Random(3), site.registry.machine, name_of=lambda _, voice: names.get(voice, "")
        )
        site.registry.register(host)
        await site.registry.open(RoomOpened(kind, "Test", public=True), None, id=f"alone-{kind}")
        try:
            async with joined(site.session, f"{site.url}/api/rooms/alone-{kind}/ws") as client:
                yield Lonely(client)
        finally:
            await host.close()


@pytest.mark.parametrize("kind", SIX)
async def test_one_visitor_plays_games_for_several_to_their_end(kind: str) -> None:
    async with alone_in(kind) as visitor:
        await visitor.come()
        for game in SIX[kind]:
            round_ = await visitor.play(game)
            (closed,) = visitor.events("round.closed", round_)
            assert closed["data"]["reason"] == "done"
            answers = visitor.events("answer.given", round_)
            own = [event for event in answers if event["by"]["id"] == visitor.voice]
            hosts = [event for event in answers if event["by"].get("machine")]
            assert own
            assert hosts
            assert len(own) + len(hosts) == len(answers)
            assert all(event["data"]["text"] or event["data"]["hidden"] for event in hosts)


async def test_the_first_minute_of_a_lonely_visitor() -> None:
    async with alone_in("wonder") as visitor:
        await visitor.come()
        began_ms = now_ms()
        while now_ms() < began_ms + 60 * SECOND_MS:
            await visitor.next()
        machine = [event for event in visitor.client.events() if (event.get("by") or {}).get("machine")]
        greeted = next(event for event in machine if event["kind"] == "text.said")
        played = next(event for event in machine if event["kind"] in ("answer.given", "round.opened"))
        assert greeted["at_ms"] - began_ms <= 5 * SECOND_MS
        assert played["at_ms"] - began_ms <= 20 * SECOND_MS
        said = [event["data"]["text"] for event in machine if event["kind"] == "text.said"]
        assert len(set(said)) == len(said)
