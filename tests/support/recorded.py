"""What a player finds in a recording: all that is heard, its chapters and its title."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
from msgspec import Struct

from audio.pcm import Pcm


class Recorded(Struct):
    """A recording as libav reads it; chapters as (ms, title)."""

    sound: Pcm
    chapters: list[tuple[float, str]]
    title: str
    duration_ms: float


def recorded(body: bytes) -> Recorded:
    """Decode a recording as a whole."""
    with av.open(io.BytesIO(body), "r") as file:
        stream = file.streams.audio[0]
        chapters = [
            (float(each["start"] * (each["time_base"] or Fraction(0)) * 1000), each["metadata"]["title"])
            for each in file.chapters()
        ]
        told = {**stream.metadata, **file.metadata}
        heard = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
        title = told.get("title") or told.get("TITLE") or ""
        return Recorded(heard, chapters, title, (file.duration or 0) / av.time_base * 1000)
