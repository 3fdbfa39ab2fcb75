"""How many WebRTC listeners one core carries: `python -m bench.listeners --listeners 300`.

The server runs in this process on core 0; its listeners in another, on another core: real DTLS-SRTP
peers that count what comes and drop it. One clip is looped. CPU is this process's own clock, user and
system, so the kernel's work for each datagram is in it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any, Protocol

from bench import janus, lag
from server.rtc.local import LocalMedia
from server.rtc.media import Media, Role
from server.rtc.remote import RemoteMedia
from server.rtc.settings import Settings

ROOM = "bench"
CLIP_S = 5.0
LAG_EVERY_S = 0.005
# As many offers are under way at once.
JOINING = 16


def speech(seconds: float = CLIP_S) -> list[bytes]:
    """Return a clip of 20 ms Opus frames at 32 kbit/s: tones that come and go like syllables."""
    import numpy as np  # noqa: PLC0415 - the listeners' process does without

    from audio import opus  # noqa: PLC0415

    at = np.arange(int(seconds * 48_000)) / 48_000
    voice = sum(np.sin(2 * np.pi * 140 * n * at) / n for n in range(1, 12)) * 0.2
    pcm = voice * (0.55 + 0.45 * np.sin(2 * np.pi * 3 * at)) + np.random.default_rng(1).normal(
        0, 0.01, len(at)
    )
    frames, _ = opus.encode(pcm.astype(np.float32))
    return frames


def pin(core: int) -> None:
    """Stay on one core, where the machine has it and lets us."""
    if hasattr(os, "sched_setaffinity") and core in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {core})


def resident_bytes() -> int:
    """Return the memory this process holds now."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


# --- the listeners' process: offers out, answers in, one JSON line each


async def listen(count: int) -> None:
    """Connect `count` listeners through standard input and output; count until the input ends."""
    from tests.support.rtc_bare import BarePeer  # noqa: PLC0415 - only in this process

    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    answers: dict[int, asyncio.Future[str]] = {}
    gate = asyncio.Semaphore(JOINING)
    peers = [BarePeer("listener", count_only=True) for _ in range(count)]

    async def ask(number: int, offer: str) -> str:
        answers[number] = asyncio.get_running_loop().create_future()
        print(json.dumps({"number": number, "offer": offer}), flush=True)
        return await answers[number]

    async def join(number: int) -> None:
        async with gate:
            await peers[number].connect(lambda offer: ask(number, offer), checking_s=5.0)

    joining = asyncio.gather(*(join(number) for number in range(count)))
    joining.add_done_callback(
        lambda done: print(json.dumps({"joined": done.exception() is None}), flush=True)
    )
    while line := await reader.readline():
        told = json.loads(line)
        if "answer" in told:
            answers[told["number"]].set_result(told["answer"])
        else:
            print(json.dumps({"heard": sum(peer.count for peer in peers)}), flush=True)


class Door(Protocol):
    """What answers a listener's offer: our media plane or Janus."""

    async def answer(self, room: str, role: Role, offer: str, *, address: str) -> tuple[str, str]:
        """Return (id, answer)."""


class Audience:
    """The process of the listeners, as the server's process sees it."""

    def __init__(self, media: Door, process: asyncio.subprocess.Process) -> None:
        self._media = media
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._in = process.stdin
        self._out = process.stdout
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def begin(cls, media: Door, count: int, core: int) -> Audience:
        """Start the process; it offers at once."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.listeners", "--listen", str(count), "--core", str(core)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 20,
        )
        return cls(media, process)

    async def join(self) -> None:
        """Answer every offer until all are connected."""
        while told := json.loads(await self._out.readline()):
            if "joined" in told:
                assert told["joined"], "some listeners could not connect"
                return
            self._own(asyncio.ensure_future(self._let_in(told)))

    async def _let_in(self, told: dict[str, Any]) -> None:
        _, answer = await self._media.answer(ROOM, "listener", told["offer"], address="127.0.0.1")
        self._tell({"number": told["number"], "answer": answer})

    def _own(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _tell(self, message: dict[str, object]) -> None:
        self._in.write(json.dumps(message).encode() + b"\n")

    async def heard(self) -> int:
        """Return how many packets the listeners counted."""
        self._tell({"count": True})
        heard: int = json.loads(await self._out.readline())["heard"]
        return heard

    async def end(self) -> None:
        """Let the process end by the end of its input."""
        self._process.terminate()
        await self._process.wait()


async def _watch_lag(lags: list[float]) -> None:
    """Note by how much the loop wakes us too late, every few ms."""
    loop = asyncio.get_running_loop()
    while True:
        due_s = loop.time() + LAG_EVERY_S
        await asyncio.sleep(LAG_EVERY_S)
        lags.append(1000 * (loop.time() - due_s))


async def _loop_clip(media: Media, clip: list[bytes], seconds: float) -> tuple[float, int]:
    """Play the clip over and over; return CPU seconds and packets sent."""
    loop = asyncio.get_running_loop()
    media.play(ROOM, clip)
    await asyncio.sleep(0.3)
    cpu_s, sent, end = time.process_time(), media.counts().packets_out, loop.time() + seconds
    while loop.time() < end:
        _, duration_ms = media.play(ROOM, clip)
        await asyncio.sleep(min(duration_ms / 1000, max(0.0, end - loop.time())))
    used = time.process_time() - cpu_s, media.counts().packets_out - sent
    media.stop(ROOM)
    return used


async def _measure(listeners: int, seconds: float, frames: tuple[int, ...]) -> dict[str, float]:
    figures: dict[str, float] = {"listeners": listeners}
    for count in frames:
        packing = {"frames_in_small": count, "frames_in_middle": count, "frames_in_large": count}
        settings = Settings(peers=listeners, peers_per_address=listeners, **packing)
        media = await LocalMedia.open("127.0.0.1", 0, None, settings)
        clip = speech()
        media.play(ROOM, clip)  # whatever is made on first use is not a listener's
        media.stop(ROOM)
        gc.collect()
        memory, cpu_s = resident_bytes(), time.process_time()
        audience = await Audience.begin(media, listeners, 1)
        await audience.join()
        join_s = time.process_time() - cpu_s
        await asyncio.sleep(1.5)  # the silence that leads them in
        figures["join_cpu_ms"] = min(1000 * join_s / listeners, figures.get("join_cpu_ms", 1e9))
        grown = (resident_bytes() - memory) / 1024 / listeners
        figures["memory_kb"] = max(grown, figures.get("memory_kb", 0))
        before = await audience.heard() - media.counts().packets_out
        lags: list[float] = []
        watch = asyncio.ensure_future(_watch_lag(lags))
        used_s, sent = await _loop_clip(media, clip, seconds)
        watch.cancel()
        await asyncio.sleep(0.3)
        missed = media.counts().packets_out - (await audience.heard() - before)
        ms = count * 20
        figures[f"cpu_us_a_packet_{ms}ms"] = 1e6 * used_s / sent
        figures[f"listeners_a_core_{ms}ms"] = sent / used_s / (1000 / ms)
        figures[f"missed_share_{ms}ms"] = missed / sent
        figures[f"lag_p99_ms_{ms}ms"] = sorted(lags)[int(len(lags) * 0.99)]
        await audience.end()
        await media.close()
    return figures


async def _measure_workers(listeners: int, workers: int, seconds: float, count: int) -> dict[str, float]:
    """Return what a machine carries with so many media workers, each with a core of its own."""
    packing = {"frames_in_small": count, "frames_in_middle": count, "frames_in_large": count}
    settings = Settings(peers=listeners, peers_per_address=listeners, **packing)
    media = await RemoteMedia.open("127.0.0.1", 0, None, settings, workers=workers)
    audience = await Audience.begin(media, listeners, 1)
    await audience.join()
    await asyncio.sleep(1.5)
    await asyncio.sleep(0.6)  # workers tell their counts twice a second
    before = await audience.heard() - media.counts().packets_out
    before_s = [janus.cpu_s(pid) for pid in media.pids]
    main_s, sent = await _loop_clip(media, speech(), seconds)
    await asyncio.sleep(0.6)
    missed = media.counts().packets_out - (await audience.heard() - before)
    used_s = [janus.cpu_s(pid) - then for pid, then in zip(media.pids, before_s, strict=True)]
    await audience.end()
    await media.close()
    return {
        f"listeners_a_machine_{workers}_workers_{count * 20}ms": workers * sent / sum(used_s) / (50 / count),
        f"missed_share_{workers}_workers": missed / sent,
        f"main_share_of_a_core_{workers}_workers": main_s / seconds,
    }


async def _measure_janus(listeners: int, seconds: float, frames: tuple[int, ...]) -> dict[str, float]:
    """Return Janus's figures under the same packets."""
    figures: dict[str, float] = {}
    for count in frames:
        peer = await janus.Janus.start()
        os.sched_setaffinity(peer.pid, {0})
        audience = await Audience.begin(peer, listeners, 1)
        await audience.join()
        heard, used_s = await audience.heard(), janus.cpu_s(peer.pid)
        sent = listeners * await peer.feed(speech(), count, seconds)
        await asyncio.sleep(0.3)
        used_s = janus.cpu_s(peer.pid) - used_s
        figures[f"janus_listeners_a_core_{count * 20}ms"] = sent / used_s / (50 / count)
        missed = sent - (await audience.heard() - heard)
        figures[f"janus_missed_share_{count * 20}ms"] = max(0.0, missed / sent)  # its RTCP is counted too
        await audience.end()
        await peer.close()
    return figures


def measure(
    listeners: int = 300, seconds: float = 8.0, frames: tuple[int, ...] = (1, 3, 6)
) -> dict[str, float]:
    """Return the figures: CPU a packet, listeners a core, CPU to join, memory a listener."""
    import uvloop  # noqa: PLC0415 - as the server runs

    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    pin(0)
    try:
        figures = uvloop.run(_measure(listeners, seconds, frames))
        return figures | {f"lag_{name}": figure for name, figure in lag.measure().items()}
    finally:
        if before is not None:
            os.sched_setaffinity(0, before)


def main(arguments: list[str] | None = None) -> None:
    """Measure and print, or be the listeners."""
    parser = argparse.ArgumentParser(prog="bench.listeners", description=__doc__)
    parser.add_argument("--listeners", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--listen", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--core", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--frames", type=int, nargs="+", default=[1, 3, 6], help="20 ms frames in a packet")
    parser.add_argument(
        "--peer", choices=["janus"], help="measure it too, and print how many times it we are"
    )
    parser.add_argument("--workers", type=int, nargs="*", default=[], help="measure with so many workers")
    chosen = parser.parse_args(arguments)
    if chosen.listen:
        pin(chosen.core)
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        asyncio.run(listen(chosen.listen))
        return
    figures = measure(chosen.listeners, chosen.seconds, tuple(chosen.frames))
    _show(figures)
    others = _others(chosen.listeners, chosen.seconds, chosen.frames, chosen.peer, chosen.workers)
    _show(others)
    figures |= others
    for count in chosen.frames if chosen.peer else []:
        name = f"listeners_a_core_{count * 20}ms"
        print(f"{'times_janus_' + name[17:]:36} {figures[name] / figures['janus_' + name]:12.2f}")


def _show(figures: dict[str, float]) -> None:
    for name, figure in figures.items():
        print(f"{name:36} {figure:12.2f}", flush=True)


def _others(
    listeners: int, seconds: float, frames: list[int], peer: str | None, workers: list[int]
) -> dict[str, float]:
    """Measure with workers, and what we are compared with."""
    figures: dict[str, float] = {}
    for count in workers:
        figures |= asyncio.run(_measure_workers(listeners, count, seconds, frames[-1]))
    if peer is not None:
        if not janus.installed():
            raise SystemExit(
                "There is no janus here (Debian: apt-get install --no-install-recommends janus)."
            )
        figures |= asyncio.run(_measure_janus(listeners, seconds, tuple(frames)))
    return figures


if __name__ == "__main__":
    main()
