from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from audio import finish, opus
from audio.take import Clip, Limits, Mask, Packet, Take, Unfit
from server.jobs import Broken
from server.takes import finisher, finishing
from server.takes.finisher import Finisher
from tests.support import speech
from tests.support.spoken import need_extra
from tests.support.uploads import muxed

LIMITS = Limits()


def spoken(text: str = "hello there") -> speech.Pcm:
    return np.concatenate([speech.room_noise(0.5, -60, 1), speech.level(speech.say(text), -20)])


def take_of(pcm: speech.Pcm) -> Take:
    payloads = speech.opus_packets(pcm)
    return Take(tuple(Packet(index * opus.FRAME, payload) for index, payload in enumerate(payloads)))


TAKE = take_of(spoken())


@pytest.fixture
async def running() -> AsyncIterator[Finisher]:
    """A finisher of this test's own, which may kill it."""
    made = Finisher()
    await made.start()
    yield made
    await made.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[Finisher]:
    """One finisher for the tests that do it no harm: each start imports all codecs."""
    made = Finisher()
    await made.start()
    yield made
    await made.close()


harmless = pytest.mark.asyncio(loop_scope="module")


def children(finisher: Finisher) -> list[int]:
    process = finisher._fork_server._process
    assert process is not None
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


async def only_child(finisher: Finisher) -> int:
    async with asyncio.timeout(10):
        while not (pids := children(finisher)):
            await asyncio.sleep(0.01)
    return pids[0]


async def no_children_left(finisher: Finisher) -> None:
    async with asyncio.timeout(5):
        while children(finisher):
            await asyncio.sleep(0.05)


@harmless
async def test_takes_become_clips_while_the_loop_goes_on(shared: Finisher) -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.001)
            turns += 1

    counting = asyncio.create_task(count())
    clips = await asyncio.gather(*(shared.take(TAKE, LIMITS) for _ in range(3)))
    counting.cancel()

    assert clips[0] == clips[1] == clips[2] == finish.finish_take(TAKE, LIMITS)
    assert turns >= 3


@harmless
@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("audio/wav", speech.wav(None, spoken())),
        ("audio/webm", muxed(spoken(), "webm", "libopus")),
        ("audio/mp4", muxed(spoken(), "mp4", "aac")),
        ("audio/ogg", muxed(spoken(), "ogg", "libopus")),
    ],
)
async def test_uploads_become_clips(shared: Finisher, media_type: str, body: bytes) -> None:
    clip = await shared.upload(body, media_type, LIMITS)

    assert clip.onset_ms == pytest.approx(finish.finish_take(TAKE, LIMITS).onset_ms, abs=20)
    assert (await shared.m4a(clip.ogg))[4:8] == b"ftyp"


@harmless
async def test_silence_says_so_in_a_sentence(shared: Finisher) -> None:
    with pytest.raises(Unfit) as taken:
        await shared.take(take_of(speech.silence(1)), LIMITS)
    with pytest.raises(Unfit) as uploaded:
        await shared.upload(speech.wav(None, speech.silence(1)), "audio/wav", LIMITS)

    assert taken.value.code == uploaded.value.code == "silent"
    assert taken.value.message == "We heard nothing. Is your microphone muted?"


@harmless
@pytest.mark.parametrize("body", [b"", b"OggS" * 1_000, b"<html>", bytes(100_000)])
async def test_files_that_are_none_are_undecodable(shared: Finisher, body: bytes) -> None:
    with pytest.raises(Unfit) as unfit:
        await shared.upload(body, "audio/ogg", LIMITS)
    with pytest.raises(Unfit):
        await shared.m4a(body)

    assert unfit.value.code == "undecodable"


async def test_an_upload_leaves_no_process_behind(running: Finisher) -> None:
    await running.take(TAKE, LIMITS)
    (worker,) = children(running)
    await running.upload(speech.wav(None, spoken()), "audio/wav", LIMITS)

    async with asyncio.timeout(5):
        while children(running) != [worker]:
            await asyncio.sleep(0.05)


async def test_a_worker_that_dies_is_replaced_and_the_take_still_lands(running: Finisher) -> None:
    expected = await running.take(TAKE, LIMITS)
    (worker,) = children(running)
    os.kill(worker, signal.SIGKILL)

    assert await running.take(TAKE, LIMITS) == expected
    async with asyncio.timeout(5):
        while worker in children(running):
            await asyncio.sleep(0.05)


async def test_a_fork_server_that_dies_is_replaced(running: Finisher) -> None:
    expected = await running.take(TAKE, LIMITS)
    process = running._fork_server._process
    assert process is not None
    process.kill()
    await process.wait()

    assert await running.take(TAKE, LIMITS) == expected
    assert (await running.upload(expected.ogg, "audio/ogg", LIMITS)).duration_ms > 0


async def test_a_payload_that_kills_its_worker_is_undecodable_and_harms_no_other(
    running: Finisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = finisher.MessageChannel.ask

    async def deadly(line: finisher.MessageChannel, job: finishing.Job) -> finishing.Reply:
        if isinstance(job, finishing.FinishTake) and job.take.preroll_ms == 666:
            os.kill(await only_child(running), signal.SIGKILL)
            await no_children_left(running)
        return await ask(line, job)

    monkeypatch.setattr(finisher.MessageChannel, "ask", deadly)
    doomed = Take(TAKE.packets, preroll_ms=666)

    results = await asyncio.gather(
        running.take(TAKE, LIMITS),
        running.take(doomed, LIMITS),
        running.take(TAKE, LIMITS),
        return_exceptions=True,
    )

    assert isinstance(results[0], Clip)
    assert results[2] == results[0]
    assert isinstance(results[1], Unfit)
    assert results[1].code == "undecodable"


async def test_without_descriptors_an_upload_is_unfit_and_later_ones_are_finished(
    running: Finisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C9."""
    clip = await running.take(TAKE, LIMITS)

    def none_left() -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as poor:
        poor.setattr(socket, "socketpair", none_left)
        with pytest.raises(Unfit):
            await running.upload(clip.ogg, "audio/ogg", LIMITS)

    assert (await running.upload(clip.ogg, "audio/ogg", LIMITS)).duration_ms > 0


async def test_a_worker_that_hangs_is_given_up(running: Finisher, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = await running.take(TAKE, LIMITS)
    (worker,) = children(running)
    os.kill(worker, signal.SIGSTOP)
    with monkeypatch.context() as impatient, contextlib.suppress(Unfit):
        impatient.setattr(finisher, "PATIENCE_S", 0.3)
        await running.take(TAKE, LIMITS)
    os.kill(worker, signal.SIGKILL)

    assert await running.take(TAKE, LIMITS) == expected


async def test_a_take_given_up_by_its_asker_does_not_answer_the_next_one(running: Finisher) -> None:
    other = take_of(spoken("something else entirely"))
    await running.take(TAKE, LIMITS)
    asked = asyncio.create_task(running.take(other, LIMITS))
    await asyncio.sleep(0.02)
    asked.cancel()

    assert await running.take(TAKE, LIMITS) == finish.finish_take(TAKE, LIMITS)


async def test_closing_twice_ends_everything_and_whoever_waits_is_told() -> None:
    made = Finisher()
    await made.start()
    clip = await made.take(TAKE, LIMITS)
    process = made._fork_server._process
    assert process is not None
    waiting = [asyncio.create_task(made.take(TAKE, LIMITS)), asyncio.create_task(made.m4a(clip.ogg))]
    await asyncio.sleep(0)

    await made.close()
    await made.close()

    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, Unfit | Clip | bytes) for result in results)
    assert process.returncode == 0
    assert not Path(f"/proc/{process.pid}").exists()
    with pytest.raises(Unfit):
        await made.take(TAKE, LIMITS)


async def test_closing_before_starting_is_harmless() -> None:
    await Finisher().close()


async def test_no_more_uploads_at_once_than_set() -> None:
    made = Finisher(uploads=2)
    await made.start()
    body = speech.wav(None, spoken())
    highest = 0

    async def watch() -> None:
        nonlocal highest
        while True:
            highest = max(highest, 2 - made._uploads._value)
            await asyncio.sleep(0.002)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(made.upload(body, "audio/wav", LIMITS) for _ in range(6)))
    watching.cancel()
    await made.close()
    assert highest == 2


@pytest.mark.parametrize("reply", [b"\xff\xff\xff\xff", struct.pack(">I", 3) + b"abc", b"", b"\0"])
async def test_an_answer_that_makes_no_sense_is_the_end_of_its_line(reply: bytes) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        line = finisher.MessageChannel(*await asyncio.open_unix_connection(sock=ours))
        theirs.sendall(reply)
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(finisher.Gone):
            await line.ask(finishing.MakeM4a(b""))
        line.hang_up()


async def test_our_own_mistakes_are_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    unfit = finisher._unfit(Broken("ZeroDivisionError in line 5"))

    assert unfit.code == "undecodable"
    assert "Zero" not in unfit.message
    assert "ZeroDivisionError" in caplog.text


@harmless
async def test_a_masked_take_is_the_same_however_often_it_is_finished(shared: Finisher) -> None:
    mask = Mask("alien", "clip-1")
    clips = [await shared.take(TAKE, LIMITS, mask) for _ in range(2)]
    assert clips[0] == clips[1] == finish.finish_take(TAKE, LIMITS, mask)
    assert clips[0].mask == "alien"
    assert clips[0].ogg != (await shared.take(TAKE, LIMITS)).ogg
    body = muxed(spoken(), "ogg", "libopus")
    assert (await shared.upload(body, "audio/ogg", LIMITS, mask)).mask == "alien"


async def test_a_mask_that_cannot_be_worn_is_a_take_refused_and_never_the_natural_voice(
    running: Finisher, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Unfit):
        await running.take(TAKE, LIMITS, Mask("nobody", "clip-1"))
    assert "finish.broken" in caplog.text
    assert (await running.take(TAKE, LIMITS)).mask is None


def test_a_clip_without_the_mask_that_was_asked_for_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    natural = finishing.Finished(finish.finish_take(TAKE, LIMITS))
    assert finisher._masked(natural, None) == natural.clip
    with pytest.raises(Unfit):
        finisher._masked(natural, Mask("mouse", "clip-1"))
    assert "finish.unmasked" in caplog.text


async def test_a_killed_child_leaves_no_natural_voice_behind(running: Finisher) -> None:
    await running.take(TAKE, LIMITS, Mask("mouse", "warm"))
    taken = asyncio.create_task(running.take(TAKE, LIMITS, Mask("choir", "clip-1")))
    await asyncio.sleep(0)
    os.kill(await only_child(running), signal.SIGKILL)
    assert (await taken).mask == "choir"


@pytest.mark.parametrize("mask", ["whisper", "choir"])
async def test_speech_is_counted_before_a_mask_behind_which_nothing_can_tell(mask: str) -> None:
    need_extra("onnxruntime")
    made = Finisher(counts_speech=True)
    try:
        clip = await made.take(TAKE, LIMITS, Mask(mask, "clip-1"))
        assert clip.speech_ms is not None
        assert 250 <= clip.speech_ms <= clip.duration_ms
        body = muxed(spoken(), "ogg", "libopus")
        uploaded = await made.upload(body, "audio/ogg", LIMITS, Mask(mask, "clip-1"))
        assert uploaded.speech_ms is not None
        assert (await made.take(TAKE, LIMITS)).speech_ms is None, (
            "what is not masked, whoever hears it counts"
        )
    finally:
        await made.close()


@harmless
async def test_where_captions_are_off_nothing_is_counted(shared: Finisher) -> None:
    assert (await shared.take(TAKE, LIMITS, Mask("whisper", "clip-1"))).speech_ms is None
