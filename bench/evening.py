"""What an evening as one file costs: `python -m bench.evening`.

Rooms of a hundred and of two thousand clips, each clip with a sound of its own kind, its words, a line of
chat and three reactions, are in the log of a real server. Told is how long after the request the first byte
and the first sound come (each asked for as by somebody who was not here before), and, of the long evening
written whole, what came and what it cost: wall and CPU of all the server's processes, and by how much the
memory of its main one grew. What was written is read by libav: its sound must be as long as the plan says,
and sound where clips are.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import io
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.request import urlopen

import av
import numpy as np
from msgspec import Struct

from bench.chat import Subject, family, serving
from server.blobs.base import Blob
from server.log.schema import Settings
from server.log.sqlite import SqliteLog
from server.room.events import Draft, ReactionGiven, RoomOpened, TextSaid
from tests.support import long_evening

SHORT, LONG = 100, 2_000
SOUNDS = 64  # unlike each other, so that nothing is the one before
EVERY_MS = 3_600
APPENDED_TOGETHER = 25  # rounds
FIRST_BYTES = 15
LOUD = 0.01
RESTS_S = 0.1
READ_AT_ONCE = 2_000  # bytes; the head of a long evening has more
SOUND_OF = {"ogg": b"OpusTags", "m4a": b"moof"}  # what the first sound comes with, or right after
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Written(Struct):
    """A recording as it came."""

    body: bytes
    seconds: float
    cpu_s: float
    memory_mb: float


def measure(clips: int = LONG) -> dict[str, float]:
    """Return the figures."""
    figures: dict[str, float] = {}
    with TemporaryDirectory(prefix="wonder-evening-") as folder:
        data = Path(folder, "data")
        data.mkdir()
        asyncio.run(_fill(data / "wonder.db", {"short": SHORT, "long": clips}))
        with serving(data=str(data), recordings="1000") as subject:
            for ending in ("ogg", "m4a"):
                for room in ("short", "long"):
                    first_ms, sound_ms = _begun(subject, room, ending)
                    figures[f"evening_{ending}_first_byte_ms_{room}"] = first_ms
                    figures[f"evening_{ending}_first_sound_ms_{room}"] = sound_ms
            figures["evening_lag_ms_long"] = _lag_ms(subject)
            for ending in ("ogg", "m4a"):
                written = _whole(subject, ending)
                _check(subject, written)
                figures[f"evening_{ending}_s"] = written.seconds
                figures[f"evening_{ending}_cpu_s"] = written.cpu_s
                figures[f"evening_{ending}_memory_mb"] = written.memory_mb
                figures[f"evening_{ending}_mb"] = len(written.body) / 1e6
    return {"evening_clips": clips, **figures}


async def _fill(path: Path, rooms: dict[str, int]) -> None:
    log = await SqliteLog.open(path, Settings(synchronous="OFF"))
    began_ms = int(time.time() * 1000) - max(rooms.values()) * EVERY_MS - 60_000
    for room, clips in rooms.items():
        await log.append(room, [Draft(RoomOpened("wonder", room.title(), public=True), began_ms)])
        rounds = range(clips // long_evening.ROUND_CLIPS)
        for first in rounds[::APPENDED_TOGETHER]:
            await _append(log, room, rounds[first : first + APPENDED_TOGETHER], began_ms)
    await log.close()


async def _append(log: SqliteLog, room: str, rounds: Sequence[int], began_ms: int) -> None:
    drafts, blobs = list[Draft](), list[Blob]()
    for number in rounds:
        at_ms = began_ms + number * long_evening.ROUND_CLIPS * EVERY_MS
        played = long_evening.round_of(number, at_ms, EVERY_MS, room)
        drafts += played[:-1]
        for each in range(number * long_evening.ROUND_CLIPS, (number + 1) * long_evening.ROUND_CLIPS):
            clip, by = long_evening.name(each, room), long_evening.VOICES[each % 3]
            drafts += [Draft(ReactionGiven(clip, emoji), at_ms, by) for emoji in "😂🎉👏"]
            drafts.append(Draft(TextSaid(f"That was number {each}, and it was good."), at_ms, by))
            blobs.append(Blob(clip, room, long_evening.clip(each % SOUNDS)))
        drafts.append(played[-1])
    await log.append(room, drafts, blobs=blobs)


def _begun(subject: Subject, room: str, ending: str) -> tuple[float, float]:
    """Return when the first byte and the first sound come after the request, medians."""
    times = [_first(subject, room, ending) for _ in range(FIRST_BYTES)]
    firsts, sounds = zip(*times, strict=True)
    return median(firsts), median(sounds)


def _rested(subject: Subject) -> None:
    """Wait until the server rests: it writes for whoever hung up until it sees that."""
    spent_s = -1.0
    while (now_s := _cpu_s(family(subject.pid))) != spent_s:
        spent_s = now_s
        time.sleep(RESTS_S)


def _first(subject: Subject, room: str, ending: str) -> tuple[float, float]:
    _rested(subject)
    connection = http.client.HTTPConnection("127.0.0.1", subject.port, timeout=60)
    connection.connect()
    began_s = time.perf_counter()
    connection.request("GET", f"/api/rooms/{room}/recording.{ending}")
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    body = answer.read1(READ_AT_ONCE)
    first_ms = (time.perf_counter() - began_s) * 1000
    while SOUND_OF[ending] not in body:
        part = answer.read1(READ_AT_ONCE)
        assert part, "it ended before its sound"
        body += part
    sound_ms = (time.perf_counter() - began_s) * 1000
    connection.close()
    return first_ms, sound_ms


def _lag_ms(subject: Subject) -> float:
    """Return for how long others wait at worst while a long evening is begun."""
    worst_ms = 0.0
    for _ in range(FIRST_BYTES):
        _rested(subject)
        connection = http.client.HTTPConnection("127.0.0.1", subject.port, timeout=60)
        connection.request("GET", "/api/rooms/long/recording.vtt")
        until_s = time.perf_counter() + 0.3
        while time.perf_counter() < until_s:
            asked_s = time.perf_counter()
            with urlopen(f"{subject.url}/healthz", timeout=60) as answer:
                answer.read()
            worst_ms = max(worst_ms, (time.perf_counter() - asked_s) * 1000)
        begun = connection.getresponse()
        assert begun.status == 200, begun.read()
        connection.close()
    return worst_ms


def _whole(subject: Subject, ending: str) -> Written:
    pids = family(subject.pid)
    memory_kb, cpu_s, began_s = _memory_kb(subject.pid), _cpu_s(pids), time.perf_counter()
    highest_kb, body = memory_kb, bytearray()
    with urlopen(f"{subject.url}/api/rooms/long/recording.{ending}", timeout=120) as answer:
        while part := answer.read(1_000_000):
            body += part
            highest_kb = max(highest_kb, _memory_kb(subject.pid))
    seconds = time.perf_counter() - began_s
    return Written(bytes(body), seconds, _cpu_s(family(subject.pid)) - cpu_s, (highest_kb - memory_kb) / 1e3)


def _cpu_s(pids: Sequence[int]) -> float:
    fields = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids)
    return sum(int(each[11]) + int(each[12]) for each in fields) / TICKS_PER_S


def _memory_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def _check(subject: Subject, written: Written) -> None:
    """Raise `AssertionError` for a recording that is not all that the plan says."""
    with urlopen(f"{subject.url}/api/rooms/long/recording", timeout=60) as answer:
        told = json.load(answer)
    samples, begun, was_loud = 0, 0, False
    with av.open(io.BytesIO(written.body), "r") as file:
        chapters = len(file.chapters())
        for frame in file.decode(audio=0):
            is_loud = float(np.abs(frame.to_ndarray()).max()) > LOUD
            begun += is_loud and not was_loud
            was_loud, samples = is_loud, samples + frame.samples
    assert abs(samples / 48 - told["duration_ms"]) < 50, (samples / 48, told["duration_ms"])
    assert begun >= told["clips"], begun
    assert 0 < chapters <= len(told["chapters"])


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=LONG)
    for name, value in measure(parser.parse_args().clips).items():
        print(f"{name:>32} {value:10.2f}")


if __name__ == "__main__":
    main()
