"""The page for everyone: without a microphone, on a phone, by keyboard, and for a screen reader."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Playwright, expect

from server.room.kinds import KINDS
from tests.support.browsers import Kind, launch
from tests.support.microphones import FileMicrophone
from tests.support.server import Server, running_server
from tests.support.shape import ROOT
from tests.support.visitor import LIMIT_MS, PHONE, Invite, clips, make_room

AXE = ROOT / "node_modules/axe-core/axe.min.js"
FEWEST_TARGETS = 8  # there is more to press in a room
TARGET_PX = 44  # the least a finger hits (WCAG 2.2, 2.5.5)
SIZES = """() => [...document.querySelectorAll('button, a')]
.map(each => [each, each.getBoundingClientRect()])
.filter(([each, box]) => box.width && box.height && each.checkVisibility({ visibilityProperty: true }))
.map(([each, box]) => [Math.min(box.width, box.height), each.outerHTML])"""
KEEPS_TRACKS = """window.tracks = [];
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await ask(wanted);
  tracks.push(...stream.getTracks());
  return stream;
};"""
# What is to be pressed and cannot be: beside the window, or below something else.
HIDDEN_BUTTONS = """() => [...document.querySelectorAll(
    '.dock button, #games, #topics, .top button, .tab, .find')]
  .filter((button) => button.checkVisibility()).filter((button) => {
    const { left, top, width, height } = button.getBoundingClientRect();
    const found = document.elementFromPoint(left + width / 2, top + height / 2);
    return left < 0 || left + width > innerWidth || !button.contains(found);
  }).map((button) => button.id || button.textContent)"""

# A round with a prompt of 120 letters, told to the page as the room would.
LONG_PROMPT = """() => {
  const { session } = document.querySelector('prompt-card');
  const at_ms = Math.round(session.clock.server_ms);
  const text = "World's worst best man speech, given to the wrong couple by somebody "
    + 'who lost a bet about umbrellas and cannot stop now';
  const tell = (kind, data) => {
    const seq = session.model.state.head + 1;
    session.inbox.events([{ type: 'event', seq, prev: seq - 1, at_ms, by: null, kind, data }]);
  };
  tell('round.opened', { round: 'r', game: 'first_thing', tempo: 'snap', prompt: { id: 'p', text } });
  tell('turn.given', { round: 'r', turn: 1, prompt: text, go_at_ms: at_ms, closes_at_ms: at_ms + 1e6 });
  session.round.update();
}"""
TWO_NOTICES = """() => {
  const { notices } = document.querySelector('prompt-card').session;
  notices.tell({ code: 'refused', values: { code: 'locked' } });
  notices.tell({ code: 'mic-refused' });
}"""
STAGE_IS_MOST = """() => {
  const share = document.querySelector('#stage').getBoundingClientRect().width / innerWidth;
  return 0.56 < share && share < 0.62;
}"""
PROMPT_CUT = """() => {
  const prompt = document.querySelector('#prompt'), card = document.querySelector('prompt-card');
  const { top, bottom } = prompt.getBoundingClientRect(), around = card.getBoundingClientRect();
  return prompt.scrollHeight > prompt.clientHeight || top < around.top - 1 || bottom > around.bottom + 1;
}"""
HEBREW = "חלל של פליאה "
# What is written from right to left and is not shown so, or whose first letter is cut off.
LEFT_TO_RIGHT = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [], first = new Range();
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const shown = node.parentElement, box = shown.getBoundingClientRect();
    if (!/^[\\u0590-\\u07ff]/.test(node.data) || !shown.checkVisibility()) continue;
    first.setStart(node, 0), first.setEnd(node, 1);
    const { left, right } = first.getBoundingClientRect();
    const cut = right > box.right + 1 || left < box.left - 1;
    if (cut || getComputedStyle(shown).direction !== 'rtl') found.push(shown.outerHTML);
  }
  return found;
}"""


async def comes_to(page: Page, look: str, wanted: object, where: object = None) -> None:
    """Wait until what is found on a page is as it should be: what glides or comes late is not so at once."""
    clock = asyncio.get_running_loop()
    deadline = clock.time() + LIMIT_MS / 1000
    while (found := await page.evaluate(look)) != wanted:
        assert clock.time() < deadline, (where, found)
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("kind", ["chromium", "firefox"])
async def test_without_permission_one_listens_and_writes(
    kind: Kind, shared_server: Server, playwright: Playwright, sound: None, invite: Invite
) -> None:
    browser = await launch(playwright, kind, refuse=True)
    visitor = await invite(browser, ears=False)
    await visitor.enter(shared_server.url, make_room(shared_server.url))
    await visitor.page.locator("#talk").click()

    await expect(visitor.page.locator("[data-notice=mic-refused]")).to_be_visible()
    await visitor.say("I can still write")
    await expect(visitor.page.get_by_text("I can still write")).to_be_visible()
    await visitor.listens("radio")
    await browser.close()


async def test_without_a_device_the_page_says_so(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    visitor = await invite(listening_chromium, ears=False)
    await visitor.enter(shared_server.url, make_room(shared_server.url))
    await visitor.page.locator("#talk").click()

    await expect(visitor.page.locator("[data-notice=mic-missing]")).to_be_visible()


async def test_a_room_of_an_area_asks_for_the_area_in_ones_own_words(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    visitor = await invite(listening_chromium, ears=False, locale="de-DE")
    await visitor.page.goto(shared_server.url)
    await visitor.page.locator("#make").click()
    await visitor.page.locator("[data-kind=local]").click()
    await visitor.page.locator("room-form [type=submit]").click()

    await expect(visitor.page.locator("room-form .failure")).to_contain_text("Gegend")
    await expect(visitor.page.locator("room-form [type=submit]")).to_be_enabled()
    assert visitor.errors == []


async def test_who_stops_playing_along_has_the_microphone_back(
    shared_server: Server, chromium: Browser, invite: Invite
) -> None:
    visitor = await invite(chromium)
    await visitor.page.add_init_script(KEEPS_TRACKS)
    await visitor.enter(shared_server.url, make_room(shared_server.url))
    await visitor.page.locator("#play").click()
    await visitor.page.wait_for_function("() => tracks.length === 1 && tracks[0].readyState === 'live'")

    await visitor.page.locator("#play").click()
    await visitor.page.wait_for_function("() => tracks.every((track) => track.readyState === 'ended')")


async def test_a_phone_speaks_by_touch(
    shared_server: Server, chromium: Browser, invite: Invite, file_microphone: FileMicrophone
) -> None:
    room = make_room(shared_server.url)
    visitor = await invite(chromium, **PHONE, is_mobile=True)
    await visitor.enter(shared_server.url, room)

    await visitor.speak(file_microphone, "touch")

    await visitor.shows_clips(1)
    assert clips(shared_server.url, room)
    assert await visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_everything_to_press_on_a_phone_is_large_enough(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    visitor = await invite(listening_chromium, ears=False, **PHONE, is_mobile=True)
    await visitor.enter(shared_server.url, make_room(shared_server.url))
    await visitor.listens("radio")
    await expect(visitor.page.locator(".find:visible")).to_have_count(1)  # the last thing that comes
    # All at once: what stands on the page changes while the radio plays.
    sizes: list[tuple[float, str]] = await visitor.page.evaluate(SIZES)
    assert len(sizes) > FEWEST_TARGETS
    assert [html for least_px, html in sizes if least_px < TARGET_PX] == []


async def test_a_phone_opens_the_chat_at_its_newest_line_and_passes_the_room_on(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    room = make_room(shared_server.url)
    anna = await invite(listening_chromium, ears=False)
    await anna.enter(shared_server.url, room)
    for _ in range(3):
        await anna.say("many words " * 45)
    phone = await invite(listening_chromium, ears=False, **PHONE)
    await phone.enter(shared_server.url, room)

    await phone.page.locator("clip-list .share").click()
    await phone.page.locator("#copy-link").click()
    await expect(phone.page.locator("#invite-sheet [role=status]", has_text="copied")).to_be_visible()
    await phone.page.keyboard.press("Escape")
    await phone.page.locator("[data-tab=chat]").click()
    await expect(phone.page.locator("room-chat .line")).to_have_count(3)
    left = "(list) => list.scrollHeight - list.clientHeight - list.scrollTop < 2 && list.scrollTop > 0"
    await phone.page.wait_for_function(f"() => ({left})(document.querySelector('room-chat .lines'))")


async def test_an_empty_chat_is_a_bubble_until_somebody_writes(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    room = make_room(shared_server.url)
    anna, bela = await invite(listening_chromium, ears=False), await invite(listening_chromium, ears=False)
    for visitor in (anna, bela):
        await visitor.enter(shared_server.url, room)
        await expect(visitor.page.locator("#say")).to_be_hidden()
    await anna.page.locator(".chat-bubble").focus()
    await anna.page.keyboard.press("Enter")
    await expect(anna.page.locator("#say")).to_be_focused()
    await anna.page.keyboard.type("hello")
    await anna.page.keyboard.press("Enter")

    await expect(bela.page.locator("room-chat .line-text")).to_have_text("hello")
    await expect(bela.page.locator("#say")).to_be_visible()
    await expect(bela.page.locator(".chat-bubble")).to_be_hidden()


async def test_a_wide_page_gives_its_stage_most_and_a_small_one_its_prompt_all_it_needs(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    visitor = await invite(listening_chromium, ears=False)
    await visitor.enter(shared_server.url, make_room(shared_server.url))
    page = visitor.page
    for width, height in ((1280, 800), (1920, 1080)):
        await page.set_viewport_size({"width": width, "height": height})
        await comes_to(page, STAGE_IS_MOST, True, width)
    await expect(page.locator(".find:visible")).to_be_visible()  # the look of a round comes before it
    await page.evaluate(LONG_PROMPT)
    await expect(page.locator("body")).to_have_attribute("data-phase", "window")
    for notices in (0, 2):
        if notices:
            await page.evaluate(TWO_NOTICES)
        await expect(page.locator(".notice")).to_have_count(notices)
        for width, height in ((640, 400), (320, 568)):
            await page.set_viewport_size({"width": width, "height": height})
            await comes_to(page, PROMPT_CUT, False, (width, height, notices))


async def test_the_games_say_what_can_be_played_now(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    visitor = await invite(listening_chromium, ears=False)
    await visitor.enter(shared_server.url, make_room(shared_server.url, tempo="slow"))
    page = visitor.page
    await page.locator("#games").click()
    pair = page.locator("[data-game=mind_meld]")
    await expect(pair).to_have_attribute("aria-disabled", "true")
    await expect(pair.locator(".choice-why")).to_have_text("Needs 1 more who plays along.")
    await pair.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#game-sheet")).to_be_visible()
    # The round is over soon, for nobody plays: each frame is looked at for its name.
    named = page.wait_for_function("() => document.querySelector('.head-name')?.textContent", polling="raf")
    await asyncio.gather(named, page.locator("#surprise").click())

    await expect(page.locator("#game-sheet")).to_have_count(0)


async def test_nothing_is_cut_off_in_small_and_low_windows(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    """A small phone, a phone on its side, and pages made twice and three times as large."""
    visitor = await invite(listening_chromium, ears=False, locale="de-DE")
    await visitor.enter(shared_server.url, make_room(shared_server.url, name="Donaudampfschiffahrt" * 3))
    await expect(visitor.page.locator(".find:visible")).to_be_visible()  # the last thing that comes
    for width, height in ((320, 568), (360, 640), (844, 390), (932, 430), (640, 400), (427, 640)):
        await visitor.page.set_viewport_size({"width": width, "height": height})
        await comes_to(visitor.page, HIDDEN_BUTTONS, [], (width, height))


@pytest.mark.parametrize("size", ["phone", "desk"])
async def test_what_is_read_from_right_to_left_begins_on_the_right(
    size: str, shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    """A name that does not fit is cut at its end, in the lobby, at the door and in the room."""
    words = {"name": HEBREW * 4 + size, "theme": HEBREW * 8, "description": HEBREW}
    room = make_room(shared_server.url, public=True, **words)
    visitor = await invite(listening_chromium, ears=False, **(PHONE if size == "phone" else {}))
    page = visitor.page
    await page.goto(shared_server.url)
    await expect(page.get_by_text(words["name"])).to_be_visible()
    await comes_to(page, LEFT_TO_RIGHT, [])
    await page.goto(f"{shared_server.url}/r/{room}")
    await expect(page.locator("#gate-name")).to_have_text(words["name"])
    await comes_to(page, LEFT_TO_RIGHT, [])
    await page.locator("#join").click()
    await page.locator("#topics").click()
    await page.locator("#suggestion").fill(HEBREW)
    await page.locator("#suggest").click()
    await expect(page.locator(".waiting li")).to_have_count(1)
    await comes_to(page, LEFT_TO_RIGHT, [])
    await page.keyboard.press("Escape")
    await visitor.say(HEBREW)
    await expect(page.locator(".line-text", has_text=HEBREW.strip())).to_be_visible()
    await comes_to(page, LEFT_TO_RIGHT, [])


async def test_a_room_is_made_of_the_kinds_that_the_server_has(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    page = (await invite(listening_chromium, ears=False)).page
    await page.goto(shared_server.url)
    await page.locator("#make").click()
    await expect(page.locator("room-form .kind")).to_have_text([kind.names["en"] for kind in KINDS.values()])
    place, tempo = page.locator("room-form .place"), page.locator("room-form [name=tempo]")
    for kind in KINDS.values():
        await page.locator(f"room-form .kind[data-kind={kind.id}]").click()
        await expect(tempo).to_have_value(kind.tempo)
        await expect(place).to_be_visible(visible=kind.placed)
    await page.locator("room-form [type=submit]").click()
    await page.wait_for_url("**/r/*")


async def test_escape_does_not_lead_past_the_door(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    visitor = await invite(listening_chromium, ears=False)
    await visitor.page.goto(f"{shared_server.url}/r/{make_room(shared_server.url)}")
    await expect(visitor.page.locator("#join")).to_be_enabled()
    await visitor.page.keyboard.press("Escape")
    await visitor.page.keyboard.press("Escape")
    await visitor.page.locator("#join").click()
    await visitor.listens("radio")
    await expect(visitor.page.locator("prompt-card")).to_be_focused()


async def test_a_full_server_says_so_at_the_door(listening_chromium: Browser, invite: Invite) -> None:
    with running_server(sockets=1) as server:
        room = make_room(server.url)
        inside, outside = await invite(listening_chromium, ears=False), await invite(listening_chromium)
        await inside.enter(server.url, room)
        await inside.listens("radio")
        await outside.page.goto(f"{server.url}/r/{room}")
        await expect(outside.page.locator(".gate-voice")).to_contain_text("full")
        await expect(outside.page.locator("#join")).to_be_disabled()


# What fades in has no contrast yet; what takes longer than a second does not fade in.
WHOLLY_THERE = """async () => {
  const comes = (one) => one.playState === 'running' && one.effect.getComputedTiming().endTime <= 1000;
  await Promise.allSettled(document.getAnimations().filter(comes).map((one) => one.finished));
  return axe.run({ resultTypes: ['violations'] });
}"""


async def violations(page: Page) -> list[str]:
    """Ask axe-core what is wrong for those who do not see, hear or move as others do."""
    await page.evaluate(AXE.read_text())
    found: dict[str, Any] = await page.evaluate(WHOLLY_THERE)
    return [f"{v['id']}: {json.dumps([node['html'] for node in v['nodes']])}" for v in found["violations"]]


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", ["phone", "desk"])
async def test_no_barriers_in_lobby_gate_and_room(
    theme: str, size: str, shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    options: dict[str, Any] = PHONE if size == "phone" else {}
    visitor = await invite(listening_chromium, color_scheme=theme, **options)
    name = f"Barriers {theme} {size}"
    room = make_room(shared_server.url, public=True, name=name)

    await visitor.page.goto(shared_server.url)
    await expect(visitor.page.get_by_text(name)).to_be_visible()
    found = {"lobby": await violations(visitor.page)}
    await visitor.page.goto(f"{shared_server.url}/r/{room}")
    await expect(visitor.page.locator("#gate-name")).to_have_text(name)
    found["gate"] = await violations(visitor.page)
    await visitor.page.locator("#join").click()
    await visitor.say("hello")
    await visitor.listens("radio")
    await expect(visitor.page.locator(".find:visible")).to_have_count(1)  # and its look
    found["room"] = await violations(visitor.page)
    await visitor.page.locator("#settings").click()
    await expect(visitor.page.locator("#settings-sheet")).to_be_visible()
    found["settings"] = await violations(visitor.page)
    await visitor.page.locator("#try-microphone").click()
    await expect(visitor.page.locator(".check-voice[data-verdict=trouble]")).to_be_visible()
    found["check"] = await violations(visitor.page)

    assert found == {"lobby": [], "gate": [], "room": [], "settings": [], "check": []}


async def test_no_page_breaks_its_own_policy(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    """A breach shows as an error in the console, and a guest with one fails the test."""
    visitor = await invite(listening_chromium, ears=False)
    await visitor.page.goto(shared_server.url)
    await expect(visitor.page.locator("lobby-list .room-card").first).to_be_visible()
    await visitor.enter(shared_server.url, make_room(shared_server.url))
    await visitor.listens("radio")
    await visitor.say("hello")
    await expect(visitor.page.get_by_text("hello")).to_be_visible()
