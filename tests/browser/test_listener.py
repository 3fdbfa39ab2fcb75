"""Who only listens and a screen that all look at: they see and hear everything, and change nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from playwright.async_api import Browser, CDPSession, expect

from tests.support.server import Server
from tests.support.visitor import Invite, events, make_room

# Whoever plays along speaks in the first round, or in the next one if the microphone paused.
PREVIEWED_WITHIN_MS = 60_000
# A screen is told of so many rounds, each with this many takes; what it holds on to is full after the first.
WARM_ROUNDS, ROUNDS, TAKES = 100, 300, 4
# It holds no more than so many nodes and bytes more after all of them.
MORE_NODES, MORE_BYTES = 50, 1_500_000
# Rounds as the room would tell of them, one after the other, each drawn before the next.
EVENING = """async ([from, until, takes]) => {
  const { session } = document.querySelector('screen-stage');
  const name = (n) => ({ id: `v${n}`, name: `Voice ${n}`, colour: '#e58bb5' });
  const voices = Array.from({ length: takes }, (_, n) => name(n));
  const at_ms = Math.round(session.clock.server_ms);
  const tell = (kind, data, by = null) => {
    const seq = session.model.state.head + 1;
    session.inbox.events([{ type: 'event', seq, prev: seq - 1, at_ms, by, kind, data }]);
  };
  const peaks = Array(64).fill(50);
  const sound = { turn: 1, duration_ms: 900, onset_ms: 100, gap_ms: 0, peaks, reaction_ms: null };
  for (let n = from; n < until; n += 1) {
    const round = `r${n}`;
    const text = `Prompt ${n}`;
    const clips = voices.map(({ id }) => `${round}-${id}`);
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
}"""


async def test_whoever_only_listens_can_neither_end_nor_replace_the_round_of_two(
    shared_server: Server, chromium: Browser, listening_chromium: Browser, invite: Invite
) -> None:
    # A take waits for its speaker there, and the round for both.
    room = make_room(shared_server.url, kind="healing", tempo="snap")
    players = [await invite(chromium, ears=False) for _ in range(2)]
    listener = await invite(listening_chromium, ears=False)
    for visitor in (*players, listener):
        await visitor.enter(shared_server.url, room)
    for player in players:
        await player.page.locator("#play").click()
    await expect(players[0].page.locator("#preview")).to_be_visible(timeout=PREVIEWED_WITHIN_MS)
    before = await told(shared_server, room)

    laugh = listener.page.locator("#throw")
    await expect(laugh).to_have_attribute("data-does", "laugh")
    await laugh.evaluate("(button) => button.click()")  # where something is to be laughed at just now
    for wish in ("#round-stop", "#round-again", "[data-game]:not([aria-disabled=true])"):
        await listener.page.locator("#games").click()
        await listener.page.locator(wish).first.click()
        refused = listener.page.locator('.notice[data-notice="not_a_player"]')
        await expect(refused).to_contain_text("Only those who play")
        await refused.locator(".icon-button").click()

    assert await told(shared_server, room) == before, "the round stands, and nobody was asked to give it up"
    await expect(players[0].page.locator("#preview")).to_be_visible()


async def told(server: Server, room: str) -> list[Any]:
    """Return which rounds began and ended in a room, and what was proposed."""
    found = await asyncio.to_thread(events, server.url, room)
    kinds = ("round.opened", "round.closed", "proposal.made", "topic.thrown")
    return [event["seq"] for event in found if event["kind"] in kinds]


async def test_a_screen_is_not_somebody_who_is_here(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    room = make_room(shared_server.url)
    screen = await invite(listening_chromium, ears=False)
    await screen.page.goto(f"{shared_server.url}/r/{room}/screen")
    await screen.page.locator("#sound-on").click()
    visitor = await invite(listening_chromium, ears=False)
    await visitor.enter(shared_server.url, room)
    await visitor.say("hello")
    here = "[...document.querySelector('prompt-card').session.model.presence.voices.keys()].length"
    await visitor.page.wait_for_function(f"() => {here} === 1")
    assert (
        await screen.page.evaluate(
            "document.querySelector('screen-stage').session.model.presence.voices.size"
        )
        == 1
    ), "and it sees who is"


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
