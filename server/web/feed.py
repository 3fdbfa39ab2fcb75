"""A room as a podcast: RSS 2.0 with enclosures and transcripts (podcastindex.org namespace)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import formatdate
from itertools import islice
from typing import NamedTuple
from xml.etree import ElementTree as ET

from aiohttp import web

from audio.m4a import BITRATE
from server.http import assets
from server.http.security import base_url, preflight
from server.log.base import Damaged
from server.room.clips import ClipRef
from server.room.evenings import Evening
from server.room.events import Language
from server.room.state import RoomState
from server.room.view import is_hidden
from server.rooms.base import Room
from server.web import stretches
from server.web.app_keys import BLOBS
from server.web.operations import TEXT, Operation
from server.web.rooms import ROOM
from server.web.transcodes import TRANSCODES
from server.web.visits import visited
from server.web.whole import whole_clip

FEED_CLIPS = 50
# An evening of one clip is that clip.
EVENING_CLIPS = 2
EVENING_OF: dict[Language, str] = {"en": "The evening of {day}", "de": "Der Abend vom {day}"}
MACHINE: dict[str, str] = {"en": "a machine", "de": "eine Maschine"}
EVENING_HOLDS: dict[Language, str] = {
    "en": "{clips} voices as one file, in chapters.",
    "de": "{clips} Stimmen als eine Datei, in Kapiteln.",
}
FEED_MAX_AGE_S = 60
# Square, 1400 pixels and no transparency: what podcast directories take as a cover.
COVER = "/static/icons/podcast.png"
ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
PODCAST = "https://podcastindex.org/namespace/1.0"
ATOM = "http://www.w3.org/2005/Atom"
ET.register_namespace("itunes", ITUNES)
ET.register_namespace("podcast", PODCAST)
ET.register_namespace("atom", ATOM)
# An M4A is made when it is first asked for; until then its size is told by its duration. The encoder comes
# within a fifth of that, and players take it for a hint.
M4A_BYTES_PER_S, M4A_HEAD_BYTES = BITRATE // 8, 1_000
# What XML 1.0 (2.2) may not hold.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


async def feed(request: web.Request) -> web.Response:
    """Answer a room's newest clips as a podcast, and each evening as an episode when it is over."""
    room = await visited(request, request.match_info["room"])
    state = room.state
    heard = (clip for clip in state.clips.newest() if not is_hidden(state, clip.clip, None))
    refs = [await whole_clip(request, room.id, clip) for clip in list(islice(heard, FEED_CLIPS))]
    newest = [ref for ref in refs if ref is not None]
    sized = [(clip, await _sizes(request, clip)) for clip in newest]
    told = [(clip, sizes) for clip, sizes in sized if sizes]
    made = rss(base_url(request), room.id, state, told, _evenings(room))
    found = assets.asset(made, "application/rss+xml")
    return assets.answer(request, found, f"max-age={FEED_MAX_AGE_S}")


def _evenings(room: Room) -> list[Evening]:
    """Return the evenings that are over: nothing is added to them any more."""
    if not stretches.is_recorded(room):
        return []
    now_ms = room.context().now_ms
    known = [evening for evening in stretches.newest_evenings(room) if evening.is_over(now_ms)]
    return [evening for evening in known if EVENING_CLIPS <= evening.clips <= stretches.CLIPS_MOST]


class Sizes(NamedTuple):
    """How many bytes the two forms of a clip have."""

    ogg: int
    m4a: int


async def _sizes(request: web.Request, clip: ClipRef) -> Sizes | None:
    try:
        blob_info = await request.app[BLOBS].info(clip.clip)
    except Damaged:  # who asks for the clip itself is told
        return None
    if blob_info is None:
        return None
    known = request.app[TRANSCODES].size_of(clip.clip)
    return Sizes(blob_info.size_bytes, known or M4A_HEAD_BYTES + clip.duration_ms * M4A_BYTES_PER_S // 1000)


def rss(
    base: str,
    room_id: str,
    state: RoomState,
    clips: Iterable[tuple[ClipRef, Sizes]],
    evenings: Sequence[Evening] = (),
) -> bytes:
    """Return the feed of a room, newest first; each clip comes with its sizes."""
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    page = f"{base}/r/{room_id}"
    _text(channel, "title", state.name or "Space of Wonder")
    _text(channel, "link", page)
    _text(channel, "description", state.description or state.theme or "Said without thinking.")
    _text(channel, "language", state.language)
    _text(channel, "generator", "Space of Wonder")
    _text(channel, f"{{{ITUNES}}}explicit", "true" if state.kind == "arena" else "false")
    ET.SubElement(channel, f"{{{ITUNES}}}image", href=base + COVER)
    kind = ET.SubElement(channel, f"{{{ITUNES}}}category", text="Comedy")
    ET.SubElement(kind, f"{{{ITUNES}}}category", text="Improv")
    if not state.public:
        _text(channel, f"{{{ITUNES}}}block", "Yes")
    ET.SubElement(channel, f"{{{ATOM}}}link", href=f"{page}/feed.xml", rel="self", type="application/rss+xml")
    waiting = list(evenings)
    for clip, sizes in clips:
        while waiting and waiting[0].to_ms >= clip.at_ms:
            _episode(channel, base, room_id, waiting.pop(0), state.language)
        _item(channel, base, clip, sizes, state.language)
    for evening in waiting:
        _episode(channel, base, room_id, evening, state.language)
    made: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return made


def _item(channel: ET.Element, base: str, clip: ClipRef, sizes: Sizes, language: str) -> None:
    item, media = ET.SubElement(channel, "item"), f"{base}/api/clips/{clip.clip}"
    voice = clip.by.name if clip.by else "Somebody"
    if clip.by and clip.by.machine:
        voice = f"{voice} ({MACHINE.get(language, MACHINE['en'])})"
    _text(item, "title", f"{voice}: {clip.caption}" if clip.caption else voice)
    _text(item, "link", f"{base}/c/{clip.clip}")
    ET.SubElement(item, "guid", isPermaLink="false").text = clip.clip
    _text(item, "pubDate", formatdate(clip.at_ms / 1000, usegmt=True))
    _text(item, f"{{{ITUNES}}}duration", str(max(1, round(clip.duration_ms / 1000))))
    # Apple's players know no Ogg.
    ET.SubElement(item, "enclosure", url=f"{media}.m4a", length=str(sizes.m4a), type="audio/x-m4a")
    other = ET.SubElement(
        item, f"{{{PODCAST}}}alternateEnclosure", type="audio/ogg; codecs=opus", length=str(sizes.ogg)
    )
    ET.SubElement(other, f"{{{PODCAST}}}source", uri=f"{media}.ogg")
    ET.SubElement(item, f"{{{PODCAST}}}transcript", url=f"{media}.vtt", type="text/vtt", language=language)


def _episode(channel: ET.Element, base: str, room_id: str, evening: Evening, language: Language) -> None:
    """Add an evening. Its size is not known before it is fetched: 0, as podcasts say that."""
    item, media = ET.SubElement(channel, "item"), f"{base}/api/rooms/{room_id}/recording"
    query = f"?from_ms={evening.from_ms}&to_ms={evening.to_ms}"
    day = datetime.fromtimestamp(evening.from_ms / 1000, UTC).date().isoformat()
    _text(item, "title", EVENING_OF[language].format(day=day))
    _text(item, "description", EVENING_HOLDS[language].format(clips=evening.clips))
    _text(item, "link", f"{base}/r/{room_id}")
    ET.SubElement(item, "guid", isPermaLink="false").text = f"{room_id}-evening-{evening.number}"
    _text(item, "pubDate", formatdate(evening.to_ms / 1000, usegmt=True))
    ET.SubElement(item, "enclosure", url=f"{media}.m4a{query}", length="0", type="audio/x-m4a")
    other = ET.SubElement(item, f"{{{PODCAST}}}alternateEnclosure", type="audio/ogg; codecs=opus", length="0")
    ET.SubElement(other, f"{{{PODCAST}}}source", uri=f"{media}.ogg{query}")
    ET.SubElement(
        item, f"{{{PODCAST}}}transcript", url=f"{media}.vtt{query}", type="text/vtt", language=language
    )


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = _NO_XML.sub("", text)


OPERATIONS = (
    Operation(
        "GET",
        f"/r/{ROOM}/feed.xml",
        feed,
        "A room as a podcast.",
        {200: {"application/rss+xml": TEXT}, 304: {}},
        ("no_such_room",),
        preflight=preflight,
    ),
)
