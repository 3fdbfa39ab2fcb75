"""A recording's sound, written while it is read: one piece at a time is in memory.

What may not be heard by everybody at the moment in which it is written is silence.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable

from msgspec import Struct

from audio import ogg, opus
from audio.earcons import Earcon
from audio.take import FRAME_MS, Unfit
from server.blobs.base import Blobs
from server.engines.utterances import Utterance, Utterances
from server.http.problems import Problem
from server.log.base import Damaged
from server.room.events import Language
from server.room.recording import Piece, RecordingPlan
from server.web.recording_forms import SoundForm

# What begins a chapter where nothing is spoken.
BEGINNING: Earcon = "landed"


class Sources(Struct, frozen=True):
    """Where sound comes from, and whether everybody may hear a clip, and what a round asks for, now."""

    blobs: Blobs
    utterances: Utterances
    may_be_heard: Callable[[str], Awaitable[bool]]
    may_be_told: Callable[[str | None], Awaitable[bool]]
    language: Language


async def sound(
    recording: RecordingPlan, title: str, form: SoundForm, sources: Sources
) -> AsyncIterator[bytes]:
    """Yield a recording as it is sent, after its `begin`."""
    chapters = [(chapter.start_ms, chapter.title) for chapter in recording.chapters]
    yield form.head(recording.duration_ms, title, chapters)
    at, ends = 0, [piece.start_ms for piece in recording.pieces[1:]] + [recording.duration_ms]
    for piece, end_ms in zip(recording.pieces, ends, strict=False):
        start, end = form.place(piece.start_ms), form.place(end_ms)
        frames = (await _frames(piece, form, sources))[: end - start]
        if piece.clip and not await sources.may_be_heard(piece.clip):
            frames = []
        if written := form.write([form.silence] * (start - at) + frames):
            yield written
        at = start + len(frames)
    yield form.write([form.silence] * (form.place(recording.duration_ms) - at)) + form.end()


async def _frames(piece: Piece, form: SoundForm, sources: Sources) -> list[bytes]:
    """Return a piece as frames; none where it is gone."""
    try:
        if not piece.clip:
            return await _said(piece, form, sources)
        if not await sources.may_be_heard(piece.clip):
            return []
        blob = await sources.blobs.get(piece.clip)
        return await form.frames(piece.clip, blob.body) if blob is not None else []
    except (Damaged, Problem, Unfit, ValueError):  # it cannot be read, or was removed while it was
        return []


async def _said(piece: Piece, form: SoundForm, sources: Sources) -> list[bytes]:
    """Return what is spoken, or the sound of a beginning where nothing is, or where it does not fit."""
    is_told = piece.text and await sources.may_be_told(piece.round)
    spoken = await sources.utterances.said(piece.text, sources.language) if is_told else None
    if spoken is None or spoken.duration_ms > piece.duration_ms + FRAME_MS:
        spoken = await sources.utterances.sound(BEGINNING)
    clip = _as_clip(spoken)
    return await form.frames(f"said {hashlib.sha256(clip).hexdigest()[:32]}", clip)


def _as_clip(utterance: Utterance) -> bytes:
    frames, preskip = utterance.frames, utterance.preskip
    return ogg.write(frames, preskip=preskip, samples=len(frames) * opus.FRAME - preskip)
