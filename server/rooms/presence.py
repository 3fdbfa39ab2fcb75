"""Who is in a room now, and how: signals, never stored. They stay while a room sleeps under its sockets."""

from __future__ import annotations

from collections.abc import Callable, Container
from itertools import islice
from random import Random
from typing import Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from server.room.colours import apart
from server.room.context import Context
from server.room.events import Voice

T = TypeVar("T")

LEFT_KEPT = 2_000  # voices that left, the latest
COLOURS_KEPT = 2_000  # voices that have their colour, those that came or came back last
CROWD = 24  # among more than this many no colour is far from all others: each voice has its own
AWAY_MS = 90_000  # who is away for no longer than this still has a colour that nobody else is given
NETWORKS_KEPT = 4_000  # voices with the network by which they came, the latest
MASKS_KEPT = 2_000  # of voices that left, the latest
MACHINES_KEPT = 2_000  # voices that are machines, the latest; of those that wrote or spoke the log knows it
CONSENTS_KEPT = 2_000  # voices that came in by the door; who is forgotten is asked again
# Whoever is here is not forgotten: of the oldest so many are looked at, each time that there are too many.
LOOKED_AT = 32


class PresenceState(Struct, frozen=True):
    """How one connection of a voice is present; its `pace` is never shown to other visitors.

    Without `voice` it does not want to hear what the radio says between clips; with `captions` it reads.
    """

    speaker: bool = False
    listening: Literal["radio", "files", "off"] = "off"
    pace: float = 1.0
    voice: bool = True
    captions: bool = False

    @property
    def is_inside(self) -> bool:
        """Tell whether somebody came in: at the door nobody speaks or listens."""
        return self.speaker or self.listening != "off"


PRESENT = PresenceState()  # connected, and no more
SPEAKER = PresenceState(speaker=True)  # ... and may be given a turn


class Presence:
    """The leases of present voices, and what they said of themselves.

    `here` counts the leases of each voice with a connection, `speakers` those of voices that may
    speak (each is one of `here`, too), `inside` those that came in: they may speak, or listen. `speaking`
    are voices with takes that are open or on their way, each with when it counts as ended at the latest;
    `heard` are those that all were told speak. `came` is when those inside came in. `paces` belong to those
    here who take longer. `left` is when those who left lately did, `networks` by which network voices came
    (a tag of the room, no address), `masks` what their takes are to wear, `machines` those that said they
    are no people. `colours` are those that voices were given, and when they were asked for last, in that
    order.
    """

    __slots__ = (
        "came", "colours", "consented", "heard", "here", "inside", "left", "machines", "masks", "networks",
        "paces", "speakers", "speaking",
    )  # fmt: skip

    def __init__(self) -> None:
        self.here: dict[str, int] = {}
        self.speakers: dict[str, int] = {}
        self.inside: dict[str, int] = {}
        self.came: dict[str, int] = {}
        self.speaking: dict[str, dict[str, int]] = {}
        self.paces: dict[str, float] = {}
        self.consented: dict[str, None] = {}
        self.left: dict[str, int] = {}
        self.colours: dict[str, tuple[str, int]] = {}
        self.heard: set[str] = set()
        self.networks: dict[str, str] = {}
        self.masks: dict[str, str] = {}
        self.machines: dict[str, None] = {}

    def context(
        self,
        now_ms: int,
        random: Random,
        *,
        captions: bool = False,
        spoken_ms: Callable[[str, str], int] | None = None,
    ) -> Context:
        """Return what a decision of this moment may depend on; nothing is copied."""
        return Context(
            now_ms,
            random,
            self.here.keys(),
            self.speakers.keys(),
            self.speaking.keys(),
            self.paces,
            self.consented.keys(),
            self.left,
            captions,
            self.networks,
            self.masks,
            spoken_ms,
            self.machines.keys(),
            self.inside.keys(),
            self.came,
        )

    def move(
        self, voice_id: str, before: PresenceState | None, now: PresenceState | None, now_ms: int
    ) -> None:
        """Note how a connection of a voice is present now, and was before; None means not present."""
        was, speaks = before or PRESENT, (now or PRESENT).speaker
        if before is None:
            self.enter(voice_id)
        if speaks and not was.speaker:
            self.arrive(voice_id)
        elif was.speaker and not speaks:
            self.leave(voice_id, now_ms)
        self._come_in(voice_id, was, now or PRESENT, now_ms)
        if now is None:
            self.exit(voice_id, now_ms)
        elif now.pace != was.pace:
            self.set_pace(voice_id, now.pace)

    def _come_in(self, voice_id: str, was: PresenceState, now: PresenceState, now_ms: int) -> None:
        """Count a connection in that listens or may speak, or out when it does neither any more."""
        if now.is_inside and not was.is_inside:
            self.inside[voice_id] = self.inside.get(voice_id, 0) + 1
            self.came.setdefault(voice_id, now_ms)
        elif was.is_inside and not now.is_inside and _count_out(self.inside, voice_id):
            self.came.pop(voice_id, None)

    def coloured(self, voice: Voice, now_ms: int) -> Voice:
        """Return the voice in the colour that it has in here: far from those of the others, and it stays."""
        if voice.id not in self.colours:
            crowded = len(self.here) > CROWD
            colour = voice.colour if crowded else apart(voice.colour, self._taken(now_ms))
            self.colours[voice.id] = (colour, now_ms)
            if len(self.colours) > COLOURS_KEPT:
                del self.colours[next(iter(self.colours))]
        return replace(voice, colour=self._keep_colour(voice.id, now_ms))

    def set_colour(self, voice_id: str, colour: str, now_ms: int) -> None:
        """Note the colour that a voice was given elsewhere; one that it has here stays."""
        self.colours.setdefault(voice_id, (colour, now_ms))
        if len(self.colours) > COLOURS_KEPT:
            del self.colours[next(iter(self.colours))]

    def _keep_colour(self, voice_id: str, now_ms: int) -> str:
        """Return the colour that a voice was given, if any; it is kept among the latest."""
        colour, _ = self.colours.pop(voice_id, ("", 0))
        if colour:
            self.colours[voice_id] = (colour, now_ms)
        return colour

    def _taken(self, now_ms: int) -> set[str]:
        """Return the colours of those who are here, came this moment, or are away for a little while."""
        newest = islice(reversed(self.colours.values()), CROWD)
        here = (self.colours[voice][0] for voice in self.here if voice in self.colours)
        return {*here, *(colour for colour, at_ms in newest if now_ms - at_ms < AWAY_MS)}

    def enter(self, voice_id: str) -> None:
        """Count a connection of a voice in."""
        self.here[voice_id] = self.here.get(voice_id, 0) + 1
        self.left.pop(voice_id, None)

    def exit(self, voice_id: str, now_ms: int) -> None:
        """Count a connection of a voice out again."""
        if _count_out(self.here, voice_id):
            self.paces.pop(voice_id, None)
            self.left[voice_id] = now_ms
            self._keep_colour(voice_id, now_ms)
            if len(self.left) > LEFT_KEPT:
                del self.left[next(iter(self.left))]

    def arrive(self, voice_id: str) -> None:
        """Count in a connection by which a voice may speak."""
        self.enter(voice_id)
        self.speakers[voice_id] = self.speakers.get(voice_id, 0) + 1

    def leave(self, voice_id: str, now_ms: int) -> None:
        """Count out a connection by which a voice could speak."""
        self.exit(voice_id, now_ms)
        _count_out(self.speakers, voice_id)

    def set_pace(self, voice_id: str, pace: float) -> None:
        """Note how much longer than others a voice may take, for as long as it is here."""
        if pace > 1.0 and voice_id in self.here:
            self.paces[voice_id] = pace
        else:
            self.paces.pop(voice_id, None)

    def consent(self, voice_id: str) -> None:
        """Note that a voice has read what is asked at the door, and came in."""
        self.consented[voice_id] = None
        _forget_oldest(self.consented, CONSENTS_KEPT, self.here)

    def wear(self, voice_id: str, mask: str | None) -> None:
        """Note which mask the takes of a voice are to wear.

        A voice that lost its connection keeps it: it is never bare because it was forgotten while it is here.
        """
        self.masks.pop(voice_id, None)
        if mask is None:
            return
        self.masks[voice_id] = mask
        _forget_oldest(self.masks, MASKS_KEPT, self.here)

    def mark_machine(self, voice_id: str) -> None:
        """Note that a voice is a machine: for good, for nobody becomes a person again."""
        self.machines.pop(voice_id, None)
        self.machines[voice_id] = None
        _forget_oldest(self.machines, MACHINES_KEPT, self.here)

    def come_by(self, voice_id: str, network: str) -> None:
        """Note the network (a tag of this room) that a voice came from last.

        Nobody who is here loses it: else many keys in a row would give each voice of a network its own seat.
        """
        self.networks.pop(voice_id, None)
        self.networks[voice_id] = network
        _forget_oldest(self.networks, NETWORKS_KEPT, self.here)

    def begin(self, voice_id: str, take: str, until_ms: int) -> None:
        """Note that a take of a voice is open or on its way."""
        self.speaking.setdefault(voice_id, {})[take] = until_ms

    def end(self, voice_id: str, take: str) -> bool:
        """Note that a take has ended; tell whether its voice has no other."""
        takes = self.speaking.get(voice_id, {})
        takes.pop(take, None)
        if not takes:
            self.speaking.pop(voice_id, None)
        return not takes

    def ends_ms(self) -> list[int]:
        """Return when each take counts as ended."""
        return [until_ms for takes in self.speaking.values() for until_ms in takes.values()]

    def rest(self) -> None:
        """Forget what only a running round needs; who is here stays known."""
        self.left.clear()

    def overdue(self, now_ms: int) -> list[tuple[str, str]]:
        """Return the voices and takes that nobody ended in time."""
        every = self.speaking.items()
        return [(voice, take) for voice, takes in every for take, ends in takes.items() if ends <= now_ms]


def _forget_oldest(kept: dict[str, T], most: int, here: Container[str]) -> None:
    """Forget voices that are not here, while there are too many; those that are become the newest."""
    for _ in range(LOOKED_AT):
        if len(kept) <= most:
            return
        voice_id = next(iter(kept))
        value = kept.pop(voice_id)
        if voice_id in here:
            kept[voice_id] = value


def _count_out(leases: dict[str, int], voice_id: str) -> bool:
    """Count one lease out; tell whether it was the last one."""
    left = leases.get(voice_id, 0) - 1
    if left > 0:
        leases[voice_id] = left
        return False
    leases.pop(voice_id, None)
    return True
