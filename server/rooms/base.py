"""What everybody else knows of a living room: commands, the tail, who is here, and staying awake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from server.blobs.base import Blob
from server.room.commands import Command
from server.room.context import Context
from server.room.events import Event, Language, Voice
from server.room.state import RoomState
from server.rooms.presence import PresenceState
from server.rooms.tail import Tail


class NoSuchRoom(Exception):
    """There is no room of this id."""


class Asleep(RuntimeError):
    """The state of a room was asked for that sleeps: `awake` or a hold must come first."""


class Room(Protocol):
    """One room, in whatever process its writer is. Used from one event loop.

    A room sleeps when nobody needs it. Then these still work: its id, language and tail (with
    no events in it), presence and signals. `send` and `awake` wake it.
    """

    @property
    def id(self) -> str:
        """Return the room's id."""

    @property
    def voices_language(self) -> Language:
        """Return the language in which voices are named."""

    @property
    def public(self) -> bool:
        """Tell whether everybody may find the room."""

    @property
    def tail(self) -> Tail:
        """Return its newest events, and where its signals go out."""

    @property
    def state(self) -> RoomState:
        """Return the state as of now. Raises `Asleep`; a room that is held, or was just woken, is awake."""

    async def awake(self) -> RoomState:
        """Wake the room if it sleeps and return its state. Raises `NoSuchRoom` and what the log raises."""

    async def send(
        self,
        command: Command,
        *,
        by: Voice | None = None,
        key: str | None = None,
        salt: bytes = b"",
        blobs: Sequence[Blob] = (),
        quiet: bool = False,
    ) -> list[Event]:
        """Decide a command and return its events once they are durable. Commands are decided in order.

        A `key` that the same voice used before for the same returns the events of its first use;
        used for something else it is refused (`id_used`). What is kept of that use is a digest,
        with a `salt` where the command says what can be guessed. Raises `Refused`, also for a full
        disk (`storage_full`), and `OSError` when the storage broke.
        A `quiet` command uses the room for no longer than it takes: one that wakes for it alone
        falls asleep again at once.
        """

    def hold(self) -> None:
        """Keep a room that is awake from falling asleep until `release`."""

    def release(self) -> None:
        """End one hold."""

    def context(self) -> Context:
        """Return what a decision depends on beside the state; valid for this turn of the event loop."""

    @property
    def speakers(self) -> Mapping[str, int]:
        """Return the present voices that may speak, each with the number of its connections that may."""

    @property
    def speaking(self) -> AbstractSet[str]:
        """Return the voices with an open take or one on its way."""

    @property
    def paces(self) -> Mapping[str, float]:
        """Return how much longer than others present voices may take."""

    def set_presence(self, voice_id: str, before: PresenceState | None, now: PresenceState | None) -> None:
        """Note how one connection of a voice is present now, and was before; None means not present.

        While a speaker is present the room begins rounds by itself.
        """

    def coloured(self, voice: Voice) -> Voice:
        """Return the voice in the colour that it has among those who are here, marked if it is a machine."""

    def set_colour(self, voice_id: str, colour: str) -> None:
        """Note the colour that a voice was given where its connection is; one that it has stays."""

    @property
    def machines(self) -> AbstractSet[str]:
        """Return the voices that are known to be machines."""

    def mark_machine(self, voice_id: str) -> None:
        """Note that a voice is a machine, for good."""

    def consent(self, voice_id: str) -> None:
        """Note that a voice has read what is asked at the door, and came in."""

    def wear(self, voice_id: str, mask: str | None) -> None:
        """Note which mask the takes of a voice are to wear from now on; None takes it off."""

    def set_network(self, voice_id: str, network: str) -> None:
        """Note by which network a voice came, as a tag of this room."""

    def begin_speaking(self, voice_id: str, take: str = "", *, until_ms: int) -> None:
        """Mark a take as open; it counts as ended at `until_ms` when nobody ends it before."""

    def end_speaking(self, voice_id: str, take: str = "") -> None:
        """Mark a take as ended; its voice is silent when it has no other."""

    def has_take(self, voice_id: str, take: str) -> bool:
        """Tell whether a take of a voice is open or on its way."""

    def hear(self, voice_id: str, *, on: bool) -> None:
        """Signal to all that a voice speaks now, or no longer does; nothing is sent when nothing changed."""


class RoomReader(Protocol):
    """Reads the tails of the rooms that are awake: each from its waking to its falling asleep."""

    def attach(self, room: Room) -> None:
        """Begin with a room that woke; its tail tells what happens from now on."""

    def detach(self, room: Room) -> None:
        """Stop reading a room that fell asleep."""
