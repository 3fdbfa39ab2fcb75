"""Visitors who play in one room, each at a page: what they choose and press, and what their pages showed.

What stands for a moment only (a button of a turn, a card, a vote) is pressed and noted by the pages
themselves: a test that asks from outside may be late.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from playwright.async_api import Browser, Locator, expect

from tests.support.server import Server
from tests.support.visitor import Invite, Visitor, events, make_room

PLAYED_WITHIN_S = 45.0
CHOSEN_AGAIN_S = 2.0
# What the other scripts share. The sheet of games is opened by a button of the stage; while a round ends, by
# one of its card.
BY_HAND = """(() => {
  const shown = (selector) => [...document.querySelectorAll(selector)].find((one) => one.checkVisibility());
  const press = (selector) => {
    const found = shown(selector);
    found?.click();
    return Boolean(found);
  };
  const within = async (look) => {
    for (let tries = 0; tries < 100 && !look(); tries += 1) await new Promise((done) => setTimeout(done, 50));
    return look();
  };
  const ofGames = async (selector) => {
    const sheet = () => document.querySelector('#game-sheet');
    const found = () => sheet()?.querySelector(selector);
    if (!sheet() && !shown('#games, #ending-other')) return false;
    if (!sheet()) shown('#games, #ending-other').click();
    const wanted = await within(found);
    if (wanted) wanted.click();
    else sheet()?.close();
    return Boolean(wanted);
  };
  window.__hand = { shown, press, ofGames };
})();"""
# Who does not play in a round with takes may not choose another, but may join it. Tells whether it is chosen.
CHOOSE = """async (game) => {
  const { shown, press, ofGames } = window.__hand;
  if (!shown('#games, #ending-other, #game-sheet') && press('#join-round')) return false;
  return ofGames(`[data-game=${game}]:not([aria-disabled=true])`);
}"""
STOP = "() => window.__hand.ofGames('#round-stop')"
# Says yes to what is proposed, plays on where the page stepped back, votes once as soon as it may for a take
# with the wanted words, and notes what is shown: by voice who has the word, by round one's secrets, the end.
NOTES = """(() => {
  const seen = (window.__seen = { turns: {}, roles: {}, winners: [], words: [], beads: 0, joins: 0 });
  const add = (list, words) => words && !list.includes(words) && list.push(words);
  const text = (selector) => document.querySelector(selector)?.innerText ?? '';
  setInterval(() => {
    const { shown, press } = window.__hand;
    const { round } = document.querySelector('prompt-card')?.session?.model.state ?? {};
    press('#proposal #agree');
    press('[data-notice=stepped-back] .text-button');
    const hearts = [...document.querySelectorAll('.takes[data-votes="true"] .heart:not(:disabled)')];
    const heart = hearts.find(({ innerText }) => innerText.includes(window.__votes ?? 'nothing'));
    if (heart) {
      window.__votes = null;
      window.__unknown = heart.innerText;
      heart.click();
    }
    const has = document.querySelector('.person[data-has="true"]');
    if (has) {
      const name = has.querySelector('.person-name').textContent;
      const who = document.querySelector('#who').textContent;
      add((seen.turns[has.dataset.voice] ??= []), [name, who, text('#game')].join('|'));
    }
    if (round) add((seen.roles[round.id] ??= []), text('#role'));
    if (shown('#ending #winner')) add(seen.winners, text('#winner'));
    if (shown('#ending #ending-words')) add(seen.words, text('#ending-words'));
    if (shown('#ending #beads .bead')) seen.beads += 1;
    if (shown('#join-round')) seen.joins += 1;
  }, 50);
})();"""


class Table:
    """Visitors in one room, one of whom chooses the games."""

    def __init__(self, server: Server, room: str, visitors: list[Visitor]) -> None:
        self.server, self.room, self.visitors = server, room, visitors
        self.chooser = visitors[0]

    async def start(self, game: str) -> str:
        """Choose a game from the list and return its round: it takes the place of one in which nobody spoke.

        Where somebody has, who chooses joins it, and the others are asked and say yes. It is chosen again
        while it has not begun.
        """
        clock = asyncio.get_running_loop()
        before, deadline, next_s = len(await self.rounds(game)), clock.time() + PLAYED_WITHIN_S, 0.0
        while len(begun := await self.rounds(game)) == before:
            assert clock.time() < deadline, f"{game} did not begin"
            if clock.time() >= next_s and await self.chooser.page.evaluate(CHOOSE, game):
                next_s = clock.time() + CHOSEN_AGAIN_S
            await asyncio.sleep(0.1)
        return begun[-1]

    async def stop(self, game: str) -> dict[str, Any]:
        """End the newest round of a game, which who began it may, and return how it ended."""
        round_, deadline = (await self.rounds(game))[-1], asyncio.get_running_loop().time() + PLAYED_WITHIN_S
        while not (over := _closing(await self.events(), round_)):
            assert asyncio.get_running_loop().time() < deadline, f"{game} did not stop"
            await self.chooser.page.evaluate(STOP)
            await asyncio.sleep(0.1)
        return over

    async def over(self, game: str) -> dict[str, Any]:
        """Wait until the newest round of a game has ended, and return how."""
        round_, deadline = (await self.rounds(game))[-1], asyncio.get_running_loop().time() + PLAYED_WITHIN_S
        while not (over := _closing(await self.events(), round_)):
            assert asyncio.get_running_loop().time() < deadline, f"{game} did not end"
            await asyncio.sleep(0.2)
        return over

    async def said(self, game: str, turn: int = 1) -> bool:
        """Wait until a take of such a turn, or a later one, has landed in the newest round of a game.

        False when the round has ended without one.
        """
        round_, deadline = (await self.rounds(game))[-1], asyncio.get_running_loop().time() + PLAYED_WITHIN_S
        while True:
            facts = [event for event in await self.events() if event["data"].get("round") == round_]
            if any(each["kind"] == "clip.landed" and each["data"]["turn"] >= turn for each in facts):
                return True
            if _closing(facts, round_):
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

    async def runs(self, game: str) -> bool:
        """Tell whether the newest round of a game has not ended."""
        return not _closing(await self.events(), (await self.rounds(game))[-1])

    async def events(self) -> list[dict[str, Any]]:
        """Return what happened in the room."""
        return await asyncio.to_thread(events, self.server.url, self.room)

    async def seen(self, what: str) -> list[Any]:
        """Return what each page has shown so far: `turns`, `roles`, `winners` and so on."""
        return [
            await visitor.page.evaluate("(what) => window.__seen[what]", what) for visitor in self.visitors
        ]

    async def vote(self, words: str, *visitors: int) -> None:
        """Let some vote, as soon as they may, for the first take with these words in it."""
        for number in visitors:
            await self.visitors[number].page.evaluate("(words) => { window.__votes = words; }", words)

    def all(self, selector: str) -> list[Locator]:
        """Return an element of every page."""
        return [visitor.page.locator(selector) for visitor in self.visitors]


def _closing(told: list[dict[str, Any]], round_: str) -> dict[str, Any] | None:
    """Return how a round ended, None while it runs."""
    ends = (event["data"] for event in told if event["kind"] == "round.closed")
    return next((dict(end) for end in ends if end["round"] == round_), None)


async def sit_down(
    server: Server, browser: Browser, invite: Invite, kind: str, visitors: int = 3, room: str = ""
) -> Table:
    """Bring visitors into a room, where they play along: their microphones open by themselves."""
    room = room or make_room(server.url, kind=kind)
    table = Table(server, room, [await invite(browser, ears=False) for _ in range(visitors)])
    for visitor in table.visitors:
        await visitor.page.add_init_script(BY_HAND + NOTES)
    await asyncio.gather(*(visitor.enter(server.url, room) for visitor in table.visitors))
    await asyncio.gather(*(play.click() for play in table.all("#play")))
    for visitor in table.visitors:  # whoever is silent is passed over: have all microphones open before
        await expect(visitor.page.locator("body")).to_have_attribute(
            "data-speaking", re.compile("ready|live")
        )
    return table
