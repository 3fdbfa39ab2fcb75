"""An evening that is in a log without having been played: rounds with prompts, takes with sound and words."""

from __future__ import annotations

from functools import cache

import numpy as np

from audio import ogg, opus
from audio.pcm import Pcm
from games.round import Prompt, RoundClosed, RoundOpened, TurnGiven
from server.blobs.base import Blob
from server.log.memory import MemoryLog
from server.room.events import ClipCaptioned, ClipLanded, Draft, RoomOpened, Voice
from tests.support import speech

VOICES = tuple(Voice(f"voice-{name}", name.title(), "#ffaa00") for name in ("anna", "bela", "cleo"))
ROUND_CLIPS = 4
CLIP_MS = 800
BEGAN_MS = 1_790_000_000_000


@cache
def sound(number: int) -> Pcm:
    """Return a sound that is like no other."""
    noise = speech.white_noise(CLIP_MS / 1000, -20, number)
    return speech.level(np.convolve(noise, np.ones(48, dtype=np.float32), "same"), -20)  # below 1 kHz


@cache
def clip(number: int) -> bytes:
    """Return such a sound as a finished clip."""
    frames, preskip = opus.encode(sound(number))
    return ogg.write(frames, preskip=preskip, samples=len(sound(number)))


def name(number: int, room: str = "clip") -> str:
    """Return the id of a clip."""
    return f"{room}-{number:06}"


def take(number: int, at_ms: int, round_: str | None, turn: int | None, room: str = "clip") -> list[Draft]:
    """Return the landing of a clip and its words, which come a moment later."""
    by = VOICES[number % len(VOICES)]
    landed = ClipLanded(name(number, room), CLIP_MS, 0, 0, -16.0, (50,) * 64, round=round_, turn=turn)
    words = ((f"word{number}", 100, 400), ("umbrella", 400, 700))
    told = ClipCaptioned(name(number, room), f"word{number} umbrella", "en", words=words, by="test")
    return [Draft(landed, at_ms, by), Draft(told, at_ms + 200)]


def round_of(number: int, at_ms: int, every_ms: int, room: str = "clip") -> list[Draft]:
    """Return a round: one prompt and its takes."""
    id_ = f"round-{number:04}"
    prompt = Prompt(f"prompt-{number}", f"Say number {number}.")
    drafts = [
        Draft(RoundOpened(id_, "first_thing", "snap", prompt), at_ms),
        Draft(TurnGiven(id_, 1, prompt.text, at_ms + 1_000, at_ms + 5_000), at_ms),
    ]
    clips = range(number * ROUND_CLIPS, (number + 1) * ROUND_CLIPS)
    for place, each in enumerate(clips):
        drafts += take(each, at_ms + 2_000 + place * every_ms, id_, 1, room)
    closing = RoundClosed(id_, "done", tuple(name(each, room) for each in clips))
    return [*drafts, Draft(closing, at_ms + 2_500 + ROUND_CLIPS * every_ms)]


async def tell(
    log: MemoryLog,
    room: str,
    *,
    rounds: int,
    every_ms: int = 3_600,
    sounds: int = 8,
    kind: str = "wonder",
    began_ms: int = BEGAN_MS,
) -> None:
    """Put an evening into a log, as a room of its own."""
    drafts = [Draft(RoomOpened(kind, "Long evening", public=True), began_ms)]
    for number in range(rounds):
        drafts += round_of(number, began_ms + number * ROUND_CLIPS * every_ms, every_ms)
    blobs = [Blob(name(number), room, clip(number % sounds)) for number in range(rounds * ROUND_CLIPS)]
    await log.append(room, drafts, blobs=blobs)
