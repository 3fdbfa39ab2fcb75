"""The process that finishes takes and uploads: it loads all once, then forks a child for whoever asks.

It stands between the server and hostile sound. The server sends a socket over standard input; the child that
is forked for it reads jobs from that socket and answers there. An upload has a child for itself, takes share
one. End of file anywhere ends the child, and with the server everything ends.

    python -m server.takes.finishing    (started by server.takes.finisher alone)
"""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import select
import signal
import socket
import struct
import time
import traceback

import msgspec
import numpy as np

from audio import finish, m4a, media_types, ogg, opus
from audio.take import MASKS, Clip, Limits, Mask, Packet, Take, Unfit
from server.takes import sandbox
from server.takes.sandbox import Walls

# Set in the environment where captions are on: takes that are masked have their speech counted before.
COUNTS_SPEECH = "FINISH_COUNTS_SPEECH"
WALL_S = 10.0  # of wall time for one job
LARGEST_JOB_BYTES = 4_000_000
LONG_LIVED, ONCE = b"t", b"u"
# Preloaded, a child has 280 MB of address space, most of it libraries; a minute of sound takes 80 MB more.
WALLS = {LONG_LIVED: Walls(cpu_s=0), ONCE: Walls()}
SIZE = struct.Struct(">I")


class FinishTake(msgspec.Struct, tag=True, frozen=True):
    """Finish a take."""

    take: Take
    limits: Limits
    mask: Mask | None = None
    reduces_noise: bool = False


class FinishUpload(msgspec.Struct, tag=True, frozen=True):
    """Finish a file."""

    body: bytes
    media_type: str
    limits: Limits
    mask: Mask | None = None
    reduces_noise: bool = False


class MakeM4a(msgspec.Struct, tag=True, frozen=True):
    """Encode a clip for players without Opus."""

    ogg: bytes


class Finished(msgspec.Struct, tag=True, frozen=True):
    """A clip."""

    clip: Clip


class Made(msgspec.Struct, tag=True, frozen=True):
    """A file."""

    body: bytes


class Declined(msgspec.Struct, tag=True, frozen=True):
    """The sound cannot become a clip."""

    code: str
    message: str


class Broken(msgspec.Struct, tag=True, frozen=True):
    """Our own mistake, for the log."""

    trace: str


Job = FinishTake | FinishUpload | MakeM4a
Reply = Finished | Made | Declined | Broken

_job_decoder = msgspec.msgpack.Decoder(Job)
encode = msgspec.msgpack.encode


def do(job: Job) -> Reply:
    """Do one job, whatever comes of it."""
    try:
        match job:
            case FinishTake():
                clip = finish.finish_take(
                    job.take, job.limits, job.mask, counter(), reduces_noise=job.reduces_noise
                )
                return Finished(clip)
            case FinishUpload():
                upload = (job.body, job.media_type, job.limits, job.mask, counter())
                return Finished(finish.finish_upload(*upload, reduces_noise=job.reduces_noise))
            case MakeM4a():
                return Made(m4a.from_ogg(job.ogg))
    except Unfit as unfit:
        return Declined(unfit.code, unfit.message)
    except MemoryError:
        return Declined("undecodable", finish.UNDECODABLE)
    except Exception:  # noqa: BLE001 - the root of the child's work; the server logs the trace
        return Broken(traceback.format_exc()[-4_000:])


@functools.cache
def counter() -> finish.Count | None:
    """Return what counts speech before a mask; None where captions are off, or their library is not there.

    It is loaded with all else, before this process gives up what it may read.
    """
    if not os.environ.get(COUNTS_SPEECH):
        return None
    try:
        from server.engines.voice_activity import speech_ms  # noqa: PLC0415 - the extra `captions`
    except ImportError:
        return None
    return speech_ms


def warm_up() -> None:
    """Walk each path once, so that children inherit tables, codecs and modules."""
    t = np.arange(48_000) / 48_000
    sound = (0.3 * np.sin(2 * np.pi * 220 * t) * (np.sin(2 * np.pi * 3 * t) > 0)).astype(np.float32)
    frames, preskip = opus.encode(sound)
    take = Take(tuple(Packet(index * opus.FRAME, frame) for index, frame in enumerate(frames)))
    do(FinishTake(take, Limits()))
    do(FinishTake(take, Limits(), reduces_noise=True))
    for mask in MASKS:
        do(FinishTake(take, Limits(), Mask(mask, "")))
    m4a.from_ogg(ogg.write(frames, preskip=preskip, samples=len(sound)))
    for media_type in media_types.PLAIN:
        do(FinishUpload(b"", media_type, Limits()))


def serve(control: socket.socket) -> None:
    """Fork a child for each socket that comes, until the server hangs up; then none is left."""
    children: dict[int, float | None] = {}  # pid -> when it has had its time
    while True:
        readable, _, _ = select.select([control], [], [], 0.5 if children else None)
        if readable:
            kind, handles, _, _ = socket.recv_fds(control, 1, 1)
            if not kind:
                break
            for handle in handles:
                deadline = time.monotonic() + WALL_S + 1 if kind == ONCE else None
                children[_fork(control, handle, kind)] = deadline
        _reap(children)
    for child in children:
        _kill(child)
    while children:
        _reap(children, block=True)


def _fork(control: socket.socket, handle: int, kind: bytes) -> int:
    if child := os.fork():
        os.close(handle)
        return child
    try:
        control.close()
        sandbox.confine(WALLS[kind])
        with socket.socket(fileno=handle) as line:
            work(line, once=kind == ONCE)
    finally:
        os._exit(0)


def _kill(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


def _reap(children: dict[int, float | None], *, block: bool = False) -> None:
    now = time.monotonic()
    for child, deadline in list(children.items()):
        if deadline is not None and now > deadline:
            _kill(child)
        ended, _ = os.waitpid(child, 0 if block else os.WNOHANG)
        if ended:
            del children[child]


def work(line: socket.socket, *, once: bool) -> None:
    """Answer jobs until the line is closed; the kernel ends this process when one takes too long."""
    while (job := receive(line)) is not None:
        sandbox.alarm(WALL_S)
        reply = encode(do(_job_decoder.decode(job)))
        sandbox.alarm(0)
        line.sendall(SIZE.pack(len(reply)) + reply)
        if once:
            return


def receive(line: socket.socket) -> bytes | None:
    """Return the next message of a line, None at its end."""
    head = _exactly(line, SIZE.size)
    if head is None:
        return None
    (size,) = SIZE.unpack(head)
    return _exactly(line, size) if size <= LARGEST_JOB_BYTES else None


def _exactly(line: socket.socket, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = line.recv(size - len(parts))
        if not part:
            return None
        parts += part
    return bytes(parts)


def main() -> None:
    """Load, warm up, give up all privileges, serve standard input."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # running takes are finished first: the end of file tells when
    with socket.socket(fileno=0) as control:
        warm_up()
        sandbox.seclude()
        gc.collect()
        gc.freeze()  # what is loaded stays shared with the children
        serve(control)


if __name__ == "__main__":
    main()
