"""A room as a podcast: RSS 2.0 with enclosures and transcripts (podcastindex.org namespace)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.utils import formatdate
from xml.etree import ElementTree as ET

from aiohttp import web

from server.room.state import ClipRef, RoomState
from server.room.view import is_hidden
from server.web import assets
from server.web.keys import HOUSE, LOG
from server.web.rooms import ROOM
from server.web.security import base_url, preflight

FEED_CLIPS = 50
FEED_MAX_AGE_S = 60
ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
PODCAST = "https://podcastindex.org/namespace/1.0"
ATOM = "http://www.w3.org/2005/Atom"
ET.register_namespace("itunes", ITUNES)
ET.register_namespace("podcast", PODCAST)
ET.register_namespace("atom", ATOM)
# Bytes of clips, which never change: so that a feed is not paid for by reading all its sound again.
SIZES: web.AppKey[dict[str, int]] = web.AppKey("clip_sizes")
SIZES_KEPT = 20_000
# What XML 1.0 (2.2) may not hold.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


async def feed(request: web.Request) -> web.Response:
    """Answer a room's newest clips as a podcast."""
    room = await request.app[HOUSE].wake(request.match_info["room"])
    heard = [clip for clip in room.state.clips.values() if not is_hidden(room.state, clip.clip, None)]
    newest = heard[-FEED_CLIPS:][::-1]
    sized = [(clip, await _size_bytes(request, clip.clip)) for clip in newest]
    made = rss(base_url(request), room.id, room.state, [(clip, size) for clip, size in sized if size])
    found = assets.asset(made, "application/rss+xml")
    return assets.answer(request, found, f"max-age={FEED_MAX_AGE_S}")


async def _size_bytes(request: web.Request, clip: str) -> int:
    sizes = request.app[SIZES]
    if clip not in sizes:
        blob = await request.app[LOG].blob(clip)
        if len(sizes) >= SIZES_KEPT:
            sizes.clear()
        sizes[clip] = len(blob.body) if blob else 0
    return sizes[clip]


def rss(base: str, room_id: str, state: RoomState, clips: Iterable[tuple[ClipRef, int]]) -> bytes:
    """Return the feed of a room; each clip comes with the size of its Ogg file in bytes."""
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    page = f"{base}/r/{room_id}"
    _text(channel, "title", state.name or "Space of Wonder")
    _text(channel, "link", page)
    _text(channel, "description", state.description or state.theme or "Said without thinking.")
    _text(channel, "language", state.language)
    _text(channel, "generator", "Space of Wonder")
    _text(channel, f"{{{ITUNES}}}explicit", "true" if state.kind == "arena" else "false")
    if not state.public:
        _text(channel, f"{{{ITUNES}}}block", "Yes")
    ET.SubElement(channel, f"{{{ATOM}}}link", href=f"{page}/feed.xml", rel="self", type="application/rss+xml")
    for clip, size_bytes in clips:
        _item(channel, base, clip, size_bytes, state.language)
    made: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return made


def _item(channel: ET.Element, base: str, clip: ClipRef, size_bytes: int, language: str) -> None:
    item, media = ET.SubElement(channel, "item"), f"{base}/api/clips/{clip.clip}"
    voice = clip.by.name if clip.by else "Somebody"
    _text(item, "title", f"{voice}: {clip.caption}" if clip.caption else voice)
    _text(item, "link", f"{base}/c/{clip.clip}")
    ET.SubElement(item, "guid", isPermaLink="false").text = clip.clip
    _text(item, "pubDate", formatdate(clip.at_ms / 1000, usegmt=True))
    _text(item, f"{{{ITUNES}}}duration", str(max(1, round(clip.duration_ms / 1000))))
    ET.SubElement(item, "enclosure", url=f"{media}.ogg", length=str(size_bytes), type="audio/ogg")
    other = ET.SubElement(item, f"{{{PODCAST}}}alternateEnclosure", type="audio/mp4")
    ET.SubElement(other, f"{{{PODCAST}}}source", uri=f"{media}.m4a")
    ET.SubElement(item, f"{{{PODCAST}}}transcript", url=f"{media}.vtt", type="text/vtt", language=language)


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = _NO_XML.sub("", text)


def routes() -> list[web.RouteDef]:
    """Return the routes of this resource."""
    here = f"/r/{ROOM}/feed.xml"
    return [web.get(here, feed), web.options(here, preflight)]
