"""Clips: uploading one, what is known of it, its sound, words and picture, taking it back, reporting it."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Any

from aiohttp import web
from msgspec import Struct

from audio import media_types
from audio.picture import STYLE, svg
from games.round import Word
from server.http import body, ranges
from server.http.answers import answer
from server.http.app_keys import CONFIG
from server.http.limits import prefix
from server.http.problems import Handler, Problem
from server.http.security import address, is_admin, needed_key, preflight, rate_limit, visitor_key
from server.room import governing, rounds
from server.room.clips import Clip, ClipRef
from server.room.commands import Forget, Oversee, Remove, Report
from server.room.events import ClipLanded, ClipReported, Source, Voice
from server.room.view import is_hidden
from server.rooms.base import Room
from server.takes.previews import Preview
from server.takes.takes import UPLOAD
from server.web import masks, previews
from server.web.app_keys import BLOBS, CDN, ROOM_REGISTRY, TAKES, UPLOAD_BUDGET
from server.web.cues import webvtt
from server.web.operations import BINARY, JSON_ERRORS, KEY_ERRORS, Operation, json_body
from server.web.rooms import ROOM
from server.web.transcodes import TRANSCODES
from server.web.visits import awakened, visited, visitor
from server.web.waveform_image import png
from server.web.whole import whole_clip

CLIP = "{clip:[A-Za-z0-9_-]{8,64}}"
CLIP_MAX_AGE_S = 60
# Versions of the forms that a clip's id stands for: raise one when the same clip would give other bytes.
FORMS = {"ogg": 1, "m4a": 1, "png": 1}
# Firefox holds an image to the policy it came with, so the picture's own style is let in, and no other.
SVG_CSP = (
    "default-src 'none'; frame-ancestors 'none'; sandbox; "
    f"style-src 'sha256-{b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)


class NewReport(Struct):
    """Why somebody reports a clip."""

    reason: str
    text: str = ""


class ClipShown(Struct):
    """A clip as the contract has it."""

    id: str
    room: str
    by: Voice | None
    at_ms: int
    duration_ms: int
    onset_ms: int
    loudness_lufs: float
    peaks: tuple[int, ...]
    masked: bool
    mask: str | None
    source: Source
    caption: str | None
    media: dict[str, str]
    seq: int
    round: str | None
    turn: int | None
    page: str
    words: tuple[Word, ...]


def shown(room: str, clip: ClipRef) -> ClipShown:
    """Return a clip as the contract has it."""
    base = f"/api/clips/{clip.clip}"
    return ClipShown(
        id=clip.clip,
        room=room,
        by=clip.by,
        at_ms=clip.at_ms,
        duration_ms=clip.duration_ms,
        onset_ms=clip.onset_ms,
        loudness_lufs=clip.loudness_lufs,
        peaks=clip.peaks,
        masked=clip.masked,
        mask=clip.mask,
        source=clip.source,
        caption=clip.caption,
        media={kind: f"{base}.{kind}" for kind in ("ogg", "m4a", "vtt", "svg", "png")},
        seq=clip.seq,
        round=clip.round,
        turn=clip.turn,
        page=f"/c/{clip.clip}",
        words=clip.words,
    )


class Found(Struct):
    """A clip that is there: its room, what the room knows of it, how large its sound is, and its turn."""

    room: Room
    ref: ClipRef
    size_bytes: int
    asked_seq: int | None = None

    @property
    def is_kept_back(self) -> bool:
        """Tell whether only some may hear it now."""
        return self.ref.hidden or self.id in self.room.state.governed.withheld

    @property
    def id(self) -> str:
        """Return the id, under which nothing but this clip will ever be."""
        return self.ref.clip


async def find(request: web.Request) -> Found:
    """Return the clip that a request names, its sound unread. Raises `Problem`: never was, or is gone."""
    rate_limit(request, "look")
    blob_info = await request.app[BLOBS].info(request.match_info["clip"])
    if blob_info is None:
        raise _gone()
    room = await awakened(request, blob_info.room)
    known = room.state.clips.get(blob_info.id)
    if known is None or not _may_hear(request, room, known):
        raise _gone()
    return Found(room, await _whole(request, room, known), blob_info.size_bytes, known.asked_seq)


async def _whole(request: web.Request, room: Room, clip: Clip) -> ClipRef:
    ref = await whole_clip(request, room.id, clip)
    if ref is None:
        raise _gone()
    return ref


def _may_hear(request: web.Request, room: Room, ref: Clip) -> bool:
    """Tell whether a clip may be heard: a hidden one by its speaker, and by whoever decides about it."""
    if not is_hidden(room.state, ref.clip, None) or is_admin(request):
        return True
    key = visitor_key(request)
    if key is None:
        return False
    voice = request.app[ROOM_REGISTRY].voice(key, room)
    is_to_decide = not ref.hidden and governing.decides(room.state, voice, room.context())
    return is_to_decide or not is_hidden(room.state, ref.clip, voice.id)


def _gone() -> Problem:
    return Problem("no_such_clip", "This clip is not here (any more).")


async def upload(request: web.Request) -> web.Response:
    """Take a recorded clip, finish it and let it land."""
    key = needed_key(request)
    mask = masks.asked(request)
    media_type = body.check_type(request, *media_types.PLAIN, also=media_types.MEDIA_TYPES)
    room = await visited(request, request.match_info["room"])
    voice = visitor(request, room, key)
    rate_limit(request, "upload", voice.id)
    if not room.has_take(voice.id, UPLOAD) and rounds.is_aside(await room.awake(), voice.id):
        rate_limit(request, "aside", voice.id)
    limit_bytes = request.app[CONFIG].upload_bytes
    with (
        request.app[UPLOAD_BUDGET].holding(
            prefix(address(request)), min(request.content_length or limit_bytes, limit_bytes)
        ),
        request.app[TAKES].arriving(room, voice),
    ):
        recorded = await body.read(request, limit_bytes)
        event = await request.app[TAKES].upload(room.id, voice, recorded, media_type, mask=mask)
    if isinstance(event, Preview):
        return previews.waiting(event)
    assert isinstance(event.data, ClipLanded)
    return await made(request, room.id, event.data.clip)


async def keep(request: web.Request) -> web.Response:
    """Let a take land that its speaker has heard."""
    found = await previews.find(request)
    rate_limit(request, "preview", found.voice.id)
    event = await request.app[TAKES].keep(found.room, found.voice, found.preview.id)
    assert isinstance(event.data, ClipLanded)
    return await made(request, found.room.id, event.data.clip)


async def made(request: web.Request, room_id: str, clip: str) -> web.Response:
    """Answer a clip that has just landed."""
    room = await request.app[ROOM_REGISTRY].wake(room_id)
    landed = room.state.clips.get(clip)
    if landed is None:
        raise _gone()
    ref = await _whole(request, room, landed)
    return answer(shown(room.id, ref), status=201, headers={"Location": f"/api/clips/{landed.clip}"})


async def show(request: web.Request) -> web.Response:
    """Answer what is known of a clip."""
    found = await find(request)
    return answer(shown(found.room.id, found.ref))


async def ogg(request: web.Request) -> web.Response:
    """Answer a clip as it is kept: Opus in Ogg; who may hear it like everybody is sent to the CDN, if any."""
    found = await find(request)
    if (elsewhere := _elsewhere(request, found)) is not None:
        return elsewhere
    form = Form.of(found, "ogg", "audio/ogg")
    if answered := form.unread(request, found.size_bytes):
        return answered
    part = form.part(request, found.size_bytes)
    if part is None:
        return form.answer(request, await _sound(request, found))
    first, last = part
    sound = await request.app[BLOBS].get_range(found.id, first, last - first + 1)
    if sound is None:
        raise _gone()
    return form.answer_part(sound, first, found.size_bytes)


def _elsewhere(request: web.Request, found: Found) -> web.Response | None:
    """Return the way to the CDN, for a clip that is kept back from nobody; it is asked for each time anew."""
    cdn = request.app.get(CDN)
    if cdn is None or request.method != "GET" or found.is_kept_back or not found.room.public:
        return None
    return web.Response(status=307, headers={"Location": cdn(found.id), "Cache-Control": "no-store"})


async def m4a(request: web.Request) -> web.Response:
    """Answer a clip as AAC in MP4."""
    found, transcodes = await find(request), request.app[TRANSCODES]
    form = Form.of(found, "m4a", "audio/mp4")
    if answered := form.unread(request, transcodes.size_of(found.id)):
        return answered
    made = transcodes.kept(found.id)
    if made is None:
        rate_limit(request, "join")
        made = await transcodes.get(found.id, await _sound(request, found))
    return form.answer(request, made)


async def vtt(request: web.Request) -> web.Response:
    """Answer the words of a clip (WebVTT)."""
    found = await find(request)
    words = webvtt(found.ref.caption, found.ref.words, found.ref.duration_ms).encode()
    return Form.told(found, "vtt", "text/vtt", words).answer(request, words)


async def picture(request: web.Request) -> web.Response:
    """Answer the picture of a clip's sound."""
    found = await find(request)
    drawn = svg(found.ref.peaks).encode()
    shown_picture = Form.told(found, "svg", "image/svg+xml", drawn).answer(request, drawn)
    shown_picture.headers["Content-Security-Policy"] = SVG_CSP
    return shown_picture


async def card(request: web.Request) -> web.Response:
    """Answer the same picture for link previews."""
    found = await find(request)
    form = Form.of(found, "png", "image/png")
    if answered := form.unread(request):
        return answered
    rate_limit(request, "join")  # it takes 5 ms of the loop
    return form.answer(request, png(found.ref.peaks))


async def _sound(request: web.Request, found: Found) -> bytes:
    blob = await request.app[BLOBS].get(found.id)
    if blob is None:
        raise _gone()
    return blob.body


class Form(Struct):
    """One of the forms in which a clip is answered: what it is, and what stands for it."""

    content_type: str
    etag: str
    headers: dict[str, str]

    @classmethod
    def of(cls, found: Found, ending: str, content_type: str) -> Form:
        """Return a form that the clip's id stands for, as a clip never changes."""
        return cls._made(found, ending, content_type, f"{found.id}.{ending}.{FORMS[ending]}")

    @classmethod
    def told(cls, found: Found, ending: str, content_type: str, sent: bytes) -> Form:
        """Return a form that may change, as captions do: its content stands for it."""
        return cls._made(found, ending, content_type, hashlib.sha256(sent).hexdigest()[:32])

    @classmethod
    def _made(cls, found: Found, ending: str, content_type: str, etag: str) -> Form:
        headers = {
            # What only its speaker may hear yet is kept by no cache.
            "Cache-Control": "no-store" if found.is_kept_back else f"max-age={CLIP_MAX_AGE_S}",
            "Content-Disposition": f'inline; filename="{found.id}.{ending}"',
        }
        return cls(content_type, f'"{etag}"', headers)

    def unread(self, request: web.Request, size_bytes: int | None = None) -> web.Response | None:
        """Return the answer to who needs no content, if that is so."""
        return ranges.unread(request, size_bytes, self.content_type, self.etag, self.headers)

    def part(self, request: web.Request, size_bytes: int) -> tuple[int, int] | None:
        """Return the first and the last byte that are asked for, None for the whole. Raises `Problem`."""
        return ranges.part(request, size_bytes, self.etag)

    def answer_part(self, sent: bytes, first: int, size_bytes: int) -> web.Response:
        """Return the answer with a part of the content."""
        known = {**self.headers, "ETag": self.etag, "Accept-Ranges": "bytes"}
        return ranges.answer_part(sent, first, size_bytes, self.content_type, known)

    def answer(self, request: web.Request, sent: bytes) -> web.Response:
        """Return the answer with the content or a part of it."""
        return ranges.answer(request, sent, self.content_type, self.etag, self.headers)


async def forget(request: web.Request) -> web.Response:
    """Remove a clip for its speaker, or for the admin."""
    admin = is_admin(request)
    key = None if admin else needed_key(request)
    found = await find(request)
    registry = request.app[ROOM_REGISTRY]
    voice = visitor(request, found.room, key) if key else None
    rate_limit(request, "forget", voice.id if voice else None)
    command = Oversee(Remove(found.id, "admin")) if admin else Forget(found.id)
    await registry.send(found.room.id, command, by=voice)
    return web.Response(status=204)


async def report(request: web.Request) -> web.Response:
    """Take a report of a clip and answer its receipt."""
    registry = request.app[ROOM_REGISTRY]
    key = needed_key(request)
    found = await find(request)
    voice = visitor(request, found.room, key)
    rate_limit(request, "report", voice.id)
    told = await body.read_json(request, NewReport)
    command = Report(found.id, told.reason, told.text)
    events = await registry.send(found.room.id, command, by=voice)
    noted = next(event for event in events if isinstance(event.data, ClipReported))
    return answer(_receipt(found, noted.seq, noted.at_ms), status=201)


def _receipt(found: Found, seq: int, at_ms: int) -> dict[str, Any]:
    return {
        "receipt": f"{found.room.id}-{seq}",
        "room": found.room.id,
        "clip": found.id,
        "seq": seq,
        "at_ms": at_ms,
    }


_HERE = f"/api/clips/{CLIP}"
_RECEIPT = {
    "type": "object",
    "properties": {
        "receipt": {"type": "string"},
        "room": {"type": "string"},
        "clip": {"type": "string"},
        "seq": {"type": "integer"},
        "at_ms": {"type": "integer"},
    },
}
_UPLOAD_ERRORS = (
    *KEY_ERRORS, "muted", "consent_needed", "no_such_room", "too_slow", "too_big", "wrong_type",
    "undecodable", "silent", "too_short", "too_fast", "busy", "restarting", "storage_full", "storage_away",
    "room_closed", "bad_value",
)  # fmt: skip


def _form(ending: str, handler: Handler, media_type: str, summary: str, *errors: str) -> Operation:
    sent = {media_type: BINARY}
    return Operation(
        "GET",
        f"{_HERE}.{ending}",
        handler,
        summary,
        {200: sent, 206: sent, 304: {}, **({307: {}} if ending == "ogg" else {})},
        ("no_such_clip", "bad_range", "storage_away", *errors),
        preflight=preflight,
    )


OPERATIONS = (
    Operation(
        "POST",
        f"/api/rooms/{ROOM}/clips",
        upload,
        "Upload a recorded clip.",
        {201: json_body(ClipShown), 202: json_body(previews.PreviewShown)},
        _UPLOAD_ERRORS,
        takes=dict.fromkeys(media_types.MEDIA_TYPES, BINARY),
        query=(masks.MASK,),
        key="needed",
        headers=("Location",),
        preflight=preflight,
    ),
    Operation(
        "POST",
        previews.HERE,
        keep,
        "Let a take land that its speaker has heard.",
        {201: json_body(ClipShown)},
        (*previews.ERRORS, "storage_full", "storage_away"),
        key="needed",
        headers=("Location",),
    ),
    Operation(
        "GET",
        _HERE,
        show,
        "What is known of a clip.",
        {200: json_body(ClipShown)},
        ("no_such_clip", "storage_away"),
        preflight=preflight,
    ),
    Operation(
        "DELETE",
        _HERE,
        forget,
        "Remove a clip: its speaker, or the admin.",
        {204: {}},
        (*KEY_ERRORS, "not_yours", "muted", "no_such_clip", "storage_away", "too_fast"),
        key="needed",
        preflight=preflight,
    ),
    _form("ogg", ogg, "audio/ogg", "The clip as Opus in Ogg."),
    _form("m4a", m4a, "audio/mp4", "The clip as AAC in MP4.", "too_fast"),
    _form("vtt", vtt, "text/vtt", "The clip's caption, with the time of each word."),
    _form("svg", picture, "image/svg+xml", "The picture of the clip's sound."),
    _form("png", card, "image/png", "The same picture for link previews.", "too_fast"),
    Operation(
        "POST",
        f"{_HERE}/reports",
        report,
        "Report a clip.",
        {201: json_body(_RECEIPT)},
        (*JSON_ERRORS, *KEY_ERRORS, "muted", "no_such_clip", "storage_away", "empty", "too_long", "too_fast"),
        takes=json_body(NewReport),
        key="needed",
        preflight=preflight,
    ),
)
