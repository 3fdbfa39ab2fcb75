"""A room with a host and no log: what it does is decided and folded by hand, its lines are counted up."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec.structs import replace

from server.room import host_memory, hosting
from server.room.commands import Caption, Command, Refused
from server.room.context import Context
from server.room.events import ClipCaptioned, Fact, Voice
from server.room.host_memory import Memory
from server.room.hosting import Move
from tests.support.rooms import PureRoom

HOST = Voice("voice-host", "Bolt the Machine", "#123456", machine=True)
BOT = Voice("voice-bot", "Some Bot", "#654321", machine=True)


class HostedRoom(PureRoom):
    """A room, its people, and what its host did: each move with when, and the text that was sent."""

    def __init__(self, kind: str = "wonder", *, seed: int = 1, language: str = "en") -> None:
        self.moves: list[tuple[int, Move, str]] = []
        self.memory = Memory(HOST.id)
        self.is_seated = False
        self.people: list[str] = []
        self.words = 0
        super().__init__(kind, seed=seed, language=language)

    def context(self) -> Context:
        """Return the context with all who are here, and which of them are machines."""
        here = [*self.people, *([HOST.id] if self.is_seated else []), BOT.id]
        consented = (*self.people, HOST.id)
        machines = (HOST.id, BOT.id)
        context = super().context()
        return replace(
            context,
            here=here,
            speakers=tuple(self.speakers),
            consented=consented,
            machines=machines,
            inside=self.people,
        )

    def do(self, command: Command, by: Voice | None = None) -> list[Fact]:
        """Decide and fold a command, and let the host see what came of it."""
        seen = len(self.events)
        facts = super().do(command, by)
        for event in self.events[seen:]:
            self.memory = host_memory.read(self.memory, event, self.state)
        return facts

    def come(self, *voices: Voice, speaks: bool = True) -> None:
        """Let people come in."""
        self.people += [voice.id for voice in voices if voice.id not in self.people]
        self.speakers = [*self.people] if speaks else [*self.speakers]

    def go(self, voice: Voice) -> None:
        """Let somebody leave."""
        self.people = [each for each in self.people if each != voice.id]
        self.speakers = [each for each in self.speakers if each != voice.id]

    def heard(self, clip: str, text: str) -> None:
        """Tell the words of a clip."""
        self.do(Caption(ClipCaptioned(clip, text, self.state.language)))

    def inside(self) -> Collection[str]:
        """Return the people whom the host sees."""
        here = host_memory.people(self.memory, self.context())
        self.memory = host_memory.met(self.memory, here, self.now_ms)
        return here

    def look(self, *, thinks_ms: int = 0, text: str | None = None) -> Move | None:
        """Let the host look once and do what it wants, after it thought for a while."""
        move = hosting.next_move(self.state, self.context(), self.memory, self.inside())
        if move is None:
            return None
        self.pass_to(self.now_ms + thinks_ms)
        if not hosting.fits(self.state, self.context(), self.memory, self.inside(), move):
            return None
        self.words += 1
        said = f"line{self.words}" if text is None else text
        command, self.memory = hosting.made(self.state, self.context(), self.memory, move, said)
        if command is None:
            return move
        self.moves.append((self.now_ms, move, said))
        self.is_seated = self.is_seated or move.deed in {"start", "join"}
        try:
            self.do(command, HOST)
        except Refused:
            self.moves.pop()
        self.is_seated = hosting.is_seated(self.state, self.memory)
        return move

    def pass_to(self, at_ms: int) -> None:
        """Let time pass, with all that is due."""
        while (due_ms := self.due()) is not None and due_ms <= at_ms:
            before, at = len(self.events), self.now_ms
            self.pass_time()
            if len(self.events) == before and self.now_ms == at:
                break
        self.now_ms = max(self.now_ms, at_ms)
        self.is_seated = hosting.is_seated(self.state, self.memory)

    def live(self, for_ms: int) -> Iterator[Move]:
        """Let the host look again and again, for so long; yield what it does."""
        end_ms = self.now_ms + for_ms
        while self.now_ms < end_ms:
            if (move := self.look()) is not None:
                yield move
            self.pass_to(self.now_ms + hosting.LOOK_EVERY_MS)

    def deeds(self) -> list[str]:
        """Return what the host did so far."""
        return [move.deed for _, move, _ in self.moves]
