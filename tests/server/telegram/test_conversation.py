"""What the bot answers, through the real aiogram and an in-test Bot API."""

from __future__ import annotations

import asyncio
import json

import pytest

from server.room.commands import Close, Mute, Oversee, RoundStart
from server.room.events import ClipLanded, Event, RoomOpened, TextSaid
from server.room.state import RoomState
from server.rooms.base import Room
from server.rooms.presence import SPEAKER
from server.telegram import pauses
from server.telegram.conversation import LOOKED_AT_ROOMS
from server.telegram.listeners import Seal
from server.telegram.listening import Listening
from server.telegram.quiet import Quiet
from server.telegram.recordings import LARGEST_RECORDING_BYTES, LONGEST_RECORDING_S
from server.telegram.rows import TOLD
from server.telegram.texts import TEXTS
from tests.support.actors import until
from tests.support.bot_api import NAME, TOKEN, BotApi, Fault, Person, blocked, flood, no_chat
from tests.support.web_app import KEY, OGG, Site

SPEECH = b"OggS speech"


async def events(site: Site, room: str = "wonder") -> list[Event]:
    return await site.log.read(room, 0, 1_000)


async def clips(site: Site, room: str = "wonder") -> list[ClipLanded]:
    return [event.data for event in await events(site, room) if isinstance(event.data, ClipLanded)]


async def test_start_explains_in_three_lines_and_shows_the_rooms(site: Site, telegram: BotApi) -> None:
    zoe = Person(telegram, 1)
    zoe.write("/start")
    said = await zoe.hears("voice message")
    assert len(said.splitlines()) == 3
    await zoe.hears("Where")
    zoe.press("Wonder")
    await zoe.hears("You are in “Wonder” as ")


async def test_who_reads_german_is_spoken_to_in_german(site: Site, telegram: BotApi) -> None:
    anna = Person(telegram, 2, language="de-AT")
    for written, key in (
        ("/start", "start"),
        ("/mask", "masks"),
        ("/quatsch", "unknown"),
        ("Hallo", "no_room"),
    ):
        anna.write(written)
        await anna.hears(TEXTS["de"][key].partition("{")[0])
    assert telegram.commands.keys() == {"", "de"}


async def test_a_voice_message_lands_in_the_chosen_room_and_nothing_of_its_sender(
    site: Site, telegram: BotApi, zoe: Person
) -> None:
    zoe.speak(SPEECH)
    await zoe.hears("Your voice is in “Wonder”.")
    (clip,) = await clips(site)
    assert (clip.source, clip.mask) == ("telegram", None)
    stored = json.dumps([repr(event) for event in await events(site)])
    for secret in (str(zoe.id), zoe.name, NAME, "file-"):
        assert secret not in stored


async def test_a_mask_is_worn_from_the_press_on(site: Site, telegram: BotApi, zoe: Person) -> None:
    zoe.write("/mask")
    await zoe.hears("Now: yourself")
    zoe.press("robot")
    await zoe.hears("robot")
    zoe.speak(SPEECH)
    await zoe.hears("Your voice")
    zoe.press("yourself")
    await zoe.hears("like yourself")
    zoe.speak(SPEECH)
    await zoe.hears("Your voice", times=2)
    assert [clip.mask for clip in await clips(site)] == ["robot", None]


async def test_in_the_window_of_a_round_a_voice_message_is_the_take(site: Site, zoe: Person) -> None:
    visitor = site.registry.voice(KEY, "wonder")
    room = await site.registry.wake("wonder")
    room.set_presence(visitor.id, None, SPEAKER)
    await room.send(RoundStart("first_thing", tempo="slow"), by=visitor)
    assert room.state.round is not None
    assert room.state.round.prompt is not None
    zoe.write("/start wonder")
    await zoe.hears(f"They are playing right now: {room.state.round.prompt.text}")
    zoe.speak(SPEECH)
    await zoe.hears("Your voice")
    (clip,) = await clips(site)
    assert clip.round == room.state.round.id
    assert clip.turn == 1


async def test_texts_go_to_the_chat(site: Site, zoe: Person) -> None:
    zoe.write("[hello] {there}")
    await zoe.hears("Written in")
    (said,) = [event.data for event in await events(site) if isinstance(event.data, TextSaid)]
    assert said.text == "[hello] {there}"


async def test_without_a_room_nothing_lands(site: Site, telegram: BotApi, zoe: Person) -> None:
    zoe.write("/stop")
    await zoe.hears("You left")
    zoe.speak(SPEECH)
    await zoe.hears("Choose a room first")
    assert not await clips(site)


async def test_forget_takes_everything_back_and_who_it_was(site: Site, telegram: BotApi, zoe: Person) -> None:
    zoe.speak(SPEECH)
    await zoe.hears("Your voice")
    zoe.write("a line")
    await zoe.hears("Written")
    before = {event.by for event in await events(site) if isinstance(event.data, ClipLanded)}
    zoe.write("/forget")
    await zoe.hears("is gone")
    assert not (await site.registry.look("wonder")).clips
    zoe.write("/forget")
    await zoe.hears("nothing here")
    zoe.write("/start wonder")
    await zoe.hears("You are in", times=2)
    zoe.speak(SPEECH)
    await zoe.hears("Your voice", times=2)
    (after,) = {event.by for event in await events(site) if isinstance(event.data, ClipLanded)}
    assert after not in before


@pytest.mark.parametrize(
    ("size", "duration", "told"),
    [(25_000_000, 2, "more than 3 MB"), (900, LONGEST_RECORDING_S + 1, "longer than 60 seconds")],
)
async def test_what_is_too_big_or_too_long_is_refused_before_it_is_fetched(
    site: Site, telegram: BotApi, zoe: Person, size: int, duration: int, told: str
) -> None:
    telegram.deliver(zoe.spoken(SPEECH, size=size, duration=duration))
    await zoe.hears(told)
    assert not telegram.fetched


async def test_a_file_that_is_bigger_than_was_said_is_not_read_to_its_end(
    telegram: BotApi, zoe: Person
) -> None:
    telegram.deliver(zoe.spoken(bytes(LARGEST_RECORDING_BYTES + 100_000), size=900))
    await zoe.hears("more than 3 MB")


@pytest.mark.parametrize(
    ("body", "told"), [(b"garbage", "could not read this recording"), (b"silence", "We heard nothing")]
)
async def test_sound_that_is_unfit_is_refused_with_its_sentence(
    site: Site, zoe: Person, body: bytes, told: str
) -> None:
    zoe.speak(body)
    await zoe.hears(told)
    assert not await clips(site)


@pytest.mark.parametrize("kind", ["audio", "video_note"])
async def test_round_videos_and_audio_files_are_taken_too(site: Site, zoe: Person, kind: str) -> None:
    zoe.speak(SPEECH, kind=kind, mime_type="audio/mpeg")
    await zoe.hears("Your voice")


async def test_other_things_get_a_sentence(site: Site, telegram: BotApi, zoe: Person) -> None:
    location = {"latitude": 1.0, "longitude": 2.0}
    telegram.deliver(telegram.update(message=telegram.message(zoe, location=location)))
    await zoe.hears("I can only use")


async def test_what_was_recorded_by_somebody_else_is_not_taken(
    site: Site, telegram: BotApi, zoe: Person
) -> None:
    origin = {"type": "hidden_user", "date": 1, "sender_user_name": "Somebody"}
    zoe.speak(SPEECH, forward_origin=origin)
    await zoe.hears("Say it yourself")
    assert not await clips(site)


async def test_groups_and_channels_are_not_answered(site: Site, telegram: BotApi, zoe: Person) -> None:
    other = Person(telegram, -100)
    other.chat_type = "group"
    other.write("/start wonder")
    zoe.write("/stop")
    await zoe.hears("You left")
    assert not other.heard


async def test_a_room_with_a_door_is_entered_with_a_yes(site: Site, telegram: BotApi) -> None:
    room = await site.room(kind="arena")
    zoe = Person(telegram, 9)
    zoe.write(f"/start {room}")
    await zoe.hears("Come in?")
    zoe.speak(SPEECH)
    await zoe.hears("Choose a room first")
    zoe.press("Yes, let me in")
    await zoe.hears("You are in")
    zoe.speak(SPEECH)
    await zoe.hears("Your voice is in")
    assert len(await clips(site, room)) == 1


async def test_where_takes_are_heard_first_they_are_played_to_their_speaker(
    site: Site, telegram: BotApi
) -> None:
    room = await site.room(kind="healing")
    zoe = Person(telegram, 9)
    zoe.write(f"/start {room}")
    await zoe.hears("You are in")
    zoe.speak(SPEECH)
    await zoe.hears("Only you hear this")
    heard = [asked["voice"] for method, asked in telegram.sent if method == "sendVoice"]
    assert heard == [OGG]
    assert not await clips(site, room)
    zoe.press("Let it in")
    await zoe.hears("Your voice is in")
    assert len(await clips(site, room)) == 1
    zoe.press("Throw it away")
    await zoe.hears("not here (any more)")


async def test_a_take_that_is_thrown_away_never_lands(site: Site, telegram: BotApi) -> None:
    room = await site.room(kind="healing")
    zoe = Person(telegram, 9, language="de")
    zoe.press_data(f"room {room}")
    await zoe.hears("Du bist in")
    zoe.speak(SPEECH)
    await zoe.hears("Hör erst selbst")
    zoe.press("Weg damit")
    await zoe.hears("Niemand hat es gehört")
    assert not await clips(site, room)


async def test_a_take_is_kept_in_the_room_in_which_it_was_made(site: Site, telegram: BotApi) -> None:
    room = await site.room(kind="healing")
    zoe = Person(telegram, 9)
    zoe.write(f"/start {room}")
    await zoe.hears("You are in")
    zoe.speak(SPEECH)
    await zoe.hears("Only you hear this")
    zoe.write("/start wonder")
    await zoe.hears("You are in “Wonder”")
    zoe.press("Let it in")
    await zoe.hears("Your voice is in")
    assert len(await clips(site, room)) == 1
    assert not await clips(site)


async def test_quiet_hours_are_by_the_clock_of_the_chat(site: Site, telegram: BotApi, zoe: Person) -> None:
    zoe.write("/quiet")
    await zoe.hears("/quiet 22-8")
    zoe.write("/quiet 22-8")
    await zoe.hears("What time is it")
    (asked,) = [asked for method, asked in telegram.sent if "What time" in asked.get("text", "")]
    clocks = [button for row in asked["reply_markup"]["inline_keyboard"] for button in row]
    assert len({button["text"] for button in clocks}) == len(clocks) == 24
    zoe.press_data(clocks[13]["callback_data"])
    await zoe.hears("From 22 to 8")
    zoe.write("/quiet 23-7")
    await zoe.hears("From 23 to 7")
    zoe.write("/listen")
    await zoe.hears("From now on you hear")
    async with asyncio.timeout(20):
        while not (found := await site.log.projection(Listening.name, TOLD)):
            await asyncio.sleep(0.02)
    sealed = Seal(TOKEN).open(found[0].item)
    assert sealed is not None
    assert sealed.quiet == Quiet(23, 7, 120)
    zoe.press_data("quiet 1 1 0")
    await zoe.hears("too old")
    zoe.write("/quiet off")
    await zoe.hears("No quiet hours")
    zoe.write("/quiet 22-8 +5:30")
    await zoe.hears("From 22 to 8", times=2)


async def test_what_cannot_be_taken_back_now_can_be_later(
    site: Site, telegram: BotApi, zoe: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await site.room(public=True)
    zoe.speak(SPEECH)
    await zoe.hears("Your voice")
    zoe.write(f"/start {room}")
    await zoe.hears("You are in", times=2)
    zoe.speak(SPEECH)
    await zoe.hears("Your voice", times=2)
    wake = site.registry.wake

    async def failing(id_: str, **more: bool) -> Room:
        if id_ == "wonder":
            raise OSError("broken")
        return await wake(id_, **more)

    with monkeypatch.context() as patched:
        patched.setattr(site.registry, "wake", failing)
        zoe.write("/forget")
        await zoe.hears("Not all of it")
    assert not (await site.registry.look(room)).clips
    assert (await site.registry.look("wonder")).clips
    zoe.write("/forget")
    await zoe.hears("is gone")
    assert not (await site.registry.look("wonder")).clips


@pytest.mark.parametrize("data", ["", "room", "room nowhere", "mask ghost", "keep x", "quiet 22", "what"])
async def test_buttons_that_lead_nowhere_are_answered(zoe: Person, data: str) -> None:
    before = len(zoe.heard)
    zoe.press_data(data or "?")
    zoe.write("/stop")
    await zoe.hears("You left")
    assert len(zoe.heard) == before + 2


async def test_a_muted_voice_and_a_closed_room_are_told(site: Site, zoe: Person) -> None:
    zoe.speak(SPEECH)
    await zoe.hears("Your voice")
    (voice,) = {event.by for event in await events(site) if isinstance(event.data, ClipLanded)}
    assert voice is not None
    await site.registry.send("wonder", Oversee(Mute(voice.id, 60_000)), by=None)
    zoe.speak(SPEECH)
    await zoe.hears("You are muted")
    await site.registry.send("wonder", Oversee(Close()), by=None)
    zoe.write("hello?")
    await zoe.hears("This room is closed")
    zoe.write("/rooms")
    await zoe.hears("No public room is open")


async def test_telegrams_pauses_are_waited_for(
    telegram: BotApi, zoe: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pauses, "FIRST_PAUSE_S", 0.01)
    telegram.faults["sendMessage"] = [flood(1), Fault(502, "Bad Gateway")]
    zoe.write("/stop")
    await zoe.hears("You left")
    assert not telegram.faults["sendMessage"]


async def test_a_file_that_telegram_does_not_give_is_told(site: Site, telegram: BotApi, zoe: Person) -> None:
    update = zoe.spoken(SPEECH)
    telegram.files.clear()
    telegram.deliver(update)
    await zoe.hears("Send it again")


@pytest.mark.parametrize("why", [blocked, no_chat])
async def test_who_blocked_the_bot_or_is_gone_is_forgotten(
    site: Site, telegram: BotApi, zoe: Person, why: object
) -> None:
    assert callable(why)
    telegram.gone[zoe.id] = why
    zoe.write("/mask")
    await until(lambda: telegram.refused > 0)
    del telegram.gone[zoe.id]
    zoe.write("anybody?")
    await zoe.hears("Choose a room first")


async def test_rooms_are_offered_by_name_with_those_that_are_awake_first(
    site: Site, telegram: BotApi
) -> None:
    for number in range(10):
        await site.registry.open(RoomOpened("topic", f"Room {number}", public=True), None)
    zoe = Person(telegram, 3)
    zoe.write("/rooms")
    await zoe.hears("Where")
    (asked,) = [asked for method, asked in telegram.sent if "reply_markup" in asked]
    assert len(asked["reply_markup"]["inline_keyboard"]) == 8


async def test_of_many_rooms_that_are_closed_only_some_are_looked_at(
    site: Site, telegram: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2 * LOOKED_AT_ROOMS):
        await site.registry.open(RoomOpened("topic", f"Room {number}", public=True), None)
    looked: list[str] = []

    async def look(room: str) -> RoomState:
        looked.append(room)
        return RoomState(closed=True)

    monkeypatch.setattr(site.registry, "look", look)
    zoe = Person(telegram, 3)
    zoe.write("/rooms")
    await zoe.hears("No public room is open")
    assert len(looked) == LOOKED_AT_ROOMS
