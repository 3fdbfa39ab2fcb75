"""A room's feed: well-formed whatever was said, each clip with its sound and words."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from server.room.events import Voice
from server.room.state import ClipRef, RoomState
from server.web.feed import ITUNES, PODCAST, rss
from tests.support.web_app import OGG, Site, bearer


async def test_a_feed_lists_the_newest_clips_first(site: Site) -> None:
    clips = [await site.clip() for _ in range(3)]
    async with site.ask("GET", "/r/wonder/feed.xml") as answer:
        assert (answer.status, answer.content_type) == (200, "application/rss+xml")
        assert answer.headers["Cache-Control"] == "max-age=60"
        etag, root = answer.headers["ETag"], ET.fromstring(await answer.read())
    items = root.findall("channel/item")
    assert [item.findtext("guid") for item in items] == [clip["id"] for clip in reversed(clips)]
    enclosure = items[0].find("enclosure")
    assert enclosure is not None
    assert enclosure.attrib == {
        "url": f"{site.url}/api/clips/{clips[-1]['id']}.ogg",
        "length": str(len(OGG)),
        "type": "audio/ogg",
    }
    transcript = items[0].find(f"{{{PODCAST}}}transcript")
    assert transcript is not None
    assert transcript.attrib["url"].endswith(".vtt")
    assert items[0].findtext(f"{{{ITUNES}}}duration") == "2"
    assert await site.status("GET", "/r/wonder/feed.xml", headers={"If-None-Match": etag}) == 304


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
    root = ET.fromstring(rss("https://wonder.example", "room", state, [(ref, 20_000)]))
    assert root.findtext("channel/link") == "https://wonder.example/r/room"
    assert root.findtext(f"channel/{{{ITUNES}}}block") == "Yes"
    assert len(root.findall("channel/item")) == 1
