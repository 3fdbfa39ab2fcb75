"""The host of a room: a machine that keeps a lonely visitor company, and sends commands like anybody.

One task a room that is awake and wants a character. What it does next is decided in `server/room/hosting.py`;
here it is asked for, written by a text engine, and sent if it is not late by then.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from random import Random

from msgspec.structs import replace

from games.characters import Character
from games.cyborg_line import ASK as SAY_IT
from games.round import Round
from server.engines.text import WRITTEN_AT_ONCE, EngineFailed, Line, Purpose, Request, TextEngine
from server.readers.host_voice import Say
from server.room import characters, host_memory, hosting
from server.room.commands import Answer, Command, Refused
from server.room.events import Voice
from server.room.host_memory import Memory
from server.room.hosting import Move
from server.room.state import RoomState
from server.rooms.base import Asleep, Room
from server.rooms.presence import PRESENT
from server.rooms.tail import Batch

log = logging.getLogger(__name__)

# How often it looks where people are among themselves; else as `hosting` wants it, for presence is no event.
LOOK_SELDOM_MS = 2_000
# ... and for somebody to come in: a greeting is to be over within `hosting.GREETING_MS`.
LOOK_EMPTY_MS = 1_000
# An engine that has not written by then is late for whatever it was asked. It begins after a wait for others.
ENGINE_WITHIN_S, WAITS_S = 4.5, 4.5
# Requests of all rooms that an engine has, or that wait; others go without a line.
ASKED_MOST = 32
# After something failed a room's host does nothing for so long.
RESTS_AFTER_FAILURE_S = 10.0
# Of so many rooms that fell asleep it knows what it did there, those that woke last.
ROOMS_REMEMBERED = 500
# So far back it reads what was said in a room that it knows nothing of.
EVENTS_READ_BACK = 100
WORD_MOVES = (*hosting.TALK, "topic", "feed", "play")
TOPIC_WORDS = 10

MachineOf = Callable[[str, Room], Voice]


class Queue:
    """The requests of all rooms to one engine: few at once, not many waiting, none for long."""

    def __init__(self, engine: TextEngine) -> None:
        self._engine = engine
        self._asked = 0
        self._free = asyncio.Semaphore(WRITTEN_AT_ONCE)

    async def write(self, request: Request) -> str:
        """Return a line, "" for none: nothing to say, too many wait, or the engine is slow or fails."""
        if self._asked >= ASKED_MOST:
            return ""
        self._asked += 1
        try:
            async with asyncio.timeout(WAITS_S):
                await self._free.acquire()
            try:
                async with asyncio.timeout(ENGINE_WITHIN_S):
                    return await self._engine.write(request) or ""
            finally:
                self._free.release()
        except (TimeoutError, EngineFailed) as failed:
            log.warning("the host's engine wrote nothing: %s", type(failed).__name__)
            return ""
        finally:
            self._asked -= 1


class RoomHost:
    """The host of one room that is awake."""

    def __init__(
        self,
        room: Room,
        queue: Queue,
        random: Random,
        machine: MachineOf,
        *,
        name_of: Callable[[str, str], str],
        say: Say | None = None,
        memory: Memory | None = None,
    ) -> None:
        self._room = room
        self._queue = queue
        self._random = random
        self._machine = machine
        self._names = name_of
        self._say = say
        self._memory = memory or Memory("")
        self._fresh = asyncio.Event()
        self._seated = False
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe = room.tail.subscribe(self._read, passive=True)
        self._begin()

    @property
    def memory(self) -> Memory:
        """Return what it saw and did."""
        return self._memory

    @property
    def _character(self) -> Character | None:
        return characters.of(self._room.state)

    def _begin(self) -> None:
        """Begin to look, where the room wants a character."""
        if self._task is None and self._character is not None:
            self._task = asyncio.ensure_future(self._run())

    def _read(self, batch: Batch) -> None:
        if self._task is None and batch.events:
            self._begin()
        if self._task is None:
            return
        for encoded in batch.events:
            self._memory = host_memory.read(self._memory, encoded.event, self._room.state)
        if batch.events:
            self._fresh.set()

    async def _run(self) -> None:
        """Look and act while the room wants a character; the root of the task. What fails costs one move."""
        while self._character is not None:
            self._fresh.clear()
            try:
                await self._step()
            except Asleep:
                return
            except Refused as refused:
                log.debug("the host of room %.6s was refused: %s", self._room.id, refused.code)
            except Exception:
                log.exception("the host of room %.6s failed", self._room.id)
                await asyncio.sleep(RESTS_AFTER_FAILURE_S)
            await self._something_new()
        self._leave_seat()
        self._task = None  # an event of the room begins it again

    async def _something_new(self) -> None:
        """Wait for an event, or for the next look; where people are among themselves for the latter alone."""
        if len(self._memory.came) > 1 and not self._seated:
            await asyncio.sleep(LOOK_SELDOM_MS / 1000)
            return
        try:
            every_ms = hosting.LOOK_EVERY_MS if self._memory.came else LOOK_EMPTY_MS
            async with asyncio.timeout(every_ms / 1000):
                await self._fresh.wait()
        except TimeoutError:
            return

    async def _step(self) -> None:
        """Make the next move, if there is one."""
        character = self._character
        if character is None:
            return
        here = self._look()
        if not hosting.is_seated(self._room.state, self._memory):
            self._leave_seat()
        if not here:
            return
        voice = self._voice(character)
        here = self._look()
        move = hosting.next_move(self._room.state, self._room.context(), self._memory, here)
        if move is not None:
            await self._make(move, character, voice)

    def _voice(self, character: Character) -> Voice:
        """Return its voice: a machine by name, the same for one character in one room."""
        state = self._room.state
        voice = replace(self._machine(character.id, self._room), name=character.names[state.language])
        if self._memory.host != voice.id:
            self._leave_seat()
            newest = [encoded.event for encoded in self._room.tail.newest(EVENTS_READ_BACK) or []]
            self._memory = host_memory.begun(self._memory, voice.id, newest, state)
        self._room.mark_machine(voice.id)
        return voice

    def _look(self) -> tuple[str, ...]:
        """Note who is here, and return the people among them."""
        context = self._room.context()
        here = host_memory.people(self._memory, context)
        self._memory = host_memory.met(self._memory, here, context.now_ms)
        return here

    async def _make(self, move: Move, character: Character, voice: Voice) -> None:
        text = ""
        if move.deed in WORD_MOVES:
            request = self._request(move, character)
            text = await self._queue.write(request) if request is not None else ""
            if not hosting.fits(self._room.state, self._room.context(), self._memory, self._look(), move):
                return
        state, context = self._room.state, self._room.context()
        command, self._memory = hosting.made(state, context, self._memory, move, _worded(move, text, state))
        if command is None:
            return
        if voice.id not in context.consented:
            self._room.consent(voice.id)
        if await self._is_said(move, command, character, voice):
            return
        if move.deed != "play" or self._is_open(move):
            await self._send(move, command, voice)

    def _is_open(self, move: Move) -> bool:
        """Tell whether a turn still waits for the host."""
        return hosting.is_open(self._room.state, self._room.context(), self._memory, move)

    async def _is_said(self, move: Move, command: Command, character: Character, voice: Voice) -> bool:
        """Say a move in a game where that is possible, and tell whether it was.

        Lines of talk are written: nobody wants to hear a greeting again tomorrow. One word wears no
        mask, as a round of such words draws none: through one a third of them are lost.
        """
        round_ = self._room.state.round
        turn = round_.turn if round_ else None
        if self._say is None or turn is None or not isinstance(command, Answer):
            return False
        mask = None if turn.max_words == 1 else character.mask
        return await self._say(self._room, voice, command.text, mask, lambda: self._is_open(move))

    async def _send(self, move: Move, command: Command, voice: Voice) -> None:
        """Send a command; who is to have turns is here from before they are given."""
        if move.deed in {"start", "join"}:
            self._take_seat(voice)
        await self._room.send(command, by=voice, quiet=True)

    def _take_seat(self, voice: Voice) -> None:
        """Be here, so that games give it turns; it is never among those who may speak, or listen."""
        if not self._seated:
            self._seated = True
            self._room.set_presence(voice.id, None, PRESENT)

    def _leave_seat(self) -> None:
        if self._seated:
            self._seated = False
            self._room.set_presence(self._memory.host, PRESENT, None)

    def _request(self, move: Move, character: Character) -> Request | None:
        """Return what the engine is asked, None where the host has not heard what it would answer."""
        state, memory = self._room.state, self._memory
        asked = Request(
            _purpose(move),
            character,
            state.language,
            lines=tuple(Line(line.name, line.text, line.machine) for line in memory.lines),
            name=self._name(move.voice),
            said=memory.said,
            seed=self._random.getrandbits(32),
        )
        if move.deed in {"topic", "feed"}:
            return replace(asked, words=TOPIC_WORDS)
        if move.deed == "react":
            return replace(asked, counts=hosting.came_back(self._room.context(), memory))
        round_ = state.round
        return _playing(asked, round_, memory) if move.deed == "play" and round_ is not None else asked

    def _name(self, voice: str) -> str:
        known = self._room.state.voices.get(voice)
        return known.name if known else self._names(self._room.id, voice)

    def leave(self) -> asyncio.Task[None] | None:
        """Stop reading and acting; return the task that is still to end. May be called again."""
        self._unsubscribe()
        self._leave_seat()
        task, self._task = self._task, None
        if task is None or task.done():
            return None
        task.cancel()
        return task


def _purpose(move: Move) -> Purpose:
    """Return what the line of a move is for."""
    match move.deed:
        case "greet" | "react" | "ease" | "bye" | "topic" | "feed":
            return move.deed
        case _:
            return "play"


def _playing(asked: Request, round_: Round, memory: Memory) -> Request | None:
    """Return what is asked for a turn, None where the host has not heard what it stands on."""
    before, turn = hosting.stands_on(round_, memory), round_.turn
    if before is None or turn is None:
        return None
    secret = hosting.secret(round_, memory)
    return replace(
        asked, game=round_.game, rule=turn.prompt, prompt=before, secret=secret, words=turn.max_words
    )


def _worded(move: Move, text: str, state: RoomState) -> str:
    """Return a line as the room gets it: one for people to voice says what to do with it."""
    return SAY_IT[state.language].format(line=text) if move.deed == "feed" and text else text


class Host:
    """The hosts of all rooms that are awake; what they did is known for a while after a room fell asleep."""

    def __init__(
        self,
        engine: TextEngine,
        random: Random,
        machine: MachineOf,
        *,
        name_of: Callable[[str, str], str],
        say: Say | None = None,
    ) -> None:
        self._engine = engine
        self._queue = Queue(engine)
        self._random = random
        self._machine = machine
        self._name_of = name_of
        self._say = say
        self._rooms: dict[str, RoomHost] = {}
        self._memories: OrderedDict[str, Memory] = OrderedDict()
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    def attach(self, room: Room) -> None:
        """Give a room that woke its host."""
        if not self._closed:
            memory = self._memories.pop(room.id, None)
            self._rooms[room.id] = RoomHost(
                room,
                self._queue,
                self._random,
                self._machine,
                name_of=self._name_of,
                say=self._say,
                memory=memory,
            )

    def detach(self, room: Room) -> None:
        """Let a room that falls asleep do without."""
        host = self._rooms.pop(room.id, None)
        if host is None:
            return
        if host.memory.host:
            self._memories[room.id] = host.memory
            if len(self._memories) > ROOMS_REMEMBERED:
                self._memories.popitem(last=False)
        if (ending := host.leave()) is not None:
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """Stop all, and the engine; may be called again."""
        self._closed = True
        hosts, self._rooms = list(self._rooms.values()), {}
        ending = [*self._ending, *filter(None, (host.leave() for host in hosts))]
        await asyncio.gather(*ending, return_exceptions=True)
        await self._engine.close()
