"""The states of a take, from its beginning to its one outcome."""

from __future__ import annotations

import asyncio
from typing import Literal

from server.room.commands import Refused
from server.room.events import Event, Source, Voice
from server.room.ids import unguessable
from server.rooms.base import Room

# `open`: it is being recorded. `ended`: nothing is added any more, what is late is waited for. `finishing`:
# it becomes a clip, or lands. `previewed`: its speaker hears it first. The last two are ends.
State = Literal["open", "ended", "finishing", "previewed", "landed", "refused"]
NEXT: dict[State, tuple[State, ...]] = {
    "open": ("ended", "refused"),
    "ended": ("finishing", "refused"),
    "finishing": ("previewed", "landed", "refused"),
    "previewed": ("finishing", "refused"),
    "landed": (),
    "refused": (),
}


class TakeLife:
    """One take of a voice in a room; `peer` is empty for an upload.

    `id` is what the room knows it by, and becomes the id of its clip. `answer` is for whoever stops
    it: the event of its clip, None when its speaker hears it first (`is_previewed`), or `Refused`.
    With a `mask` nobody ever hears it without; `reduces_noise` when its room wants the noise turned down.
    """

    __slots__ = (
        "_since_s",
        "answer",
        "began_at_ms",
        "claimed_reaction_ms",
        "id",
        "is_asked_for",
        "is_previewed",
        "longest_ms",
        "mask",
        "peer",
        "reduces_noise",
        "room",
        "source",
        "spent_s",
        "state",
        "voice",
        "was_previewed",
        "was_relayed",
    )  # fmt: skip

    def __init__(
        self,
        room: Room,
        voice: Voice,
        source: Source,
        *,
        longest_ms: int,
        mask: str | None = None,
        reduces_noise: bool = False,
        is_previewed: bool = False,
        peer: str = "",
        state: State = "open",
    ) -> None:
        self.id = unguessable()
        self.room, self.voice, self.source, self.peer = room, voice, source, peer
        self.longest_ms, self.mask, self.is_previewed = longest_ms, mask, is_previewed
        self.reduces_noise = reduces_noise
        self.state: State = state
        self.answer: asyncio.Future[Event | None] = asyncio.get_running_loop().create_future()
        self.is_asked_for = False  # somebody waits for the answer, or has had it
        self.began_at_ms: int | None = None
        self.claimed_reaction_ms: int | None = None
        self.was_relayed = self.was_previewed = False
        self.spent_s = 0.0
        self._since_s = 0.0

    @property
    def is_recorded(self) -> bool:
        """Whether its sound is still on its way from the microphone."""
        return self.state in {"open", "ended"}

    def go(self, state: State, now_s: float) -> None:
        """Go on to another state; `spent_s` counts the time in `finishing`. Raises ValueError."""
        if state not in NEXT[self.state]:
            raise ValueError(f"a take that is {self.state} cannot be {state}")
        if self.state == "finishing":
            self.spent_s += now_s - self._since_s
        self.state, self._since_s = state, now_s
        self.was_previewed |= state == "previewed"

    def reply(self, outcome: Event | Refused | None) -> None:
        """Answer whoever waits; only the first answer counts."""
        if self.answer.done():
            return
        if isinstance(outcome, Refused):
            self.answer.set_exception(outcome)
            self.answer.exception()  # it is told by signal, too: nobody has to fetch it
        else:
            self.answer.set_result(outcome)
