from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator

import msgspec
import numpy as np
import pytest

from audio import finish, ogg, opus
from audio.take import Limits, Mask, Packet, Take
from server.takes import finishing
from server.takes.finisher import ENVIRONMENT
from server.takes.finishing import (
    Broken,
    Declined,
    Finished,
    FinishTake,
    FinishUpload,
    Job,
    Made,
    MakeM4a,
    Reply,
)
from tests.support import speech
from tests.support.shape import ROOT

LIMITS = Limits()
SERVED = 7
SERVING = f"""
import socket
from server.takes import finishing
finishing.serve(socket.socket(fileno=0))
raise SystemExit({SERVED})
"""
# Those that libraries start are not known to `threading`, where the system tells of them.
WARMING = """
import pathlib, threading
from server.takes import finishing
finishing.warm_up()
tasks = pathlib.Path("/proc/self/task")
print(len(list(tasks.iterdir())) if tasks.exists() else threading.active_count())
"""


def spoken_take() -> Take:
    payloads = speech.opus_packets(speech.level(speech.say("hello there"), -20))
    return Take(tuple(Packet(index * 960, payload) for index, payload in enumerate(payloads)))


def test_jobs_are_done() -> None:
    finished = finishing.do(FinishTake(spoken_take(), LIMITS))
    assert isinstance(finished, Finished)

    uploaded = finishing.do(FinishUpload(finished.clip.ogg, "audio/ogg", LIMITS))
    assert isinstance(uploaded, Finished)

    made = finishing.do(MakeM4a(finished.clip.ogg))
    assert isinstance(made, Made)
    assert made.body[4:8] == b"ftyp"


@pytest.mark.parametrize("mask", [None, Mask("giant", "a")])
def test_noise_is_turned_down_and_a_copy_is_made_only_for_words_of_a_natural_voice(
    mask: Mask | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "counter", lambda: lambda _: 500)
    plain, quiet = (
        finishing.do(FinishTake(spoken_take(), LIMITS, mask, reduces_noise=reduces))
        for reduces in (False, True)
    )
    assert isinstance(plain, Finished)
    assert isinstance(quiet, Finished)
    assert plain.clip.unreduced is None
    assert plain.clip.ogg != quiet.clip.ogg
    assert (quiet.clip.unreduced is None) == (mask is not None)
    assert plain.clip.duration_ms == quiet.clip.duration_ms


def test_unfit_sound_is_declined() -> None:
    assert finishing.do(FinishTake(Take(()), LIMITS)) == Declined("undecodable", finish.UNDECODABLE)


@pytest.mark.parametrize(("error", "reply"), [(MemoryError(), Declined), (ZeroDivisionError(), Broken)])
def test_what_goes_wrong_is_told(monkeypatch: pytest.MonkeyPatch, error: Exception, reply: type) -> None:
    def failing(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(finish, "finish_take", failing)

    assert isinstance(finishing.do(FinishTake(Take(()), LIMITS)), reply)


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(20)
    with ours, theirs:
        yield ours, theirs


def ask(line: socket.socket, job: Job) -> Reply:
    body = finishing.encode(job)
    line.sendall(finishing.SIZE.pack(len(body)) + body)
    reply = finishing.receive(line)
    assert reply is not None
    decoder: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)
    return decoder.decode(reply)


def test_a_message_too_large_is_the_end_of_a_line(line: tuple[socket.socket, socket.socket]) -> None:
    line[0].sendall(finishing.SIZE.pack(finishing.LARGEST_JOB_BYTES + 1) + b"x" * 100)

    assert finishing.receive(line[1]) is None


def test_a_message_cut_off_is_the_end_of_a_line(line: tuple[socket.socket, socket.socket]) -> None:
    line[0].sendall(finishing.SIZE.pack(10) + b"x")
    line[0].close()

    assert finishing.receive(line[1]) is None


@pytest.fixture
def fork_server() -> Iterator[socket.socket]:
    """A process that serves a control socket; it must end by itself when that is closed.

    It is not forked: whoever runs the tests may have threads.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen([sys.executable, "-c", SERVING], cwd=ROOT, stdin=theirs.fileno())
    with process:
        yield ours
        ours.close()
        assert process.wait(20) == SERVED


def fresh(control: socket.socket, kind: bytes) -> socket.socket:
    ours, theirs = socket.socketpair()
    ours.settimeout(20)
    with theirs:
        socket.send_fds(control, [kind], [theirs.fileno()])
    return ours


def test_a_long_lived_child_answers_again_and_again(fork_server: socket.socket) -> None:
    with fresh(fork_server, finishing.LONG_LIVED) as line:
        for _ in range(3):
            assert isinstance(ask(line, FinishTake(Take(()), LIMITS)), Declined)


def test_a_child_for_once_answers_once(fork_server: socket.socket) -> None:
    with fresh(fork_server, finishing.ONCE) as line:
        assert isinstance(ask(line, FinishUpload(b"", "audio/ogg", LIMITS)), Declined)
        assert line.recv(1) == b""


def test_children_that_wait_are_ended_with_the_server(fork_server: socket.socket) -> None:
    lines = [fresh(fork_server, kind) for kind in (finishing.ONCE, finishing.LONG_LIVED)]
    with lines[0], lines[1]:
        assert isinstance(ask(lines[1], FinishTake(Take(()), LIMITS)), Declined)
        fork_server.close()
        assert [line.recv(1) for line in lines] == [b"", b""]


def test_a_garbage_job_ends_its_child_alone(fork_server: socket.socket) -> None:
    with (
        fresh(fork_server, finishing.LONG_LIVED) as broken,
        fresh(fork_server, finishing.LONG_LIVED) as whole,
    ):
        broken.sendall(finishing.SIZE.pack(3) + b"abc")
        assert broken.recv(1) == b""
        assert isinstance(ask(whole, FinishTake(Take(()), LIMITS)), Declined)


def test_a_minute_of_sound_fits_into_the_walls_of_an_upload(fork_server: socket.socket) -> None:
    pcm = np.tile(speech.level(speech.say("hello there"), -20), 80)[: 59 * 48_000]
    frames, preskip = opus.encode(pcm, complexity=0)
    body = ogg.write(frames, preskip=preskip, samples=len(pcm))

    with fresh(fork_server, finishing.ONCE) as line:
        reply = ask(line, FinishUpload(body, "audio/ogg", LIMITS))

    assert isinstance(reply, Finished)
    assert reply.clip.duration_ms == LIMITS.longest_ms


def test_warming_up_starts_no_thread() -> None:
    """A process with threads must not fork."""
    done = subprocess.run(
        [sys.executable, "-c", WARMING],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.returncode) == ("1\n", 0), done.stderr
