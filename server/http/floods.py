"""Rooms that are flooded: what all visitors together may write and react, and slow mode.

A room takes some lines a minute. When more come, it is slow for a while: each voice and each network
writes a line now and then, and who has just come in listens first. The clock is an argument.
"""

from __future__ import annotations

import math
from typing import Literal

from server.http.limits import Buckets, FloodLimits, Rate
from server.room.commands import Refused
from server.room.events import Language

# Slow mode lasts so long after the last line that was too much.
SLOW_FOR_MS = 30_000
SLOW_VOICE, SLOW_NETWORK = Rate(1, 1 / 10), Rate(1, 1 / 2)
# Whoever came later than so, and has not spoken in the room, listens first while it is slow.
NEWCOMER_MS = 60_000
# Rooms of which it is known that they are slow; more than that are not flooded at once.
SLOW_ROOMS = 1_000
# A third of a minute's lines may come at once, for somebody told a joke; a tenth of its reactions.
LINES_AT_ONCE, REACTIONS_AT_ONCE = 3, 10
SENTENCES: dict[Language, str] = {
    "en": "It is crowded in here: one line now and then, and who is new listens first.",
    "de": "Hier ist Gedränge: ab und zu eine Zeile, und wer neu ist, hört erst zu.",
}

Written = Literal["say", "react"]


class RoomFloods:
    """What is written in each room, and which rooms are slow."""

    def __init__(self, limits: FloodLimits) -> None:
        lines, reactions = limits.lines_per_minute, limits.reactions_per_minute
        self._lines = Buckets(Rate(max(1, lines // LINES_AT_ONCE), lines / 60))
        self._reactions = Buckets(Rate(max(1, reactions // REACTIONS_AT_ONCE), reactions / 60))
        self._of_voice, self._of_network = Buckets(SLOW_VOICE), Buckets(SLOW_NETWORK)
        self._slow_until_ms: dict[str, float] = {}

    def is_slow(self, room: str, now_ms: float) -> bool:
        """Tell whether a room is slow now."""
        return self._slow_until_ms.get(room, 0) > now_ms

    def check_reaction(self, room: str, now_ms: float) -> None:
        """Count a reaction in a room. Raises `Refused` (`too_fast`) when there are too many."""
        wait_ms = self._reactions.wait_ms(room, now_ms)
        if wait_ms > 0:
            raise Refused("too_fast", "That is a lot of applause at once.", math.ceil(wait_ms))
        self._reactions.spend(room, now_ms)

    def check_line(
        self, room: str, voice: str, network: str, now_ms: float, *, newcomer: bool, language: Language
    ) -> None:
        """Count a line in a room. Raises `Refused` (`slow`) when it is too much; it is not counted then."""
        if self._lines.wait_ms(room, now_ms) > 0:
            self._begin_slow(room, now_ms)
        if self.is_slow(room, now_ms):
            self._check_slow(room, voice, network, now_ms, newcomer=newcomer, language=language)
        else:
            self._lines.spend(room, now_ms)

    def _check_slow(
        self, room: str, voice: str, network: str, now_ms: float, *, newcomer: bool, language: Language
    ) -> None:
        of_voice, of_network = f"{room} {voice}", f"{room} {network}"
        wait_ms = max(self._of_voice.wait_ms(of_voice, now_ms), self._of_network.wait_ms(of_network, now_ms))
        if newcomer:
            wait_ms = max(wait_ms, self._slow_until_ms[room] - now_ms)
        if wait_ms > 0:
            raise Refused("slow", SENTENCES[language], math.ceil(wait_ms))
        self._of_voice.spend(of_voice, now_ms)
        self._of_network.spend(of_network, now_ms)

    def _begin_slow(self, room: str, now_ms: float) -> None:
        self._slow_until_ms.pop(room, None)
        self._slow_until_ms[room] = now_ms + SLOW_FOR_MS
        if len(self._slow_until_ms) > SLOW_ROOMS:
            del self._slow_until_ms[next(iter(self._slow_until_ms))]
