"""Two minutes of one person with ten keys, told in seconds: the others' round is as it would have been.

The others come from a network each, as people do; whoever attacks has one. The control has the same attack
without what stands against it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import ClientSession, TCPConnector
from msgspec import Struct

from server import app
from server.config import Config
from server.room import filters, proposals
from server.room.playlist import Playlist
from tests.support import speech
from tests.support.ws_client import Client, Message, joined, new_key

ROOM = "/api/rooms/wonder"
WORDS = ("moon", "cheese", "mouse")
KEYS, RESTARTS, LINES, NOISES, ROOMS = 10, 12, 40, 5, 31
TOPICS = ("call 0171 2346578", "I live at 221b Baker Street", "write to goose@example.org", "t.me/goose")


class Person:
    """Somebody with a key and an address of their own."""

    def __init__(self, http: ClientSession, socket: Client, key: str) -> None:
        self.http, self.socket = http, socket
        self.headers = {"Authorization": f"Bearer {key}"}
        self.voice = socket.welcome["you"]["id"]

    async def ask(self, type_: str, **fields: Any) -> str:
        """Return "" when it is granted, else the code."""
        answer = await self.socket.ask(type_, **fields)
        return "" if answer["type"] == "ack" else str(answer["code"])

    async def speak(self, body: bytes) -> tuple[int, str]:
        """Return the status, and the id of the clip."""
        headers = {**self.headers, "Content-Type": "audio/wav"}
        async with self.http.post(f"{ROOM}/clips", data=body, headers=headers) as answer:
            return answer.status, str((await answer.json()).get("id", ""))

    async def open_room(self) -> int:
        async with self.http.post("/api/rooms", json={"kind": "wonder"}, headers=self.headers) as answer:
            return answer.status


@asynccontextmanager
async def person(url: str, address: str, key: str = "") -> AsyncIterator[Person]:
    key = key or new_key()
    connector = TCPConnector(local_addr=(address, 0))
    async with ClientSession(url, connector=connector) as http, joined(http, f"{ROOM}/ws", key=key) as socket:
        yield Person(http, socket, key)


class Harm(Struct):
    """What an attack did to the others."""

    rounds: set[str] = set()
    answers: dict[str, list[str]] = {}
    cues: list[str] = []
    clips: list[str] = []
    noises: list[str] = []
    rooms: int = 0
    late_turns: int = 0
    chat: str = "not asked"


async def attack(gang: list[Person], harm: Harm, noise: bytes) -> None:
    """Do all that one person with ten keys can think of, at once."""
    first = gang[0]
    said = harm.answers
    said["join"] = [await each.ask("round.join") for each in gang]
    said["again"] = [await gang[at % KEYS].ask("again") for at in range(RESTARTS)]
    said["out"] = [await each.ask("round.stop") for each in gang]
    said["start"] = [await first.ask("round.start", game="first_thing"), await first.ask("throw")]
    said["say"] = [await gang[at % KEYS].ask("say", text=f"nonsense {at}") for at in range(LINES)]
    said["suggest"] = [await gang[at % KEYS].ask("suggest", text=text) for at, text in enumerate(TOPICS)]
    noisy = [await gang[KEYS - 1 - at].speak(noise) for at in range(NOISES)]
    harm.noises = [clip for status, clip in noisy if status == 201]
    harm.rooms = [await gang[at % KEYS].open_room() for at in range(ROOMS)].count(201)


async def take_turn(people: dict[str, Person], seen: Client, turn: Message, word: str) -> Message:
    """Let whoever has the turn speak, while they are told to stop; return what follows the clip."""
    speaker = people[turn["data"]["voice"]]
    assert await speaker.ask("speak.start", peer="") == ""
    status, clip = await speaker.speak(speech.wav(None, speech.say(word)))
    assert status == 201
    return await seen.until(lambda said: said.get("kind") == "clip.landed" and said["data"]["clip"] == clip)


async def play(people: list[Person], gang: list[Person], *, attack_alone: bool) -> Harm:
    """Let three play a chain while they are attacked; `attack_alone`: nobody can play on meanwhile."""
    harm, by_voice, seen = Harm(), {each.voice: each for each in people}, people[0].socket
    for each in people:
        await each.ask("here", speaker=True, listening="files")
    assert await people[0].ask("round.start", game="word_association") == ""
    turn = await seen.until(
        lambda said: said.get("kind") == "turn.given" and said["data"]["voice"] in by_voice
    )
    noise = speech.wav(None, np.random.default_rng(1).uniform(-0.6, 0.6, 96_000).astype(np.float32))
    attacking = asyncio.ensure_future(attack(gang, harm, noise))
    if attack_alone:
        await attacking
        return harm
    for word in WORDS:
        landed = await take_turn(by_voice, seen, turn, word)
        harm.clips.append(landed["data"]["clip"])
        harm.rounds.add(str(landed["data"]["round"]))
        following = await seen.until(lambda said: said.get("kind") in {"turn.given", "round.closed"})
        if following["kind"] != "turn.given" or following["at_ms"] != landed["at_ms"]:
            harm.late_turns += 1
        turn = following
        if turn["kind"] != "turn.given" or turn["data"]["voice"] not in by_voice:
            break
    await attacking
    harm.chat = await people[0].ask("say", text="What a noise.")
    await heard(seen, harm)
    return harm


async def heard(seen: Client, harm: Harm) -> None:
    """Wait until the radio has played what the others said, and remember all that it played."""

    def cues() -> list[str]:
        return [str(each["data"]["clip"]) for each in seen.messages if each.get("kind") == "cue"]

    while not set(harm.clips) <= set(cues()):
        await seen.next()
    last = max(cues().index(clip) for clip in harm.clips)
    harm.cues = cues()[: last + 1]


@asynccontextmanager
async def attacked(folder: Path, *, attack_alone: bool = False, **settings: Any) -> AsyncIterator[Harm]:
    config = Config(
        port=0,
        udp_port=0,
        data=folder,
        log="memory",
        blobs="memory",
        speech="off",
        host_engine="off",
        **settings,
    )
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(await app.start(config))
        people = [
            await stack.enter_async_context(person(running.url, f"127.0.{at}.1")) for at in (11, 12, 13)
        ]
        gang = [await stack.enter_async_context(person(running.url, "127.0.66.1")) for _ in range(KEYS)]
        yield await play(people, gang, attack_alone=attack_alone)


@contextmanager
def undefended() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proposals, "asked", lambda *_, **__: [])
        patch.setattr(filters, "refuse", lambda *_: None)
        patch.setattr(Playlist, "_place", lambda playlist, _: playlist._queue)
        yield patch


async def test_ten_keys_of_one_person_leave_the_round_of_others_as_it_is(tmp_path: Path) -> None:
    async with attacked(tmp_path, lines_per_minute=12) as harm:
        said = harm.answers
        assert len(harm.rounds) == 1
        assert len(harm.clips) == len(WORDS)
        assert harm.late_turns == 0
        assert harm.cues == harm.clips
        assert said["join"].count("") <= 3
        assert said["say"].count("") <= LINES // 4
        assert "slow" in said["say"]
        assert harm.chat == ""
        assert set(said["suggest"]) == {"filtered"}
        assert harm.rooms < ROOMS


async def test_without_what_stands_against_it_the_same_attack_does_harm(tmp_path: Path) -> None:
    with undefended():
        async with attacked(tmp_path, attack_alone=True, limits="off") as harm:
            said = harm.answers
            assert said["again"].count("") == RESTARTS
            assert "" in said["out"]
            assert said["say"].count("") == LINES
            assert "filtered" not in said["suggest"]
            assert harm.rooms == ROOMS
