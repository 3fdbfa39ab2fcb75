"""Who only listens and a screen that all look at: they see and hear everything, and change nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from playwright.async_api import Browser, CDPSession, expect

from server import app
from server.app import Running
from server.clock import Clock
from server.config import Config
from tests.support.server import Server
from tests.support.visitor import Invite, make_room
from tests.support.ws_client import joined

# Puts a notice away that goes away by itself, and tells what it said.
READ = """() => {
  const notice = document.querySelector('.notice[data-notice=not_a_player]');
  notice?.querySelector('.icon-button').click();
  return notice?.textContent;
}"""
IS_ONE_HERE = "(place) => document.querySelector(place)?.session?.model.presence.voices.size === 1"
# A screen is told of so many rounds, each with this many takes; what it holds on to is full after the first.
WARM_ROUNDS, ROUNDS, TAKES = 100, 300, 4
# It holds no more than so many nodes and bytes more after all of them.
MORE_NODES, MORE_BYTES = 50, 1_500_000
# Rounds as the room would tell of them, one after the other, each drawn before the next. At last one stands
# open, for the card of an end goes away by itself.
EVENING = """async ([from, until, takes]) => {
  const { session } = document.querySelector('screen-stage');
  const name = (n) => ({ id: `v${n}`, name: `Voice ${n}`, colour: '#e58bb5' });
  const voices = Array.from({ length: takes }, (_, n) => name(n));
  const now_ms = () => Math.round(session.clock.server_ms);
  const tell = (kind, data, by = null) => {
    const seq = session.model.state.head + 1;
    session.inbox.events([{ type: 'event', seq, prev: seq - 1, at_ms: now_ms(), by, kind, data }]);
  };
  const peaks = Array(64).fill(50);
  const sound = { turn: 1, duration_ms: 900, onset_ms: 100, gap_ms: 0, peaks, reaction_ms: null };
  for (let n = from; n < until; n += 1) {
    const round = `r${n}`;
    const text = `Prompt ${n}`;
    const clips = voices.map(({ id }) => `${round}-${id}`);
    const at_ms = now_ms();
    const open = { go_at_ms: at_ms, closes_at_ms: at_ms + 5000, voice: null };
    const prompt = { id: `p${n}`, text };
    tell('round.opened', { round, game: 'first_thing', tempo: 'snap', prompt }, voices[0]);
    tell('turn.given', { round, turn: 1, prompt: text, ...open });
    voices.forEach((by, k) => tell('clip.landed', { clip: clips[k], round, ...sound, hidden: false }, by));
    clips.forEach((clip) => tell('clip.captioned', { clip, text: `words of ${clip}`, language: 'en' }));
    session.inbox.signal('cue', { clip: clips[0], starts_at_ms: at_ms, duration_ms: 900 });
    clips.forEach((clip, k) => tell('vote.cast', { round, clip, value: 1, voice: `v${(k + 1) % takes}` }));
    tell('round.closed', { round, reason: 'done', takes: clips, ending: 'votes', winners: [clips[0]] });
    await new Promise(requestAnimationFrame);
  }
  const last = { round: `open${until}`, prompt: { id: 'p', text: 'The last' } };
  tell('round.opened', { game: 'first_thing', tempo: 'snap', ...last }, voices[0]);
  const open = { turn: 1, prompt: 'The last', voice: null, go_at_ms: now_ms(), closes_at_ms: now_ms() + 1e6 };
  tell('turn.given', { round: last.round, ...open });
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def standing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    """Run a server, in this process, whose clock stands still: no round in it ends by itself."""
    monkeypatch.setattr(app, "Clock", lambda newest_ms: Clock(newest_ms, passing=lambda: 0))
    async with await app.start(
        Config(port=0, udp_port=0, data=tmp_path, limits="off", speech="off", host_engine="off")
    ) as server:
        yield server


async def test_whoever_only_listens_can_neither_end_nor_replace_the_round_of_two(
    standing: Running, listening_chromium: Browser, invite: Invite
) -> None:
    visitor = await invite(listening_chromium, ears=False)
    async with ClientSession() as session:
        room = await opened(session, standing.url)
        url = f"{standing.url}/api/rooms/{room}/ws"
        async with joined(session, url) as one, joined(session, url) as other:
            for player in (other, one):
                await player.ask("here", speaker=True)
            await one.ask("round.start", game="first_thing")
            before = await told(session, standing.url, room)

            await visitor.enter(standing.url, room)
            laugh = visitor.page.locator("#throw")
            await expect(laugh).to_have_attribute("data-does", "laugh")
            await laugh.evaluate("(button) => button.click()")  # there is nothing to be laughed at
            for wish in ("#round-stop", "#round-again", "[data-game]:not([aria-disabled=true])"):
                await visitor.page.locator("#games").click()
                await visitor.page.locator(wish).first.click()
                said = await (await visitor.page.wait_for_function(READ)).json_value()
                assert "Only those who play" in said

            assert await told(session, standing.url, room) == before, "it stands, and nobody was asked"


async def opened(session: ClientSession, url: str) -> str:
    """Open a room and return its id."""
    body, headers = {"kind": "wonder", "name": "Two"}, {"Authorization": "Bearer " + "t" * 43}
    async with session.post(f"{url}/api/rooms", json=body, headers=headers) as answer:
        return str((await answer.json())["id"])


async def told(session: ClientSession, url: str, room: str) -> list[tuple[int, str]]:
    """Return which rounds began and ended in a room, and what was proposed."""
    async with session.get(f"{url}/api/rooms/{room}/events") as answer:
        found: list[dict[str, Any]] = (await answer.json())["events"]
    kinds = ("round.opened", "round.closed", "proposal.made", "topic.thrown")
    return [(event["seq"], event["kind"]) for event in found if event["kind"] in kinds]


async def test_a_screen_is_not_somebody_who_is_here(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    room = make_room(shared_server.url)
    screen = await invite(listening_chromium, ears=False)
    await screen.page.goto(f"{shared_server.url}/r/{room}/screen")
    await screen.page.locator("#sound-on").click()
    visitor = await invite(listening_chromium, ears=False)
    await visitor.enter(shared_server.url, room)
    # It is in the room, and sees who is; what was told before one's own line has come with it.
    await screen.page.wait_for_function(IS_ONE_HERE, arg="screen-stage")
    await visitor.say("hello")
    await expect(visitor.page.locator(".line[data-state=said]")).to_have_count(1)
    assert await visitor.page.evaluate(IS_ONE_HERE, "prompt-card")


async def test_a_screen_that_stands_for_an_evening_holds_no_more_than_at_its_beginning(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    room = make_room(shared_server.url)
    screen = await invite(listening_chromium, ears=False)
    await screen.page.goto(f"{shared_server.url}/r/{room}/screen")
    await screen.page.wait_for_function("() => document.querySelector('screen-stage')?.session?.model.room")
    devtools = await screen.page.context.new_cdp_session(screen.page)
    await screen.page.evaluate(EVENING, [0, WARM_ROUNDS, TAKES])
    nodes, size = await held(devtools)
    await screen.page.evaluate(EVENING, [WARM_ROUNDS, ROUNDS, TAKES])
    nodes_after, size_after = await held(devtools)

    assert nodes_after - nodes < MORE_NODES
    assert size_after - size < MORE_BYTES


async def held(devtools: CDPSession) -> tuple[int, int]:
    """Return how many nodes and bytes of a page are left when all that nobody needs is gone."""
    await devtools.send("HeapProfiler.collectGarbage")
    counters = await devtools.send("Memory.getDOMCounters")
    usage = await devtools.send("Runtime.getHeapUsage")
    return int(counters["nodes"]), int(usage["usedSize"])
