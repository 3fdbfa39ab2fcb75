"""Clips by HTTP: uploaded, shown, played, taken back, reported."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from audio.media_types import MEDIA_TYPES
from server.blobs.base import Blob
from server.http.limits import HELD_OF_ADDRESS_BYTES
from server.log.base import Damaged
from server.room.commands import Caption, Change, Oversee, Say
from server.room.events import ClipCaptioned, ClipLanded, Draft
from server.web.app_keys import CDN, UPLOAD_BUDGET
from tests.support.actors import until
from tests.support.server import hang_up
from tests.support.web_app import ADMIN, KEY, OGG, OTHER_KEY, Site, bearer, problem_in

FIELDS = {
    "id", "room", "by", "at_ms", "duration_ms", "onset_ms", "loudness_lufs", "peaks", "masked", "source",
    "caption", "media",
}  # fmt: skip
AUDIO = {"Content-Type": "audio/ogg"}


async def test_an_upload_lands_as_a_clip_of_its_speaker(site: Site) -> None:
    clip = await site.clip()
    assert set(clip) >= FIELDS
    assert clip["by"]["id"] == site.registry.voice(KEY, "wonder").id
    assert (clip["room"], clip["source"], clip["caption"], len(clip["peaks"])) == (
        "wonder",
        "upload",
        None,
        64,
    )
    assert await site.json("GET", f"/api/clips/{clip['id']}") == clip
    events = (await site.json("GET", "/api/rooms/wonder/events"))["events"]
    assert (events[-1]["kind"], events[-1]["data"]["clip"]) == ("clip.landed", clip["id"])


@pytest.mark.parametrize(
    "media_type",
    [*MEDIA_TYPES, "audio/webm;codecs=opus", "Audio/X-M4A", 'video/quicktime; codecs="mp4a.40.2"'],
)
async def test_what_browsers_record_is_taken(site: Site, media_type: str) -> None:
    headers = bearer(**{"Content-Type": media_type})
    assert await site.status("POST", "/api/rooms/wonder/clips", data=b"speech", headers=headers) == 201


async def test_a_type_that_is_not_taken_is_told_the_plain_ones(site: Site) -> None:
    headers = bearer(**{"Content-Type": "audio/flac"})
    async with site.ask("POST", "/api/rooms/wonder/clips", data=b"speech", headers=headers) as answer:
        told = await answer.json(content_type=None)
        assert answer.headers["Accept"] == "audio/ogg, audio/webm, audio/mp4, audio/wav, audio/aac"
        assert told["detail"] == "Send audio/ogg or audio/webm or audio/mp4 or audio/wav or audio/aac."


async def test_other_types_of_content_are_not_taken(site: Site) -> None:
    for more in (
        {"Content-Type": "audio/mpeg"},
        {"Content-Type": "text/html"},
        {**AUDIO, "Content-Encoding": "gzip"},
    ):
        found = await site.problem("POST", "/api/rooms/wonder/clips", data=b"speech", headers=bearer(**more))
        assert found == (415, "wrong_type")


@pytest.mark.parametrize("body", [b"silence", b"garbage"])
async def test_sound_that_is_unfit_is_refused_with_a_sentence(site: Site, body: bytes) -> None:
    async with site.ask("POST", "/api/rooms/wonder/clips", data=body, headers=bearer(**AUDIO)) as answer:
        told = await answer.json(content_type=None)
        assert (answer.status, told["code"]) == (422, {b"silence": "silent", b"garbage": "undecodable"}[body])


async def test_a_clip_that_only_its_speaker_may_hear_yet_is_kept_by_no_cache(site: Site) -> None:
    voice = site.registry.voice(KEY, await site.registry.wake("wonder"))
    hidden = Draft(ClipLanded("hiddenclip", 900, 0, 0, -16.0, (1,) * 64, hidden=True), 1, voice)
    await site.log.append("wonder", [hidden], blobs=[Blob("hiddenclip", "wonder", OGG)])
    await site.registry.send("wonder", Say("now the room has read it"), by=voice)
    async with site.ask("GET", "/api/clips/hiddenclip.ogg", headers=bearer()) as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert await site.status("GET", "/api/clips/hiddenclip.ogg") == 404


async def test_uploads_that_wait_hold_so_much_memory_and_no_more(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    path, headers = "/api/rooms/wonder/clips", {**bearer(**AUDIO), "Content-Length": "1000000"}
    async with AsyncExitStack() as stuck:
        for _ in range(HELD_OF_ADDRESS_BYTES // 1_000_000):
            _, writer = await asyncio.open_connection("127.0.0.1", site.listening.port)
            stuck.push_async_callback(hang_up, writer)
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\n{head}\r\nspeech".encode())
        held = site.app[UPLOAD_BUDGET]
        await until(lambda: sum(held._of_address.values()) == HELD_OF_ADDRESS_BYTES)
        async with site.ask("POST", path, data=b"speech", headers=bearer(**AUDIO)) as answer:
            assert (await problem_in(answer), "Retry-After" in answer.headers) == ((503, "busy"), True)
    await until(lambda: not held._of_address)
    assert not caplog.text, "who leaves in the middle of a body is nobody's mistake"
    assert await site.status("POST", path, data=b"speech", headers=bearer(**AUDIO)) == 201


async def test_an_upload_over_a_megabyte_is_refused_told_or_not(site: Site) -> None:
    path = "/api/rooms/wonder/clips"
    assert await site.problem("POST", path, data=b"x" * 1_000_001, headers=bearer(**AUDIO)) == (
        413,
        "too_big",
    )

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 65_536

    assert await site.problem("POST", path, data=pieces(), headers=bearer(**AUDIO)) == (413, "too_big")
    assert await site.status("POST", path, data=b"x" * 1_000_000, headers=bearer(**AUDIO)) == 201


async def test_speaking_needs_a_key(site: Site) -> None:
    path = "/api/rooms/wonder/clips"
    assert await site.problem("POST", path, data=b"speech", headers=AUDIO) == (401, "no_key")
    assert await site.problem("POST", path, data=b"x", headers=bearer("a" * 21, **AUDIO)) == (401, "bad_key")
    assert await site.problem("POST", path, data=b"x", headers=bearer("ä" * 30, **AUDIO)) == (401, "bad_key")
    assert await site.problem("POST", "/api/rooms/nowhere/clips", data=b"x", headers=bearer(**AUDIO)) == (
        404,
        "no_such_room",
    )


async def test_a_failure_of_ours_tells_nothing_of_its_inside(site: Site) -> None:
    async with site.ask("POST", "/api/rooms/wonder/clips", data=b"crash", headers=bearer(**AUDIO)) as answer:
        assert answer.status == 500
        assert "secret" not in await answer.text()


async def test_a_clip_that_is_damaged_on_disk_is_told_and_logged_once(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clips = [(await site.clip())["id"] for _ in range(2)]

    async def damaged(id: str) -> Blob | None:
        raise Damaged("a blob is damaged")

    monkeypatch.setattr(site.log, "blob", damaged)
    for clip in (*clips, *clips):
        for ending in ("ogg", "m4a"):
            assert await site.problem("GET", f"/api/clips/{clip}.{ending}") == (500, "damaged")

    told = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(told) == 4  # two clips, in two forms each
    assert {record.exc_info for record in told} == {None}
    assert not [clip for clip in clips if clip in caplog.text]


async def test_a_clip_plays_as_ogg_whole_and_in_parts(site: Site) -> None:
    path = (await site.clip())["media"]["ogg"]
    async with site.ask("GET", path) as answer:
        assert await answer.read() == OGG
        assert answer.content_type == "audio/ogg"
        assert answer.headers["Cache-Control"] == "max-age=60"
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["Content-Disposition"].startswith("inline; filename=")
        etag = answer.headers["ETag"]
    async with site.ask("GET", path, headers={"Range": "bytes=4-9"}) as answer:
        assert (answer.status, await answer.read()) == (206, OGG[4:10])
        assert answer.headers["Content-Range"] == f"bytes 4-9/{len(OGG)}"
    assert await site.status("GET", path, headers={"If-None-Match": etag}) == 304
    assert await site.problem("GET", path, headers={"Range": "bytes=99999-"}) == (416, "bad_range")
    assert await site.status("HEAD", path) == 200


async def test_what_needs_no_sound_reads_none(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = await site.clip()
    etags, read, blob = {}, [], site.log.blob
    for kind, path in clip["media"].items():
        async with site.ask("GET", path) as answer:
            etags[path] = answer.headers["ETag"]
        if kind in ("ogg", "m4a", "png"):
            assert clip["id"] in etags[path]  # a clip's id is its identity

    async def reading(id_: str) -> Blob | None:
        read.append(id_)
        return await blob(id_)

    monkeypatch.setattr(site.log, "blob", reading)
    for path in (f"/api/clips/{clip['id']}", clip["page"]):
        assert await site.status("GET", path) == 200
    for path, etag in etags.items():
        assert await site.status("GET", path, headers={"If-None-Match": etag}) == 304
    for path in (clip["media"]["ogg"], clip["media"]["m4a"]):
        async with site.ask("GET", path) as answer:
            size_bytes = len(await answer.read())
        read.clear()
        async with site.ask("HEAD", path, headers={"Range": "bytes=0-1"}) as answer:
            assert (answer.status, answer.headers["Content-Length"]) == (200, str(size_bytes))
            assert (answer.headers["ETag"], answer.headers["Accept-Ranges"]) == (etags[path], "bytes")
        assert not read
    assert await site.status("GET", clip["media"]["ogg"]) == 200
    assert read == [clip["id"]]


async def test_a_clip_plays_as_m4a_made_once(site: Site) -> None:
    path = (await site.clip())["media"]["m4a"]
    for _ in range(2):
        async with site.ask("GET", path) as answer:
            assert (answer.content_type, (await answer.read())[:4]) == ("audio/mp4", b"ftyp")
    assert site.finisher.m4as == 1


async def test_a_clip_has_a_picture_and_words(site: Site) -> None:
    clip = await site.clip()
    async with site.ask("GET", clip["media"]["svg"]) as answer:
        assert (answer.content_type, "<svg" in await answer.text()) == ("image/svg+xml", True)
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert "style-src 'sha256-" in answer.headers["Content-Security-Policy"]
    async with site.ask("GET", clip["media"]["png"]) as answer:
        assert (answer.content_type, (await answer.read())[:4]) == ("image/png", b"\x89PNG")
    async with site.ask("GET", clip["media"]["vtt"]) as answer:
        assert (answer.content_type, await answer.text()) == ("text/vtt", "WEBVTT\n")
    await site.registry.send("wonder", Caption(ClipCaptioned(clip["id"], "a <b> --> & c", "en")), by=None)
    async with site.ask("GET", clip["media"]["vtt"]) as answer:
        said = await answer.text()
    assert said == "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\na &lt;b&gt; --&gt; &amp; c\n"


async def test_the_words_of_a_clip_are_told_with_their_times(site: Site) -> None:
    clip = await site.clip()
    assert (clip["caption"], clip["words"]) == (None, [])
    told = Caption(ClipCaptioned(clip["id"], "a b", "en", words=(("a", 5, 300), ("b", 320, 600)), by="ear"))
    await site.registry.send("wonder", told, by=None)
    async with site.ask("GET", f"/api/clips/{clip['id']}") as answer:
        shown = await answer.json()
    assert (shown["caption"], shown["words"]) == ("a b", [["a", 5, 300], ["b", 320, 600]])
    async with site.ask("GET", clip["media"]["vtt"]) as answer:
        assert "a <00:00:00.320>b" in await answer.text()


async def test_only_its_speaker_or_the_admin_removes_a_clip(site: Site) -> None:
    clip = await site.clip()
    path = f"/api/clips/{clip['id']}"
    assert await site.problem("DELETE", path) == (401, "no_key")
    assert await site.problem("DELETE", path, headers=bearer(OTHER_KEY)) == (403, "not_yours")
    assert await site.status("DELETE", path, headers=bearer()) == 204
    for ending in ("", ".ogg", ".m4a", ".vtt", ".svg", ".png"):
        assert await site.problem("GET", path + ending) == (404, "no_such_clip")
    assert await site.problem("DELETE", path, headers=bearer()) == (404, "no_such_clip")
    assert await site.status("GET", f"/c/{clip['id']}") == 404
    other = await site.clip()
    assert await site.status("DELETE", f"/api/clips/{other['id']}", headers=bearer(ADMIN)) == 204
    assert await site.status("GET", f"/api/clips/{other['id']}") == 404


async def test_a_report_gets_a_receipt_and_nobody_sees_who_made_it(site: Site) -> None:
    clip = await site.clip()
    path = f"/api/clips/{clip['id']}/reports"
    told = {"reason": "insult", "text": "of me"}
    async with site.ask("POST", path, json=told, headers=bearer(OTHER_KEY)) as answer:
        receipt = await answer.json()
        assert (answer.status, receipt["clip"]) == (201, clip["id"])
    event = (await site.json("GET", "/api/rooms/wonder/events", headers=bearer(OTHER_KEY)))["events"][-1]
    assert (event["seq"], event["data"]["reason"]) == (receipt["seq"], "insult")
    event = (await site.json("GET", "/api/rooms/wonder/events", headers=bearer(KEY)))["events"][-1]
    assert (event["seq"], event["by"], event["data"]) == (receipt["seq"], None, {})
    assert await site.problem("POST", path, json={}, headers=bearer()) == (422, "bad_value")
    assert await site.problem("POST", path, json={"reason": " "}, headers=bearer()) == (422, "empty")
    assert await site.problem("POST", path, json={"reason": "x" * 65}, headers=bearer()) == (422, "too_long")
    assert await site.problem("POST", path, json=told) == (401, "no_key")


async def test_no_clip_is_found_by_a_crooked_name(site: Site) -> None:
    for name in (
        "nowhere1",
        "..%2f..%2fetc%2fpasswd",
        "%00%00%00%00%00%00%00%00",
        "a" * 65,
        "short",
        "a b c d e",
    ):
        for ending in ("", ".ogg", ".m4a", ".vtt", ".svg", ".exe"):
            assert await site.status("GET", f"/api/clips/{name}{ending}") == 404


async def test_a_clip_that_its_room_has_filed_away_is_answered_like_any_other(site: Site) -> None:
    voice = site.registry.voice(KEY, "wonder")
    landed = [ClipLanded(f"clip-of-old-{i}", 900 + i, 0, 0, -16.0, (50,) * 64) for i in range(1_000)]
    old = landed[0].clip
    drafts = [Draft(clip, 1_000, voice) for clip in landed]
    caption = Draft(ClipCaptioned(old, "hello", "en"), 2_000)
    await site.log.append("wonder", [*drafts, caption], blobs=[Blob(old, "wonder", OGG)])
    room = await site.registry.wake("wonder")
    await room.send(Say("hi"), by=voice)
    assert old not in room.state.clips.whole

    shown = await site.json("GET", f"/api/clips/{old}")
    assert set(shown) >= FIELDS
    assert (shown["duration_ms"], shown["caption"], shown["by"]["name"]) == (900, "hello", voice.name)
    for kind in ("ogg", "vtt", "svg", "png"):
        assert await site.status("GET", f"/api/clips/{old}.{kind}") == 200
    assert await site.status("DELETE", f"/api/clips/{old}", headers=bearer()) == 204
    assert await site.problem("GET", f"/api/clips/{old}") == (404, "no_such_clip")


async def test_only_what_everybody_may_hear_is_fetched_from_a_cdn(site: Site) -> None:
    site.app._state[CDN] = lambda clip: f"https://clips.example/{clip}"
    public, private = await site.clip(), await site.clip(room=await site.room())
    headers = {"Range": "bytes=0-9", "Origin": "https://elsewhere.example"}
    async with site.ask("GET", f"/api/clips/{public['id']}.ogg", headers=headers) as answer:
        assert (answer.status, answer.headers["Location"]) == (307, f"https://clips.example/{public['id']}")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert await site.status("HEAD", f"/api/clips/{public['id']}.ogg") == 200
    assert await site.status("GET", f"/api/clips/{public['id']}.svg") == 200
    assert await site.status("GET", f"/api/clips/{private['id']}.ogg") == 200

    room = await site.registry.wake("wonder")
    await room.send(Oversee(Change(hold=True)), by=None)
    held = await site.clip()
    assert await site.status("GET", f"/api/clips/{held['id']}.ogg") == 404
    async with site.ask("GET", f"/api/clips/{held['id']}.ogg", headers=bearer()) as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert await site.status("DELETE", f"/api/clips/{public['id']}", headers=bearer()) == 204
    assert await site.status("GET", f"/api/clips/{public['id']}.ogg") == 404
