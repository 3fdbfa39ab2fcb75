"""An evening as one file: its sound, its captions and chapters, and which evenings there are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from zlib import crc32

from aiohttp import web
from msgspec import Struct

from server.http.answers import answer
from server.http.limits import network
from server.http.problems import Problem
from server.http.security import address, preflight, rate_limit
from server.room.evenings import Evening
from server.room.recording import RecordingPlan
from server.web import cues, stretches
from server.web.app_keys import BLOBS
from server.web.operations import BINARY, TEXT, Operation, json_body, listed, whole
from server.web.recording_forms import M4aForm, OggForm, SoundForm
from server.web.recording_writing import Sources, sound
from server.web.rooms import ROOM, SEQ_LIMIT
from server.web.spoken import UTTERANCES
from server.web.stretches import Stretch
from server.web.transcodes import TRANSCODES
from server.web.visits import visited

# Who takes nothing for so long is gone; and nobody takes longer than it lasts, and this.
STALLED_S, BEYOND_S = 60.0, 600.0
RETRY_AFTER_MS = 20_000
VTT_PIECES = 100  # of which the cues are written together


class ChapterShown(Struct):
    """A chapter: where it begins, and of which round it is."""

    start_ms: int
    title: str
    round: str | None


class RecordingShown(Struct):
    """What a recording would be, before it is fetched."""

    room: str
    from_ms: int
    to_ms: int
    round: str | None
    clips: int
    duration_ms: int
    chapters: tuple[ChapterShown, ...]
    media: dict[str, str]


class Busy:
    """How many recordings are written at once: of all, and of one network half of it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tasks: dict[asyncio.Task[object], str] = {}

    def __len__(self) -> int:
        """Return how many are written now."""
        return len(self._tasks)

    @contextmanager
    def one(self, network_: str) -> Iterator[None]:
        """Count one while it is written. Raises `Problem` (`busy`)."""
        of_network = sum(each == network_ for each in self._tasks.values())
        if len(self._tasks) >= self._most or of_network >= max(1, self._most // 2):
            sentence = "Enough evenings are being written just now. Try again in a moment."
            raise Problem("busy", sentence, retry_after_ms=RETRY_AFTER_MS)
        task = asyncio.current_task()
        assert task is not None
        self._tasks[task] = network_
        try:
            yield
        finally:
            del self._tasks[task]

    def close(self) -> None:
        """End those that are written; may be called again."""
        for task in self._tasks:
            task.cancel()


BUSY: web.AppKey[Busy] = web.AppKey("recordings")


async def list_evenings(request: web.Request) -> web.Response:
    """Answer the newest evenings of a room."""
    room = await visited(request, request.match_info["room"])
    return answer({"evenings": stretches.newest_evenings(room)})


async def show(request: web.Request) -> web.Response:
    """Answer what a recording would be."""
    stretch = await _asked(request)
    recording = await stretch.recording(_length(request, stretch))
    return answer(_shown(stretch, recording))


def _shown(stretch: Stretch, recording: RecordingPlan) -> RecordingShown:
    base, query = f"/api/rooms/{stretch.room.id}/recording", stretch.query
    media = {kind: f"{base}.{kind}?{query}" for kind in ("ogg", "m4a", "vtt")}
    return RecordingShown(
        stretch.room.id,
        stretch.from_ms,
        stretch.to_ms,
        stretch.round,
        recording.clips,
        recording.duration_ms,
        tuple(ChapterShown(each.start_ms, each.title, each.round) for each in recording.chapters),
        {**media, "chapters": f"{base}.vtt?{query}&kind=chapters"},
    )


async def _asked(request: web.Request, *, with_words: bool = False) -> Stretch:
    """Return the stretch that a request names. Raises `Problem`."""
    room = await visited(request, request.match_info["room"])
    rate_limit(request, "recording")
    return await stretches.asked(request, room, with_words=with_words)


def _length(request: web.Request, stretch: Stretch) -> Callable[[str], int]:
    """Return what tells how long a text takes, where the room is spoken to."""
    utterances, language = request.app[UTTERANCES], stretch.language
    return lambda text: utterances.place_ms(text, language) if stretch.is_spoken else 0


async def ogg(request: web.Request) -> web.StreamResponse:
    """Answer a recording as Opus in Ogg."""
    stretch = await _asked(request)
    return await _sound(request, stretch, OggForm(crc32(f"{stretch.room.id}?{stretch.query}".encode())))


async def m4a(request: web.Request) -> web.StreamResponse:
    """Answer a recording as AAC in MP4."""
    stretch = await _asked(request)
    return await _sound(request, stretch, M4aForm(request.app[TRANSCODES].get))


async def _sound(request: web.Request, stretch: Stretch, form: SoundForm) -> web.StreamResponse:
    """Send what every file begins with, then read the evening: a long one begins as soon as a short one."""
    sources = Sources(
        request.app[BLOBS],
        request.app[UTTERANCES],
        stretch.may_be_heard,
        stretch.may_be_told,
        stretch.language,
    )
    with request.app[BUSY].one(network(address(request))):
        ending = "ogg" if isinstance(form, OggForm) else "m4a"
        response = _response(stretch, form.media_type, ending)
        async with _sending(request, response) as limit:
            if request.method != "HEAD":
                await _write(response, form.begin())
                recording = await stretch.recording(_length(request, stretch))
                limit.reschedule(_now_s() + recording.duration_ms / 1000 + BEYOND_S)
                async for part in sound(recording, stretch.title, form, sources):
                    await _write(response, part)
    return response


async def vtt(request: web.Request) -> web.StreamResponse:
    """Answer the captions of a recording, or its chapters (WebVTT)."""
    kind = request.query.get("kind", "captions")
    if kind not in ("captions", "chapters"):
        raise Problem("bad_query", "`kind` must be captions or chapters.")
    stretch = await _asked(request, with_words=kind == "captions")
    response = _response(stretch, "text/vtt", "vtt" if kind == "captions" else "chapters.vtt")
    async with _sending(request, response):
        if request.method != "HEAD":
            await _write(response, b"WEBVTT\n")
            recording = await stretch.recording(_length(request, stretch))
            async for part in _captions(stretch, recording) if kind == "captions" else _chapters(recording):
                await _write(response, part)
    return response


async def _captions(stretch: Stretch, recording: RecordingPlan) -> AsyncIterator[bytes]:
    """Yield the words of clips and what is spoken between them."""
    for at in range(0, len(recording.pieces), VTT_PIECES):
        lines = list[str]()
        for piece in recording.pieces[at : at + VTT_PIECES]:
            if piece.text and await stretch.may_be_told(piece.round):
                lines.append(cues.cue(piece.start_ms, piece.start_ms + piece.duration_ms, piece.text))
            elif piece.caption and await stretch.may_be_heard(piece.clip):
                lines += cues.cues(piece.caption, piece.words, piece.duration_ms, piece.start_ms)
        yield "".join(f"\n{line}" for line in lines).encode()


async def _chapters(recording: RecordingPlan) -> AsyncIterator[bytes]:
    """Yield the chapters, each to the beginning of the next."""
    ends = [chapter.start_ms for chapter in recording.chapters[1:]] + [recording.duration_ms]
    lines = [
        cues.cue(chapter.start_ms, end_ms, chapter.title)
        for chapter, end_ms in zip(recording.chapters, ends, strict=False)
    ]
    yield "".join(f"\n{line}" for line in lines).encode()


def _response(stretch: Stretch, media_type: str, ending: str) -> web.StreamResponse:
    headers = {
        "Content-Type": media_type,
        # Something in it may be taken back any moment.
        "Cache-Control": "no-store",
        "Accept-Ranges": "none",
        "Content-Disposition": f'attachment; filename="{stretch.file}.{ending}"',
    }
    return web.StreamResponse(headers=headers)


@asynccontextmanager
async def _sending(request: web.Request, response: web.StreamResponse) -> AsyncIterator[asyncio.Timeout]:
    """Send a response within a limit; one that ends too early is cut off: nobody shall take it for whole."""
    is_whole = False
    try:
        async with asyncio.timeout(BEYOND_S) as limit:
            await response.prepare(request)
            yield limit
            await response.write_eof()
        is_whole = True
    except TimeoutError:
        raise ConnectionError("taken too slowly") from None
    finally:
        if not is_whole and request.transport is not None:
            request.transport.abort()


async def _write(response: web.StreamResponse, part: bytes) -> None:
    async with asyncio.timeout(STALLED_S):
        await response.write(part)


def _now_s() -> float:
    return asyncio.get_running_loop().time()


_QUERY = (
    {
        "name": "round",
        "in": "query",
        "description": "The clips of this round alone.",
        "schema": {"type": "string"},
    },
    whole("from_ms", "The clips that landed from here on.", minimum=0, maximum=SEQ_LIMIT),
    whole("to_ms", "The clips that landed until then.", minimum=0, maximum=SEQ_LIMIT),
)
_ERRORS = ("bad_query", "not_allowed", "no_such_room", "no_such_clip", "too_fast")
_HERE = f"/api/rooms/{ROOM}/recording"
_WHICH = "the newest evening, or what `round` or `from_ms` and `to_ms` say"
_KIND = {
    "name": "kind",
    "in": "query",
    "schema": {"type": "string", "enum": ["captions", "chapters"], "default": "captions"},
}

OPERATIONS = (
    Operation(
        "GET",
        f"/api/rooms/{ROOM}/evenings",
        list_evenings,
        "The newest evenings of a room: stretches of clips without a pause of three hours.",
        {200: listed("evenings", Evening)},
        ("not_allowed", "no_such_room", "too_fast"),
    ),
    Operation(
        "GET",
        _HERE,
        show,
        f"What a recording would be: {_WHICH}.",
        {200: json_body(RecordingShown)},
        _ERRORS,
        query=_QUERY,
    ),
    *(
        Operation(
            "GET",
            f"{_HERE}.{form}",
            answer,
            f"A recording as {what}: {_WHICH}.",
            {200: {media_type: BINARY}},
            (*_ERRORS, "busy"),
            query=_QUERY,
            preflight=preflight,
        )
        for form, answer, what, media_type in (
            ("ogg", ogg, "Opus in Ogg", "audio/ogg"),
            ("m4a", m4a, "AAC in MP4", "audio/mp4"),
        )
    ),
    Operation(
        "GET",
        f"{_HERE}.vtt",
        vtt,
        f"The captions of a recording, or its chapters: {_WHICH}.",
        {200: {"text/vtt": TEXT}},
        _ERRORS,
        query=(*_QUERY, _KIND),
        preflight=preflight,
    ),
)
