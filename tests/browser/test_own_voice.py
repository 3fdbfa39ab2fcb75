"""One's own voice in the page: without cookies, in two tabs, and in lines that are shown once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from playwright.async_api import Browser, Playwright, WebSocketRoute, expect

from tests.support.browsers import without_cookies
from tests.support.microphones import FileMicrophone
from tests.support.server import Server, running_server
from tests.support.visitor import DESK, Invite, Visitor, events, make_room

HALF_AN_EMOJI = "(input) => { input.value = 'Well 😀'.slice(0, -1); }"


def voices(url: str, room: str, kind: str) -> list[str]:
    """Return who did all of a kind in a room, oldest first."""
    return [event["by"]["id"] for event in events(url, room) if event["kind"] == kind]


async def press_behind(visitor: Visitor) -> None:
    """Press the talk button of a tab that lies behind another, where no pointer reaches it."""
    await visitor.page.locator("#talk").dispatch_event("click")


class LateAnswers:
    """Stands between a page and the server, and keeps acknowledgements back until they are let go."""

    def __init__(self) -> None:
        self.held: list[str] = []
        self.holds = True

    def stand_in(self, page_side: WebSocketRoute) -> None:
        """Pass on all else, both ways."""
        self.page_side, server = page_side, page_side.connect_to_server()
        server.on_message(self._from_server)

    def _from_server(self, frame: str | bytes) -> None:
        body = json.loads(frame)
        is_held = self.holds and isinstance(body, dict) and body["type"] == "ack"
        self.held.append(str(frame)) if is_held else self.page_side.send(frame)

    def let_go(self) -> None:
        """Let the page have them now, and those to come."""
        self.holds = False
        for frame in self.held:
            self.page_side.send(frame)


async def test_a_line_is_shown_once_while_its_answer_is_late(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    room = make_room(shared_server.url)
    anna, bela = await invite(listening_chromium, ears=False), await invite(listening_chromium, ears=False)
    late = LateAnswers()
    await anna.page.route_web_socket("**/ws*", late.stand_in)
    for visitor in (anna, bela):
        await visitor.enter(shared_server.url, room)

    await anna.say("one")
    await expect(bela.page.get_by_text("one", exact=True)).to_be_visible()
    await bela.say("two")
    await expect(anna.page.get_by_text("two", exact=True)).to_be_visible()  # behind the event of "one"
    assert await anna.lines() == ["two", "one"]
    late.let_go()

    await expect(anna.page.locator("room-chat .line-text")).to_have_text(["one", "two"])


async def test_half_an_emoji_is_left_out_and_the_page_stays(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    visitor = await invite(listening_chromium, ears=False)
    await visitor.enter(shared_server.url, make_room(shared_server.url))
    await visitor.page.locator(".chat-bubble").click()
    await visitor.page.locator("#say").evaluate(HALF_AN_EMOJI)
    await visitor.page.locator("#say").press("Enter")
    await visitor.say("and on")

    await expect(visitor.page.locator(".line[data-state=said] .line-text")).to_have_text(["Well", "and on"])
    await expect(visitor.page.locator("body")).to_have_attribute("data-socket", "open")


async def test_two_tabs_of_one_voice_end_their_own_takes(
    shared_server: Server, chromium: Browser, invite: Invite, file_microphone: FileMicrophone
) -> None:
    room = make_room(shared_server.url, kind="roleplay")
    one = await invite(chromium)
    other = Visitor(await one.page.context.new_page())
    await one.page.context.add_init_script("localStorage.setItem('wonder.pace', '2')")  # takes of 20 s
    for visitor in (one, other):
        await visitor.page.bring_to_front()
        await visitor.enter(shared_server.url, room)
        await visitor.warm_up()
    await file_microphone.quiet(one.page)
    await press_behind(one)
    await other.page.locator("#talk").click()
    for visitor in (one, other):
        await visitor.is_speaking("live")

    await file_microphone.spoken(one.page)
    await press_behind(one)
    await one.is_speaking("ready")
    await one.say("mine is over")
    await expect(other.page.get_by_text("mine is over")).to_be_visible()  # and behind the news of the take
    await other.is_speaking("live")
    await file_microphone.spoken(other.page)
    await other.page.locator("#talk").click()
    await other.is_speaking("ready")

    assert len(set(voices(shared_server.url, room, "clip.landed"))) == 1
    await other.shows_clips(2)
    assert other.surprises == []


async def test_without_cookies_one_writes_and_speaks_by_one_voice(
    playwright: Playwright, file_microphone: FileMicrophone, tmp_path: Path
) -> None:
    context = await without_cookies(
        playwright, tmp_path, file_microphone.path, locale="en-GB", reduced_motion="reduce", **DESK
    )
    visitor, asked = Visitor(await context.new_page()), list[str]()
    visitor.page.on("websocket", lambda socket: socket.on("framesent", lambda sent: asked.append(str(sent))))
    with running_server() as server:
        room = make_room(server.url, kind="healing")  # where takes are heard by their speaker first
        for number, query in enumerate(("mic=raw", "mic=raw&rtc=off"), 1):
            await visitor.enter(server.url, room, query)
            await visitor.page.locator("#talk").click()  # nobody remembers that it was tried
            await visitor.page.locator("#check-done").click()
            await visitor.say("hello")
            await visitor.speak(file_microphone)
            await visitor.page.locator("#preview-listen").click()
            await visitor.page.wait_for_function("() => document.querySelector('#sound').currentTime > 0.2")
            await visitor.page.locator("#preview-keep").dblclick()
            await visitor.shows_clips(number)
            await expect(visitor.page.locator("#preview")).to_be_hidden()
            await expect(visitor.page.locator(".line[data-own=true][data-state=said]")).to_have_count(1)
            await expect(visitor.page.locator(".notice")).to_have_count(0)
        await asyncio.to_thread(server.restart)
        await visitor.say("still me")
        await expect(visitor.page.locator(".line[data-own=true][data-state=said]")).to_have_count(2)

        first, second, third = voices(server.url, room, "text.said")
        assert first != second == third  # a voice lives as long as its page
        assert voices(server.url, room, "clip.landed") == [first, second]
        assert await context.cookies() == []
    await context.close()
    kept = {command["id"] for command in map(json.loads, asked) if command["type"] == "keep"}
    assert len(kept) == 2  # one each, though pressed twice
    assert visitor.surprises == []
