"""Masks over HTTP: asked for by takes, tried before."""

from __future__ import annotations

import pytest

from server.http.limits import Limits
from server.room.commands import Refused
from server.room.masks import MASKS
from tests.support.web_app import ADMIN, KEY, OGG, Site, bearer

AUDIO = {"Content-Type": "audio/ogg"}
TRY = "/api/masks/mouse/preview"


async def test_an_upload_asks_for_a_mask_and_its_clip_says_so(site: Site) -> None:
    path = "/api/rooms/wonder/clips"
    clip = await site.json("POST", f"{path}?mask=robot", data=b"speech", headers=bearer(**AUDIO))
    assert (clip["masked"], clip["mask"]) == (True, "robot")
    clip = await site.json("POST", f"{path}?mask=none", data=b"speech", headers=bearer(**AUDIO))
    assert (clip["masked"], clip["mask"]) == (False, None)


@pytest.mark.parametrize("name", ["nobody", "Mouse", "", "%00"])
async def test_no_take_goes_on_without_the_mask_that_it_asked_for(site: Site, name: str) -> None:
    for path, content in (("clips", AUDIO), ("whip", {"Content-Type": "application/sdp"})):
        found = await site.problem(
            "POST", f"/api/rooms/wonder/{path}?mask={name}", data=b"speech", headers=bearer(**content)
        )
        assert found == (422, "bad_value")
    assert (await site.json("GET", "/api/rooms/wonder"))["clips"] == 0


async def test_a_room_tells_which_masks_there_are_and_which_it_keeps_on(site: Site) -> None:
    room = await site.json("GET", "/api/rooms/wonder")
    assert (tuple(room["masks"]), room["mask"]) == (MASKS, None)
    room = await site.json("PATCH", "/api/rooms/wonder", json={"mask": "giant"}, headers=bearer(ADMIN))
    assert room["mask"] == "giant"
    clip = await site.json("POST", "/api/rooms/wonder/clips", data=b"speech", headers=bearer(**AUDIO))
    assert clip["mask"] == "giant"
    for change, refused in (({"mask": "nobody"}, (422, "bad_value")), ({"mask": 3}, (422, "bad_value"))):
        found = await site.problem("PATCH", "/api/rooms/wonder", json=change, headers=bearer(ADMIN))
        assert found == refused
    room = await site.json("PATCH", "/api/rooms/wonder", json={"mask": "none"}, headers=bearer(ADMIN))
    assert room["mask"] is None


async def test_one_hears_oneself_through_a_mask_and_nothing_lands(site: Site) -> None:
    async with site.ask("POST", TRY, data=b"speech", headers=bearer(**AUDIO)) as answer:
        assert (answer.status, await answer.read()) == (200, OGG)
        assert (answer.content_type, answer.headers["Cache-Control"]) == ("audio/ogg", "no-store")
    assert (await site.json("GET", "/api/rooms/wonder"))["clips"] == 0


async def test_one_hears_oneself_with_as_little_noise_as_others_will_in_the_room(site: Site) -> None:
    quiet, plain = [await site.room(noise_reduction=wanted) for wanted in (True, False)]
    heard = {}
    for where in ("", f"?room={plain}", f"?room={quiet}"):
        assert await site.status("POST", TRY + where, data=b"speech", headers=bearer(**AUDIO)) == 200
        heard[where] = site.finisher.reduces_noise
    assert list(heard.values()) == [False, False, True]


async def test_what_cannot_be_tried_is_refused_with_a_sentence(site: Site) -> None:
    for path, body, refused in (
        ("/api/masks/nobody/preview", b"speech", (422, "bad_value")),
        ("/api/masks/none/preview", b"speech", (422, "bad_value")),
        (TRY, b"silence", (422, "silent")),
        (TRY, b"garbage", (422, "undecodable")),
        (f"{TRY}?room=nowhere", b"speech", (404, "no_such_room")),
    ):
        assert await site.problem("POST", path, data=body, headers=bearer(**AUDIO)) == refused
    assert await site.problem("POST", TRY, data=b"speech", headers=AUDIO) == (401, "no_key")
    wrong = bearer(**{"Content-Type": "text/html"})
    assert await site.problem("POST", TRY, data=b"speech", headers=wrong) == (415, "wrong_type")
    headers = {"Cookie": f"wonder_key={KEY}", "Origin": "https://evil.example", **AUDIO}
    assert await site.problem("POST", TRY, data=b"speech", headers=headers) == (403, "wrong_origin")


def test_a_visitor_tries_a_mask_every_three_seconds_and_nobody_waits_for_another() -> None:
    limits = Limits()

    def tried(voice: str, at_ms: float) -> bool:
        try:
            limits.check("mask", voice=voice, address="a", now_ms=at_ms)
        except Refused:
            return False
        return True

    assert [tried("anna", at_ms) for at_ms in (0, 0, 0, 2_900, 3_000, 3_100)] == [
        *(True, True, False, False, True, False),
    ]
    assert tried("bela", 3_100)
