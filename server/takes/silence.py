"""Where one word is asked for, a take ends once its voice fell silent behind one."""

from __future__ import annotations

from server.room import rounds
from server.takes.sessions import PeerSession

# The media plane calls a speaker silent 500 ms after the voice fell silent: an encoder with DTX sends sound
# for 200 ms more, and it waits for 300 ms (`server/rtc/level.py`). A click of one packet is on for 500 ms
# thereby, and the shortest word, of 150 ms, for 600 ms.
SHORTEST_WORD_ON_MS = 600


def follow(session: PeerSession, now_ms: int, *, on: bool) -> bool:
    """Note that a commanded session is heard, or not any more; tell whether its take is over thereby."""
    from_ms = session.heard_from_ms
    session.heard_from_ms = now_ms if on else None
    if on or from_ms is None or now_ms - from_ms < SHORTEST_WORD_ON_MS:
        return False
    take = session.take
    return take is not None and take.state == "open" and _wants_a_word(session)


def begin(session: PeerSession, now_ms: int) -> None:
    """Note that a take begins: what was heard before is none of its words."""
    if session.heard_from_ms is not None:
        session.heard_from_ms = now_ms


def _wants_a_word(session: PeerSession) -> bool:
    room, voice = session.room, session.voice
    return voice is not None and rounds.ends_with_a_word(room.state, voice.id, room.paces.get(voice.id, 1.0))
