"""A real server whose clock a test moves, and three visitors who play in it by socket and upload."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, cast

from aiohttp import ClientSession, DummyCookieJar

from audio.take import Clip, Limits, Mask
from server.blobs.sqlite import SqliteBlobs
from server.config import Config
from server.http.limits import Limits as Rates
from server.http.tcp_server import listen
from server.log.sqlite import SqliteLog
from server.metrics.metrics import Metrics, commit_times
from server.metrics.registry import Registry
from server.room.commands import Caption
from server.room.decide import due
from server.room.events import ClipCaptioned, RoomOpened
from server.rooms.base import Room
from server.rooms.registry import RoomRegistry
from server.rtc.media import Media
from server.site import make_app
from server.socket.endpoint import SOCKETS
from server.takes.finisher import Finisher
from server.takes.takes import Takes
from tests.support.media import Clock, FakeMedia
from tests.support.ws_client import Client, Message, joined

OGG = b"OggS" + bytes(range(256)) * 8
# Speakers begin this long after "go", and nothing waits longer than this many steps for an end.
REACTION_MS = 700
# The words of a take are known this long after those before.
CAPTION_MS = 400
STEPS = 60


class Measured:
    """A finish that believes what is written in an upload: a JSON object of measures."""

    async def upload(
        self, body: bytes, media_type: str, limits: Limits, mask: Mask | None = None, **_: bool
    ) -> Clip:
        said = {"duration_ms": 900, "onset_ms": 200, "gap_ms": 0, **json.loads(body)}
        duration_ms = min(said["duration_ms"], limits.longest_ms)
        return Clip(
            OGG,
            duration_ms,
            said["onset_ms"],
            said["gap_ms"],
            -16.0,
            -2.0,
            (50,) * 64,
            mask.name if mask else None,
        )

    async def m4a(self, ogg: bytes) -> bytes:
        return ogg


class Playhouse:
    """What runs between two restarts: the site's address, its rooms, its clock."""

    def __init__(self, registry: RoomRegistry, clock: Clock, session: ClientSession, url: str) -> None:
        self.registry, self.clock, self.session, self.url = registry, clock, session, url

    async def room(self, name: str) -> Room:
        return await self.registry.wake(name)

    async def pass_time(self, name: str, until_ms: int) -> None:
        """Move the clock to a moment, and let the room look at it."""
        self._move(await self.room(name), until_ms)

    async def pass_until_due(self, name: str, told: int) -> bool:
        """Move the clock to what is due next, unless more happened than the players were told, up to a seq.

        The room's own timer may give the next turn at any moment: what is due then would be its end.
        """
        room = await self.room(name)
        due_ms = due(room.state, room.context())
        if room.state.head != told or due_ms is None:
            return False
        self._move(room, due_ms)
        return True

    def _move(self, room: Room, until_ms: int) -> None:
        self.clock.ms = max(self.clock.ms + 50, until_ms)
        room.hold()
        room.release()

    async def heard(self, clip: str) -> int:
        """Return the status of a clip's sound for a stranger."""
        async with self.session.get(f"{self.url}/api/clips/{clip}.ogg") as answer:
            return answer.status


@asynccontextmanager
async def opened_playhouse(
    folder: Path, clock: Clock, kinds: dict[str, str], *, captions: bool = False
) -> AsyncIterator[Playhouse]:
    """Run the HTTP side on a log on disk; rooms are made where they are not there yet."""
    log = await SqliteLog.open(folder / "wonder.db")
    registry = RoomRegistry(log, clock=clock, random=Random(7), secret=await log.secret(), captions=captions)
    for name, kind in kinds.items():
        if not await log.head(name):
            await registry.open(RoomOpened(kind, name.title(), public=True), None, id=name)
    config, media = Config(port=0), cast(Media, FakeMedia())
    finisher = cast(Finisher, Measured())
    figures = Metrics(Registry(), registry, media, commit_times())
    blobs = SqliteBlobs(log)
    takes = Takes(registry, media, finisher, blobs=blobs, clock=clock, observers=[figures])
    app = make_app(
        config=config,
        log=log,
        blobs=blobs,
        registry=registry,
        media=media,
        finisher=finisher,
        takes=takes,
        figures=figures,
        limits=Rates(on=False),
    )
    listening = await listen(app, config)
    try:
        async with ClientSession(cookie_jar=DummyCookieJar()) as session:
            yield Playhouse(registry, clock, session, listening.url)
    finally:
        await app[SOCKETS].close()
        await listening.close()
        await takes.close()
        await registry.close()
        await log.close()


class Player:
    """A visitor: a key, and all that ever came over its sockets, restarts included."""

    def __init__(self, name: str) -> None:
        self.key = name * 43
        self.voice = ""
        self.heard: list[Message] = []
        self.client: Client | None = None
        self.asked = 0  # also across restarts: an id is used once
        self.clips: list[str] = []
        self.hidden: list[str] = []  # what must not be known before its time: ids and texts

    @property
    def messages(self) -> list[Message]:
        return [*self.heard, *(self.client.messages if self.client else [])]

    def events(self, kind: str, round_: str = "") -> list[dict[str, Any]]:
        """Return what events of a kind told, of one round when asked."""
        told = [m["data"] for m in self.messages if m["type"] == "event" and m["kind"] == kind]
        return [data for data in told if data and (not round_ or data["round"] == round_)]

    def last_seq(self) -> int:
        return max((m["seq"] for m in self.messages if m["type"] == "event"), default=0)

    async def ask(self, type_: str, **fields: Any) -> Message:
        """Say something; the answer comes behind all that happened before it."""
        assert self.client is not None
        self.asked += 1
        return await self.client.ask(type_, id=f"asked-{self.asked}", **fields)

    async def granted(self, type_: str, **fields: Any) -> Message:
        answer = await self.ask(type_, **fields)
        assert answer["type"] == "ack", (type_, answer)
        return answer

    async def look(self) -> None:
        """Take in what has come."""
        await self.granted("here", speaker=True, listening="files", consented=True)


# What a player says in a turn: the measures of a take and the `words` heard in it later, or a `text`.
Say = Callable[[Player, dict[str, Any]], dict[str, Any]]


class Troupe:
    """Three players in one room, driven by what is told to the first of them."""

    def __init__(self, playhouse: Playhouse, room: str, players: list[Player]) -> None:
        self.playhouse, self.room, self.players = playhouse, room, players
        self.round = ""
        self.lies: list[str] = []  # what was wrong with hidden clips, by HTTP
        self.unheard: dict[str, str] = {}  # the words of clips that nobody has told yet
        self.say: Say = lambda _player, _turn: {}

    @asynccontextmanager
    async def seated(self) -> AsyncIterator[None]:
        """Connect everybody, each where it left off."""
        async with AsyncExitStack() as stack:
            for player in self.players:
                url = f"{self.playhouse.url}/api/rooms/{self.room}/ws"
                after = player.last_seq() or None
                client = joined(self.playhouse.session, url, key=player.key, after=after)
                player.client = await stack.enter_async_context(client)
                player.voice = player.client.welcome["you"]["id"]
                await player.look()
            yield
            for player in self.players:
                await player.look()
                player.heard, player.client = player.messages, None

    async def begin(self, game: str) -> None:
        """Start a game; everybody else joins."""
        first, *others = self.players
        await first.granted("round.start", game=game)
        opened = first.events("round.opened")[-1]
        self.round = opened["round"]
        for player in others:
            if player.voice not in opened["players"]:
                await player.granted("round.join")

    def turn(self) -> dict[str, Any]:
        """Return the running turn, as everybody was told it."""
        return self.players[0].events("turn.given", self.round)[-1]

    def end(self) -> dict[str, Any] | None:
        """Return the end, if it was told."""
        return next(iter(self.players[0].events("round.closed", self.round)), None)

    async def play(self, steps: int = STEPS) -> dict[str, Any] | None:
        """Play turn by turn until the end, or for a number of turns; return the end."""
        for _ in range(steps):
            if (end := self.end()) is not None:
                return end
            await self._step()
        return self.end()

    async def _step(self) -> None:
        turn = self.turn()
        await self.playhouse.pass_time(self.room, turn["go_at_ms"] + REACTION_MS)
        for player in self.players:
            if turn["act"] == "vote":
                await self._vote(player, turn)
            elif self._is_for(turn, player) and self.turn() == turn and self.end() is None:
                await self._speak(player, turn)
        await self._hear()
        while self.turn() == turn and self.end() is None:
            await self._wait()

    async def _hear(self) -> None:
        """Tell the words of what was said, the last take first, some time after it landed."""
        while self.unheard:
            clip, words = self.unheard.popitem()
            self.playhouse.clock.ms += CAPTION_MS
            caption = Caption(ClipCaptioned(clip, words, "en"))
            await self.playhouse.registry.send(self.room, caption, by=None)
            await self.players[0].look()

    def _is_for(self, turn: dict[str, Any], player: Player) -> bool:
        named = turn["voice"] in (None, player.voice) and turn["besides"] != player.voice
        return named and (not turn["voices"] or player.voice in turn["voices"])

    async def speak(self, player: Player) -> None:
        """Let one speak in the running turn, in time."""
        turn = self.turn()
        await self.playhouse.pass_time(self.room, turn["go_at_ms"] + REACTION_MS)
        await self._speak(player, turn)

    async def _speak(self, player: Player, turn: dict[str, Any]) -> None:
        said = self.say(player, turn)
        if "text" in said:
            player.hidden += [said["text"]] if turn["hidden"] else []
            await player.granted("answer", round=self.round, text=said["text"])
        else:
            clip = await self._upload(player, said)
            player.clips.append(clip)
            if "words" in said:
                self.unheard[clip] = said["words"]
            player.hidden += [clip] if turn["hidden"] else []
            await self.players[0].look()
            if turn["hidden"] and clip not in self._revealed():
                await self._listen_in(player, clip)
        await self.players[0].look()

    def _revealed(self) -> set[str]:
        told = self.players[0].events("round.revealed", self.round)
        return {take["clip"] for reveal in told for take in reveal["takes"]}

    async def _upload(self, player: Player, said: dict[str, Any]) -> str:
        url = f"{self.playhouse.url}/api/rooms/{self.room}/clips"
        headers = {"Authorization": f"Bearer {player.key}", "Content-Type": "audio/ogg"}
        async with self.playhouse.session.post(url, data=json.dumps(said), headers=headers) as answer:
            told = await answer.json()
            assert answer.status in (201, 202), told
        if "preview" in told:
            await player.granted("keep", preview=told["preview"])
        return str(told.get("preview") or told["id"])

    async def _listen_in(self, speaker: Player, clip: str) -> None:
        """Ask for a hidden clip as each of the players; it may be shown meanwhile, for all have spoken."""
        lies: list[str] = []
        for player in self.players:
            url = f"{self.playhouse.url}/api/clips/{clip}.ogg"
            headers = {"Authorization": f"Bearer {player.key}"}
            async with self.playhouse.session.get(url, headers=headers) as answer:
                if answer.status != (200 if player is speaker else 404):
                    lies.append(f"{clip} was {answer.status} for {player.key[0]}")
        await self.players[0].look()
        self.lies += lies if clip not in self._revealed() else []

    async def _vote(self, player: Player, turn: dict[str, Any]) -> None:
        """Vote for what the first of the others said; whoever is asked whether two words were one says no."""
        others = [clip for clip in turn["clips"] if clip not in player.clips]
        value = -1 if turn["role"] == "same" else 1
        await player.granted("vote", round=self.round, clip=others[0], value=value)
        await self.players[0].look()

    async def _wait(self) -> None:
        """Let the turn end, and wait until that is told; or take in what happened meanwhile."""
        first, kinds = self.players[0], ("turn.given", "round.closed")
        assert first.client is not None
        seen = first.last_seq()
        if await self.playhouse.pass_until_due(self.room, seen):
            await first.client.until(lambda m: m.get("kind") in kinds and m["seq"] > seen)
        else:
            await first.look()

    def codes(self) -> Counter[str]:
        """Return the codes of all verdicts of the round."""
        return Counter(verdict["code"] for verdict in self.players[0].events("verdict.given", self.round))

    def leaks(self) -> list[str]:
        """Return what anybody learned of a hidden take of another before it was revealed."""
        found = list(self.lies)
        for speaker in self.players:
            for other in (each for each in self.players if each is not speaker):
                found += [it for it in speaker.hidden if not _revealed_first(it, other.messages)]
        return found


def _revealed_first(hidden: str, messages: list[Message]) -> bool:
    first = next((message for message in messages if hidden in json.dumps(message)), None)
    return first is None or first.get("kind") == "round.revealed"
