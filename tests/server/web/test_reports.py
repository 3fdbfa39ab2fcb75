"""What was reported in a room, for whoever keeps it."""

from __future__ import annotations

from tests.support.web_app import ADMIN, KEY, OTHER_KEY, Site, bearer
from tests.support.ws_client import joined

THIRD_KEY = "t" * 43


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
