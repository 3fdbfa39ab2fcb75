"""A room's feed: well-formed whatever was said, each clip with its sound and words."""

from __future__ import annotations

import struct
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.blobs.base import BlobInfo
from server.log.base import Damaged
from server.room.clips import ClipRef
from server.room.events import Voice
from server.room.state import RoomState
from server.web.feed import ITUNES, PODCAST, Sizes, rss
from tests.support.web_app import OGG, Site, bearer


async def test_a_feed_lists_the_newest_clips_first(site: Site) -> None:
    clips = [await site.clip() for _ in range(3)]
    async with site.ask("GET", "/r/wonder/feed.xml") as answer:
        assert (answer.status, answer.content_type) == (200, "application/rss+xml")
        assert answer.headers["Cache-Control"] == "max-age=60"
        etag, root = answer.headers["ETag"], ET.fromstring(await answer.read())
    items = root.findall("channel/item")
    assert [item.findtext("guid") for item in items] == [clip["id"] for clip in reversed(clips)]
    media = f"{site.url}/api/clips/{clips[-1]['id']}"
    other = items[0].find(f"{{{PODCAST}}}alternateEnclosure")
    assert other is not None
    assert other.attrib == {"length": str(len(OGG)), "type": "audio/ogg; codecs=opus"}
    assert [source.attrib["uri"] for source in other] == [f"{media}.ogg"]
    transcript = items[0].find(f"{{{PODCAST}}}transcript")
    assert transcript is not None
    assert transcript.attrib["url"].endswith(".vtt")
    assert items[0].findtext(f"{{{ITUNES}}}duration") == "2"
    assert await site.status("GET", "/r/wonder/feed.xml", headers={"If-None-Match": etag}) == 304


async def test_a_damaged_clip_costs_the_feed_itself_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = (await site.clip())["id"], (await site.clip())["id"]
    blob_info = site.log.blob_info

    async def damaged(id: str) -> BlobInfo | None:
        if id == broken:
            raise Damaged("a blob is damaged")
        return await blob_info(id)

    monkeypatch.setattr(site.log, "blob_info", damaged)
    async with site.ask("GET", "/r/wonder/feed.xml") as answer:
        assert answer.status == 200
        items = ET.fromstring(await answer.read()).findall("channel/item")
    assert [item.findtext("guid") for item in items] == [whole]


async def enclosure(site: Site) -> dict[str, str]:
    """Return the one enclosure of the one item."""
    async with site.ask("GET", "/r/wonder/feed.xml") as answer:
        (found,) = ET.fromstring(await answer.read()).findall("channel/item/enclosure")
    return found.attrib


async def test_the_enclosure_is_one_that_apple_plays(site: Site) -> None:
    clip = await site.clip()
    told = await enclosure(site)
    assert (told["url"], told["type"]) == (site.url + clip["media"]["m4a"], "audio/x-m4a")
    assert 0 < int(told["length"]) < 20_000
    async with site.ask("GET", clip["media"]["m4a"]) as answer:
        size_bytes = len(await answer.read())
        assert answer.content_type == "audio/mp4"
    assert (await enclosure(site))["length"] == str(size_bytes)
    async with site.ask("HEAD", clip["media"]["m4a"]) as answer:
        assert answer.headers["Content-Length"] == str(size_bytes)


async def test_the_cover_is_one_that_directories_take(site: Site) -> None:
    async with site.ask("GET", "/r/wonder/feed.xml") as answer:
        root = ET.fromstring(await answer.read())
    cover = root.find(f"channel/{{{ITUNES}}}image")
    assert cover is not None
    async with site.ask("GET", cover.attrib["href"].removeprefix(site.url)) as answer:
        assert (answer.status, answer.content_type) == (200, "image/png")
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        body = await answer.read()
    width, height, depth, colour = struct.unpack(">IIBB", body[16:26])
    assert (body[:4], width, height, depth, colour) == (b"\x89PNG", 1400, 1400, 8, 2)


async def test_a_feed_reads_no_sound(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await site.clip()
    monkeypatch.setattr(site.log, "blob", None)
    assert "length" in await enclosure(site)


async def test_a_removed_clip_leaves_the_feed(site: Site) -> None:
    clip = await site.clip()
    await site.status("DELETE", f"/api/clips/{clip['id']}", headers=bearer())
    async with site.ask("GET", "/r/wonder/feed.xml") as answer:
        assert clip["id"] not in await answer.text()


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_feed_is_well_formed_whatever_was_said(name: str, caption: str) -> None:
    ref = ClipRef(
        "c" * 22, 2, 1_700_000_000_000, Voice("v", name, "#fff"), 900, 0, 0, -16.0, (), False, "webrtc",
        None, None, None, caption=caption,
    )  # fmt: skip
    state = RoomState(name=name, description=caption, public=False)
    root = ET.fromstring(rss("https://wonder.example", "room", state, [(ref, Sizes(20_000, 30_000))]))
    assert root.findtext("channel/link") == "https://wonder.example/r/room"
    assert root.findtext(f"channel/{{{ITUNES}}}block") == "Yes"
    assert len(root.findall("channel/item")) == 1
