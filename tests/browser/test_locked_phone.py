"""Ten games from a locked phone with headphones: nobody looks, one key is pressed, and all is heard.

`make soak TESTS="-v -s tests/browser/test_locked_phone.py"` plays one after the other, each in a room of
its own, and prints what was heard.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from urllib.error import HTTPError

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from playwright.async_api import Browser, Page, expect

from games.pace import SPOKEN
from server.app import Running
from server.room.lines import NEVER_MS, RESULT_WITHIN_MS, VERDICT_WITHIN_MS
from tests.browser.test_spoken import KEY, LOCK, NOTE, alike, decoded
from tests.support import spoken
from tests.support.browsers import ALIKE, heard
from tests.support.listening import listening
from tests.support.programs import need_program
from tests.support.speech import RATE_HZ, Pcm, say
from tests.support.visitor import PHONE, Invite, events, make_room, upload
from tests.support.ws_client import Client, joined, new_key

GAMES = (
    *("wrong_names", "fortunately", "questions_only", "new_choice", "just_ten_seconds"),
    *("same_line", "two_second_sound", "world_worst", "word_association", "first_thing"),
)
TRIES = 3
ROUND_WITHIN_S = 180.0  # after one that the room began
ENDING_S = 3.0
PING_EVERY_S = 2.0
SLACK_MS = 100  # a busy page is late with a tone
# The other one answers so long after "go".
ANSWER_AFTER_S = 0.6
LINE = "fortunately my left shoe was full of bananas"
# Remembers when the page itself gives a tone.
TONES = """window.__tones = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) {
  window.__tones.push(Date.now());
  return start.apply(this, when);
};"""
# Remembers when words were cut.
CUTS = """() => {
  const { session } = document.querySelector('prompt-card');
  const cut = session.onAir.cut.bind(session.onAir);
  session.onAir.cut = (told) => {
    const last = window.__cues.at(-1);
    if (last) last.cut_at_ms ??= Math.round(session.clock.server_ms);
    return cut(told);
  };
}"""
# Presses the one key when a sentence has been said: the microphone says one in every 5 s.
THUMB = """() => {
  let since = 0;
  window.__pressed = 0;
  setInterval(() => {
    const isLive = document.body.dataset.speaking === 'live';
    since = isLive ? since || performance.now() : 0;
    if (!isLive || performance.now() - since < 3000) return;
    window.__pressed += 1;
    since = 0;
    window.__keys.pause();
  }, 50);
}"""


class Heard(NamedTuple):
    """What there was to know of a round, and what was heard of it in time."""

    game: str
    takes: int  # of who plays by ear
    opening: float  # how alike its words are to what came out of the headphones
    own_turns: int
    own_told: int
    verdicts: int
    verdicts_told: int
    is_result_told: bool
    late: int  # words that went on into a window

    @property
    def is_whole(self) -> bool:
        """Tell whether it was played, and could be."""
        is_told = self.opening > ALIKE and self.own_told == self.own_turns and self.is_result_told
        return self.takes > 0 and is_told and not self.late


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """Run a server that reads English and speaks, and draws no masks: lines are to be read."""
    need_program("espeak-ng")
    folder = tmp_path_factory.mktemp("data")
    async with listening(spoken.tiny_en(), folder, speech="espeak", limits="off") as running:
        yield running


@pytest.mark.soak
@pytest.mark.timeout(TRIES * (ROUND_WITHIN_S + ENDING_S) + 60)
@pytest.mark.parametrize("game", GAMES)
async def test_a_game_is_played_by_ear_and_one_key(
    server: Running, chromium: Browser, invite: Invite, game: str
) -> None:
    room = await asyncio.to_thread(make_room, server.url, kind="humour")
    phone = await invite(chromium, **PHONE)
    for script in (KEY, TONES):
        await phone.page.add_init_script(script)
    await phone.enter(server.url, room)
    await phone.listens("radio")
    await phone.page.locator("#play").click()
    await expect(phone.page.locator("body")).to_have_attribute("data-speaking", re.compile("ready|live"))
    for script in (NOTE, CUTS, LOCK, THUMB):
        await phone.page.evaluate(script)
    me = await phone.page.evaluate("document.querySelector('prompt-card').session.model.me.id")

    async with ClientSession() as session, other(session, server, room) as client:
        found = await Table(server, room, client, phone.page, me).played(game)

    assert found.is_whole, found


@contextlib.asynccontextmanager
async def other(session: ClientSession, server: Running, room: str) -> AsyncIterator[Client]:
    """Bring another player into a room, who chooses the games and answers in each turn of theirs."""
    key = new_key()
    async with joined(session, f"{server.url}/api/rooms/{room}/ws", key=key) as client:
        await client.send("here", speaker=True)
        tasks = [asyncio.create_task(answers(server, room, client, key)), asyncio.create_task(pings(client))]
        try:
            yield client
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def pings(client: Client) -> None:
    """Have something to read again and again: a client that waits for long gives its socket up."""
    while True:
        await client.send("ping", t=1)
        await asyncio.sleep(PING_EVERY_S)


async def answers(server: Running, room: str, client: Client, key: str) -> None:
    """Answer in each turn of one's own, soon after "go", unless its round is replaced before that."""
    me, answering = client.welcome["you"]["id"], asyncio.create_task(asyncio.sleep(0))
    try:
        while True:
            message = await client.next()
            if message["type"] != "event" or message["kind"] not in ("turn.given", "round.closed"):
                continue
            answering.cancel()
            if message["kind"] == "turn.given" and is_turn_of(me, message["data"]):
                answering = asyncio.create_task(answer(server, room, key, message["data"]["go_at_ms"]))
    finally:
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)


def is_turn_of(me: str, turn: dict[str, Any]) -> bool:
    """Tell whether a voice is to speak in a turn."""
    is_mine = turn.get("voice") in (None, me) and turn.get("besides") != me
    is_mine &= not turn.get("voices") or me in turn["voices"]
    return is_mine and turn.get("act", "speak") in SPOKEN


async def answer(server: Running, room: str, key: str, go_at_ms: int) -> None:
    """Say a line soon after "go"."""
    await asyncio.sleep(max(0.0, go_at_ms / 1000 - time.time()) + ANSWER_AFTER_S)
    with contextlib.suppress(HTTPError):  # the turn was over
        await asyncio.to_thread(upload, server.url, room, key, say(LINE))


class Table:
    """Two who play, one of them by ear."""

    def __init__(self, server: Running, room: str, client: Client, page: Page, me: str) -> None:
        self.server, self.room, self.client, self.page, self.me = server, room, client, page, me

    async def played(self, game: str) -> Heard:
        """Play a game, again where a busy machine had no time for its words; return what was heard."""
        for _ in range(TRIES):
            before = len(await heard(self.page))
            facts = await self._over(game)
            await asyncio.sleep(ENDING_S)  # its end is said now
            cues = await self.page.evaluate("window.__cues")
            tones = await self.page.evaluate("window.__tones")
            sound = (await heard(self.page))[max(0, before - RATE_HZ) :]
            found = of_round(game, self.me, facts, cues, tones, sound)
            print(found, flush=True)
            if found.is_whole:
                break
        return found

    async def _over(self, game: str) -> list[dict[str, Any]]:
        """Begin a game, and return all that happened in its round when that has ended.

        A round that the room began by itself is over before: a take of it would cut the opening of this one.
        """
        before = await self._rounds(game)
        async with asyncio.timeout(ROUND_WITHIN_S):
            while (begun := await self._rounds(game)) == before:
                if not await self._is_playing():
                    await self.client.send("round.start", game=game, tempo="snap")
                await asyncio.sleep(1)
            while True:
                told = await asyncio.to_thread(events, self.server.url, self.room)
                facts = [event for event in told if event["data"].get("round") == begun[-1]]
                if any(fact["kind"] == "round.closed" for fact in facts):
                    return facts
                await asyncio.sleep(0.3)

    async def _is_playing(self) -> bool:
        told = await asyncio.to_thread(events, self.server.url, self.room)
        changes = [event["kind"] for event in told if event["kind"] in ("round.opened", "round.closed")]
        return changes[-1:] == ["round.opened"]

    async def _rounds(self, game: str) -> list[str]:
        told = await asyncio.to_thread(events, self.server.url, self.room)
        opened = [event["data"] for event in told if event["kind"] == "round.opened"]
        return [fact["round"] for fact in opened if fact["game"] == game]


def ended_at_ms(cue: dict[str, Any]) -> int:
    """Return when words were over, or were cut because a busy machine began them late."""
    return min(int(cue["starts_at_ms"] + cue["duration_ms"]), int(cue.get("cut_at_ms", NEVER_MS)))


def of_round(
    game: str,
    me: str,
    facts: list[dict[str, Any]],
    cues: list[dict[str, Any]],
    tones: list[int],
    sound: Pcm,
) -> Heard:
    """Compare what happened in a round with what the radio said, and what the headphones gave."""
    words = [cue for cue in cues if cue["kind"] == "speech"]
    turns = [(fact["at_ms"], fact["data"]) for fact in facts if fact["kind"] == "turn.given"]
    turns = [(at_ms, turn) for at_ms, turn in turns if turn.get("act", "speak") in SPOKEN]
    own = [(at_ms, turn["go_at_ms"]) for at_ms, turn in turns if turn.get("voice") == me]
    signs = [*tones, *(cue["starts_at_ms"] for cue in cues if cue["kind"] != "clip")]
    verdicts = [fact["at_ms"] for fact in facts if fact["kind"] == "verdict.given"]
    closed_ms = next(fact["at_ms"] for fact in facts if fact["kind"] == "round.closed")
    first_ms, go_at_ms = turns[0][0], turns[0][1]["go_at_ms"]
    opening = [cue for cue in words if first_ms <= cue["starts_at_ms"] < go_at_ms and cue.get("ogg")]
    return Heard(
        game,
        sum(fact["kind"] == "clip.landed" and fact["by"]["id"] == me for fact in facts),
        max((alike(decoded(cue["ogg"]), sound) for cue in opening), default=0.0),
        len(own),
        sum(any(at_ms <= sign <= go_ms + SLACK_MS for sign in signs) for at_ms, go_ms in own),
        len(verdicts),
        sum(any(0 <= cue["starts_at_ms"] - at_ms < VERDICT_WITHIN_MS for cue in words) for at_ms in verdicts),
        any(0 <= cue["starts_at_ms"] - closed_ms < RESULT_WITHIN_MS for cue in cues),
        sum(
            cue["starts_at_ms"] < turn["go_at_ms"] < ended_at_ms(cue) for cue in opening for _, turn in turns
        ),
    )
