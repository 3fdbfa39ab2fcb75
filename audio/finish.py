"""From a take or an upload to a clip: decode once, clean, trim, mask, level, measure, encode once.

How much a clip is amplified is up to its speech alone, so noise never comes near the loudness of speech: it
stays `CLEAR_DB` below, as it was recorded, or there is no clip.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from audio import container, hum, loudness, masks, noise_reduction, ogg, onset, opus, repair
from audio.pcm import Pcm, fade_edges, high_pass, peaks, resample
from audio.take import LONGEST_LISTENED_MS, SAMPLE_RATE_HZ, Clip, Limits, Mask, Packet, Take, Unfit

MS = SAMPLE_RATE_HZ // 1000
COUNTED_HZ = 16_000  # what speech is counted in
Count = Callable[[Pcm], int]
FAR = 8.0  # times full scale
RUMBLE_HZ = 80.0
MARGIN_MS = 80  # kept before the first sound and after the last
FADE_MS = 5
# Coding moves the peaks, of speech up by 1.0 dB in the middle, rarely by 1.8 dB. So a clip is brought under a
# lower ceiling first; what still comes out too high is lowered and encoded again.
CODING_ROOM_DB = 1.8
# Speech takes none or one, bursts of noise more; what is too high even then is made quieter as a whole.
ATTEMPTS = 3

# Speech that stands out less loses its weak words in the noise: then nothing is better than a fragment.
# Measured with pink noise and hum: at 16 dB and more (10 dB of the whole power) every word was there.
CLEAR_DB = 16.0
# Where noise is turned down, so much more of it may be: of five sentences in the noise of a fan, 5 dB of the
# whole power below them, 17 of 62 words are read wrong then, and 20 before.
REDUCED_DB = 6.0

SILENT = "We heard nothing. Is your microphone muted?"
DROWNED = "We could not tell your voice from the noise around you. Come closer to the microphone."
UNDECODABLE = "We could not read that sound. Please try again."


def finish_take(
    take: Take,
    limits: Limits,
    mask: Mask | None = None,
    count: Count | None = None,
    *,
    reduces_noise: bool = False,
) -> Clip:
    """Finish what a speaker sent. Raises `Unfit`."""
    try:
        pcm = opus.decode(take.packets, longest=LONGEST_LISTENED_MS * MS)
    except opus.BadPacket as bad:
        raise Unfit("undecodable", UNDECODABLE) from bad
    return finish(
        pcm, limits, preroll_ms=take.preroll_ms, mask=mask, count=count, reduces_noise=reduces_noise
    )


def finish_upload(
    body: bytes,
    media_type: str,
    limits: Limits,
    mask: Mask | None = None,
    count: Count | None = None,
    *,
    reduces_noise: bool = False,
) -> Clip:
    """Finish an uploaded file. Raises `Unfit`. Call it only in a process that may crash: it runs libav."""
    try:
        pcm = container.decode(body, media_type, longest=LONGEST_LISTENED_MS * MS)
    except container.Undecodable as bad:
        raise Unfit("undecodable", bad.shown or UNDECODABLE) from bad
    return finish(repair.mended(_finite(pcm)), limits, mask=mask, count=count, reduces_noise=reduces_noise)


def _finite(pcm: Pcm) -> Pcm:
    """Return `pcm` with numbers alone, none of them far out of full scale; mostly it is so already."""
    if len(pcm) and pcm.min() >= -FAR and pcm.max() <= FAR:  # neither holds where there is a NaN
        return pcm
    return np.nan_to_num(pcm, posinf=0.0, neginf=0.0).clip(-FAR, FAR)


def finish(
    pcm: Pcm,
    limits: Limits,
    *,
    preroll_ms: int = 0,
    mask: Mask | None = None,
    count: Count | None = None,
    reduces_noise: bool = False,
) -> Clip:
    """Make a clip of 48 kHz mono sound. Raises `Unfit` when it is silent or too short.

    A mask that cannot be put on raises, whatever it is: nothing goes on as it was spoken then. `count`
    tells how much of a sound of 16 kHz is speech, which nobody can tell behind some masks; it is there where
    words are read, and then a clip that `reduces_noise` comes with its sound before that.
    """
    pcm = hum.without_hum(high_pass(_finite(pcm), RUMBLE_HZ))
    sound = onset.find(pcm)
    if sound is None and (len(pcm) >= limits.shortest_ms * MS or not onset.is_loud(pcm)):
        raise Unfit("silent", SILENT)
    sound = sound or onset.Sound(0, len(pcm), 0)  # too short to tell it from noise
    if sound.clear_db < CLEAR_DB - (REDUCED_DB if reduces_noise else 0.0):
        raise Unfit("silent", DROWNED)
    start = max(0, sound.onset - MARGIN_MS * MS)
    end = min(len(pcm), sound.offset + MARGIN_MS * MS)
    if end - start < limits.shortest_ms * MS:
        raise Unfit(
            "too_short", f"That was too short: it takes {limits.shortest_ms / 1000:g} seconds at least."
        )
    part = slice(start, min(end, start + limits.longest_ms * MS))
    kept = pcm[part]
    if len(kept) < end - start:
        sound = onset.find(kept) or sound
        sound = onset.Sound(sound.onset + start, sound.offset + start, sound.gap_ms)
    quiet = noise_reduction.reduced(pcm)[part] if reduces_noise else kept
    worn = masks.wear(quiet, mask) if mask else quiet
    clip = _encoded(fade_edges(worn, FADE_MS * MS), sound, preroll_ms)
    if mask is None:
        return replace(clip, unreduced=_for_reading(kept)) if reduces_noise and count else clip
    speech_ms = count(resample(kept, SAMPLE_RATE_HZ, COUNTED_HZ)) if count else None
    return replace(clip, mask=mask.name, speech_ms=speech_ms)


def _encoded(pcm: Pcm, sound: onset.Sound, preroll_ms: int) -> Clip:
    coded = _coded_under(pcm, loudness.CEILING_DBTP)
    return Clip(
        ogg=ogg.write(coded.frames, preskip=coded.preskip, samples=len(pcm)),
        duration_ms=round(len(pcm) / MS),
        onset_ms=round(sound.onset / MS) - preroll_ms,
        gap_ms=sound.gap_ms,
        loudness_lufs=round(loudness.loudness_lufs(coded.heard), 2),
        true_peak_dbtp=round(coded.true_peak_dbtp, 2),
        peaks=peaks(coded.heard),
    )


def _for_reading(pcm: Pcm) -> bytes:
    """Return a sound as a file for the recogniser, levelled as clips are."""
    frames, preskip = opus.encode(loudness.level(fade_edges(pcm, FADE_MS * MS)))
    return ogg.write(frames, preskip=preskip, samples=len(pcm))


class _Coded(NamedTuple):
    """An encoded sound, and the same decoded again."""

    frames: list[bytes]
    preskip: int
    heard: Pcm
    true_peak_dbtp: float


def _coded_under(pcm: Pcm, ceiling_dbtp: float) -> _Coded:
    """Level and encode so that the decoded sound stays under the ceiling, in few attempts."""
    room_db = CODING_ROOM_DB
    levelled = loudness.level(pcm, ceiling_dbtp=ceiling_dbtp - room_db)
    limited = levelled
    coded = _coded(limited)
    for _ in range(ATTEMPTS):
        if coded.true_peak_dbtp <= ceiling_dbtp:
            break
        room_db += coded.true_peak_dbtp - ceiling_dbtp + 0.2
        limited = loudness.limit(levelled, ceiling_dbtp - room_db)
        coded = _coded(limited)
    for _ in range(ATTEMPTS):
        if coded.true_peak_dbtp <= ceiling_dbtp:
            break
        limited = limited * np.float32(10 ** ((ceiling_dbtp - coded.true_peak_dbtp - 0.2) / 20))
        coded = _coded(limited)
    return coded


def _coded(pcm: Pcm) -> _Coded:
    frames, preskip = opus.encode(pcm)
    packets = [Packet(index * opus.FRAME, frame) for index, frame in enumerate(frames)]
    heard = opus.decode(packets, longest=len(frames) * opus.FRAME)[preskip : preskip + len(pcm)]
    return _Coded(frames, preskip, heard, loudness.true_peak_dbtp(heard))
