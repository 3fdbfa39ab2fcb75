"""What a sleeping room with an idle socket costs, and how fast it wakes: `python -m bench.sleep`.

The real server, its log in SQLite, runs in a process of its own. Each room is made by HTTP and has one
socket, a plain one of this process that answers pings. When the server says that no room is awake, its
resident memory has grown by the rooms and their sockets, and by nothing else. Then rooms are woken one after
another by a message; the time is from the message to its own event on the socket, commit and all. On each
socket all events must go on without a gap or a repeat.

Last, rooms with a microphone each that waits for its turn (a commanded WHIP session that sends silence, as a
page keeps one): told is how many of those rooms are awake when all might sleep.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import socket
import time
from base64 import b64encode
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from queue import Queue
from random import Random
from selectors import EVENT_READ, DefaultSelector
from threading import Thread
from typing import Any
from urllib.request import urlopen

from aiohttp import ClientSession

from audio import opus
from bench.chat import Subject, raise_file_limit, serving
from tests.support.rtc_bare import BarePeer

ROOMS, WARM_ROOMS, WOKEN = 10_000, 300, 1_000
MICROPHONES, FRAME_EVERY_S = 20, 0.5
AT_ONCE = 8
IDLE_MS = 1_000
PATIENCE_S = 120.0
TEXT, PING, PONG = 0x1, 0x9, 0xA
AWAKE = re.compile(r"^wonder_rooms_awake (\S+)$", re.MULTILINE)
SPEAKERS = re.compile(r"^wonder_speakers (\S+)$", re.MULTILINE)


class Sleeper:
    """A socket in a room of its own: it answers pings, and is silent until it is told to `say`."""

    def __init__(self, subject: Subject) -> None:
        self.room = subject.new_room()
        self.socket = socket.create_connection(("127.0.0.1", subject.port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._last, self._buffer = 0, b""
        self._said: Queue[tuple[str, float]] = Queue()
        key = b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /api/rooms/{self.room}/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self.socket.recv(65_536)
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(head.decode())

    def say(self, text: str) -> float:
        """Say something and return the seconds until it comes back as an event."""
        began_s = time.perf_counter()
        self._send(TEXT, json.dumps({"type": "say", "id": text, "text": text}).encode())
        while True:
            said, at_s = self._said.get(timeout=PATIENCE_S)
            if said == text:
                return at_s - began_s

    def read(self) -> None:
        """Take in what has come. Raises when the socket ended, or an event is missing or comes twice."""
        got, now_s = self.socket.recv(65_536), time.perf_counter()
        self._buffer += got
        while (framed := _frame(self._buffer)) is not None:
            opcode, payload, self._buffer = framed
            if opcode == PING:
                self._send(PONG, payload)
            elif opcode == TEXT:
                body = json.loads(payload)
                for message in body if isinstance(body, list) else [body]:
                    self._take(message, now_s)
        if not got:
            raise RuntimeError(f"the socket of {self.room} ended")

    def _take(self, message: dict[str, Any], now_s: float) -> None:
        if message["type"] != "event":
            return
        if self._last and message["seq"] != self._last + 1:
            raise RuntimeError(f"in {self.room} {message['seq']} came after {self._last}")
        self._last = message["seq"]
        self._said.put((message["data"].get("text", ""), now_s))

    def _send(self, opcode: int, payload: bytes) -> None:
        """Send one short frame, masked with zeros."""
        self.socket.sendall(bytes([0x80 | opcode, 0x80 | len(payload), 0, 0, 0, 0]) + payload)


class Crowd:
    """All sockets, read by one thread."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._selector = DefaultSelector()
        self._sleepers: list[Sleeper] = []
        self._wrong: Exception | None = None
        self._over = False
        self._thread = Thread(target=self._read)
        self._thread.start()

    def come(self, count: int) -> list[Sleeper]:
        """Let so many come in, each into a room of its own."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda _: self._come(), range(count)))

    def _come(self) -> Sleeper:
        sleeper = Sleeper(self._subject)
        self._sleepers.append(sleeper)
        self._selector.register(sleeper.socket, EVENT_READ, sleeper)
        return sleeper

    def _read(self) -> None:
        try:
            while not self._over:
                for key, _ in self._selector.select(0.1):
                    key.data.read()
        except Exception as wrong:  # noqa: BLE001 - told by `close`
            self._wrong = wrong

    def close(self) -> None:
        """Hang up. Raises what went wrong with any socket."""
        self._over = True
        self._thread.join()
        for sleeper in self._sleepers:
            sleeper.socket.close()
        self._selector.close()
        if self._wrong is not None:
            raise self._wrong


def _frame(data: bytes) -> tuple[int, bytes, bytes] | None:
    """Return opcode, payload and the rest of the first frame, None while it is not whole."""
    if len(data) < 2:
        return None
    length, start = data[1] & 0x7F, 2
    if length >= 126:
        start = 4 if length == 126 else 10
        length = int.from_bytes(data[2:start])
    if len(data) < start + length:
        return None
    return data[0] & 0x0F, data[start : start + length], data[start + length :]


def figure(subject: Subject, named: re.Pattern[str]) -> int:
    """Return a figure that the server tells of itself."""
    with urlopen(f"{subject.url}/metrics", timeout=30) as answer:
        found = named.search(answer.read().decode())
    return round(float(found[1])) if found else -1


def rest(subject: Subject) -> int:
    """Wait until no room is awake; returns how many are after all."""
    deadline_s = time.monotonic() + PATIENCE_S
    while (left := figure(subject, AWAKE)) and time.monotonic() < deadline_s:
        time.sleep(0.2)
    return left


def resident_kb(subject: Subject) -> int:
    """Return the resident memory of the server's first process, in KB."""
    status = Path(f"/proc/{subject.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0])


async def microphones(subject: Subject, count: int) -> tuple[int, int]:
    """Connect microphones to rooms of their own; return how many there are, and how many rooms are awake."""
    headers = {"Authorization": "Bearer " + "m" * 43, "Content-Type": "application/sdp"}
    async with ClientSession(headers=headers) as http:
        peers = []
        for _ in range(count):
            room = await asyncio.to_thread(subject.new_room)
            peers.append(BarePeer("speaker"))
            url = f"{subject.url}/api/rooms/{room}/whip?takes=commanded"
            await peers[-1].connect(partial(_asked, http, url))
        sending = asyncio.create_task(_keep_sending(peers))
        left = await asyncio.to_thread(rest, subject)
        speakers = await asyncio.to_thread(figure, subject, SPEAKERS)
        sending.cancel()
        for peer in peers:
            await peer.close()
    return speakers, left


async def _asked(http: ClientSession, url: str, offer: str) -> str:
    async with http.post(url, data=offer) as answer:
        answer.raise_for_status()
        return await answer.text()


async def _keep_sending(peers: Sequence[BarePeer]) -> None:
    while True:
        for peer in peers:
            peer.send(opus.silence())
        await asyncio.sleep(FRAME_EVERY_S)


def measure(rooms: int = ROOMS, idle_ms: int = IDLE_MS) -> dict[str, float]:
    """Return memory a room with its socket, rooms awake, and the time of waking."""
    raise_file_limit()
    settings = {"room_idle_ms": str(idle_ms), "sockets": str(rooms + WARM_ROOMS)}
    with serving(**settings) as subject, closing(Crowd(subject)) as crowd:
        for sleeper in crowd.come(WARM_ROOMS):
            sleeper.say("warm")
        rest(subject)
        before_kb = resident_kb(subject)
        sleepers = crowd.come(rooms)
        left = rest(subject)
        grown_kb = resident_kb(subject) - before_kb
        chosen = Random(1).sample(sleepers, min(WOKEN, rooms))
        waking_ms = sorted(1000 * sleeper.say("good morning") for sleeper in chosen)
        again_ms = sorted(1000 * sleeper.say("again") for sleeper in chosen[-200:])
        left += rest(subject)
        connected, under_microphones = asyncio.run(microphones(subject, MICROPHONES))
    return {
        "sleep_rooms": rooms,
        "sleep_kb_a_room": grown_kb / rooms,
        "sleep_awake": left,
        "sleep_wake_p50_ms": waking_ms[len(waking_ms) // 2],
        "sleep_wake_p99_ms": waking_ms[int(len(waking_ms) * 0.99)],
        "sleep_microphones": connected,
        "sleep_awake_under_microphones": under_microphones,
        "sleep_awake_already_p50_ms": again_ms[len(again_ms) // 2],
    }


def main() -> None:
    """Print the figures, one a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, default=ROOMS)
    parser.add_argument("--idle-ms", type=int, default=IDLE_MS)
    given = parser.parse_args()
    for name, value in measure(given.rooms, given.idle_ms).items():
        print(f"{name:40} {value:.3f}")


if __name__ == "__main__":
    main()
