"""One visitor alone, at a page with a microphone: greeted aloud, and played with by voice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from games.characters import of_kind
from tests.support import language_models
from tests.support.programs import need_program
from tests.support.seated import Table, sit_down
from tests.support.server import Server, running_server
from tests.support.visitor import Invite

KIND = "wonder"
HOST = of_kind(KIND).names["en"]
# So many of them are played in `make test`; all of them take three minutes.
GAMES = ("first_thing", "wrong_names", "gibberish", "five_things", "five_likenesses", "cyborg_line")
FEW = 1
# So long one game may be tried: the sentence of a microphone may miss a short window, and a page may be late.
PLAYED_WITHIN_S = 100.0
# Words follow their clip.
WORDED_WITHIN_S = 20.0
# What a page showed for a while: the line of the host on the stage, and names on the card of an end.
SHOWN = """(() => {
  const shown = (window.__host = { talk: [], names: [], rests: [] });
  const note = (list, words) => words && !list.includes(words) && list.push(words);
  setInterval(() => {
    note(shown.talk, document.querySelector('.spoken[data-talk]:not([hidden])')?.textContent);
    document.querySelectorAll('#ending .take-name').forEach((name) => note(shown.names, name.textContent));
    note(shown.rests, document.querySelector('#prompt[data-resting="true"]')?.textContent);
  }, 50);
})();"""
SIGNED = "(name) => window.__host.names.some((each) => each.startsWith(name))"


@pytest.fixture
def server() -> Iterator[Server]:
    """Run a server whose hosts speak by the real eSpeak NG, and write by themselves."""
    need_program("espeak-ng")
    with running_server(limits="off", speech="espeak", host_engine="embedded") as running:
        yield running


@pytest.fixture
def asking_server() -> Iterator[Server]:
    """Run such a server whose hosts ask llama.cpp's own server for their lines."""
    need_program("espeak-ng")
    with ExitStack() as closing:
        url = closing.enter_context(language_models.llama())
        asking = {"host_engine": "openai", "host_url": url, "host_model": "smollm2"}
        yield closing.enter_context(running_server(limits="off", speech="espeak", **asking))


async def alone(server: Server, chromium: Browser, invite: Invite) -> Table:
    """Let one visitor in who plays along by voice."""

    async def come(browser: Browser, **options: Any) -> Any:
        visitor = await invite(browser, **options)
        await visitor.page.add_init_script(SHOWN)
        return visitor

    return await sit_down(server, chromium, come, KIND, visitors=1)


async def is_greeted(table: Table) -> None:
    """Wait until the page has shown what the host said, and with whom one is alone."""
    page = table.chooser.page
    await page.wait_for_function("() => window.__host.talk.length > 0")
    (said, *_) = await shown(page, "talk")
    assert said.startswith(f"{HOST}\N{NO-BREAK SPACE}⚙")
    written = [event for event in await table.events() if event["kind"] == "text.said"]
    assert written[0]["by"]["machine"]
    assert f"You and {HOST}" in await shown(page, "rests")


async def shown(page: Page, what: str) -> list[str]:
    """Return what a page has shown so far."""
    return list(await page.evaluate("(what) => window.__host[what]", what))


async def play(table: Table, game: str, *, aloud: bool = False) -> None:
    """Play a game to its end, again until visitor and host have both had a turn in a round of it.

    A machine whose voice comes too late writes what it would have said; with `aloud` that does not count.
    """
    tried = list[str]()
    try:
        async with asyncio.timeout(PLAYED_WITHIN_S):
            while not await is_played(table, game, tried, aloud=aloud):
                pass
    except TimeoutError:
        pytest.fail(f"{game} was not played by both: {tried}")


async def is_played(table: Table, game: str, tried: list[str], *, aloud: bool) -> bool:
    """Play a round to its end, note who answered in it, and tell whether both did."""
    round_ = await table.start(game)
    while await table.runs(game):
        await asyncio.sleep(0.2)
    told = [event for event in await table.events() if event["data"].get("round") == round_]
    kinds = {"clip.landed"} if aloud else {"clip.landed", "answer.given"}
    machines = [event["by"].get("machine", False) for event in told if event["kind"] in kinds]
    (reason,) = (event["data"]["reason"] for event in told if event["kind"] == "round.closed")
    tried.append(f"{reason} {machines}")
    return reason == "done" and {*machines} == {True, False}


async def is_spoken(table: Table) -> None:
    """Look at what the host said in games: clips with words, through its mask or for one word none."""
    clips = [event for event in await table.events() if event["kind"] == "clip.landed"]
    hosts = {event["data"]["clip"]: event for event in clips if event["by"].get("machine")}
    assert {event["by"]["name"] for event in hosts.values()} <= {HOST}
    assert {event["data"]["mask"] for event in hosts.values()} <= {of_kind(KIND).mask, None}
    async with asyncio.timeout(WORDED_WITHIN_S):
        while not hosts.keys() <= await worded(table):
            await asyncio.sleep(0.2)
    await table.chooser.page.wait_for_function(SIGNED, arg=f"{HOST}\N{NO-BREAK SPACE}⚙")


async def worded(table: Table) -> set[str]:
    """Return the clips whose words are known."""
    told = [event["data"] for event in await table.events() if event["kind"] == "clip.captioned"]
    return {fact["clip"] for fact in told if fact["text"]}


async def test_a_lonely_visitor_is_greeted_and_plays_to_the_end_by_voice(
    server: Server, chromium: Browser, invite: Invite
) -> None:
    table = await alone(server, chromium, invite)
    await is_greeted(table)
    for game in GAMES[:FEW]:
        await play(table, game)
    await is_spoken(table)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("which", ["server", "asking_server"])
async def test_a_lonely_visitor_plays_six_games_to_their_end_by_voice(
    which: str, request: pytest.FixtureRequest, chromium: Browser, invite: Invite
) -> None:
    table = await alone(request.getfixturevalue(which), chromium, invite)
    await is_greeted(table)
    for game in GAMES:
        await play(table, game, aloud=True)
    await is_spoken(table)
