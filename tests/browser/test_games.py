"""Three pages play games to the end, by voice and in writing; one of them while the server restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.test_page import violations
from tests.support.seated import PLAYED_WITHIN_S, Table, sit_down
from tests.support.server import Server, running_server
from tests.support.visitor import DESK, PHONE, Invite, make_room

# A take in one's own diary, as the page keeps it.
DIARY = """localStorage.setItem("wonder.diary", JSON.stringify([{clip: "c", at_ms: Date.now(),
  game: "first_thing", reaction_ms: 900, duration_ms: 1000, words: 3, laughs: 1}]))"""
LONG_MS = 45_000
# What a page shows of a turn, a vote, an end and a wish, told to it as the room would.
ACTS = {"turn": "#type", "vote": ".takes[data-votes=true] .heart", "end": "#winner", "wish": "#agree"}
ACTED = """(act) => {
  const { session } = document.querySelector('prompt-card');
  const at_ms = Math.round(session.clock.server_ms);
  const by = { id: 'other', name: 'Velvet Teacup', colour: '#e58bb5' };
  const tell = (kind, data, until_ms = at_ms) => {
    const seq = session.model.state.head + 1;
    session.inbox.events([{ type: 'event', seq, prev: seq - 1, at_ms: until_ms, by, kind, data }]);
  };
  const { round } = session.model.state;
  if (act === 'turn') {
    tell('round.opened', { round: 'first', game: 'wrong_names', tempo: 'snap' });
    const open = { go_at_ms: at_ms, closes_at_ms: at_ms + 1e6 };
    tell('turn.given', { round: 'first', turn: 1, prompt: 'Call it something else', ...open });
  } else if (act === 'vote') {
    tell('clip.landed', { clip: 'c', round: round.id, turn: 1, duration_ms: 900, peaks: [1] });
    const open = { go_at_ms: at_ms, closes_at_ms: at_ms + 1e6 };
    tell('turn.given', { round: round.id, turn: 99, prompt: '?', act: 'vote', ...open });
  } else if (act === 'end') {
    tell('verdict.given', { round: round.id, clip: 'c', code: 'x', text: 'Crown, please.', tone: 'praise' });
    // Its card stands until something else comes: it goes away some seconds after its end.
    tell('round.closed', { round: round.id, reason: 'done', ending: 'votes', winners: ['c'] }, at_ms + 1e6);
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


@pytest.mark.timeout(300)  # what a page was too late for is played again
async def test_three_pages_play_four_games_and_all_read_whose_turn_it_is(
    server: Server, chromium: Browser, invite: Invite
) -> None:
    table = await sit_down(server, chromium, invite, "humour")

    assert (await table.plays("first_thing"))["takes"]
    await reads_whose_turn_it_is(table)
    await guesses_in_same_line(table)
    await hears_a_bell_in_new_choice(table)
    while len({event["by"]["id"] for event in await table.events() if event["kind"] == "clip.landed"}) < 3:
        await table.plays("first_thing")  # whose microphone paused in all their windows

    assert [error for visitor in table.visitors for error in visitor.surprises] == []


@pytest.mark.timeout(300)  # what a page was too late for is played again
async def test_three_pages_write_and_vote_through_a_restart_and_the_winner_has_a_name(
    server: Server, chromium: Browser, invite: Invite
) -> None:
    table = await sit_down(server, chromium, invite, "humour")

    await writes_in_walk_into_a_bar(table)
    await restarts_in_worlds_worst(table)

    assert [error for visitor in table.visitors for error in visitor.surprises] == []


async def reads_whose_turn_it_is(table: Table) -> None:
    """Play a chain: all three read on their screens whose turn it is, in which game; it ends as beads."""
    await table.start("word_association")
    deadline = asyncio.get_running_loop().time() + 2 * PLAYED_WITHIN_S
    while not is_known_to_all(seen := await table.seen("turns")):
        assert asyncio.get_running_loop().time() < deadline, f"nobody knows whose turn it is: {seen}"
        if not await table.runs("word_association"):
            await table.start("word_association")
    # A chain of nothing has no beads, and all microphones may pause in windows of 3 s.
    while not await table.said("word_association"):
        await table.start("word_association")
    await laughs_instead_of_restarting(table)
    await table.stop("word_association")
    for visitor in table.visitors:
        await visitor.page.wait_for_function("() => window.__seen.beads > 0")


def is_known_to_all(seen: list[dict[str, list[str]]]) -> bool:
    """Tell whether of some turn one page has said that it is its visitor's, and all others whose it is."""
    for voice in seen[0]:
        pages = [[line.split("|") for line in page.get(voice, [])] for page in seen]
        told = [{(name, who) for name, who, game in page if is_the_chain(game)} for page in pages]
        mine = [page for page in told if ("you", "YOU") in page]
        others = [{name for name, who in page if who != "YOU"} for page in told if page not in mine]
        if len(mine) == 1 and set.intersection(*others) - {"you"}:
            return True
    return False


def is_the_chain(game: str) -> bool:
    """Tell whether a page says what is played, and by which rule."""
    return "Word association" in game and "never think" in game


# Laughs where a press of the right dock button does that and nothing else.
LAUGH = """() => {
  const button = document.querySelector('#throw[data-does=laugh]:not([disabled])');
  button?.click();
  return Boolean(button);
}"""


async def laughs_instead_of_restarting(table: Table) -> None:
    """Press the right dock button in the middle of a round: it laughs at a clip, and hurts nobody."""
    await table.visitors[1].page.wait_for_function(LAUGH, timeout=LONG_MS)
    deadline = asyncio.get_running_loop().time() + PLAYED_WITHIN_S
    while not (laughs := [one for one in await table.events() if one["kind"] == "reaction.given"]):
        assert asyncio.get_running_loop().time() < deadline, "the laugh did not come"
        await asyncio.sleep(0.1)
    told = await table.events()
    assert laughs[0]["data"]["target"] in {one["data"].get("clip") for one in told}
    assert laughs[0]["data"]["at_ms"] > 0
    begun_by = [one["by"]["id"] for one in told if one["kind"] == "round.opened" and one["by"]]
    assert laughs[0]["by"]["id"] not in begun_by


async def guesses_in_same_line(table: Table) -> None:
    """Tell in a secret feeling, and guess it: only the teller knows, until the end tells everybody."""
    await table.start("same_line")
    # One guess is enough: how they are judged, `tests/games/test_riddle.py` tells.
    said = await table.said("same_line", turn=2)
    over = await (table.stop("same_line") if said else table.over("same_line"))
    for visitor in table.visitors:
        told = "(answer) => window.__seen.words.some((words) => words.includes(answer))"
        await visitor.page.wait_for_function(told, arg=over["answer"])
    teller, *others = await table.seen("roles")
    assert [words for words in teller[over["round"]] if over["answer"] in words]
    assert [page.get(over["round"], []) for page in others] == [[], []]


async def writes_in_walk_into_a_bar(table: Table) -> None:
    """Write instead of speaking: one types, is voted for unknown, and wins by name on every screen.

    All vote: the vote is over then. It is played again where a page was too late to write or to vote.
    """
    await table.visitors[1].page.locator("#play").click()
    votes: list[dict[str, Any]] = []
    while len(votes) < len(table.visitors):
        round_ = await table.start("walk_into_a_bar")
        await table.vote("umbrella", 0, 2)
        await table.vote("", 1)
        while await table.runs("walk_into_a_bar"):
            await table.visitors[1].page.evaluate(WRITE)
            await asyncio.sleep(0.1)
        over = await table.over("walk_into_a_bar")
        told = [event for event in await table.events() if event["data"].get("round") == round_]
        votes = [event["data"] for event in told if event["kind"] == "vote.cast"]

    (given,) = [event for event in told if event["kind"] == "answer.given"]
    assert over["winners"] == [given["data"]["answer"]]
    by = given["by"]["name"]
    for visitor in table.visitors:
        await visitor.page.wait_for_function("(name) => window.__seen.winners.includes(name)", arg=by)
    unknown = await table.chooser.page.evaluate("window.__unknown")
    assert "they all order the umbrella" in unknown
    assert by not in unknown


# Writes an answer once a round, as soon as that can be done.
WRITE = """() => {
  const { shown, press } = window.__hand;
  const { round } = document.querySelector('prompt-card').session.model.state;
  const box = shown('#answer-text');
  if (!round || window.__wrote === round.id || (!box && (press('#type') || true))) return;
  window.__wrote = round.id;
  box.value = 'they all order the umbrella';
  press('#answer-send');
}"""
# Sits out of each round, and tells whether the page then offered to join it again.
SIT_OUT = """() => {
  if (window.__hand.press('#out')) Object.assign(window.__seen, { joins: 0, left: true });
  return Boolean(window.__seen.left && window.__seen.joins);
}"""


async def hears_a_bell_in_new_choice(table: Table) -> None:
    """Ring for everybody: what was said is to be said anew. One sits out, and the round goes on."""
    await table.start("new_choice")
    have_heard = is_out = False
    while not (have_heard and is_out):
        if not await table.runs("new_choice"):  # nobody spoke, or it was over before one could sit out
            await table.start("new_choice")
        heard = [await visitor.page.evaluate("window.__was.has('bell true')") for visitor in table.visitors]
        have_heard = all(heard)
        is_out = have_heard and await table.visitors[2].page.evaluate(SIT_OUT)

    told = await table.events()
    left = next(n for n, e in enumerate(told) if e["kind"] == "round.left" and e["data"]["reason"] == "out")
    ends = [event["at_ms"] for event in told[left:] if event["kind"] == "round.closed"]
    assert told[left]["at_ms"] not in ends


async def restarts_in_worlds_worst(table: Table) -> None:
    """Restart the server while the room votes: the pages come back, and what was voted before decides.

    Who votes does not play.
    """
    votes: list[str] = []
    while not votes:
        if not await table.rounds("world_worst") or not await table.runs("world_worst"):
            await table.start("world_worst")
            await table.vote("", 1)
        last = (await table.rounds("world_worst"))[-1]
        casts = [event["data"] for event in await table.events() if event["kind"] == "vote.cast"]
        votes = [cast["clip"] for cast in casts if cast["round"] == last]
    await asyncio.to_thread(table.server.restart)
    for body in table.all("body"):
        await expect(body).to_have_attribute("data-socket", "open")

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
    for act, shown in ACTS.items():
        await page.evaluate(ACTED, act)
        await expect(page.locator(shown).first).to_be_visible()
        if act == "turn":
            await page.locator("#type").click()
            await expect(page.locator("#answer-text")).to_be_visible()
        found[act] = await violations(page)

    assert {where: what for where, what in found.items() if what} == {}


HAS_BEGUN = """() => {
  const { round, last_round } = document.querySelector('prompt-card').session.model.state;
  return Boolean(round ?? last_round);
}"""
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
    await page.wait_for_function(HAS_BEGUN)

    await page.evaluate(WISHED)
    await expect(page.locator("#proposal")).to_contain_text("You asked the others")
    await page.evaluate("refuse()")
    await visitor.was_told("declined")
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
