"""The stage holds all that it shows: a vote, the end of a round, taking back; no barriers there."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.test_page import comes_to, violations
from tests.support.server import Server
from tests.support.visitor import DESK, LIMIT_MS, PHONE, Invite, make_room

# Eight voices answer, all with words of a line; then they are voted on, and one wins.
PLAYED = """(isOver) => {
  const { session } = document.querySelector('prompt-card');
  const now = Math.round(session.clock.server_ms);
  const tell = (kind, data, id = 'v0') => {
    const seq = session.model.state.head + 1;
    const by = { id, name: `Velvet Teacup ${id}`, colour: '#e58bb5' };
    session.inbox.events([{ type: 'event', seq, prev: seq - 1, at_ms: now, by, kind, data }]);
  };
  const prompt = { id: 'p', text: 'What is in the suitcase?' };
  tell('round.opened', { round: 'r', game: 'first_thing', tempo: 'snap', prompt });
  for (let at = 0; at < 8; at += 1) {
    tell('clip.landed', { clip: `c${at}`, round: 'r', turn: 1, duration_ms: 900, peaks: [1] }, `v${at}`);
    const text = 'whatever my grandmother hid in the piano';
    tell('clip.captioned', { clip: `c${at}`, text, language: 'en' });
  }
  const closes_at_ms = isOver ? now - 4_000 : now + 1e6;
  tell('turn.given', { round: 'r', turn: 2, prompt: '?', act: 'vote', go_at_ms: now - 9_000, closes_at_ms });
  if (isOver) {
    tell('vote.cast', { round: 'r', clip: 'c5', value: 1, voice: 'v1' });
    const told = { ending: 'votes', winners: ['c5'], coach: 'Faster than your taste.' };
    tell('round.closed', { round: 'r', reason: 'done', next_at_ms: now + 1e6, ...told });
  }
  if (isOver) session.set({ undo: 'c0' });
  session.round.update();
}"""
# Whether all that is shown of some kinds is whole in the window, and under nothing else.
WHOLE = """(selectors) => selectors.flatMap((one) => [...document.querySelectorAll(one)]).every((one) => {
  const { left, right, top, bottom, width } = one.getBoundingClientRect();
  if (!width) return true;
  const over = document.elementFromPoint((left + right) / 2, bottom - 3);
  if (!over || !(one.contains(over) || over.contains(one))) return false;
  return left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight;
})"""
# What would jump, and what would have to be scrolled: where the dock is laid out, before it glides.
LAYOUT = """() => {
  const body = document.querySelector('.ending-body');
  return [document.querySelector('.dock').offsetTop, body ? body.scrollHeight - body.clientHeight : 0];
}"""
# A notice, and where it finds and leaves the stage.
TOLD = """() => document.querySelector('prompt-card').session.notices.tell({ code: 'mic-refused' })"""
STANDS = """() => ['prompt-card', '.stage-buttons', '.dock'].map((one) => {
  return document.querySelector(one).getBoundingClientRect().top;
})"""
SIZES: dict[str, dict[str, Any]] = {"phone": PHONE, "desk": DESK}


async def is_whole(page: Page, *selectors: str) -> None:
    """Wait until all of some kinds is wholly in sight: its look may come after it."""
    await page.wait_for_function(WHOLE, arg=list(selectors), timeout=LIMIT_MS)


@pytest.mark.parametrize("size", list(SIZES))
async def test_nothing_of_a_vote_and_of_an_end_is_cut_off(
    size: str, shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    visitor = await invite(listening_chromium, ears=False, **SIZES[size])
    room = make_room(shared_server.url, name="Whole", language="de")
    page = visitor.page

    await visitor.enter(shared_server.url, room, "")
    await expect(page.locator(".tongue")).to_have_text("DE")
    await expect(page.locator(".find:visible")).to_have_count(1)
    before, stood = await page.evaluate(LAYOUT), await page.evaluate(STANDS)
    await page.evaluate(TOLD)
    await expect(page.locator("[data-notice=mic-refused]")).to_be_visible()
    assert await page.evaluate(STANDS) == stood
    await page.locator("[data-notice=mic-refused] .icon-button").click()
    await page.evaluate(PLAYED, False)
    await expect(page.locator(".takes[data-votes=true] .heart")).to_have_count(8)
    await is_whole(page, "#prompt", ".top > *", ".takes .heart")
    assert await violations(page) == []

    await visitor.enter(shared_server.url, room, "")
    await page.evaluate(PLAYED, True)
    await expect(page.locator("#winner")).to_have_text("Velvet Teacup v5")
    first = page.locator(".ending-take").first
    await expect(first).to_have_attribute("data-won", "true")
    await expect(first).to_be_in_viewport(ratio=1)
    await is_whole(page, "#winner", ".top > *", ".ending-buttons > button", "#undo")
    if size == "phone":
        await comes_to(page, LAYOUT, before)
    assert await violations(page) == []
