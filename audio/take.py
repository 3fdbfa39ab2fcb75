"""What goes into the finish and what comes out of it: the values that processes exchange."""

from __future__ import annotations

from msgspec import Struct

SAMPLE_RATE_HZ = 48_000
FRAME_MS = 20

# The one truth for how long a take may be: a kind of room or a game allows 15 s at most, and twice that for
# who needs more time. What reads, records, plays or sends takes and clips has its limits from here.
LONGEST_CLIP_MS = 30_000
# Recorded around a clip: before its speaker was let on, and silence before the limit cuts.
PREROLL_MS = 1_000
TAKE_MARGIN_MS = 2_000
LONGEST_TAKE_MS = PREROLL_MS + LONGEST_CLIP_MS + TAKE_MARGIN_MS
# What a take or upload holds beyond is not even decoded: silence around it may be as long as a clip.
LONGEST_LISTENED_MS = 2 * LONGEST_CLIP_MS
# Recorders send what Opus can: packets of 2.5 ms or more, 510 kbit/s at most (RFC 6716 2.1).
SHORTEST_PACKET_MS = 2.5
MOST_BYTES_PER_S = 64_000


class Packet(Struct, frozen=True):
    """One received Opus payload and its place in the take, in samples at 48 kHz.

    `at` is relative to the first packet of the take and has gaps where packets were lost
    or silence was not sent (DTX).
    """

    at: int
    payload: bytes


class Take(Struct, frozen=True):
    """One attempt to speak, as it was received, in order of `at`.

    `preroll_ms` of the beginning were recorded before the speaker was let on.
    """

    packets: tuple[Packet, ...]
    preroll_ms: int = 0


# Of a recording that somebody tries a mask with.
LONGEST_TRIED_MS = 5_000
# What a voice may sound like to all others (`audio/masks/`).
MASKS = ("mouse", "giant", "robot", "whisper", "radio", "underwater", "alien", "choir")


class Mask(Struct, frozen=True):
    """One of `MASKS`, and what its chance depends on: the same seed gives the same sound."""

    name: str
    seed: str


class Limits(Struct, frozen=True):
    """How long a clip may be: shorter is refused, longer is cut."""

    shortest_ms: int = 300
    longest_ms: int = 7_000


class Clip(Struct, frozen=True):
    """A finished clip: Ogg Opus (48 kHz mono, 20 ms frames, no tags) and its measures.

    `onset_ms` is the first sound of speech, counted from the end of the pre-roll of the take
    (negative inside it) or from the beginning of an upload; `peaks` are 64 values, 0 to 100. Where
    speech is was measured before the `mask` was put on, and so was how much there is (`speech_ms`, None where
    nobody counted): a whisper is none to what counts. `unreduced` is the sound with all its noise, where that
    was turned down and words are read: recognisers read fewer words right without. It is never stored.
    """

    ogg: bytes
    duration_ms: int
    onset_ms: int
    gap_ms: int
    loudness_lufs: float
    true_peak_dbtp: float
    peaks: tuple[int, ...]
    mask: str | None = None
    speech_ms: int | None = None
    unreduced: bytes | None = None


class Unfit(Exception):
    """The sound cannot become a clip: `undecodable`, `silent` or `too_short`, and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
