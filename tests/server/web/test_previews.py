"""Takes by HTTP that are heard by their speakers before they land."""

from __future__ import annotations

from typing import Any

from tests.support.web_app import KEY, OGG, OTHER_KEY, Site, bearer, problem_in

AUDIO = {"Content-Type": "audio/ogg"}


async def waiting(site: Site) -> tuple[str, dict[str, Any], str]:
    """Upload into a healing room; return the room, what was answered, and where the preview is."""
    room = await site.room(kind="healing")
    headers = bearer(**AUDIO)
    async with site.ask("POST", f"/api/rooms/{room}/clips", data=b"speech", headers=headers) as answer:
        assert answer.status == 202, await answer.text()
        return room, await answer.json(), answer.headers["Location"]


async def test_an_upload_waits_for_its_speakers_word_and_then_lands(site: Site) -> None:
    room, told, here = await waiting(site)
    assert (told["room"], told["duration_ms"], len(told["peaks"])) == (room, 1_500, 64)
    assert await site.status("GET", f"/api/clips/{told['preview']}") == 404

    async with site.ask("POST", here, headers=bearer()) as answer:
        clip = await answer.json()
        assert (answer.status, answer.headers["Location"]) == (201, f"/api/clips/{clip['id']}")

    assert await site.status("GET", f"/api/clips/{clip['id']}") == 200
    assert await site.problem("POST", here, headers=bearer()) == (404, "no_such_preview")


async def test_its_sound_is_for_its_speaker_alone_and_never_stored(site: Site) -> None:
    _, told, _ = await waiting(site)
    sound = told["media"]["ogg"]
    async with site.ask("GET", sound, headers=bearer()) as answer:
        assert (answer.status, await answer.read()) == (200, OGG)
        assert (answer.headers["Cache-Control"], answer.content_type) == ("no-store", "audio/ogg")
    async with site.ask("GET", sound, headers=bearer(Range="bytes=0-3")) as answer:
        assert (answer.status, await answer.read()) == (206, b"OggS")
    assert await site.problem("GET", sound) == (401, "no_key")
    assert await site.problem("GET", sound, headers=bearer(OTHER_KEY)) == (404, "no_such_preview")


async def test_a_dropped_take_is_gone_and_nobody_else_drops_it(site: Site) -> None:
    room, told, here = await waiting(site)
    for method in ("DELETE", "POST"):
        assert await site.problem(method, here, headers=bearer(OTHER_KEY)) == (404, "no_such_preview")
    assert await site.status("DELETE", here, headers=bearer()) == 204
    assert await site.problem("GET", told["media"]["ogg"], headers=bearer()) == (404, "no_such_preview")
    assert (await site.json("GET", f"/api/rooms/{room}"))["clips"] == 0


async def test_another_sites_page_cannot_let_a_take_land(site: Site) -> None:
    _, _, here = await waiting(site)
    headers = {"Cookie": f"wonder_key={KEY}", "Origin": "https://evil.example"}
    assert await site.problem("POST", here, headers=headers) == (403, "wrong_origin")


async def test_in_an_arena_nobody_uploads_before_they_came_in(site: Site) -> None:
    room = await site.room(kind="arena")
    headers = bearer(**AUDIO)
    async with site.ask("POST", f"/api/rooms/{room}/clips", data=b"speech", headers=headers) as answer:
        assert await problem_in(answer) == (403, "consent_needed")
