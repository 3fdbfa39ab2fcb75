"""A clip that a room allows can be recorded, sent, read, played and turned into M4A, however long it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from aiohttp import ClientSession

from audio import m4a, ogg, opus
from audio.container import decode
from audio.finish import finish_take
from audio.take import (
    LONGEST_CLIP_MS,
    LONGEST_LISTENED_MS,
    LONGEST_TAKE_MS,
    SHORTEST_PACKET_MS,
    Limits,
    Packet,
    Take,
)
from games.registry import BY_ID, GAMES
from games.round import TurnGiven
from server import app, subprocesses
from server.config import Config
from server.jobs import LARGEST_JOB_BYTES
from server.room.commands import RoundStart
from server.room.kinds import KINDS
from server.room.playlist import PIECE_CLIPS
from server.room.rounds import SLOWEST_PACE, take_limit_ms
from server.room.state import RoomState
from server.rtc.capture import MOST_BYTES, MOST_PACKETS
from server.rtc.media import TakeEnded
from server.rtc.settings import PACKET_OVERHEAD_BYTES, Settings
from server.takes.finishing import FinishTake
from tests.support import speech
from tests.support.rooms import ANNA, BELA, CLEO, PureRoom
from tests.support.rtc_bare import BarePeer
from tests.support.rtc_client import Listener, connected
from tests.support.uploads import muxed
from tests.support.ws_client import Client, joined, new_key

TURNS_PLAYED = 13
WHIP_MS, FASTER = 18_000, 8
CASE = Path(__file__).parent / "cases" / "long-18s.webm"
PAGE_BYTES_PER_S = 48_000 // 8  # what static/js/audio/recorder.js asks for


def talk(ms: int) -> Take:
    """Return so much speech, in packets of 20 ms."""
    payloads = speech.opus_packets(speech.level(speech.say("Hello there, this is a test"), -20))
    return Take(tuple(Packet(at * 960, payloads[at % len(payloads)]) for at in range(ms // 20)))


@pytest.mark.parametrize("pace", [1.0, 1.5, SLOWEST_PACE])
@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_and_pace_stays_within_the_one_limit(kind: str, pace: float) -> None:
    limit_ms = take_limit_ms(RoomState(kind=kind), "voice", pace)

    assert limit_ms == KINDS[kind].longest_clip_ms * pace
    assert limit_ms <= LONGEST_CLIP_MS <= Config().clip_longest_ms
    assert limit_ms * PAGE_BYTES_PER_S * 5 // 1000 <= Config().upload_bytes  # recorders that ask nobody too


@pytest.mark.parametrize("game", [game.id for game in GAMES])
def test_no_turn_of_any_game_allows_more_than_the_one_limit(game: str) -> None:
    room = PureRoom(BY_ID[game].kinds[0])
    room.speakers = (ANNA.id, BELA.id, CLEO.id)
    room.do(RoundStart(game), ANNA)
    for number in range(TURNS_PLAYED):
        if room.state.round is None:
            break
        turn = room.turn()
        room.now_ms = max(room.now_ms, turn.go_at_ms + 1_000)
        for voice in (voice for voice in (ANNA, BELA, CLEO) if turn.is_for(voice.id)):
            room.land(f"clip-{number}-{voice.id}", voice)

    limits_ms = [event.data.limit_ms for event in room.events if isinstance(event.data, TurnGiven)]
    assert 0 <= max(limits_ms) * SLOWEST_PACE <= LONGEST_CLIP_MS


@pytest.mark.parametrize("container", ["ogg", "webm"])
def test_an_upload_in_the_shortest_packets_is_read_as_far_as_any_other(container: str) -> None:
    """The limit of packets was that of 5 ms once: half of such a file was not heard."""
    said = speech.say("Hello there, this is a test")
    silence = np.zeros(LONGEST_LISTENED_MS * 48 - 2 * len(said), dtype=np.float32)
    pcm = speech.level(np.concatenate([said, silence, said]), -20)
    options = {"libopus.frame_duration": f"{SHORTEST_PACKET_MS}", "libopus.b": "32000"}
    body = muxed(pcm, container, "libopus", options=options)

    heard = decode(body, f"audio/{container}", longest=LONGEST_LISTENED_MS * 48)

    assert abs(len(heard) - len(pcm)) <= 4_800
    assert np.abs(heard[-len(said) :]).max() > 0.05  # the last words are there


def test_the_longest_take_is_finished_read_and_transcoded() -> None:
    clip = finish_take(talk(LONGEST_TAKE_MS), Limits(longest_ms=LONGEST_CLIP_MS))

    assert clip.duration_ms == LONGEST_CLIP_MS
    assert abs(len(ogg.read(clip.ogg)) * 20 - LONGEST_CLIP_MS) <= 40
    assert ogg.read_stream(clip.ogg).samples == LONGEST_CLIP_MS * 48
    assert len(m4a.from_ogg(clip.ogg)) < subprocesses.LARGEST_MESSAGE_BYTES
    assert PIECE_CLIPS * len(clip.ogg) < subprocesses.LARGEST_MESSAGE_BYTES


def test_the_longest_clip_of_large_frames_is_read() -> None:
    frames, preskip = opus.encode(np.zeros(LONGEST_CLIP_MS * 48, dtype=np.float32))
    largest = [frames[0][:1] + bytes(1_000)] * len(frames)

    assert len(ogg.read(ogg.write(largest, preskip=preskip, samples=LONGEST_CLIP_MS * 48))) == len(frames)


def test_the_largest_take_passes_from_the_microphone_to_its_finish() -> None:
    settings = Settings()
    assert MOST_PACKETS * SHORTEST_PACKET_MS >= LONGEST_TAKE_MS
    payload_bytes_per_s = settings.bytes_per_second - settings.packets_per_second * PACKET_OVERHEAD_BYTES
    assert payload_bytes_per_s * LONGEST_TAKE_MS // 1000 <= MOST_BYTES
    payload = bytes(MOST_BYTES // MOST_PACKETS)
    take = Take(tuple(Packet(at * 480, payload) for at in range(MOST_PACKETS)))

    assert len(msgspec.msgpack.encode(FinishTake(take, Limits()))) < LARGEST_JOB_BYTES
    assert (
        len(msgspec.msgpack.encode(TakeEnded("p" * 22, take, 1, "limit")))
        < subprocesses.LARGEST_MESSAGE_BYTES
    )
    assert LONGEST_TAKE_MS <= LONGEST_LISTENED_MS


# --- in the real server


class Visitor:
    """Somebody who needs twice the time, and listens."""

    def __init__(self, url: str, http: ClientSession, room: str, key: str, socket: Client) -> None:
        self.url = url
        self.http, self.room, self.socket = http, f"/api/rooms/{room}", socket
        self.headers = {"Authorization": f"Bearer {key}"}

    async def upload(self, body: bytes, media_type: str) -> dict[str, object]:
        headers = {**self.headers, "Content-Type": media_type}
        async with self.http.post(f"{self.room}/clips", data=body, headers=headers) as answer:
            assert answer.status in (201, 202), await answer.text()
            return dict(await answer.json())

    async def keep(self, preview: object) -> dict[str, object]:
        async with self.http.post(f"/api/previews/{preview}", headers=self.headers) as answer:
            assert answer.status == 201
            return dict(await answer.json())

    async def forget(self, clip: object) -> None:
        async with self.http.delete(f"/api/clips/{clip}", headers=self.headers) as answer:
            assert answer.status == 204

    async def whip(self, offer: str) -> str:
        headers = {**self.headers, "Content-Type": "application/sdp"}
        async with self.http.post(f"{self.room}/whip", data=offer, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            return await answer.text()

    async def end_round(self) -> None:
        """End what the room plays by itself: what is said out of turn would wait for its end."""
        await self.socket.ask("round.join")
        await self.socket.ask("round.stop")

    async def m4a(self, clip: object) -> bytes:
        async with self.http.get(f"/api/clips/{clip}.m4a") as answer:
            assert answer.status == 200
            return await answer.read()

    async def until_cue(self, clip: object) -> int:
        """Wait until the radio plays a clip; return how long it says that this takes."""
        cue = await self.socket.until(lambda said: said.get("kind") == "cue" and said["data"]["clip"] == clip)
        return int(cue["data"]["duration_ms"])


@pytest.fixture
async def visitor(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Visitor]:
    config = Config(
        port=0, udp_port=0, data=tmp_path, log="memory", blobs="memory", speech="off", host_engine="off"
    )
    async with await app.start(config) as running, ClientSession(running.url) as http:
        key = new_key()
        new = {"kind": request.param}
        async with http.post("/api/rooms", json=new, headers={"Authorization": f"Bearer {key}"}) as answer:
            room = (await answer.json())["id"]
        async with joined(http, f"/api/rooms/{room}/ws", key=key) as socket:
            await socket.ask("here", speaker=True, listening="radio", pace=2, consented=True)
            yield Visitor(running.url, http, room, key, socket)


@pytest.mark.parametrize("visitor", ["roleplay"], indirect=True)
async def test_a_long_clip_is_heard_on_the_radio_and_as_m4a_and_the_radio_goes_on(visitor: Visitor) -> None:
    async with connected(Listener(f"{visitor.url}{visitor.room}/whep")) as listener:
        long = await visitor.upload(CASE.read_bytes(), "audio/webm")
        assert 17_500 <= int(str(long["duration_ms"])) <= 18_000

        assert await visitor.until_cue(long["id"]) >= 17_500
        await listener.hear(lambda heard: sum(len(packet.payload) > 10 for packet in heard) > 20)
        assert b"ftyp" in (await visitor.m4a(long["id"]))[:16]

        await visitor.end_round()
        next_ = await visitor.upload(speech.wav(None, speech.say("and now something short")), "audio/wav")
        await visitor.forget(long["id"])
        await visitor.until_cue(next_["id"])


@pytest.mark.parametrize("visitor", ["healing"], indirect=True)
async def test_half_a_minute_lands_in_a_healing_room_and_is_played(visitor: Visitor) -> None:
    payloads = [packet.payload for packet in talk(LONGEST_TAKE_MS).packets]
    body = ogg.write(payloads, preskip=312, samples=LONGEST_TAKE_MS * 48 - 312)

    preview = await visitor.upload(body, "audio/ogg")
    assert preview["duration_ms"] == LONGEST_CLIP_MS
    clip = await visitor.keep(preview["preview"])

    assert await visitor.until_cue(clip["id"]) >= LONGEST_CLIP_MS
    assert b"ftyp" in (await visitor.m4a(clip["id"]))[:16]


@pytest.mark.parametrize("visitor", ["roleplay"], indirect=True)
async def test_who_needs_more_time_speaks_for_as_long_by_whip(visitor: Visitor) -> None:
    """A recorder that sends faster than it records: what was said counts, by its own times."""
    await visitor.end_round()
    async with BarePeer("speaker") as microphone:
        await microphone.connect(visitor.whip)
        packets = talk(WHIP_MS).packets
        for packet in packets:
            microphone.send(packet.payload)
            await asyncio.sleep(0.02 / FASTER)

    landed = await visitor.socket.event("clip.landed")
    clip = landed["data"]
    assert abs(clip["duration_ms"] - WHIP_MS) < 700  # without the silence around it
    assert await visitor.until_cue(clip["clip"]) >= clip["duration_ms"]
    assert b"ftyp" in (await visitor.m4a(clip["clip"]))[:16]
