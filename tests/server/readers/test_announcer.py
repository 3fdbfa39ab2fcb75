from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from games.parts import Duet
from games.round import Prompt, RoundClosed, RoundOpened, TurnGiven, VerdictGiven
from server.engines.utterances import FAILURES_MOST
from server.engines.worker import EngineFailed
from server.readers.radio import RoomRadio
from server.room import lines
from server.room.commands import Change, Oversee
from server.room.company import DUET_LEAD_MS
from server.room.events import Draft, Fact, TextRemoved, TopicSuggested
from tests.support.media import ANNA
from tests.support.studio import FRAMES, Studio, open_studio
from tests.support.voices import ToneEngine

pytestmark = pytest.mark.virtual_time

PROMPT = Prompt("p", "Say a word.")


@pytest.fixture
async def engine() -> ToneEngine:
    return ToneEngine()


class Speaking:
    """Whether somebody who listens wants words."""

    wanted = True


@pytest.fixture
async def speakers() -> Speaking:
    return Speaking()


@pytest.fixture
async def studio(
    monkeypatch: pytest.MonkeyPatch, engine: ToneEngine, speakers: Speaking
) -> AsyncIterator[Studio]:
    async with open_studio(monkeypatch, engine=engine, wants=lambda _: speakers.wanted) as open_:
        open_.listening = 1
        yield open_


async def happen(studio: Studio, *facts: Fact) -> None:
    """Let the log get facts, and the room read them."""
    await studio.happen(*(Draft(fact, studio.room.context().now_ms, ANNA) for fact in facts))


def turn(studio: Studio, in_ms: int, voice: str | None = ANNA.id) -> TurnGiven:
    go_at_ms = studio.room.context().now_ms + in_ms
    return TurnGiven("r", 1, PROMPT.text, go_at_ms, go_at_ms + 3_000, voice)


async def test_a_prompt_is_said_before_its_turn_and_counted_in(studio: Studio, engine: ToneEngine) -> None:
    opened, given = RoundOpened("r", "first_thing", "snap", PROMPT), turn(studio, 8_000)
    await happen(studio, opened, given)

    await studio.until(lambda: len(studio.spoken) == 2)

    said, counted = studio.spoken
    assert engine.asked[0].startswith("Say a word.")
    assert said["kind"] == "speech"
    assert said["url"].startswith("/api/speech/")
    assert said["starts_at_ms"] + said["duration_ms"] <= counted["starts_at_ms"] < given.go_at_ms
    assert counted["kind"] == "sound"
    assert abs(counted["starts_at_ms"] - (given.go_at_ms - 1_800)) <= 50
    assert "clip" not in said


async def test_what_can_no_longer_be_said_in_time_is_a_sound_or_nothing(studio: Studio) -> None:
    await happen(studio, RoundOpened("r", "first_thing", "snap", PROMPT), turn(studio, 1_300))
    await studio.until(lambda: len(studio.spoken) == 1)
    assert studio.spoken[0]["kind"] == "sound"

    await happen(studio, RoundClosed("r", "stopped"))
    await happen(studio, RoundOpened("s", "first_thing", "snap", PROMPT), turn(studio, 50))
    await studio.pass_time(4_000)

    assert len(studio.spoken) == 1


async def test_a_clip_that_lands_cuts_what_is_said_and_is_heard_first(studio: Studio) -> None:
    await happen(studio, VerdictGiven("r", "c", "slow", "A long sentence about being slow.", "fault"))
    await studio.until(lambda: len(studio.spoken) == 1)

    await studio.land("a")
    await studio.until(lambda: studio.cues[:1] == ["a"])

    assert studio.cuts == [studio.spoken[0]["url"]]
    assert studio.media.stopped == ["wonder"]


async def test_words_tell_whom_they_name_and_when(studio: Studio, engine: ToneEngine) -> None:
    await happen(studio, RoundOpened("r", "first_thing", "snap", PROMPT), turn(studio, 9_000))
    await studio.until(lambda: len(studio.spoken) == 1)

    said = studio.spoken[0]
    assert said["names"] == [ANNA.id]
    assert 0 < said["names_at_ms"] < said["duration_ms"]
    asked = engine.asked[:2]
    assert [asked[0], ANNA.name in asked[0], ANNA.name in asked[1]] == ["Say a word.", False, True]


async def test_what_is_taken_back_while_it_is_said_ends_at_once(studio: Studio) -> None:
    topic = Prompt("topic", "A long topic about elephants that somebody takes back.")
    await happen(studio, TopicSuggested("topic", topic.text))
    suggested = studio.room.tail.head
    await happen(studio, RoundOpened("r", "first_thing", "snap", topic))
    go_at_ms = studio.room.context().now_ms + 20_000
    await happen(studio, TurnGiven("r", 1, topic.text, go_at_ms, go_at_ms + 3_000))
    await studio.until(lambda: len(studio.spoken) == 1)
    await happen(studio, TextRemoved(suggested))
    await studio.until(lambda: len(studio.cuts) == 1)

    assert studio.cuts == [studio.spoken[0]["url"]]


async def test_what_is_said_of_a_round_ends_before_the_next_window(studio: Studio) -> None:
    await happen(studio, VerdictGiven("q", "c", "slow", "A long sentence about being rather slow.", "note"))
    await studio.until(lambda: len(studio.spoken) == 1)
    given = turn(studio, 1_000)
    await happen(studio, RoundOpened("r", "first_thing", "snap", PROMPT), given)
    await studio.until(lambda: len(studio.cuts) == 1)

    assert studio.cuts == [studio.spoken[0]["url"]]
    assert studio.room.context().now_ms <= given.go_at_ms


async def test_who_begins_to_listen_hears_once_what_is_asked(studio: Studio, speakers: Speaking) -> None:
    speakers.wanted = False
    await happen(studio, RoundOpened("r", "first_thing", "snap", PROMPT), turn(studio, 6_000))
    await studio.pass_time(1_000)
    assert studio.spoken == []

    speakers.wanted = True
    studio.radio.wake("wonder")
    await studio.until(lambda: len(studio.spoken) == 1)
    assert studio.spoken[0]["kind"] == "speech"
    studio.radio.wake("wonder")  # another one
    await studio.until(lambda: len(studio.spoken) == 2)
    assert studio.spoken[1]["kind"] == "sound"  # and it is counted in


async def test_who_begins_to_listen_when_it_has_begun_hears_nothing_of_it(
    studio: Studio, speakers: Speaking, engine: ToneEngine
) -> None:
    speakers.wanted = False
    await happen(studio, RoundOpened("r", "first_thing", "snap", PROMPT), turn(studio, 500))
    await studio.pass_time(600)
    speakers.wanted = True
    studio.radio.wake("wonder")
    await studio.pass_time(5_000)

    assert not [text for text in engine.asked if PROMPT.text in text]


async def test_nothing_is_said_while_somebody_speaks(studio: Studio) -> None:
    room = studio.room
    room.begin_speaking(ANNA.id, "t", until_ms=room.context().now_ms + 20_000)
    await happen(studio, VerdictGiven("r", "c", "slow", "Too slow.", "fault"))
    await studio.pass_time(lines.VERDICT_WITHIN_MS + 1_000)
    room.end_speaking(ANNA.id, "t")
    await studio.pass_time(1_000)

    assert studio.spoken == []


async def test_a_room_that_wants_no_words_hears_none(studio: Studio, engine: ToneEngine) -> None:
    await studio.room.send(Oversee(Change(voice=False)), by=None)
    await happen(studio, VerdictGiven("r", "c", "slow", "Too slow.", "fault"))
    await studio.pass_time(2_000)
    assert (studio.spoken, engine.asked) == ([], [])

    await studio.room.send(Oversee(Change(voice=True)), by=None)
    await happen(studio, VerdictGiven("r", "c", "slow", "Too slow.", "fault"))
    await studio.until(lambda: len(studio.spoken) == 1)


async def test_an_engine_that_fails_leaves_the_radio_as_it_was(
    studio: Studio, engine: ToneEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(_text: str, _language: str) -> None:
        raise EngineFailed("it hangs.")

    monkeypatch.setattr(engine, "say", failing)
    for number in range(FAILURES_MOST + 1):
        await happen(studio, VerdictGiven("r", str(number), "slow", f"Too slow {number}.", "note"))
        await studio.pass_time(500)
    await studio.land("a")
    await studio.until(lambda: studio.cues[:1] == ["a"])

    assert studio.spoken == []


async def test_a_count_in_that_a_live_voice_speaks_over_keeps_nobody_busy(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    waits = RoomRadio._something_new

    async def counted(radio: RoomRadio, within_s: float) -> bool:
        nonlocal looks
        looks += 1
        assert looks < 1_000, "it looks again and again without a pause"
        return await waits(radio, within_s)

    monkeypatch.setattr(RoomRadio, "_something_new", counted)
    await happen(studio, RoundOpened("r", "first_thing", "snap", PROMPT), turn(studio, 8_000))
    await studio.until(lambda: len(studio.spoken) == 1)
    studio.radio.live_relay("wonder", on=True)
    await studio.pass_time(12_000)

    assert looks < 1_000
    assert len(studio.spoken) == 1  # and nothing is said over it


async def test_the_clip_of_a_duet_is_heard_before_the_words_of_its_turn_and_then_with_the_take(
    studio: Studio,
) -> None:
    await studio.land("old")
    await studio.until(lambda: studio.cues == ["old"])
    opened_ms = studio.room.context().now_ms
    opened = RoundOpened("r", "first_thing", "snap", PROMPT, company=("old",), duet=Duet(opened_ms - 1))
    await happen(studio, opened, turn(studio, 8_000, None))

    await studio.until(lambda: len(studio.spoken) == 2)

    first = studio.told[-1]
    assert (first["clip"], first["at_ms"]) == ("old", studio.room.state.clips["old"].at_ms)
    assert 0 <= first["starts_at_ms"] - (opened_ms + DUET_LEAD_MS) <= 50
    assert first["starts_at_ms"] < studio.spoken[0]["starts_at_ms"]
    await studio.land("own")
    await studio.until(lambda: studio.cues[2:] == ["old", "own"])
    assert studio.media.played[-1] == ("wonder", 2 * FRAMES)


async def test_a_duet_whose_round_is_over_before_its_clip_begins_is_not_heard(studio: Studio) -> None:
    await studio.land("old")
    await studio.until(lambda: studio.cues == ["old"])
    opened = RoundOpened("r", "first_thing", "snap", PROMPT, company=("old",), duet=Duet(1))
    await happen(studio, opened, turn(studio, 8_000, None), RoundClosed("r", "stopped"))
    await happen(studio, RoundOpened("r2", "first_thing", "snap", PROMPT))
    await studio.pass_time(3 * DUET_LEAD_MS)

    assert studio.cues == ["old"]
