"""What of a room's events is told, and what is sent of it."""

from __future__ import annotations

import pytest

from audio import ogg
from games.round import RevealedTake, RoundClosed, RoundOpened, RoundRevealed, TurnGiven
from server.blobs.base import Blob
from server.room.events import ClipCaptioned, ClipRemoved, Event, Fact, TextSaid
from server.telegram import telling
from server.telegram.telling import Asked, Heard, Part, Telling, Whole, parts
from tests.support.listening_chats import ANNA, BELA, ROBOT, ROOM, Party, landed, party

pytestmark = pytest.mark.virtual_time


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        (landed("c1"), (Heard("c1", ANNA.id, ANNA),)),
        (landed("c1", hidden=True, round_="r"), ()),
        (
            RoundRevealed(
                "r",
                (
                    RevealedTake("c1", ANNA.id, 1),
                    RevealedTake("a", "x", 1, written=True),
                    RevealedTake("c2", BELA.id, 1),
                ),
            ),
            (Heard("c1", ANNA.id), Heard("c2", BELA.id)),
        ),
        (RoundClosed("r", "done", ("c1", "c2"), replay=("c2", "c1")), (Whole("r", ("c2", "c1")),)),
        (RoundClosed("r", "done", ("c1",), replay=("c1",)), ()),
        (RoundClosed("r", "done", ("c1", "c2")), ()),
        (TurnGiven("r", 1, "Bark!", 0, 9), (Asked("Bark!", 9),)),
        (TurnGiven("r", 1, "Bark!", 0, 9, voice="x"), ()),
        (TurnGiven("r", 1, "Bark!", 0, 9, act="vote"), ()),
        (TextSaid("hello"), ()),
    ],
)
def test_what_there_is_to_tell_of_an_event(fact: Fact, told: tuple[Part, ...]) -> None:
    assert parts(Event(2, 1, 5, ANNA, fact.kind, fact)) == told


async def sent(place: Party, part: Part) -> telling.Message | None:
    state = await place.registry.look(ROOM)
    return await Telling(place.blobs).message(part, state, "en", place.clock.ms)


async def test_a_clip_is_sent_as_it_is_stored_with_its_words() -> None:
    place = await party()
    await place.happens(landed("c1"))
    await place.happens(ClipCaptioned("c1", "good morning", "en"), by=None)
    message = await sent(place, Heard("c1", ANNA.id, ANNA))
    stored = await place.blobs.get("c1")
    assert stored is not None
    assert message == telling.Message("Zany Kettle: good morning", stored.body, "c1")


async def test_a_machine_is_told_as_one() -> None:
    place = await party()
    await place.happens(landed("c1"), by=ROBOT)
    message = await sent(place, Heard("c1", ROBOT.id))
    assert message is not None
    assert message.text == "🤖 The Kiosk (a machine)"


async def test_what_is_hidden_removed_or_unknown_is_not_sent() -> None:
    place = await party()
    await place.happens(landed("c1"), landed("c2", hidden=True, round_="r"), ClipRemoved("c1", "forgotten"))
    for clip in ("c1", "c2", "c3"):
        assert await sent(place, Heard(clip, ANNA.id, ANNA)) is None


async def test_a_prompt_is_not_told_when_its_time_is_over() -> None:
    place = await party()
    assert await sent(place, Asked("Bark!", place.clock.ms + 999)) is None
    message = await sent(place, Asked("Bark!", place.clock.ms + 7_999))
    assert message is not None
    assert message.text == "Bark!\nSend a voice message within 7 seconds."


async def test_a_round_is_one_voice_message_of_the_very_packets() -> None:
    place = await party()
    await place.happens(RoundOpened("r", "word_association", "snap"), by=None)
    await place.happens(landed("c1", round_="r"))
    await place.happens(landed("c2", round_="r"), by=ROBOT)
    await place.happens(landed("c3", round_="r"), by=BELA)
    await place.happens(RoundClosed("r", "done", ("c1", "c2", "c3"), ("c2", "c1", "c3")), by=None)
    whole = Whole("r", ("c2", "c1", "c3"))
    message = await sent(place, whole)
    assert message is not None
    assert message.ogg is not None
    assert (
        message.text
        == "Word association, all of it in one piece: 🤖 The Kiosk (a machine), Zany Kettle, Soft Cactus"
    )
    assert ogg.read(message.ogg) == [*await packets(place, "c2"), *await packets(place, "c1", "c3")]
    await place.happens(ClipRemoved("c2", "forgotten"))
    message = await sent(place, whole)
    assert message is not None
    assert message.ogg is not None
    assert ogg.read(message.ogg) == await packets(place, "c1", "c3")
    await place.happens(ClipRemoved("c3", "forgotten"))
    assert await sent(place, whole) is None


async def packets(place: Party, *clips: str) -> list[bytes]:
    bodies = [await place.blobs.get(clip) for clip in clips]
    return [packet for blob in bodies if blob is not None for packet in ogg.read(blob.body)]


async def test_a_long_round_is_cut_and_what_cannot_be_read_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    place = await party()
    await place.happens(*(landed(f"c{number}") for number in range(5)))
    await place.log.erase(ROOM, [], blobs=["c1"])
    await place.blobs.put(Blob("c1", ROOM, b"OggS and then nothing"))
    monkeypatch.setattr(telling, "LONGEST_WHOLE_MS", 600)
    message = await sent(place, Whole("r", ("c0", "c1", "c2", "c3", "c4")))
    assert message is not None
    assert message.ogg is not None
    assert ogg.read(message.ogg) == await packets(place, "c0", "c2", "c3")


async def test_a_piece_that_many_want_is_made_once_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    place = await party()
    await place.happens(landed("c1"), landed("c2"))
    made = Telling(place.blobs)
    state, whole = await place.registry.look(ROOM), Whole("r", ("c1", "c2"))
    first = await made.message(whole, state, "en", 0)
    second = await made.message(whole, state, "de", 0)
    assert first is not None
    assert second is not None
    assert first.ogg is second.ogg
    made.rest()
    assert made._newest == ((), b"")
