from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from audio.take import TAKE_MARGIN_MS, Unfit
from server.room.commands import Refused, RoundStart, Throw
from server.room.events import ClipLanded, Event, RoomOpened
from server.room.kinds import TIMINGS
from server.room.round_lifecycle import EAGER_MS
from server.room.rounds import PREVIEW_MS
from server.rooms.presence import PresenceState
from server.takes.previews import Preview
from tests.support.actors import local, until
from tests.support.media import ANNA, BELA, START_MS
from tests.support.rooms import LONGEST_TAKES
from tests.support.theatre import Theatre, healing, running_theatre

FAKE_ONSET_MS = 300  # of every take that the fake finisher finishes
SNAP = TIMINGS["snap"]


@pytest.fixture
async def theatre() -> AsyncIterator[Theatre]:
    async with running_theatre() as running:
        yield running


async def test_a_commanded_take_lands_and_its_stop_returns_the_clip(theatre: Theatre) -> None:
    peer = await theatre.speaker()
    await theatre.takes.begin(theatre.room, ANNA, peer)
    assert theatre.room.speaking == {ANNA.id}

    event = await theatre.stop()

    assert isinstance(event.data, ClipLanded)
    assert (event.by, event.data.source) == (ANNA, "webrtc")
    assert event.data.clip in theatre.room.state.clips
    await theatre.settled()
    assert theatre.room.speaking == set()
    assert await theatre.told("take") == [
        {"peer": peer, "state": "open"},
        {"peer": peer, "state": "landed", "clip": event.data.clip},
    ]


async def test_everyone_is_told_who_speaks_now(theatre: Theatre) -> None:
    peer = await theatre.speaker()
    await theatre.takes.begin(theatre.room, ANNA, peer)
    await theatre.stop()

    plain = await theatre.speaker(commanded=False)
    for on in (True, False, True):  # a breath
        theatre.media.observers.level(plain, on=on)
    theatre.media.end(plain, "gone")
    await theatre.settled()

    assert [(to, said["data"]["on"]) for to, said in theatre.signals if said["kind"] == "speaking"] == [
        (None, on) for on in (True, False, True, False, True, False)
    ]


async def test_the_news_of_a_take_goes_to_its_speaker_only(theatre: Theatre) -> None:
    peer = await theatre.speaker()
    await theatre.takes.begin(theatre.room, ANNA, peer)
    await theatre.takes.stop(theatre.room, ANNA, None)
    await theatre.told("take")

    assert {to for to, signal in theatre.signals if signal["kind"] == "take"} == {ANNA.id}


async def test_whoever_sends_without_a_page_is_told_when_their_take_begins(theatre: Theatre) -> None:
    peer = await theatre.speaker(commanded=False)
    assert await theatre.told("take") == []
    for on in (True, False, True):  # a breath
        theatre.media.observers.level(peer, on=on)
    assert await theatre.told("take") == [{"peer": peer, "state": "open"}]


async def test_of_two_takes_of_one_voice_the_named_one_ends(theatre: Theatre) -> None:
    one, other = await theatre.speaker(), await theatre.speaker()
    for peer in (one, other):
        await theatre.takes.begin(theatre.room, ANNA, peer)

    await theatre.takes.stop(theatre.room, ANNA, None, other)
    assert [take["peer"] for take in await theatre.told("take") if take["state"] == "landed"] == [other]
    assert [told["on"] for told in await theatre.told("speaking")] == [True]
    with pytest.raises(Refused, match="not speaking"):
        await theatre.takes.stop(theatre.room, ANNA, None, other)

    assert await theatre.takes.stop(theatre.room, ANNA, None, one)
    assert [told["on"] for told in await theatre.told("speaking")] == [True, False]


async def test_a_silent_take_is_refused_to_whoever_stops_it(theatre: Theatre) -> None:
    peer = await theatre.speaker()
    await theatre.takes.begin(theatre.room, ANNA, peer)
    theatre.media.end(peer, "limit", sound=b"silence")

    with pytest.raises(Refused) as refused:
        await theatre.takes.stop(theatre.room, ANNA, None)

    assert refused.value.code == "silent"
    _, cut, refusal = await theatre.told("take")
    assert (cut["state"], refusal["state"], refusal["code"]) == ("cut", "refused", "silent")


async def test_a_stop_after_the_limit_still_gets_the_clip_once(theatre: Theatre) -> None:
    peer = await theatre.speaker()
    await theatre.takes.begin(theatre.room, ANNA, peer)
    theatre.media.end(peer, "limit")
    await theatre.settled()

    event = await theatre.stop()

    assert isinstance(event.data, ClipLanded)
    with pytest.raises(Refused, match="not speaking"):
        await theatre.takes.stop(theatre.room, ANNA, None)


async def test_a_vanished_speaker_leaves_the_clip_and_no_session(theatre: Theatre) -> None:
    peer = await theatre.speaker()
    await theatre.takes.begin(theatre.room, ANNA, peer)

    assert await theatre.takes.close_peer(peer)
    await theatre.settled()

    assert len(theatre.room.state.clips) == 1
    assert (theatre.room.speakers, theatre.room.speaking) == ({}, set())
    assert theatre.takes.session(peer) is None
    assert not await theatre.takes.close_peer(peer)


async def test_only_ones_own_connected_microphone_is_opened_and_once(theatre: Theatre) -> None:
    peer = await theatre.speaker()

    for voice, wanted in ((BELA, peer), (ANNA, "peer-99")):
        with pytest.raises(Refused) as refused:
            await theatre.takes.begin(theatre.room, voice, wanted)
        assert refused.value.code == "no_such_peer"
    await theatre.takes.begin(theatre.room, ANNA, peer)
    with pytest.raises(Refused, match="already"):
        await theatre.takes.begin(theatre.room, ANNA, peer)


async def test_a_plain_whip_session_lands_without_being_asked(theatre: Theatre) -> None:
    peer = await theatre.speaker(commanded=False)
    theatre.media.observers.level(peer, on=True)
    assert theatre.room.speaking == {ANNA.id}
    assert (list(theatre.room.context().here), theatre.room.speakers) == ([ANNA.id], {})

    theatre.media.end(peer, "gone")
    await theatre.settled()

    (clip,) = theatre.room.state.clips.whole.values()
    assert clip.source == "whip"
    assert theatre.room.speaking == set()


@pytest.mark.parametrize(
    ("claimed_ms", "reaction_ms"),
    [(None, FAKE_ONSET_MS), (FAKE_ONSET_MS + 50, FAKE_ONSET_MS + 50), (FAKE_ONSET_MS + 5_000, FAKE_ONSET_MS)],
)
async def test_an_answer_has_the_reaction_time_that_the_server_measured_or_confirms(
    theatre: Theatre, claimed_ms: int | None, reaction_ms: int
) -> None:
    clip = await answered(theatre, go_after_begin_ms=0, claimed_ms=claimed_ms)

    assert theatre.room.state.round is not None
    assert (clip.round, clip.reaction_ms) == (theatre.room.state.round.id, reaction_ms)


async def test_what_is_said_long_before_go_is_no_answer_and_has_no_reaction_time(theatre: Theatre) -> None:
    clip = await answered(theatre, go_after_begin_ms=FAKE_ONSET_MS + EAGER_MS + 1)

    assert (clip.round, clip.reaction_ms) == (None, None)


async def test_who_stops_twice_while_late_packets_are_waited_for_gets_the_one_clip_with_the_first_claim(
    theatre: Theatre,
) -> None:
    theatre.clock.ms = START_MS - SNAP.count_in_ms
    await theatre.room.send(Throw(), by=ANNA)
    peer = await theatre.speaker()
    theatre.clock.ms = START_MS
    await theatre.takes.begin(theatre.room, ANNA, peer)
    theatre.media.silent = True  # what was said last is on its way
    claims_ms = (FAKE_ONSET_MS + 50, FAKE_ONSET_MS - 50)
    stops = [asyncio.ensure_future(theatre.takes.stop(theatre.room, ANNA, claim)) for claim in claims_ms]
    await asyncio.sleep(0)
    theatre.media.silent = False
    theatre.media.end(peer, "stopped")

    one, other = await asyncio.gather(*stops)

    assert one is not None
    assert one == other
    assert isinstance(one.data, ClipLanded)
    assert one.data.reaction_ms == claims_ms[0]


async def answered(theatre: Theatre, *, go_after_begin_ms: int, claimed_ms: int | None = None) -> ClipLanded:
    """Throw a prompt whose "go" is so long after the fake take began, and return the clip."""
    theatre.clock.ms = START_MS + go_after_begin_ms - SNAP.count_in_ms
    await theatre.room.send(Throw(), by=ANNA)
    theatre.clock.ms = START_MS + go_after_begin_ms
    peer = await theatre.speaker()
    await theatre.takes.begin(theatre.room, ANNA, peer)
    event = await theatre.takes.stop(theatre.room, ANNA, claimed_ms)
    assert event is not None
    assert isinstance(event.data, ClipLanded)
    return event.data


async def test_a_session_that_is_one_take_has_no_second_one_when_it_is_heard_after_the_cut(
    theatre: Theatre,
) -> None:
    peer = await theatre.speaker(commanded=False)
    theatre.media.observers.level(peer, on=True)
    theatre.media.end(peer, "limit")
    for on in (False, True):
        theatre.media.observers.level(peer, on=on)
    await theatre.settled()
    assert not theatre.room.speaking

    await theatre.takes.close_peer(peer)

    assert theatre.observed.outcomes == ["landed"]
    assert [take["state"] for take in await theatre.told("take")] == ["open", "cut", "landed"]


async def test_uploads_land_or_say_why_not(theatre: Theatre) -> None:
    await theatre.takes.begin(theatre.room, ANNA, "")
    assert theatre.room.speaking == {ANNA.id}

    event = await theatre.takes.upload("wonder", ANNA, b"speech", "audio/ogg")

    assert isinstance(event, Event)
    assert isinstance(event.data, ClipLanded)
    assert event.data.source == "upload"
    assert theatre.room.speaking == set()
    with pytest.raises(Unfit, match="nothing"):
        await theatre.takes.upload("wonder", ANNA, b"silence", "audio/ogg")


async def test_what_breaks_in_the_finish_is_told_without_detail(theatre: Theatre) -> None:
    peer = await theatre.speaker()
    await theatre.takes.begin(theatre.room, ANNA, peer)
    theatre.media.end(peer, "limit", sound=b"crash")

    with pytest.raises(Refused) as refused:
        await theatre.takes.stop(theatre.room, ANNA, None)

    assert refused.value.code == "broken"
    assert "order" not in refused.value.message


async def test_a_room_stays_awake_until_its_take_has_landed(theatre: Theatre) -> None:
    peer = await theatre.speaker()
    await theatre.takes.begin(theatre.room, ANNA, peer)
    theatre.finisher.gate.clear()
    theatre.media.end(peer, "gone")
    await theatre.takes.close_peer(peer)
    held = local(theatre.room)._holds
    theatre.finisher.gate.set()
    await theatre.settled()

    assert (held, local(theatre.room)._holds) == (1, 0)
    assert len(theatre.room.state.clips) == 1


async def test_a_peer_that_vanishes_with_too_little_leaves_nobody_waiting(theatre: Theatre) -> None:
    peer = await theatre.speaker()
    await theatre.takes.begin(theatre.room, ANNA, peer)
    stopping = asyncio.ensure_future(theatre.takes.stop(theatre.room, ANNA, None))
    theatre.media.silent = True
    await asyncio.sleep(0)

    await theatre.takes.close_peer(peer)

    with pytest.raises(Refused) as refused:
        await stopping
    assert refused.value.code == "peer_gone"
    assert theatre.room.speaking == set()


async def test_a_voice_whose_peer_vanishes_is_silent_though_its_last_take_is_being_finished(
    theatre: Theatre,
) -> None:
    peer = await theatre.speaker()
    theatre.finisher.gate.clear()
    await theatre.takes.begin(theatre.room, ANNA, peer)
    first = asyncio.ensure_future(theatre.takes.stop(theatre.room, ANNA, None))
    await asyncio.sleep(0)
    await theatre.takes.begin(theatre.room, ANNA, peer)
    theatre.media.silent = True

    await theatre.takes.close_peer(peer)

    assert [told["on"] for told in await theatre.told("speaking")] == [True, False, True, False]
    assert theatre.room.speaking == {ANNA.id}
    theatre.finisher.gate.set()
    assert isinstance(await first, Event)
    assert not theatre.room.speaking


# --- heard before they land


async def test_where_takes_are_heard_first_nothing_lands_until_its_speaker_says_so(theatre: Theatre) -> None:
    room = await healing(theatre)
    signals = theatre.listen(room)
    peer, _ = await theatre.takes.whip("healing", ANNA, "offer", address="a", commanded=True)
    await theatre.takes.begin(room, ANNA, peer)

    assert await theatre.takes.stop(room, ANNA, None) is None

    await theatre.settled()
    assert (dict(room.state.clips), room.speaking) == ({}, {ANNA.id})
    assert [said["data"]["on"] for _, said in signals if said["kind"] == "speaking"] == [True, False]
    _, (to, told) = [each for each in signals if each[1]["kind"] == "take"]
    assert (to, told["data"]["peer"], told["data"]["state"]) == (ANNA.id, peer, "preview")
    preview = told["data"]["preview"]
    with pytest.raises(Refused, match="not here"):
        await theatre.takes.keep(room, BELA, preview)

    event = await theatre.takes.keep(room, ANNA, preview)

    assert isinstance(event.data, ClipLanded)
    assert event.data.clip == preview
    assert (event.data.source, room.speaking) == ("webrtc", set())
    with pytest.raises(Refused, match="not here"):
        theatre.takes.drop(room, ANNA, preview)


async def test_a_preview_that_nobody_answers_is_gone_after_a_minute(theatre: Theatre) -> None:
    room = await healing(theatre)
    first = await theatre.takes.upload("healing", ANNA, b"speech", "audio/ogg")
    made = await theatre.takes.upload("healing", ANNA, b"speech", "audio/ogg")
    assert isinstance(first, Preview)
    assert isinstance(made, Preview)
    assert theatre.takes.preview_room(first.id) is None
    theatre.clock.ms += PREVIEW_MS

    with pytest.raises(Refused) as refused:
        await theatre.takes.keep(room, ANNA, made.id)
    assert (refused.value.code, dict(room.state.clips)) == ("no_such_preview", {})


async def test_the_next_take_lets_go_of_the_preview(theatre: Theatre) -> None:
    room = await healing(theatre)
    made = await theatre.takes.upload("healing", ANNA, b"speech", "audio/ogg")
    assert isinstance(made, Preview)

    await theatre.takes.begin(room, ANNA, "")

    assert theatre.takes.preview_room(made.id) is None
    assert room.speaking == {ANNA.id}


async def test_a_dropped_preview_leaves_nothing(theatre: Theatre) -> None:
    room = await healing(theatre)
    made = await theatre.takes.upload("healing", ANNA, b"speech", "audio/ogg")
    assert isinstance(made, Preview)
    assert room.speaking == {ANNA.id}

    theatre.takes.drop(room, ANNA, made.id)

    assert (dict(room.state.clips), room.speaking) == ({}, set())
    assert theatre.takes.preview_room(made.id) is None


async def test_an_unfit_upload_is_no_preview(theatre: Theatre) -> None:
    room = await healing(theatre)
    with pytest.raises(Unfit):
        await theatre.takes.upload("healing", ANNA, b"silence", "audio/ogg")
    assert room.speaking == set()


# --- the door, the pace, the cut


async def test_nobody_speaks_in_an_arena_before_they_came_in_by_the_door(theatre: Theatre) -> None:
    room = await theatre.registry.open(RoomOpened("arena", "Ring"), None, id="arena")
    peer, _ = await theatre.takes.whip("arena", ANNA, "offer", address="a", commanded=True)
    for attempt in (
        theatre.takes.begin(room, ANNA, peer),
        theatre.takes.upload("arena", ANNA, b"speech", "audio/ogg"),
        theatre.takes.whip("arena", ANNA, "offer", address="a", commanded=False),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code == "consent_needed"

    room.consent(ANNA.id)
    await theatre.takes.begin(room, ANNA, peer)
    assert room.speaking == {ANNA.id}


async def test_who_needs_more_time_gets_it(theatre: Theatre) -> None:
    peer = await theatre.speaker()
    await theatre.takes.begin(theatre.room, ANNA, peer)
    await theatre.takes.stop(theatre.room, ANNA, None)
    theatre.room.set_presence(ANNA.id, None, PresenceState(speaker=True, pace=2.0))
    await theatre.takes.begin(theatre.room, ANNA, peer)
    await theatre.takes.stop(theatre.room, ANNA, None)

    assert theatre.media.limits_ms == [9_000, 16_000]
    assert theatre.finisher.longest_ms == [7_000, 14_000]


@pytest.mark.parametrize(("kind", "pace", "longest_ms"), LONGEST_TAKES)
async def test_a_session_that_is_one_take_has_the_time_of_its_room(
    theatre: Theatre, kind: str, pace: float, longest_ms: int
) -> None:
    room = await theatre.registry.open(RoomOpened(kind, "Room"), None, id="room")
    present = PresenceState(speaker=True, pace=pace)
    room.set_presence(ANNA.id, None, present)

    peer, _ = await theatre.takes.whip("room", ANNA, "offer", address="a", commanded=False)
    theatre.media.observers.connected(peer)
    theatre.media.observers.level(peer, on=True)
    room.set_presence(ANNA.id, present, PresenceState(speaker=True))  # what held when it began counts
    theatre.media.end(peer, "limit")
    await theatre.settled()

    assert theatre.media.session_limits_ms == [longest_ms + TAKE_MARGIN_MS]
    assert theatre.finisher.longest_ms == [longest_ms]


async def test_a_take_is_cut_where_its_turn_says(theatre: Theatre) -> None:
    room = await theatre.registry.open(RoomOpened("humour", "Stories"), None, id="stories")
    peer, _ = await theatre.takes.whip("stories", ANNA, "offer", address="a", commanded=True)
    await room.send(RoundStart("story_die"), by=ANNA)
    round_ = room.state.round
    assert round_ is not None
    assert round_.turn is not None
    assert round_.turn.cut_at_ms is not None
    theatre.clock.ms = round_.turn.go_at_ms

    await theatre.takes.begin(room, ANNA, peer)

    assert theatre.media.limits_ms == [max(1_000, round_.turn.cut_at_ms - round_.turn.go_at_ms)]


async def test_a_take_that_is_being_finished_takes_nothing_from_the_next_one_nor_loses_it(
    theatre: Theatre,
) -> None:
    takes, room = theatre.takes, theatre.room
    theatre.clock.ms = START_MS - SNAP.count_in_ms  # so that the fake take begins at "go"
    await room.send(Throw(), by=ANNA)
    theatre.clock.ms = START_MS
    peer = await theatre.speaker()
    theatre.finisher.gate.clear()
    await takes.begin(room, ANNA, peer)
    first = asyncio.ensure_future(takes.stop(room, ANNA, 350))
    await asyncio.sleep(0)
    await takes.begin(room, ANNA, peer)
    theatre.finisher.gate.set()
    event = await first

    assert event is not None
    assert isinstance(event.data, ClipLanded)
    assert event.data.reaction_ms == 350
    assert room.speaking == {ANNA.id}
    assert [told["on"] for told in await theatre.told("speaking")] == [True, False, True]
    await takes.stop(room, ANNA, 9)
    assert not room.speaking


async def test_a_take_that_is_announced_to_a_sleeping_room_wakes_it(theatre: Theatre) -> None:
    await local(theatre.room).close()

    await theatre.takes.begin(theatre.room, ANNA, "")

    assert theatre.room.speaking == {ANNA.id}
    assert len(theatre.registry) == 1


async def test_a_room_stays_awake_while_an_upload_is_finished(theatre: Theatre) -> None:
    theatre.finisher.gate.clear()
    uploading = asyncio.ensure_future(theatre.takes.upload("wonder", ANNA, b"speech", "audio/ogg"))
    await until(lambda: theatre.finisher.longest_ms)
    needed = local(theatre.room).needed
    theatre.finisher.gate.set()
    await uploading

    assert needed
    assert not local(theatre.room).needed
