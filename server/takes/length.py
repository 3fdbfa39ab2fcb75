"""How long the takes of a voice may be, as its room, its turn, its pace and the host's limit say."""

from __future__ import annotations

from audio.take import LONGEST_CLIP_MS, TAKE_MARGIN_MS
from server.room import rounds
from server.room.events import Voice
from server.rooms.base import Room


def longest_clip_ms(room: Room, voice: Voice, host_ms: int) -> int:
    """Return how long a clip of a voice may be now, as its room and the host (`host_ms`) allow."""
    return min(rounds.take_limit_ms(room.state, voice.id, _pace(room, voice)), host_ms, LONGEST_CLIP_MS)


def take_limit_ms(room: Room, voice: Voice, host_ms: int, now_ms: int) -> int:
    """Return when a take that begins now is ended: after its limit and some air, or where it is cut.

    The limit is from the first sound, which in a turn may come until its window closes.
    """
    pace = _pace(room, voice)
    whole_ms = rounds.take_limit_ms(room.state, voice.id, pace)
    left_ms = rounds.take_ends_ms(room.state, voice.id, now_ms, pace) - now_ms
    longest_ms = longest_clip_ms(room, voice, host_ms)
    if left_ms < whole_ms:
        return min(left_ms, longest_ms)
    air_ms = max(TAKE_MARGIN_MS, rounds.begin_left_ms(room.state, voice.id, now_ms, pace))
    return min(longest_ms + air_ms, LONGEST_CLIP_MS + TAKE_MARGIN_MS)


def _pace(room: Room, voice: Voice) -> float:
    return room.paces.get(voice.id, 1.0)
