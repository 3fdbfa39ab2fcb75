"""What was reported in a room, for whoever keeps it."""

from __future__ import annotations

from server.room.commands import Caption
from server.room.events import ClipCaptioned
from tests.support.web_app import ADMIN, KEY, OTHER_KEY, Site, bearer, listed
from tests.support.ws_client import joined

THIRD_KEY = "t" * 43
NUMBER = "umbrella, call me at 0171 2345678"


async def kept_room(site: Site) -> str:
    async with site.ask("POST", "/api/rooms", json={"kind": "topic"}, headers=bearer(KEY)) as answer:
        return str((await answer.json())["id"])


async def test_the_keeper_sees_what_was_reported_and_nobody_else(site: Site) -> None:
    room = await kept_room(site)
    clip = (await site.clip(room=room, key=OTHER_KEY))["id"]
    path = f"/api/clips/{clip}/reports"
    assert await site.status("POST", path, json={"reason": "rude"}, headers=bearer(THIRD_KEY)) == 201

    here = f"/api/rooms/{room}/reports"
    for key in (KEY, ADMIN):
        (shown,) = (await site.json("GET", here, headers=bearer(key)))["reports"]
        assert (shown["target"], shown["count"], shown["reasons"][0]["reason"]) == (clip, 1, "rude")
    assert await site.problem("GET", here, headers=bearer(OTHER_KEY)) == (403, "not_allowed")
    assert await site.problem("GET", here) == (401, "no_key")


async def test_a_take_that_is_held_is_heard_by_its_speaker_and_the_keeper_until_it_is_let_through(
    site: Site,
) -> None:
    room = await kept_room(site)
    held = {"hold": True}
    assert await site.status("PATCH", f"/api/rooms/{room}", json=held, headers=bearer(KEY)) == 200
    clip = (await site.clip(room=room, key=OTHER_KEY))["id"]
    sound = f"/api/clips/{clip}.ogg"
    for key, status in ((KEY, 200), (OTHER_KEY, 200), (THIRD_KEY, 404)):
        assert await site.status("GET", sound, headers=bearer(key)) == status
    (shown,) = (await site.json("GET", f"/api/rooms/{room}/reports", headers=bearer(KEY)))["reports"]
    assert (shown["target"], shown["hidden"], shown["count"]) == (clip, True, 0)

    url = f"{site.url}/api/rooms/{room}/ws"
    async with joined(site.session, url, headers=bearer(KEY)) as keeper:
        assert (await keeper.ask("restore", clip=clip))["type"] == "ack"
    assert await site.status("GET", sound, headers=bearer(THIRD_KEY)) == 200


async def test_what_a_filter_holds_is_nowhere_but_with_its_speaker_and_who_decides_until_it_passes(
    site: Site,
) -> None:
    room = await kept_room(site)
    clip = (await site.clip(room=room, key=OTHER_KEY))["id"]
    await site.registry.send(room, Caption(ClipCaptioned(clip, NUMBER, "en")), by=None)
    pages = [f"/api/clips/{clip}{form}" for form in ("", ".ogg", ".vtt", ".svg")]
    pages += [f"/c/{clip}", f"/c/{clip}/dare"]

    async def seen(status: int) -> None:
        assert [await site.status("GET", path, headers=bearer(THIRD_KEY)) for path in pages] == (
            [status] * len(pages) if status == 404 else [200] * (len(pages) - 1) + [404]
        )
        is_shown = status == 200
        for path in (f"/api/rooms/{room}/events", f"/r/{room}/feed.xml"):
            async with site.ask("GET", path, headers=bearer(THIRD_KEY)) as answer:
                assert ("0171" in await answer.text()) == is_shown, path
        await listed(site, f"/api/rooms/{room}/search?q=umbrella", int(is_shown), THIRD_KEY)

    await seen(404)
    for key in (KEY, OTHER_KEY, ADMIN):
        assert (await site.json("GET", f"/api/clips/{clip}", headers=bearer(key)))["caption"] == NUMBER
    for path in (f"/api/rooms/{room}/reports", "/api/admin/reports"):
        (shown,) = await listed(site, path, 1)
        assert (shown["target"], shown["held"], shown["text"]) == (clip, "contacts", NUMBER)
        assert (shown["count"], shown["hidden"]) == (0, True)

    decision = {"decision": "keep", "note": "a song"}
    path = f"/api/admin/reports/{room}.{clip}"
    assert (await site.json("POST", path, json=decision, headers=bearer(ADMIN)))["act"]["action"] == "keep"
    await seen(200)
    assert (await site.json("GET", f"/api/rooms/{room}/reports", headers=bearer(KEY)))["reports"] == []


async def test_a_socket_lets_a_clip_pass(site: Site) -> None:
    room = await kept_room(site)
    clip = (await site.clip(room=room, key=OTHER_KEY))["id"]
    await site.registry.send(room, Caption(ClipCaptioned(clip, NUMBER, "en")), by=None)
    url = f"{site.url}/api/rooms/{room}/ws"
    async with (
        joined(site.session, url, headers=bearer(OTHER_KEY)) as speaker,
        joined(site.session, url, headers=bearer(THIRD_KEY)) as voter,
    ):
        assert (await speaker.ask("pass", clip=clip, value=True))["code"] == "own_clip"
        assert (await voter.ask("pass", clip="nothing-there", value=True))["code"] == "no_such_clip"
        assert (await voter.ask("pass", clip=clip, value="yes"))["code"] == "bad_message"
        assert (await voter.ask("pass", clip=clip, value=True))["type"] == "ack"
    assert await site.status("GET", f"/api/clips/{clip}.ogg", headers=bearer("u" * 43)) == 200
