"""What a visitor takes back is gone wherever it was said again: prompts, verdicts, topics, and the disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games.registry import GAMES
from games.round import TurnGiven
from server.blobs.base import Blob
from server.log.base import Log
from server.log.memory import MemoryLog
from server.log.nats import NatsLog
from server.log.schema import Settings
from server.log.sqlite import SqliteLog
from server.room.commands import (
    Answer,
    Caption,
    Command,
    Forget,
    Land,
    Refused,
    Report,
    RoundJoin,
    RoundStart,
    Say,
    Suggest,
    Throw,
    WantTopic,
)
from server.room.events import ClipCaptioned, ClipLanded, Erased, Event, Voice, encode
from server.room.kinds import KINDS
from server.rooms.registry import RoomRegistry
from server.rooms.tail import Batch
from tests.support.actors import GatedLog, local, texts, toy_registry, toy_room
from tests.support.media import Clock
from tests.support.nats_server import nats_server
from tests.support.rooms import ANNA, BELA, CLEO, PureRoom

SAYS = {ANNA.id: "annaquux", BELA.id: "belaquux", CLEO.id: "cleoquux"}
VOICES = (ANNA, BELA, CLEO)
STEPS = 40


def played(game: str, *, written: bool) -> PureRoom:
    """Play a round of a game in which everybody says words of their own, by text or by captioned sound."""
    kind = next(kind.id for kind in KINDS.values() if game in kind.games)
    room, numbers = PureRoom(kind), count(1)
    room.speakers = tuple(SAYS)
    room.do(RoundStart(game), ANNA)
    for _ in range(STEPS):
        if room.state.round is None:
            break
        for voice in VOICES:
            say(room, voice, f"{SAYS[voice.id]}{next(numbers)} {SAYS[voice.id]}x", written=written)
        room.pass_time()
    return room


def say(room: PureRoom, voice: Voice, words: str, *, written: bool) -> None:
    """Answer the running turn if it is the voice's."""
    turn = room.state.round.turn if room.state.round else None
    if turn is None or not turn.is_for(voice.id):
        return
    room.now_ms = max(room.now_ms, turn.go_at_ms)
    try:
        if written:
            room.do(Answer(turn.round, words), voice)
        else:
            clip = f"clip{room.state.head}"
            room.land(clip, voice)
            room.do(Caption(ClipCaptioned(clip, words, "en")))
    except Refused:
        return


def stored(events: list[Event]) -> bytes:
    """Return what a log keeps of events."""
    return b"\n".join(map(encode, events)).lower()


@pytest.mark.parametrize("written", [True, False], ids=["written", "spoken"])
@pytest.mark.parametrize("game", [game.id for game in GAMES])
def test_no_game_keeps_the_words_of_who_takes_them_back(game: str, written: bool) -> None:
    room = played(game, written=written)
    said = {voice.id for voice in VOICES if SAYS[voice.id].encode() in stored(room.events)}
    assert said or not written

    for voice in VOICES:
        room.do(Forget(everything=True), voice)
        kept = stored(room.events)
        assert SAYS[voice.id].encode() not in kept
        assert SAYS[voice.id] not in str(room.state).lower()
        said.discard(voice.id)
        assert all(SAYS[other].encode() in kept for other in said)

    room.restart()
    assert not any(SAYS[voice.id] in str(room.state).lower() for voice in VOICES)


def test_a_running_round_is_the_same_after_a_restart_when_words_were_taken_back() -> None:
    room = PureRoom("language")
    room.speakers = tuple(SAYS)
    room.do(RoundStart("last_word_first"), ANNA)
    for number in range(2):
        for voice in VOICES:
            say(room, voice, f"{SAYS[voice.id]}{number} {SAYS[voice.id]}x", written=number % 2 == 0)
    assert room.state.round is not None
    assert room.state.round.verdicts

    room.do(Forget(everything=True), BELA)

    kept = room.state.round
    room.restart()
    assert room.state.round == kept


def test_a_round_goes_on_when_its_topic_is_taken_back() -> None:
    room = PureRoom()
    for words in ("annaquux one", "annaquux two", "annaquux three"):
        room.do(Suggest(words), ANNA)
    while not any(
        isinstance(event.data, TurnGiven) and "annaquux" in event.data.prompt for event in room.events
    ):
        room.do(Throw(), BELA)

    room.do(RoundJoin("as annaquux"), ANNA)
    room.do(Forget(everything=True), ANNA)

    assert b"annaquux" not in stored(room.events)
    assert "annaquux" not in str(room.state)
    turn = room.turn()
    room.restart()
    assert room.turn() == turn
    room.now_ms = turn.go_at_ms
    room.do(Answer(turn.round, "anything"), BELA)
    assert room.state.round is not None
    assert ANNA.id in room.state.round.players


async def test_a_room_that_is_awake_forgets_in_the_moment_it_answers() -> None:
    log = GatedLog()
    room = await toy_room(toy_registry(log))
    await room.send(Say("secret"), by=ANNA, key="k")
    batches: list[Batch] = []
    room.tail.subscribe(batches.append)

    await asyncio.gather(room.send(Say("secret too"), by=ANNA), room.send(Say("erase 3"), by=ANNA))
    await room.send(Say("erase 2"), by=ANNA)

    assert b"secret" not in stored(await log.read("room"))
    assert not any(b"secret" in encoded.public for encoded in room.tail.since(0) or [])
    heard = [encoded.event for batch in batches for encoded in batch.events]
    assert texts(heard) == ["secret too", "erase 3", "erase 2"], "as it was said"
    (again,) = await room.send(Say("secret"), by=ANNA, key="k")
    assert again.data == Erased()


@asynccontextmanager
async def open_log(kind: str, folder: Path) -> AsyncIterator[Log]:
    if kind == "nats":
        async with nats_server(folder) as server:
            yield await NatsLog.open(server.url, claims="implied")
    else:
        yield MemoryLog() if kind == "memory" else await SqliteLog.open(folder / "wonder.db")


@pytest.mark.parametrize("kind", ["memory", "sqlite", "nats"])
async def test_what_is_said_and_taken_back_in_one_batch_is_gone(kind: str, tmp_path: Path) -> None:
    async with open_log(kind, tmp_path) as log:
        await said_and_taken_back(log)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert b"annaquux" not in b"".join(path.read_bytes() for path in files)


async def said_and_taken_back(log: Log) -> None:
    registry = RoomRegistry(log, clock=Clock(), random=Random(1), secret=b"s" * 32)
    room = await registry.open(PureRoom().events[0].data, None, id="r")  # type: ignore[arg-type]
    (known,) = await room.send(Say("annaquux before"), by=ANNA, key="known")

    together: list[Command] = [
        Say("annaquux"),
        Suggest("annaquux suggests"),
        Forget(everything=True),
        Say("after"),
    ]
    sent = await asyncio.gather(
        room.send(Say("annaquux before"), by=ANNA, key="known"),
        room.send(Say("belaquux"), by=BELA),
        *(room.send(command, by=ANNA, key=str(number)) for number, command in enumerate(together)),
    )

    assert [event.seq for events in sent for event in events] == [known.seq, *range(3, 10)]
    kept = await log.read("r")
    assert [event.seq for event in kept] == list(range(1, 10))
    assert b"annaquux" not in stored(kept)
    assert b"belaquux" in stored(kept)
    assert not any(b"annaquux" in encoded.public for encoded in room.tail.since(0) or [])
    await registry.close()
    await log.close()


WORDS = st.sampled_from(["annaquux", "annaquux again", "another annaquux", "/roll 2d6 annaquux"])
COMMANDS = st.one_of(
    WORDS.map(Say),
    WORDS.map(Suggest),
    WORDS.map(RoundJoin),
    st.sampled_from([Throw(), WantTopic(), RoundStart("word_association"), Forget(everything=True)]),
)
BATCHES = st.lists(st.lists(st.tuples(st.sampled_from([ANNA, BELA]), COMMANDS), max_size=8), max_size=4)


@settings(max_examples=25, deadline=None)
@given(batches=BATCHES, last=st.lists(COMMANDS, max_size=6), seed=st.integers(0, 9))
def test_after_all_is_forgotten_no_word_is_left_however_it_was_batched(
    batches: list[list[tuple[Voice, Command]]], last: list[Command], seed: int
) -> None:
    async def play(folder: Path) -> None:
        log = await SqliteLog.open(folder / "wonder.db", Settings(synchronous="OFF"))
        registry = RoomRegistry(log, clock=Clock(), random=Random(seed), secret=b"s" * 32)
        room = await registry.open(PureRoom().events[0].data, None, id="r")  # type: ignore[arg-type]
        forgetting = [(by, Forget(everything=True)) for by in (ANNA, BELA)]
        for number, batch in enumerate((*batches, [*((ANNA, command) for command in last), *forgetting])):
            sends = [
                room.send(command, by=by, key=f"{number}.{at}") for at, (by, command) in enumerate(batch)
            ]
            for outcome in await asyncio.gather(*sends, return_exceptions=True):
                assert isinstance(outcome, list | Refused), outcome
        await asyncio.gather(*(room.send(command, by=by) for by, command in forgetting))
        assert b"annaquux" not in stored(await log.read("r"))
        assert "annaquux" not in str(room.state)
        await registry.close()
        await log.close()

    with TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder)))
        assert b"annaquux" not in b"".join(path.read_bytes() for path in Path(folder).iterdir())


async def test_what_another_house_took_back_is_forgotten_here_too() -> None:
    log = GatedLog()
    here = await toy_room(toy_registry(log))
    there = local(await toy_registry(log).wake("room"))
    await here.send(Say("secret"), by=ANNA)
    await there.send(Say("erase 2"), by=ANNA)
    await here.send(Say("after"), by=ANNA)
    assert texts([encoded.event for encoded in here.tail.since(0) or []]) == ["erase 2", "after"]
    for room in (here, there):
        await room.close()


async def test_no_byte_of_the_files_keeps_what_was_taken_back(tmp_path: Path) -> None:
    log = await SqliteLog.open(tmp_path / "wonder.db")
    registry = RoomRegistry(log, clock=Clock(), random=Random(1), secret=b"s" * 32)
    room = await registry.open(PureRoom().events[0].data, None, id="r")  # type: ignore[arg-type]
    blob = Blob("annaclip", "r", b"annaquux sound" * 9)

    async def send(command: Command, by: Voice | None = ANNA, *blobs: Blob) -> None:
        await room.send(command, by=by, key=str(room.state.head), blobs=blobs)

    await send(Say("annaquux says"))
    await send(Suggest("annaquux suggests"))
    while room.state.suggestions:
        await send(Throw(), BELA)
    await send(Land(ClipLanded(blob.id, 900, 0, 0, -16.0, ())), ANNA, blob)
    await send(Caption(ClipCaptioned(blob.id, "annaquux speaks", "en")), None)
    await send(Report(blob.id, "spam", "it says annaquux"), BELA)
    await send(Say("belaquux says"), BELA)
    found = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert found.count(b"annaquux") > 9

    await send(Forget(everything=True))
    await registry.close()
    await log.close()

    found = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"annaquux" not in found
    assert b"belaquux" in found
