"""Three pages play games to the end, by voice and in writing; one of them while the server restarts."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from tests.browser.test_page import violations
from tests.support.server import Server, running_server
from tests.support.visitor import DESK, PHONE, Invite, Visitor, events, make_room

PLAYED_WITHIN_S = 45.0
CHOSEN_AGAIN_S = 2.0
# Who does not play in a round with takes may not choose another, but may join it; returns whether they do.
JOIN = """() => {
  const join = document.querySelector('#join-round:not([hidden])');
  if (!join || !document.querySelector('#games[hidden]')) return false;
  join.click();
  return true;
}"""
# The list of games is opened by a button of the stage; while a round ends, by one of its card.
LIST = "#games:visible, #ending-other:visible"
# What is asked is there for a moment only.
SAY_YES = "document.querySelector('#proposal:not([hidden]) #agree:not([hidden])')?.click()"
# A take in one's own diary, as the page keeps it.
DIARY = """localStorage.setItem("wonder.diary", JSON.stringify([{clip: "c", at_ms: Date.now(),
  game: "first_thing", reaction_ms: 900, duration_ms: 1000, words: 3, laughs: 1}]))"""
LONG_MS = 45_000
# What a page shows of a vote, an end and a wish, told to it as the room would.
ACTS = {"vote": ".takes[data-votes=true] .heart", "end": "#winner", "wish": "#agree"}
ACTED = """(act) => {
  const { session } = document.querySelector('prompt-card');
  const at_ms = Math.round(session.clock.server_ms);
  const by = { id: 'other', name: 'Velvet Teacup', colour: '#e58bb5' };
  const tell = (kind, data) => {
    const seq = session.model.state.head + 1;
    session.inbox.events([{ type: 'event', seq, prev: seq - 1, at_ms, by, kind, data }]);
  };
  const { round } = session.model.state;
  if (act === 'vote') {
    tell('clip.landed', { clip: 'c', round: round.id, turn: 1, duration_ms: 900, peaks: [1] });
    const open = { go_at_ms: at_ms, closes_at_ms: at_ms + 1e6 };
    tell('turn.given', { round: round.id, turn: 99, prompt: '?', act: 'vote', ...open });
  } else if (act === 'end') {
    tell('verdict.given', { round: round.id, clip: 'c', code: 'x', text: 'Crown, please.', tone: 'praise' });
    tell('round.closed', { round: round.id, reason: 'done', ending: 'votes', winners: ['c'] });
  } else {
    tell('round.opened', { round: 'r', game: 'first_thing', tempo: 'snap' });
    tell('proposal.made', { proposal: 'p', wish: 'again', until_ms: at_ms + 1e6 });
  }
  session.round.update();
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[Server]:
    """Run a server of our own, for it is restarted; without limits, for all come from one address."""
    with running_server(limits="off") as running:
        yield running


class Table:
    """Three visitors in one room, one of whom chooses the games."""

    def __init__(self, server: Server, room: str, visitors: list[Visitor]) -> None:
        self.server, self.room, self.visitors = server, room, visitors
        self.chooser = visitors[0]

    async def start(self, game: str) -> None:
        """Choose a game from the list: it takes the place of a round in which nobody has spoken.

        Where somebody has, who chooses joins it, and the others are asked and say yes. It is chosen again
        while it has not begun.
        """
        page, clock = self.chooser.page, asyncio.get_running_loop()
        before, deadline, next_s = len(await self.rounds(game)), clock.time() + PLAYED_WITHIN_S, 0.0
        while len(await self.rounds(game)) == before:
            assert clock.time() < deadline, f"{game} did not begin"
            if clock.time() >= next_s and not await page.evaluate(JOIN):
                await page.locator(LIST).first.click(timeout=LONG_MS)
                await page.locator(f"[data-game={game}]").click()
                next_s = clock.time() + CHOSEN_AGAIN_S
            await asyncio.gather(*(other.page.evaluate(SAY_YES) for other in self.visitors[1:]))
            await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """End the round: who began it may, and it ends at once."""
        await self.chooser.page.locator("#games").click(timeout=LONG_MS)
        await self.chooser.page.locator("#round-stop").click()

    async def over(self, game: str) -> dict[str, Any]:
        """Wait until the newest round of a game has ended, and return how."""
        deadline = asyncio.get_running_loop().time() + PLAYED_WITHIN_S
        while True:
            round_ = (await self.rounds(game))[-1]
            for event in await self.events():
                if event["kind"] == "round.closed" and event["data"]["round"] == round_:
                    return dict(event["data"])
            assert asyncio.get_running_loop().time() < deadline, f"{game} did not end"
            await asyncio.sleep(0.2)

    async def said(self, game: str, turn: int = 1) -> bool:
        """Wait until a take of such a turn, or a later one, has landed in the newest round of a game.

        False when the round has ended without one.
        """
        round_, deadline = (await self.rounds(game))[-1], asyncio.get_running_loop().time() + PLAYED_WITHIN_S
        while True:
            facts = [event for event in await self.events() if event["data"].get("round") == round_]
            if any(each["kind"] == "clip.landed" and each["data"]["turn"] >= turn for each in facts):
                return True
            if any(each["kind"] == "round.closed" for each in facts):
                return False
            assert asyncio.get_running_loop().time() < deadline, f"nobody spoke in {game}"
            await asyncio.sleep(0.1)

    async def plays(self, game: str) -> dict[str, Any]:
        """Play a game until somebody was heard in it, three times at most; return its end.

        The microphones say one sentence over and over: a short window may fall into the pause between.
        """
        for _ in range(3):
            await self.start(game)
            over = await self.over(game)
            if over["reason"] == "done":
                break
        return over

    async def rounds(self, game: str) -> list[str]:
        """Return the rounds of a game that were opened, oldest first."""
        opened = [event["data"] for event in await self.events() if event["kind"] == "round.opened"]
        return [fact["round"] for fact in opened if fact["game"] == game]

    async def events(self) -> list[dict[str, Any]]:
        """Return what happened in the room."""
        return await asyncio.to_thread(events, self.server.url, self.room)

    def all(self, selector: str) -> list[Locator]:
        """Return an element of every page."""
        return [visitor.page.locator(selector) for visitor in self.visitors]


async def sit_down(
    server: Server, browser: Browser, invite: Invite, kind: str, visitors: int = 3, room: str = ""
) -> Table:
    """Bring visitors into a room, where they play along: their microphones open by themselves."""
    room = room or make_room(server.url, kind=kind)
    table = Table(server, room, [await invite(browser, ears=False) for _ in range(visitors)])
    await asyncio.gather(*(visitor.enter(server.url, room) for visitor in table.visitors))
    await asyncio.gather(*(play.click() for play in table.all("#play")))
    for visitor in table.visitors:  # whoever is silent is passed over: have all microphones open before
        await expect(visitor.page.locator("body")).to_have_attribute(
            "data-speaking", re.compile("ready|live")
        )
    return table


async def test_three_pages_play_four_games_and_all_read_whose_turn_it_is(
    server: Server, chromium: Browser, invite: Invite
) -> None:
    table = await sit_down(server, chromium, invite, "humour")

    assert (await table.plays("first_thing"))["takes"]
    await reads_whose_turn_it_is(table)
    await guesses_in_same_line(table)
    await hears_a_bell_in_new_choice(table)

    spoke = {event["by"]["id"] for event in await table.events() if event["kind"] == "clip.landed"}
    assert len(spoke) == len(table.visitors)
    assert [error for visitor in table.visitors for error in visitor.surprises] == []


async def test_three_pages_write_and_vote_through_a_restart_and_the_winner_has_a_name(
    server: Server, chromium: Browser, invite: Invite
) -> None:
    table = await sit_down(server, chromium, invite, "humour")

    await writes_in_walk_into_a_bar(table)
    await restarts_in_worlds_worst(table)

    assert [error for visitor in table.visitors for error in visitor.surprises] == []


# Who has the word by the screen of one page, and whether the page says that it is its own visitor.
SEEN = """() => {
  const has = document.querySelector('.person[data-has="true"]');
  return [has?.dataset.voice ?? '', has?.querySelector('.person-name').textContent ?? '',
    document.querySelector('#who').textContent, document.querySelector('#game').innerText];
}"""


async def reads_whose_turn_it_is(table: Table) -> None:
    """Play a chain: all three read on their screens whose turn it is, in which game; it ends as beads."""
    await table.start("word_association")
    deadline = asyncio.get_running_loop().time() + PLAYED_WITHIN_S
    while True:
        seen = await asyncio.gather(*(visitor.page.evaluate(SEEN) for visitor in table.visitors))
        voices, names, who, games = zip(*seen, strict=True)
        # Turns are short: what the three pages show is of one turn when they agree.
        if len(set(voices)) == 1 and voices[0] and sum(words == "YOU" for words in who) == 1:
            break
        assert asyncio.get_running_loop().time() < deadline, f"nobody knows whose turn it is: {seen}"
        await asyncio.sleep(0.1)
    mine = who.index("YOU")
    assert names[mine] == "you"
    others = {name for place, name in enumerate(names) if place != mine}
    assert len(others) == 1
    assert others != {"you"}
    assert all("Word association" in game and "never think" in game for game in games)

    await laughs_instead_of_restarting(table)
    # A chain of nothing has no beads, and all microphones may pause in windows of 3 s.
    while not await table.said("word_association"):
        await table.start("word_association")
    # The card gives way to the next round: all look for it before it comes.
    beads = [card.locator("#beads .bead").first for card in table.all("#ending")]
    seen_by_all = [expect(bead).to_be_visible(timeout=LONG_MS) for bead in beads]
    await asyncio.gather(*seen_by_all, table.stop())
    assert (await table.over("word_association"))["reason"] == "stopped"


async def laughs_instead_of_restarting(table: Table) -> None:
    """Press the right dock button in the middle of a round: it laughs at a clip, and hurts nobody."""
    page = table.visitors[1].page
    rounds = len(await table.rounds("word_association"))
    await page.locator("#throw[data-does=laugh]:not([disabled])").click(timeout=LONG_MS)
    await expect(page.locator("#throw")).to_have_attribute("data-does", "laugh")
    deadline = asyncio.get_running_loop().time() + PLAYED_WITHIN_S
    while not (laughs := [one for one in await table.events() if one["kind"] == "reaction.given"]):
        assert asyncio.get_running_loop().time() < deadline, "the laugh did not come"
        await asyncio.sleep(0.1)
    clips = {one["data"]["clip"] for one in await table.events() if one["kind"] == "clip.landed"}
    assert laughs[0]["data"]["target"] in clips
    assert laughs[0]["data"]["at_ms"] > 0
    assert len(await table.rounds("word_association")) == rounds


async def guesses_in_same_line(table: Table) -> None:
    """Tell in a secret feeling, and guess it: only the teller knows, until the end tells everybody."""
    await table.start("same_line")
    teller, *others = table.all("#role")
    await expect(teller).not_to_be_empty()
    for other in others:
        await expect(other).to_be_empty()
    told = await teller.inner_text()

    # One guess is enough: how they are judged, `tests/games/test_riddle.py` tells.
    if await table.said("same_line", turn=2):
        await table.stop()
    over = await table.over("same_line")
    assert over["answer"] in told
    await asyncio.gather(
        *(expect(words).to_contain_text(over["answer"]) for words in table.all("#ending-words"))
    )


# Votes once, as soon as a take with these words can be voted for, and keeps what the card at the end says:
# both stay for a while only.
QUICK = """() => {
  window.__ends = new Set();
  setInterval(() => {
    const hearts = [...document.querySelectorAll('.takes[data-votes="true"] .heart:not(:disabled)')];
    const heart = hearts.find(({ innerText }) => innerText.includes(window.__votes ?? 'nothing'));
    if (heart) {
      window.__votes = null;
      window.__unknown = heart.innerText;
      heart.click();
    }
    const winner = document.querySelector('#ending:not([hidden]) #winner');
    if (winner) window.__ends.add(winner.textContent);
  }, 50);
}"""


async def writes_in_walk_into_a_bar(table: Table) -> None:
    """Write instead of speaking: one types, is voted for unknown, and wins by name on every screen.

    All vote: the vote is over then.
    """
    writer = table.visitors[1].page
    await asyncio.gather(*(visitor.page.evaluate(QUICK) for visitor in table.visitors))
    await writer.locator("#play").click()
    await table.start("walk_into_a_bar")
    await writer.locator("#type").click(timeout=LONG_MS)
    await writer.locator("#answer-text").fill("they all order the umbrella")
    for visitor in table.visitors:
        await visitor.page.evaluate("window.__votes = 'umbrella'")
    await writer.evaluate("window.__votes = ''")
    await writer.locator("#answer-send").click(timeout=LONG_MS)

    over = await table.over("walk_into_a_bar")
    by = next(event["by"]["name"] for event in await table.events() if event["kind"] == "answer.given")
    assert len(over["winners"]) == 1
    for visitor in table.visitors:
        await visitor.page.wait_for_function("name => window.__ends.has(name)", arg=by, timeout=LONG_MS)
    unknown = await table.chooser.page.evaluate("window.__unknown")
    assert "they all order the umbrella" in unknown
    assert by not in unknown


async def hears_a_bell_in_new_choice(table: Table) -> None:
    """Ring for everybody: what was said is to be said anew. One sits out, and the round goes on."""
    await table.start("new_choice")
    await asyncio.gather(
        *(expect(body).to_have_attribute("data-bell", "true", timeout=LONG_MS) for body in table.all("body"))
    )
    await table.visitors[2].page.locator("#out").click()
    await expect(table.visitors[2].page.locator("#join-round")).to_be_visible()
    assert "round.closed" not in [event["kind"] for event in (await table.events())[-2:]]


async def restarts_in_worlds_worst(table: Table) -> None:
    """Restart the server while the room votes: the pages come back, and what was voted before decides.

    Who votes before it does not play; the two who do vote for each other, and it would be a tie.
    """
    await table.start("world_worst")
    await table.visitors[1].page.evaluate("window.__votes = ''")
    deadline, votes = asyncio.get_running_loop().time() + PLAYED_WITHIN_S, list[str]()
    while not votes:
        assert asyncio.get_running_loop().time() < deadline, "nobody voted"
        await asyncio.sleep(0.1)
        last = (await table.rounds("world_worst"))[-1]
        casts = [event["data"] for event in await table.events() if event["kind"] == "vote.cast"]
        votes = [cast["clip"] for cast in casts if cast["round"] == last]
    await asyncio.to_thread(table.server.restart)
    for body in table.all("body"):
        await expect(body).to_have_attribute("data-socket", "open")
    for player in (table.visitors[0], table.visitors[2]):
        await player.page.evaluate("window.__votes = ''")

    over = await table.over("world_worst")
    assert over["reason"] == "done"
    assert over["winners"] == votes


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_no_barriers_in_what_opens(
    theme: str, shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    visitor = await invite(listening_chromium, color_scheme=theme, **PHONE)
    page, room = visitor.page, make_room(shared_server.url, kind="humour")
    await page.goto(shared_server.url)
    await page.locator("#around").click()
    await page.locator("#city").select_option("u33d")
    await expect(page.locator("#around-enter")).to_be_visible()
    found = {"around": await violations(page)}
    await visitor.enter(shared_server.url, room)
    for sheet in ("games", "topics", "settings"):
        await page.locator(f"#{sheet}").click()
        await expect(page.locator("dialog.sheet button, dialog.sheet input").first).to_be_visible()
        found[sheet] = await violations(page)
        await page.keyboard.press("Escape")
    await page.evaluate(DIARY)
    await page.locator("#settings").click()
    await page.locator("#spontaneity").click()
    await expect(page.locator(".plot").first).to_be_visible()
    found["spontaneity"] = await violations(page)
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await page.locator("#games").click()
    await page.locator("[data-game=wrong_names]").click()
    await page.locator("#type").click()
    await expect(page.locator("#answer-text")).to_be_visible()
    found["round"] = await violations(page)
    for act in ("vote", "end", "wish"):
        await page.evaluate(ACTED, act)
        await expect(page.locator(ACTS[act]).first).to_be_visible()
        found[act] = await violations(page)

    assert {where: what for where, what in found.items() if what} == {}


# A wish of this page's own visitor, and that the others did not share it, told to it as the room would.
WISHED = """() => {
  const { session } = document.querySelector('prompt-card');
  const at_ms = Math.round(session.clock.server_ms);
  const by = session.model.me;
  const tell = (kind, data) => {
    const seq = session.model.state.head + 1;
    session.inbox.events([{ type: 'event', seq, prev: seq - 1, at_ms, by, kind, data }]);
  };
  tell('round.opened', { round: 'r', game: 'first_thing', tempo: 'snap' });
  tell('proposal.made', { proposal: 'p', wish: 'start', game: 'mind_meld', until_ms: at_ms + 1e6 });
  window.refuse = () => tell('proposal.closed', { proposal: 'p', accepted: false });
}"""


async def test_the_sheet_says_what_a_game_needs_and_who_asked_in_vain_is_told(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    visitor = await invite(listening_chromium, ears=False, **PHONE)
    page = visitor.page
    await visitor.enter(shared_server.url, make_room(shared_server.url))
    await page.locator("#games").click()
    await expect(page.locator("[data-game=first_thing]")).to_contain_text("even alone")
    await expect(page.locator("[data-game=mind_meld] .choice-why")).to_contain_text("Needs 1 more")
    await page.locator("#surprise").click()
    await expect(page.locator("#game")).to_be_visible()

    await page.evaluate(WISHED)
    await expect(page.locator("#proposal")).to_contain_text("You asked the others")
    await page.evaluate("refuse()")
    await expect(page.locator("[data-notice=declined]")).to_be_visible()
    await expect(page.locator("#proposal")).to_be_hidden()


# Two words of one count, told as the room would, and what this visitor then sends.
PAIRED = """() => {
  const { session } = document.querySelector('prompt-card');
  const at_ms = Math.round(session.clock.server_ms);
  const tell = (kind, data, by = null) => {
    const seq = session.model.state.head + 1;
    session.inbox.events([{ type: 'event', seq, prev: seq - 1, at_ms, by, kind, data }]);
  };
  const other = { id: 'other', name: 'Velvet Teacup', colour: '#e58bb5' };
  tell('round.opened', { round: 'r', game: 'mind_meld', tempo: 'snap' });
  const first = { turn: 1, prompt: 'Any word', go_at_ms: at_ms, closes_at_ms: at_ms + 1 };
  tell('turn.given', { round: 'r', ...first });
  const clip = { round: 'r', turn: 1, duration_ms: 900, peaks: [1] };
  const said = (id, by) => tell('clip.landed', { ...clip, clip: id }, by);
  said('own', session.model.me);
  said('theirs', other);
  const open = { go_at_ms: at_ms, closes_at_ms: at_ms + 1e6, clips: ['own', 'theirs'] };
  tell('turn.given', { round: 'r', turn: 2, prompt: 'The same word?', act: 'vote', role: 'same', ...open });
  window.sent = [];
  session.send = (type, fields) => window.sent.push([type, fields]);
  session.round.update();
}"""


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_whether_two_words_are_one_is_said_by_a_thumb_up_or_down(
    size: dict[str, Any], shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    visitor = await invite(listening_chromium, ears=False, **size)
    page = visitor.page
    await visitor.enter(shared_server.url, make_room(shared_server.url))
    await expect(page.locator("#games")).to_be_visible()
    await page.evaluate(PAIRED)
    await expect(page.locator("#prompt")).to_have_text("The same word?")
    await expect(page.locator(".takes .heart:enabled")).to_have_count(0)
    await page.locator("[data-thumb='-1']").click()
    assert await page.evaluate("sent") == [["vote", {"round": "r", "clip": "theirs", "value": -1}]]
