"""A room's feed: well-formed whatever was said, each clip with its sound and words."""

from __future__ import annotations

import struct
import time
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.blobs.base import BlobInfo
from server.log.base import Damaged
from server.room.clips import ClipRef
from server.room.commands import Oversee, Remove
from server.room.evenings import PAUSE_MS, Evening
from server.room.events import Voice
from server.room.state import RoomState
from server.web.feed import ITUNES, PODCAST, Sizes, rss
from tests.support import long_evening
from tests.support.web_app import KEY, OGG, Site, bearer


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


async def test_a_clip_of_a_machine_says_so_wherever_it_is_shown(site: Site) -> None:
    room = await site.registry.wake("wonder")
    room.mark_machine(site.registry.voice(KEY, room).id)
    clip = await site.clip()
    assert clip["by"]["machine"] is True
    async with site.ask("GET", "/r/wonder/feed.xml") as answer:
        assert f">{clip['by']['name']} (a machine)</title>" in await answer.text()
    async with site.ask("GET", f"/c/{clip['id']}") as answer:
        assert f"{clip['by']['name']} (a machine) in Wonder" in await answer.text()


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


async def test_an_evening_that_is_over_is_an_episode_that_stays_the_same(site: Site) -> None:
    began_ms = time.time_ns() // 1_000_000 - 2 * PAUSE_MS
    await long_evening.tell(site.log, "long", rounds=1, began_ms=began_ms)

    async def episodes() -> list[ET.Element]:
        async with site.ask("GET", "/r/long/feed.xml") as answer:
            items = ET.fromstring(await answer.read()).findall("channel/item")
        assert len(items) == 1 + sum(1 for item in items if "evening" not in str(item.findtext("guid")))
        return [item for item in items if "evening" in str(item.findtext("guid"))]

    (episode,) = await episodes()
    enclosure = episode.find("enclosure")
    assert enclosure is not None
    assert (enclosure.attrib["type"], enclosure.attrib["length"]) == ("audio/x-m4a", "0")
    here = enclosure.attrib["url"].removeprefix(site.url).replace(".m4a", "")
    assert (await site.json("GET", here))["clips"] == 4
    assert episode.findtext("description") == "4 voices as one file, in chapters."
    guid = episode.findtext("guid")
    await site.registry.send("long", Oversee(Remove(long_evening.name(3), "admin")), by=None)
    (episode,) = await episodes()
    assert episode.findtext("guid") == guid
    assert episode.findtext("description") == "3 voices as one file, in chapters."


async def test_an_evening_that_goes_on_is_no_episode_yet(site: Site) -> None:
    now_ms = time.time_ns() // 1_000_000
    await long_evening.tell(site.log, "long", rounds=1, began_ms=now_ms - 60_000)
    async with site.ask("GET", "/r/long/feed.xml") as answer:
        assert "evening" not in (await answer.text()).replace("Long evening", "")


async def test_what_is_kept_in_its_room_is_no_episode(site: Site) -> None:
    began_ms = time.time_ns() // 1_000_000 - 2 * PAUSE_MS
    await long_evening.tell(site.log, "long", rounds=1, began_ms=began_ms, kind="healing")
    async with site.ask("GET", "/r/long/feed.xml") as answer:
        assert "evening" not in (await answer.text()).replace("Long evening", "")


def test_evenings_stand_where_their_last_clip_does() -> None:
    clips = [
        (
            ClipRef(
                f"c{at}", at, at * PAUSE_MS, Voice("v", "Anna", "#fff"), 900, 0, 0, -16.0, (), False,
                "webrtc", None, None, None,
            ),
            Sizes(1, 1),
        )
        for at in (9, 5, 1)
    ]  # fmt: skip
    found = [Evening(at * PAUSE_MS, at * PAUSE_MS, 2) for at in (7, 5, 0)]
    made = rss("https://wonder.example", "room", RoomState(name="", language="de"), clips, found)
    root = ET.fromstring(made)
    guids = [item.findtext("guid") for item in root.findall("channel/item")]
    assert guids == ["c9", "room-evening-7", "room-evening-5", "c5", "c1", "room-evening-0"]
    assert root.findtext("channel/item[2]/title") == "Der Abend vom 1970-01-01"


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
