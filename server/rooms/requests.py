"""The ids of commands (idempotency): a repeat gets the first answer, an id used for something else a refusal.

What is remembered here is only the latest, for speed; the log knows all keys, also after a sleep.
"""

from __future__ import annotations

import asyncio
import hashlib
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec
from msgspec import Struct

from server.blobs.base import Blob
from server.room.commands import Command, Refused
from server.room.events import Event, Voice, erased

KEY_BYTES = 16
RECENT_KEYS = 256
ID_USED = (
    "This id was used before, for something else, and nothing was done. Use a fresh id for each message."
)


def salt(visitor_key: str) -> bytes:
    """Return a salt, so that digests of a visitor's words tell nothing to who has the log without the key.

    Without it a text that was taken back could be found again by trying all that it may have been.
    """
    return digest(b"salt " + visitor_key.encode())


def scoped(by: Voice | None, key: str) -> str:
    """Return a key that is the voice's own and of fixed length, for clients choose keys as they like."""
    return urlsafe_b64encode(digest(f"{by.id if by else ''} {key}".encode())).decode().rstrip("=")


def said(command: Command) -> bytes:
    """Return what a command says, as bytes."""
    return type(command).__name__.encode() + msgspec.json.encode(command)


def digest(asked: bytes) -> bytes:
    """Return what is kept of what was asked: enough to tell it from something else."""
    return hashlib.blake2b(asked, digest_size=KEY_BYTES).digest()


def id_used() -> Refused:
    """Return the refusal of an id that was used for something else."""
    return Refused("id_used", ID_USED)


class Receiver(Protocol):
    """What takes commands: a room."""

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
        """Decide a command, see `Room.send`."""


class Request(Struct, frozen=True):
    """A command as its sender gave it: see `Room.send`."""

    command: Command
    by: Voice | None = None
    key: str | None = None
    salt: bytes = b""
    blobs: Sequence[Blob] = ()
    quiet: bool = False

    async def send_to(self, room: Receiver) -> list[Event]:
        """Send it to a room as its sender did."""
        return await room.send(
            self.command, by=self.by, key=self.key, salt=self.salt, blobs=self.blobs, quiet=self.quiet
        )


class PendingCommand(Struct, eq=False):
    """A request on its way and who waits for it; `key` and `use` are what the log keeps of its id."""

    request: Request
    done: asyncio.Future[list[Event]]
    key: str | None = None
    use: bytes = b""
    races: int = 0

    def grant(self, events: list[Event]) -> None:
        """Answer with what was stored."""
        if not self.done.done():
            self.done.set_result(events)

    def fail(self, error: Exception) -> None:
        """Answer that it could not be."""
        if not self.done.done():
            self.done.set_exception(error)


def pending(request: Request) -> PendingCommand:
    """Return a request together with the future that will hold its answer."""
    done: asyncio.Future[list[Event]] = asyncio.get_running_loop().create_future()
    if request.key is None:
        return PendingCommand(request, done)
    use = digest(f"{request.key} ".encode() + request.salt + said(request.command))
    return PendingCommand(request, done, scoped(request.by, request.key), use)


class Requests:
    """The keys that are under way in an awake room, and the latest that stored something."""

    def __init__(self) -> None:
        self._underway: dict[str, PendingCommand] = {}
        self._recent: OrderedDict[str, tuple[bytes, list[Event]]] = OrderedDict()

    async def first_answer(self, command: PendingCommand) -> list[Event] | None:
        """Return what a command's key stored lately; None when it is to be decided. Raises `Refused`.

        A command that uses the key now is waited for.
        """
        if command.key is None:
            return None
        while (first := self._underway.get(command.key)) is not None and not first.done.done():
            await asyncio.wait([first.done])
        use, events = self._recent.get(command.key, (command.use, None))
        if use != command.use:
            raise id_used()
        return events

    def begin(self, command: PendingCommand) -> None:
        """Note that a key is under way."""
        if command.key is not None:
            self._underway[command.key] = command

    def end(self, commands: Iterable[PendingCommand]) -> None:
        """Forget those of the keys under way whose commands are answered."""
        for command in commands:
            key = command.key
            if key is not None and command.done.done() and self._underway.get(key) is command:
                del self._underway[key]

    def remember(self, command: PendingCommand, events: list[Event]) -> None:
        """Keep what a key stored, and forget the oldest of more than `RECENT_KEYS`."""
        if command.key is not None and events:
            self._recent[command.key] = (command.use, events)
        while len(self._recent) > RECENT_KEYS:
            self._recent.popitem(last=False)

    def forget(self, gone: frozenset[int]) -> None:
        """Forget the content of events that the log has erased."""
        for key, (use, events) in self._recent.items():
            self._recent[key] = (use, [erased(event) if event.seq in gone else event for event in events])
