"""The natural voice of a masked take reaches no disk, no log and no radio, whatever is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import ClientSession

from audio import finish, opus
from audio.take import Limits, Packet, Take
from tests.support import canary, speech
from tests.support.canary import Pcm
from tests.support.rtc_bare import BarePeer
from tests.support.rtc_client import Listener, connected
from tests.support.server import Server, running_server
from tests.support.ws_client import Client, joined, new_key

TEXT = "The old lighthouse keeper sings to his three wet penguins"
FASTER = 6
SILENT_BYTES = 10  # packets of silence are smaller


def natural() -> Pcm:
    return canary.with_canary(speech.level(speech.say(TEXT), -22))


NATURAL = natural()
PACKETS = speech.opus_packets(NATURAL)
SDP = {"Content-Type": "application/sdp"}
WAV = {"Content-Type": "audio/wav"}
FILE = speech.wav(None, NATURAL)


class Visitor:
    """Somebody in a room of a server of its own, over HTTP, the socket and WebRTC."""

    def __init__(self, http: ClientSession, room: str, key: str, socket: Client) -> None:
        self.http, self.room, self.socket = http, f"/api/rooms/{room}", socket
        self.headers = {"Authorization": f"Bearer {key}"}
        self.peer = ""

    async def post(self, path: str, body: bytes = b"", **headers: str) -> bytes:
        async with self.http.post(path, data=body, headers={**self.headers, **headers}) as answer:
            assert answer.status in (200, 201, 202), await answer.text()
            return await answer.read()

    async def whip(self, offer: str, query: str) -> str:
        path, headers = f"{self.room}/whip{query}", {**self.headers, **SDP}
        async with self.http.post(path, data=offer, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            self.peer = answer.headers["Location"].rsplit("/", 1)[-1]
            return await answer.text()

    async def get(self, path: str) -> bytes:
        async with self.http.get(path, headers=self.headers) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.read()

    async def landed(self) -> dict[str, object]:
        return dict((await self.socket.event("clip.landed"))["data"])


@asynccontextmanager
async def visiting(server: Server, kind: str) -> AsyncIterator[Visitor]:
    async with ClientSession(server.url) as http:
        key = new_key()
        bearer = {"Authorization": f"Bearer {key}"}
        async with http.post("/api/rooms", json={"kind": kind, "live": True}, headers=bearer) as answer:
            room = (await answer.json())["id"]
        async with joined(http, f"/api/rooms/{room}/ws", key=key) as socket:
            yield Visitor(http, room, key, socket)


async def send(microphone: BarePeer, packets: list[bytes]) -> None:
    for payload in packets:
        microphone.send(payload)
        await asyncio.sleep(0.02 / FASTER)


@asynccontextmanager
async def microphone(visitor: Visitor, query: str) -> AsyncIterator[BarePeer]:
    async def ask(offer: str) -> str:
        return await visitor.whip(offer, query)

    async with BarePeer("speaker") as peer:
        await peer.connect(ask)
        yield peer


async def uploads(visitor: Visitor, *masks: str) -> None:
    for mask in masks:
        await visitor.post(f"{visitor.room}/clips{f'?mask={mask}' if mask else ''}", FILE, **WAV)


def heard(payloads: list[bytes]) -> Pcm:
    packets = [Packet(at * opus.FRAME, payload) for at, payload in enumerate(payloads)]
    return opus.decode(packets, longest=len(packets) * opus.FRAME)


# --- what is on the disk


def blobs_in(path: Path) -> Iterator[bytes]:
    """Yield whatever bytes a database holds, in any table."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as file:
        tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in file.execute(f'SELECT * FROM "{table}"'):
                yield from (value for value in row if isinstance(value, bytes))


def pages_of(body: bytes) -> Iterator[bytes]:
    """Yield the pages of a database file or its journal without what chains them: also those given up."""
    if body[:16] == b"SQLite format 3\0":
        (size,) = struct.unpack(">H", body[16:18])
        at, step, skipped, unused = 0, size, 4, body[20]
    elif body[:4] in (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"):
        (size,) = struct.unpack(">I", body[8:12])
        at, step, skipped, unused = 32, size + 24, 28, 0
    else:
        return
    while at < len(body):
        yield body[at + skipped : at + step - unused]
        at += step


def on_disk(folder: Path) -> list[Pcm]:
    """Return every sound in every file: in tables, in pages that tables gave up, and in plain bytes."""
    found = []
    for path, body in canary.files_of(folder).items():
        found += [*canary.sounds_in(body), *canary.sounds_in(b"".join(pages_of(body)))]
        if body[:16] == b"SQLite format 3\0":
            found += [sound for blob in blobs_in(path) for sound in canary.sounds_in(blob)]
    return found


def leaks(sounds: list[Pcm]) -> list[bool]:
    return [canary.holds(sound, NATURAL) for sound in sounds]


# --- by every way in


async def test_no_way_in_lets_the_natural_voice_through() -> None:
    with running_server(asides_per_minute=100) as server:
        async with visiting(server, "wonder") as visitor:
            async with connected(Listener(f"{server.url}{visitor.room}/whep")) as radio:
                await visitor.socket.ask("here", speaker=True, listening="radio")
                await visitor.socket.ask("round.join")
                await visitor.socket.ask("round.stop")
                async with microphone(visitor, "?mask=robot") as peer:
                    await send(peer, PACKETS)
                clip = await visitor.landed()
                assert (clip["mask"], clip["masked"]) == ("robot", True)
                await visitor.socket.until(lambda said: said.get("kind") == "cue")
                enough = len(PACKETS) // 2
                played = await radio.hear(
                    lambda got: sum(len(one.payload) > SILENT_BYTES for one in got) > enough, 30
                )
                assert not canary.holds(heard([one.payload for one in played]), NATURAL)
            await commanded(visitor)
            await uploads(visitor, "mouse", "choir")
            tried = await visitor.post("/api/masks/giant/preview", FILE, **WAV)
            assert leaks(canary.sounds_in(tried)) == [False]
        async with visiting(server, "healing") as visitor:
            await healed(visitor)
        server.stop()
        sounds = on_disk(server.folder)
        assert len(sounds) >= 5
        assert not any(leaks(sounds))
        assert not any(TEXT.encode() in body for body in canary.files_of(server.folder).values())


async def commanded(visitor: Visitor) -> None:
    """Speak as the page does; the mask was chosen on the socket before."""
    await visitor.socket.ask("here", speaker=True, mask="whisper")
    async with microphone(visitor, "?takes=commanded") as peer:
        told = await visitor.socket.ask("speak.start", peer=visitor.peer)
        assert told["type"] == "ack", told
        await send(peer, PACKETS)
        told = await visitor.socket.ask("speak.stop")
        assert told["type"] == "ack", told
    assert (await visitor.landed())["mask"] == "whisper"
    await visitor.socket.ask("here", mask="none")


async def healed(visitor: Visitor) -> None:
    """One take is heard first and dropped, another is kept; nobody ever hears either unmasked."""
    for mask, method in (("underwater", "drop"), ("alien", "keep")):
        await uploads(visitor, mask)
        said = await visitor.socket.until(
            lambda said: said.get("kind") == "take" and said["data"]["state"] == "preview"
        )
        preview = said["data"]["preview"]
        assert leaks(canary.sounds_in(await visitor.get(f"/api/previews/{preview}.ogg"))) == [False]
        await visitor.socket.ask(method, preview=preview)


# --- whatever is killed


def finishers(server: Server) -> list[int]:
    """Return the processes of the finisher: all children of a server and theirs."""
    found, waiting = [], [server.pid]
    while waiting:
        pid = waiting.pop()
        try:
            tasks = list(Path(f"/proc/{pid}/task").iterdir())
            children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
        except OSError:
            continue
        found += children
        waiting += children
    return found


async def test_a_kill_in_the_middle_of_a_take_leaves_nothing_of_it() -> None:
    with running_server(asides_per_minute=100) as server:
        async with visiting(server, "wonder") as visitor:
            await visitor.socket.ask("here", speaker=True, mask="mouse")
            await uploads(visitor, "mouse")
            waiting = [asyncio.create_task(uploads(visitor, "choir")) for _ in range(3)]
            async with microphone(visitor, "?mask=choir") as peer:
                await send(peer, PACKETS)
            for pid in finishers(server):
                with suppress(ProcessLookupError):  # it ended with the one that it belonged to
                    os.kill(pid, signal.SIGKILL)
            await asyncio.gather(*waiting, return_exceptions=True)
            async with microphone(visitor, "?mask=giant") as peer:
                await send(peer, PACKETS[: len(PACKETS) // 2])
                server.kill()
        server.restart(kill=True)
        server.stop()
        sounds = on_disk(server.folder)
        assert sounds
        assert not any(leaks(sounds))


async def test_the_search_finds_a_natural_voice_wherever_it_is(tmp_path: Path) -> None:
    """The control: a take without a mask is found, and so is a take in a file that is none of ours."""
    with running_server(asides_per_minute=100) as server:
        async with visiting(server, "wonder") as visitor:
            await uploads(visitor, "")
        server.stop()
        assert any(leaks(on_disk(server.folder)))
        in_pages = [b"".join(pages_of(body)) for body in canary.files_of(server.folder).values()]
        assert any(leaks([sound for body in in_pages for sound in canary.sounds_in(body)]))
    take = Take(tuple(Packet(at * opus.FRAME, payload) for at, payload in enumerate(PACKETS)))
    clip = finish.finish_take(take, Limits(longest_ms=10_000))
    (tmp_path / "core").write_bytes(os.urandom(5_000) + clip.ogg + FILE)
    assert leaks(on_disk(tmp_path)) == [True, True]


@pytest.mark.parametrize("payloads", [PACKETS])
def test_the_witnesses_know_the_voice_as_it_is_sent(payloads: list[bytes]) -> None:
    assert canary.holds(heard(payloads), NATURAL)
