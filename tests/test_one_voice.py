"""One voice at a time on the radio of a room, and older clips with what they answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from audio import ogg, opus
from games.round import RoundClosed, RoundOpened, TurnGiven
from server.readers import radio
from server.room.commands import Change, Hide, Land, Remove, Restore
from server.room.events import ClipLanded, Draft
from tests.support.media import BELA
from tests.support.studio import FRAMES, Studio, open_studio, sound

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def studio(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Studio]:
    async with open_studio(monkeypatch) as open_:
        yield open_


# --- one voice at a time


def prompted(round_: str, prompt: str, *, go_at_ms: int, voice: str | None = None) -> TurnGiven:
    return TurnGiven(round_, 1, prompt, go_at_ms, go_at_ms + 5_000, voice)


async def begin(studio: Studio, round_: str, prompt: str = "Why?", *, go_in_ms: int = 0) -> None:
    """Open a round in which it is Bela's turn."""
    go_at_ms = studio.room.context().now_ms + go_in_ms
    drafts = [
        Draft(RoundOpened(round_, "word_association", "snap"), go_at_ms),
        Draft(prompted(round_, prompt, go_at_ms=go_at_ms, voice=BELA.id), go_at_ms),
    ]
    await studio.log.append("wonder", drafts)
    await studio.land("sync")  # out of turn: what was put into the log by itself is known to the room now


async def end(studio: Studio, round_: str) -> None:
    await studio.log.append("wonder", [Draft(RoundClosed(round_, "done"), 1)])


async def test_what_is_said_out_of_turn_airs_after_the_round_and_its_event_at_once(studio: Studio) -> None:
    await begin(studio, "r")
    await studio.land("aside")
    await studio.room.send(
        Land(ClipLanded("turn", FRAMES * 20, 0, 0, -16.0, ())), by=BELA, blobs=[sound("turn")]
    )
    await studio.until(lambda: studio.cues == ["turn"])
    assert "aside" in studio.room.state.clips
    studio.listening = 1
    studio.radio.wake("wonder")
    await asyncio.sleep(0.1)  # longer than everything here: what were to come would have come
    assert studio.cues == ["turn"]

    await end(studio, "r")
    await studio.land("after")

    await studio.until(lambda: len(studio.cues) >= 4)
    assert studio.cues[:4] == ["turn", "sync", "aside", "after"]
    studio.listening = 0


async def test_what_still_sounds_is_cut_when_a_window_begins(studio: Studio) -> None:
    long = ogg.write([opus.silence()] * 1_500, preskip=0, samples=1_500 * 960)
    await studio.land("long", body=long)
    await studio.until(lambda: bool(studio.media.played))

    await begin(studio, "r")

    await studio.until(lambda: studio.cuts == ["long"])
    assert studio.media.stopped == ["wonder"]
    await end(studio, "r")


# --- older clips


async def test_the_first_who_listens_hears_something_soon_and_then_now_and_again(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(radio, "DRIFT_AFTER_MS", 60_000)
    await studio.land("a")
    await studio.until(lambda: studio.cues == ["a"])
    await studio.until(lambda: not [t for t in asyncio.all_tasks() if "RoomRadio" in repr(t)])
    await studio.land("b")
    await studio.until(lambda: studio.cues == ["a", "b"])
    await studio.until(lambda: not [t for t in asyncio.all_tasks() if "RoomRadio" in repr(t)])

    studio.listening = 1
    studio.radio.wake("wonder")

    await studio.until(lambda: studio.cues == ["a", "b", "a"])
    studio.listening = 0


async def test_a_clip_that_is_alone_comes_again_but_not_in_a_loop(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(radio, "REPEAT_AFTER_MS", 60_000)
    await studio.land("a")
    await studio.until(lambda: studio.cues == ["a"])
    studio.listening = 1
    studio.radio.wake("wonder")
    await asyncio.sleep(0.15)  # some times what a drift waits for
    assert studio.cues == ["a"]

    monkeypatch.setattr(radio, "REPEAT_AFTER_MS", 20)

    await studio.until(lambda: studio.cues[:3] == ["a", "a", "a"])
    studio.listening = 0


async def test_an_older_clip_says_whose_it_is_when_it_was_and_what_it_answered(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(radio, "REPEAT_AFTER_MS", 20)
    await begin(studio, "r", "Why is the moon late?")
    landed = ClipLanded("a", FRAMES * 20, 0, 0, -16.0, ())
    event, *_ = await studio.room.send(Land(landed), by=BELA, blobs=[sound("a")])
    await end(studio, "r")
    await studio.room.send(Remove("sync", "admin"), by=None)
    await studio.until(lambda: studio.cues[:1] == ["a"])
    assert {"at_ms", "prompt"}.isdisjoint(studio.told[0])
    studio.listening = 1
    studio.radio.wake("wonder")

    await studio.until(lambda: any("at_ms" in cue for cue in studio.told))

    told = next(cue for cue in studio.told if "at_ms" in cue)
    assert (told["voice"], told["at_ms"], told["prompt"]) == (BELA.id, event.at_ms, "Why is the moon late?")
    studio.listening = 0


async def test_a_topic_that_was_forgotten_is_not_told_with_its_clips(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(radio, "REPEAT_AFTER_MS", 20)
    await begin(studio, "r", "A topic of somebody")
    await studio.room.send(Land(ClipLanded("a", FRAMES * 20, 0, 0, -16.0, ())), by=BELA, blobs=[sound("a")])
    await end(studio, "r")
    await studio.room.send(Remove("sync", "admin"), by=None)
    seq = studio.room.state.clips["a"].asked_seq
    assert seq is not None
    await studio.log.erase("wonder", [seq], [])
    studio.listening = 1
    studio.radio.wake("wonder")

    await studio.until(lambda: any("at_ms" in cue for cue in studio.told))

    assert not any("prompt" in cue for cue in studio.told)
    studio.listening = 0


async def test_a_cue_is_told_before_its_sound(studio: Studio) -> None:
    heard_at: list[int] = []
    play = studio.media.play

    def noted(room: str, frames: Any) -> tuple[int, int]:
        heard_at.append(len(studio.cues))
        return play(room, frames)

    studio.media.play = noted  # type: ignore[method-assign]
    await studio.land("a", "b")

    await studio.until(lambda: len(heard_at) == 2)
    assert heard_at == [1, 2]


async def test_what_is_hidden_while_it_plays_is_cut_and_what_waits_comes_when_it_may_stay(
    studio: Studio,
) -> None:
    await studio.land("a")
    await studio.until(lambda: studio.cues == ["a"])
    await studio.room.send(Hide("a"), by=None)
    assert studio.media.stopped == ["wonder"]

    await studio.room.send(Change(hold=True), by=None)
    await studio.land("b")
    await studio.room.send(Change(hold=False), by=None)
    await studio.land("c")
    await studio.until(lambda: studio.cues == ["a", "c"])
    await studio.room.send(Restore("b"), by=None)
    await studio.until(lambda: studio.cues == ["a", "c", "b"])


async def test_what_is_hidden_does_not_drift_by(studio: Studio) -> None:
    await studio.land("a", "b")
    await studio.room.send(Hide("a"), by=None)
    await studio.until(lambda: "b" in studio.cues)
    before = len(studio.cues)
    studio.listening = 1
    await studio.land("c")

    await studio.until(lambda: len(studio.cues) >= before + 6)

    assert "a" not in studio.cues[before:]
    studio.listening = 0
