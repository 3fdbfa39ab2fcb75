from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from audio import ogg, opus
from audio.take import LONGEST_CLIP_MS
from games.round import RevealedTake, RoundClosed, RoundRevealed
from server.blobs.base import Away, Blob
from server.readers import radio
from server.room import playlist
from server.room.commands import Caption, Close, Land, Oversee, Pass, Remove, RoundStart, RoundStop, Throw
from server.room.events import ClipCaptioned, ClipLanded, Draft
from server.rooms.presence import PRESENT
from tests.support.actors import BELA, local
from tests.support.media import ANNA
from tests.support.studio import FRAMES, SOUND, Studio, open_studio

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def studio(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Studio]:
    async with open_studio(monkeypatch) as open_:
        yield open_


async def test_new_clips_are_played_once_each_in_order(studio: Studio) -> None:
    await studio.land("a", "b", "c")

    await studio.until(lambda: len(studio.media.played) == 3)

    assert studio.cues == ["a", "b", "c"]
    assert studio.media.played == [("wonder", FRAMES)] * 3


async def test_without_listeners_nothing_drifts_and_no_task_stays(studio: Studio) -> None:
    await studio.land("a", "b")
    await studio.until(lambda: len(studio.cues) == 2)
    await studio.until(lambda: not [t for t in asyncio.all_tasks() if "RoomRadio" in repr(t)])

    assert studio.cues == ["a", "b"]


async def test_while_somebody_listens_older_clips_drift_by_never_one_twice_in_a_row(studio: Studio) -> None:
    await studio.land("a", "b", "c")
    studio.listening = 1
    studio.radio.wake("wonder")

    await studio.until(lambda: len(studio.cues) >= 10)

    assert all(one != other for one, other in zip(studio.cues, studio.cues[1:], strict=False))
    assert set(studio.cues[3:]) == {"a", "b", "c"}
    studio.listening = 0


async def test_a_clip_that_was_taken_back_is_not_played(studio: Studio) -> None:
    await studio.land("a", "b", "c")
    await studio.room.send(Remove("b", "admin"), by=None)

    await studio.until(lambda: len(studio.cues) == 2)

    assert studio.cues == ["a", "c"]


async def test_a_clip_that_is_taken_back_while_it_plays_is_cut(studio: Studio) -> None:
    await studio.land("a")
    await studio.until(lambda: studio.cues == ["a"])

    await studio.room.send(Remove("a", "forgotten"), by=None)

    assert studio.media.stopped == ["wonder"]


async def test_a_clip_that_a_filter_holds_while_it_plays_is_cut_and_comes_back_when_it_passes(
    studio: Studio,
) -> None:
    await studio.land("a")
    await studio.until(lambda: studio.cues == ["a"])

    await studio.room.send(Caption(ClipCaptioned("a", "call me at 0171 2345678", "en")), by=None)
    assert studio.media.stopped == ["wonder"]
    await studio.land("b")
    await studio.until(lambda: studio.cues == ["a", "b"])

    await studio.land("c")
    await studio.room.send(Caption(ClipCaptioned("c", "call me at 0171 2345678", "en")), by=None)
    await studio.room.send(Oversee(Pass("c", value=True)), by=None)
    await studio.until(lambda: studio.cues[-1:] == ["c"])


async def test_hidden_clips_wait_for_their_reveal_and_a_replay_is_one_piece(studio: Studio) -> None:
    await studio.land("a")
    await studio.until(lambda: studio.cues == ["a"])
    hidden = ClipLanded("h", FRAMES * 20, 0, 0, -16.0, (), hidden=True)
    revealed = RoundRevealed("r", (RevealedTake("h", ANNA.id, 1),))
    closed = RoundClosed("r", "done", (), ("a", "h"))
    await studio.log.append(
        "wonder", [Draft(hidden, 1, ANNA)], blobs=[Blob("h", "wonder", SOUND)], expect=studio.room.tail.head
    )
    await studio.log.append("wonder", [Draft(revealed, 1), Draft(closed, 1)])
    await studio.land("b")

    await studio.until(lambda: len(studio.media.played) == 4)

    assert studio.cues == ["a", "h", "a", "h", "b"]
    assert studio.media.played[2] == ("wonder", 2 * FRAMES)


async def test_closing_twice_is_harmless(studio: Studio) -> None:
    await studio.radio.close()
    await studio.radio.close()
    await studio.land("a")

    assert studio.cues == []


async def test_a_clip_that_was_heard_live_lights_up_but_is_not_played_again(studio: Studio) -> None:
    studio.radio.live_relayed("wonder", "live")
    await studio.land("live", "b")

    await studio.until(lambda: len(studio.cues) == 2 and bool(studio.media.played))

    assert sorted(studio.cues) == ["b", "live"]
    assert studio.media.played == [("wonder", FRAMES)]
    await studio.land("c")
    await studio.until(lambda: len(studio.cues) == 3)


async def test_the_radio_is_silent_while_somebody_is_heard_live_and_goes_on_after(studio: Studio) -> None:
    studio.radio.live_relay("wonder", on=True)
    await studio.land("a", "b")
    studio.listening = 1
    studio.radio.wake("wonder")
    await asyncio.sleep(0.1)
    assert studio.media.played == []

    studio.radio.live_relay("wonder", on=False)

    await studio.until(lambda: len(studio.cues) >= 2)
    assert studio.cues[:2] == ["a", "b"]


async def test_a_new_clip_that_gives_way_to_a_live_voice_is_played_after_it(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(radio, "GAP_MS", -FRAMES * 20 + 5_000)
    await studio.land("a")
    await studio.until(lambda: studio.cues == ["a"])
    monkeypatch.setattr(radio, "GAP_MS", 10)

    studio.radio.live_relay("wonder", on=True)
    await asyncio.sleep(0.05)
    studio.radio.live_relay("wonder", on=False)
    studio.radio.live_relay("nowhere", on=False)

    await studio.until(lambda: len(studio.cues) >= 2)
    assert studio.cues[:2] == ["a", "a"]


# --- what cannot be played, and what is too much


async def lose(studio: Studio, clip: str, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Land a clip that will not be played."""
    blob = studio.log.blob

    async def failing(id: str) -> Blob | None:
        if id != clip:
            return await blob(id)
        if how == "unread":
            raise OSError("the disk")
        return None

    if how != "damaged":
        monkeypatch.setattr(studio.log, "blob", failing)
    await studio.land(clip, body=SOUND[:-1] if how == "damaged" else SOUND)


@pytest.mark.parametrize("how", ["damaged", "missing", "unread"])
async def test_a_clip_that_cannot_be_played_costs_itself_alone(
    studio: Studio, how: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    studio.radio.live_relay("wonder", on=True)
    await lose(studio, "x", how, monkeypatch)
    await studio.land("a", "b")
    studio.radio.live_relay("wonder", on=False)

    await studio.until(lambda: studio.cues == ["a", "b"])

    assert ("room wonder" in caplog.text) == (how != "missing")


@pytest.mark.parametrize("how", ["damaged", "missing", "unread"])
async def test_a_clip_that_cannot_be_played_is_not_tried_for_ever(
    studio: Studio, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lose(studio, "x", how, monkeypatch)
    await studio.land("a", "b")
    await studio.until(lambda: studio.cues == ["a", "b"])
    asked: list[str] = []
    blob = studio.log.blob

    async def noted(id: str) -> Blob | None:
        asked.append(id)
        return await blob(id)

    monkeypatch.setattr(studio.log, "blob", noted)
    studio.listening = 1
    studio.radio.wake("wonder")

    await studio.until(lambda: len(studio.cues) >= 12)

    assert "x" not in asked
    studio.listening = 0


async def test_a_clip_whose_storage_was_away_is_drawn_again(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    await studio.land("a", "b")
    await studio.until(lambda: studio.cues == ["a", "b"])
    blob, asked = studio.log.blob, list[str]()

    async def away(id: str) -> Blob | None:
        asked.append(id)
        if len(asked) <= 2:
            raise Away("nobody there")
        return await blob(id)

    monkeypatch.setattr(studio.log, "blob", away)
    studio.listening = 1
    studio.radio.wake("wonder")

    await studio.until(lambda: len(studio.cues) >= 8)

    assert set(studio.cues[2:]) == {"a", "b"}
    studio.listening = 0


@pytest.mark.parametrize("how", ["damaged", "missing", "unread"])
async def test_a_piece_is_played_without_the_clip_that_is_damaged(
    studio: Studio, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await studio.land("a")
    await lose(studio, "x", how, monkeypatch)
    await studio.land("b")
    await studio.until(lambda: studio.cues == ["a", "b"])

    await studio.log.append("wonder", [Draft(RoundClosed("r", "done", (), ("b", "x", "a")), 1)])
    await studio.land("c")

    await studio.until(lambda: studio.cues == ["a", "b", "b", "a", "c"] and len(studio.media.played) == 4)
    assert studio.media.played[2] == ("wonder", 2 * FRAMES)


async def test_a_replay_of_a_crowd_is_played_in_parts(studio: Studio) -> None:
    clips = tuple(f"c{number}" for number in range(playlist.PIECE_CLIPS + 2))
    await studio.land(*clips)
    await studio.until(lambda: len(studio.cues) == len(clips))

    await studio.log.append("wonder", [Draft(RoundClosed("r", "done", (), clips), 1)])
    await studio.land("next")
    await studio.until(lambda: len(studio.media.played) == len(clips) + 3)

    assert studio.cues == [*clips, *clips, "next"]
    assert [frames // FRAMES for _, frames in studio.media.played[len(clips) :]] == [
        playlist.PIECE_CLIPS,
        2,
        1,
    ]


async def test_clips_that_are_too_many_are_skipped_from_the_oldest_on(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever way they came: one that was put back for a live voice is the oldest of all."""
    monkeypatch.setattr(radio, "GAP_MS", 60_000)
    await studio.land("back")
    await studio.until(lambda: studio.cues == ["back"])
    monkeypatch.setattr(radio, "GAP_MS", 10)
    newer = [f"clip-{number}" for number in range(playlist.QUEUE_PIECES)]
    await studio.land("too-many", "by-two", *newer)
    studio.radio.live_relay("wonder", on=True)
    await studio.until(lambda: not studio.radio._rooms["wonder"]._playing.clips)
    studio.radio.live_relay("wonder", on=False)

    await studio.until(lambda: bool(studio.cues) and studio.cues[-1] == newer[-1])

    assert studio.cues == ["back", *newer]


async def test_the_longest_clip_is_played_and_the_radio_goes_on(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames, preskip = opus.encode(np.zeros(LONGEST_CLIP_MS * 48, dtype=np.float32))
    await studio.land("long", body=ogg.write(frames, preskip=preskip, samples=LONGEST_CLIP_MS * 48))

    await studio.until(lambda: bool(studio.media.played))

    assert studio.media.played == [("wonder", len(frames))]
    await studio.land("next")
    await studio.room.send(Remove("long", "forgotten"), by=None)  # nobody waits for half a minute
    await studio.until(lambda: studio.cues == ["long", "next"])


async def test_a_closed_room_is_silent_at_once_and_for_good(studio: Studio) -> None:
    studio.listening = 1
    # Longer than is waited here: it must not be heard out.
    await studio.land("a", body=ogg.write([opus.silence()] * 1_500, preskip=0, samples=1_500 * 960))
    await studio.land("b", "c")
    await studio.until(lambda: studio.cues == ["a"])
    await studio.room.send(Throw())
    stopped = studio.media.stopped.copy()

    await studio.room.send(Close())
    assert studio.media.stopped == [*stopped, "wonder"]
    studio.radio.wake("wonder")
    await studio.until(lambda: not [t for t in asyncio.all_tasks() if "RoomRadio" in repr(t)])

    assert studio.cues == ["a"]


async def test_the_radio_of_a_room_that_went_to_another_process_ends_without_a_word(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(radio, "GAP_MS", 200)
    await studio.land("a", "b")
    await studio.until(lambda: bool(studio.media.played))
    room = local(studio.room)
    room.deposed([])
    studio.radio.detach(room)
    await studio.until(lambda: not room.needed)
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not caplog.records


async def test_a_closed_radio_gives_no_room_one(studio: Studio) -> None:
    studio.listening = 1
    await studio.radio.close()
    studio.radio.attach(studio.room)
    assert not local(studio.room).needed


async def test_closing_ends_a_radio_that_is_just_told_of_something_new(studio: Studio) -> None:
    await studio.land("a", "b")
    studio.listening = 1
    studio.radio.wake(studio.room.id)
    await studio.until(lambda: len(studio.media.played) > 2)  # it drifts, and waits for what is new
    studio.radio.wake(studio.room.id)
    async with asyncio.timeout(5):
        await studio.radio.close()
    assert not local(studio.room).needed


async def test_a_radio_falls_silent_when_its_room_moves_to_another_process(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    studio.listening = 1
    await studio.land("a", "b")
    await studio.until(lambda: bool(studio.cues))
    local(studio.room).deposed([])
    studio.radio.detach(studio.room)
    studio.radio.live_relay("wonder", on=True)
    studio.radio.wake("wonder")
    await studio.until(lambda: not [t for t in asyncio.all_tasks() if "RoomRadio" in repr(t)])
    assert caplog.text == ""


async def test_who_comes_from_a_clip_speaks_first_and_then_hears_it_with_what_it_answered(
    studio: Studio,
) -> None:
    await studio.room.send(Throw(), by=ANNA)
    await studio.land("old")
    await studio.until(lambda: studio.cues == ["old"])
    asked = studio.room.state.round
    await studio.room.send(RoundStop(), by=ANNA)

    await studio.room.send(RoundStart(clip="old"), by=BELA)
    round_ = studio.room.state.round
    assert round_ is not None
    assert asked is not None
    assert round_.prompt == asked.prompt
    landed = ClipLanded("own", FRAMES * 20, 0, 0, -16.0, ())
    await studio.room.send(Land(landed), by=BELA, blobs=[Blob("own", studio.room.id, SOUND)])
    await studio.until(lambda: len(studio.cues) == 3)

    assert studio.cues == ["old", "own", "old"]
    assert asked.prompt is not None
    assert studio.told[-1]["prompt"] == asked.prompt.text
    assert "at_ms" in studio.told[-1]
    assert "prompt" not in studio.told[-2]


async def test_a_room_greets_with_nothing_that_its_visitor_is_to_answer_first(studio: Studio) -> None:
    await studio.land("free")
    await studio.room.send(Throw(), by=ANNA)
    await studio.land("asked")
    await studio.room.send(RoundStop(), by=ANNA)
    await studio.until(lambda: len(studio.cues) == 2)
    studio.room.set_presence(BELA.id, None, PRESENT)
    studio.listening = 1
    studio.radio.wake("wonder")

    await studio.until(lambda: len(studio.cues) >= 3)

    assert studio.cues[2] == "free"
    studio.listening = 0
