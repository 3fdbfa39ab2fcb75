"""From a take or an upload to a clip: decode once, clean, trim, level, measure, encode once."""

from __future__ import annotations

import numpy as np

from audio import container, loudness, ogg, onset, opus
from audio.pcm import Pcm, fade_edges, high_pass, peaks
from audio.take import SAMPLE_RATE_HZ, Clip, Limits, Packet, Take, Unfit

MS = SAMPLE_RATE_HZ // 1000
RUMBLE_HZ = 80.0
MARGIN_MS = 80  # kept before the first sound and after the last
FADE_MS = 5
LONGEST_LISTENED_MS = 60_000  # what a take or upload holds beyond is not even decoded
# Coding moves the peaks, of speech up by 1.0 dB in the middle, 1.8 dB at most. So a clip is brought under a
# lower ceiling first; what still comes out too high is lowered and encoded again.
CODING_ROOM_DB = 1.5

SILENT = "We heard nothing. Is your microphone muted?"
UNDECODABLE = "We could not read that sound. Please try again."


def finish_take(take: Take, limits: Limits) -> Clip:
    """Finish what a speaker sent. Raises `Unfit`."""
    try:
        pcm = opus.decode(take.packets, longest=LONGEST_LISTENED_MS * MS)
    except opus.BadPacket as bad:
        raise Unfit("undecodable", UNDECODABLE) from bad
    return finish(pcm, limits, preroll_ms=take.preroll_ms)


def finish_upload(body: bytes, media_type: str, limits: Limits) -> Clip:
    """Finish a file of the given media type. Raises `Unfit`. Only for a process that may die."""
    try:
        pcm = container.decode(body, media_type, longest=LONGEST_LISTENED_MS * MS)
    except container.Undecodable as bad:
        raise Unfit("undecodable", UNDECODABLE) from bad
    return finish(pcm, limits)


def finish(pcm: Pcm, limits: Limits, *, preroll_ms: int = 0) -> Clip:
    """Make a clip of 48 kHz mono sound. Raises `Unfit` when it is silent or too short."""
    pcm = high_pass(np.nan_to_num(pcm, posinf=0.0, neginf=0.0).clip(-8.0, 8.0), RUMBLE_HZ)
    sound = onset.find(pcm)
    if sound is None:
        raise Unfit("silent", SILENT)
    start = max(0, sound.onset - MARGIN_MS * MS)
    end = min(len(pcm), sound.offset + MARGIN_MS * MS)
    if end - start < limits.shortest_ms * MS:
        raise Unfit(
            "too_short", f"That was too short: it takes {limits.shortest_ms / 1000:g} seconds at least."
        )
    kept = pcm[start : min(end, start + limits.longest_ms * MS)]
    if len(kept) < end - start:
        sound = onset.find(kept) or sound
        sound = onset.Sound(sound.onset + start, sound.offset + start, sound.gap_ms)
    return _encoded(fade_edges(kept, FADE_MS * MS), sound, preroll_ms)


def _encoded(pcm: Pcm, sound: onset.Sound, preroll_ms: int) -> Clip:
    levelled = loudness.level(pcm, ceiling_dbtp=loudness.CEILING_DBTP - CODING_ROOM_DB)
    frames, preskip, heard = _coded(levelled)
    true_peak_dbtp = loudness.true_peak_dbtp(heard)
    if true_peak_dbtp > loudness.CEILING_DBTP:
        excess_db = true_peak_dbtp - loudness.CEILING_DBTP
        lower = loudness.CEILING_DBTP - CODING_ROOM_DB - excess_db
        frames, preskip, heard = _coded(loudness.level(pcm, ceiling_dbtp=lower))
        true_peak_dbtp = loudness.true_peak_dbtp(heard)
    return Clip(
        ogg=ogg.write(frames, preskip=preskip, samples=len(pcm)),
        duration_ms=round(len(pcm) / MS),
        onset_ms=round(sound.onset / MS) - preroll_ms,
        gap_ms=sound.gap_ms,
        loudness_lufs=round(loudness.loudness_lufs(heard), 2),
        true_peak_dbtp=round(true_peak_dbtp, 2),
        peaks=peaks(heard),
    )


def _coded(pcm: Pcm) -> tuple[list[bytes], int, Pcm]:
    """Encode, and decode again what listeners will hear."""
    frames, preskip = opus.encode(pcm)
    packets = [Packet(index * opus.FRAME, frame) for index, frame in enumerate(frames)]
    heard = opus.decode(packets, longest=len(frames) * opus.FRAME)
    return frames, preskip, heard[preskip : preskip + len(pcm)]
