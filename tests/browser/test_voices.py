"""One page speaks, others hear it: real browsers, real microphones, the real server."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable

import pytest
from playwright.async_api import Browser, expect

from tests.support.browsers import ALIKE, Kind, all_hear
from tests.support.microphones import FileMicrophone, Microphone, speech
from tests.support.server import Server, running_server
from tests.support.visitor import Invite, clips, make_room, staying

UNDO_MS = 5_000  # so long can one's own newest clip be taken back in a page
# Ends an open take, and begins none where it has ended at its limit.
END = "() => { if (document.body.dataset.speaking === 'live') document.querySelector('#talk').click(); }"
# Begins a take in the frame in which the window opens.
SPEAK_AT_GO = """() => new Promise((begun) => {
  const look = () => {
    if (document.body.dataset.phase !== 'window') return requestAnimationFrame(look);
    begun(document.querySelector('#talk').click());
  };
  look();
})"""
# Nobody answers there: a loopback address of this machine on which no server of ours listens.
NOWHERE = "127.255.255.1"


@pytest.mark.parametrize("kind", ["chromium", "firefox"])
async def test_two_listeners_hear_what_one_speaker_says(
    kind: Kind,
    shared_server: Server,
    chromium: Browser,
    listening_chromium: Browser,
    firefox: Browser,
    invite: Invite,
    microphone_of: Callable[[Kind], Microphone],
) -> None:
    room = make_room(shared_server.url)
    speaker = await invite(chromium if kind == "chromium" else firefox)
    listeners = [await invite(listening_chromium), await invite(firefox)]
    for visitor in (speaker, *listeners):
        await visitor.enter(shared_server.url, room)
        await visitor.listens("radio")

    pages = [listener.page for listener in listeners]
    assert await all_hear(pages, speech(), lambda: speaker.speak(microphone_of(kind))) >= ALIKE

    heard = clips(shared_server.url, room)
    assert {clip["source"] for clip in heard} == {"webrtc"}
    for listener in listeners:
        await listener.shows_clips(len(heard))


async def test_everyone_sees_who_speaks_now(shared_server: Server, chromium: Browser, invite: Invite) -> None:
    room = make_room(shared_server.url)
    speaker, other = await invite(chromium), await invite(chromium)
    for visitor in (speaker, other):
        await visitor.enter(shared_server.url, room)
    await speaker.warm_up()
    talk, speaking = speaker.page.locator("#talk"), other.page.locator(".dot[data-speaking=true]")

    await talk.click()
    await expect(speaking).to_have_count(1)
    await talk.click()
    await expect(speaking).to_have_count(0)


async def test_voices_go_as_files_where_udp_is_blocked(
    chromium: Browser, firefox: Browser, invite: Invite, file_microphone: FileMicrophone
) -> None:
    with running_server(public_ip=NOWHERE) as server:
        room = make_room(server.url)
        speaker, *listeners = [await invite(browser) for browser in (chromium, chromium, firefox)]
        for visitor in (speaker, *listeners):
            await visitor.enter(server.url, room)
        for visitor in (speaker, *listeners):
            await visitor.listens("files")
            await expect(visitor.page.locator("[data-notice=udp-blocked]")).to_be_visible()

        pages = [listener.page for listener in listeners]
        assert await all_hear(pages, speech(), lambda: speaker.speak(file_microphone)) >= ALIKE
        heard = clips(server.url, room)
        assert {clip["source"] for clip in heard} == {"upload"}
        for listener in listeners:
            await listener.shows_clips(len(heard))


async def test_a_page_that_is_told_to_uses_files_alone(
    shared_server: Server,
    chromium: Browser,
    listening_chromium: Browser,
    invite: Invite,
    file_microphone: FileMicrophone,
) -> None:
    room = make_room(shared_server.url)
    speaker, listener = await invite(chromium), await invite(listening_chromium)
    await speaker.enter(shared_server.url, room, "mic=raw&rtc=off")
    await listener.enter(shared_server.url, room, "rtc=off")
    await listener.listens("files")

    say = functools.partial(speaker.speak, file_microphone, "space")
    assert await all_hear([listener.page], speech(), say) >= ALIKE


async def test_a_page_that_was_away_misses_nothing_and_repeats_nothing(
    server: Server, listening_chromium: Browser, firefox: Browser, invite: Invite
) -> None:
    room = make_room(server.url)
    anna, bela = await invite(listening_chromium), await invite(firefox)
    for visitor in (anna, bela):
        await visitor.enter(server.url, room)
        await visitor.listens("radio")
    await anna.say("one")
    await expect(bela.page.get_by_text("one", exact=True)).to_be_visible()

    await bela.page.context.set_offline(True)
    # It passes after some seconds: each frame is looked at for it, before it can be there.
    back = anna.page.wait_for_function("() => document.querySelector('[data-notice=back]')", polling="raf")
    await asyncio.gather(back, asyncio.to_thread(server.restart, kill=True))
    await anna.say("two")
    await anna.say("three")
    await bela.page.context.set_offline(False)

    for visitor in (anna, bela):
        await expect(visitor.page.get_by_text("three", exact=True)).to_be_visible()
        assert await visitor.lines() == ["one", "two", "three"]
        await visitor.listens("radio")


async def test_a_server_that_is_killed_in_a_count_in_costs_nobody_the_turn(
    server: Server, chromium: Browser, invite: Invite
) -> None:
    # Where a count-in and a window take 15 s: a busy machine needs most of 8 to start the server.
    room = make_room(server.url, tempo="slow")
    speaker = await invite(chromium, ears=False)
    await speaker.enter(server.url, room)
    # The room throws its first prompt by itself when somebody plays along; each frame is looked at for that.
    counts = speaker.page.wait_for_function("() => document.body.dataset.phase === 'count-in'", polling="raf")
    await asyncio.gather(counts, speaker.page.locator("#play").click())

    server.restart(kill=True)

    await speaker.is_speaking("live")
    await expect(speaker.page.locator("body")).to_have_attribute("data-phase", "window")


async def test_a_take_lands_in_the_round_of_its_prompt_and_can_be_taken_back(
    shared_server: Server, chromium: Browser, invite: Invite, file_microphone: FileMicrophone
) -> None:
    # The microphone may have to pause for 5 s first: 12 s are time enough to be heard, 5 are not.
    room = make_room(shared_server.url, tempo="slow")
    speaker = await invite(chromium)
    await speaker.page.add_init_script(staying(UNDO_MS))
    await speaker.enter(shared_server.url, room)
    await speaker.warm_up()

    throw = speaker.page.locator("throw-button button")
    await asyncio.gather(speaker.page.evaluate(SPEAK_AT_GO), throw.click())
    await speaker.is_speaking("live")
    await file_microphone.spoken(speaker.page)
    await speaker.page.evaluate(END)
    await speaker.is_speaking("ready")
    await speaker.shows_clips(1)
    assert clips(shared_server.url, room)[0]["round"]

    await speaker.page.locator("undo-toast button").click()
    await speaker.shows_clips(0)


@pytest.mark.parametrize(
    "without",
    [
        "delete window.RTCPeerConnection",
        "window.RTCPeerConnection = class { constructor() { throw new DOMException('off') } }",
    ],
    ids=["not-there", "switched-off"],
)
async def test_a_browser_without_webrtc_is_not_told_that_its_network_is_at_fault(
    without: str, shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    visitor = await invite(listening_chromium, ears=False, locale="de-DE")
    await visitor.page.add_init_script(without)
    await visitor.enter(shared_server.url, make_room(shared_server.url))

    await visitor.listens("files")
    await expect(visitor.page.locator("[data-notice=no-live-sound]")).to_contain_text("Dieser Browser")
    await expect(visitor.page.locator(".notice")).to_have_count(1)


async def test_a_server_that_takes_no_more_voices_live_is_not_the_network_s_fault(
    shared_server: Server, chromium: Browser, invite: Invite, file_microphone: FileMicrophone
) -> None:
    room = make_room(shared_server.url)
    speaker = await invite(chromium)
    await speaker.page.route("**/whip?*", lambda route: route.fulfill(status=503, json={"code": "busy"}))
    await speaker.enter(shared_server.url, room)
    await speaker.listens("radio")

    await speaker.speak(file_microphone)

    await expect(speaker.page.locator("[data-notice=live-failed]")).to_be_visible()
    await expect(speaker.page.locator("[data-notice=udp-blocked]")).to_have_count(0)
    assert {clip["source"] for clip in clips(shared_server.url, room)} == {"upload"}
