"""What the bot does with one update: commands, buttons, texts and sound, each answered in plain words."""

from __future__ import annotations

import logging
import time
from typing import NamedTuple

from aiogram.types import CallbackQuery, Message, Update
from msgspec.structs import replace

from audio.take import Unfit
from server.http.limits import Action, Limits, UploadBudget
from server.log.base import Damaged, StorageFull
from server.room import masks, rounds
from server.room.commands import Forget, React, Refused, Say, broken
from server.room.events import ClipLanded, Language, Voice
from server.room.kinds import KINDS
from server.room.state import RoomState
from server.room.view import public
from server.rooms.base import NoSuchRoom, Room
from server.rooms.registry import RoomRegistry
from server.takes.previews import Preview
from server.takes.takes import Takes
from server.telegram.api import Api, Away, ChatGone
from server.telegram.chats import Chat, Chats
from server.telegram.listening import Listening
from server.telegram.quiet import ASKED_OFFSETS, Quiet, quiet_of, written
from server.telegram.recordings import (
    LARGEST_RECORDING_BYTES,
    Recording,
    TooLarge,
    check,
    recording_in,
)
from server.telegram.telling import name as room_name
from server.telegram.texts import language_of, refusal, text

SHOWN_ROOMS = 8
# What a button may say.
PRESS_BYTES = 64
# By how much a recording may be longer than a room's clips before its speaker is told that it was cut.
CUT_MARGIN_MS = 1_000
ROOM, AGREE, MASK, KEEP, DROP, QUIET = "room", "yes", "mask", "keep", "drop", "quiet"
# So many rooms are looked at for what is offered: some are closed.
LOOKED_AT_ROOMS = 3 * SHOWN_ROOMS
CLOCKS_IN_A_ROW = 4

log = logging.getLogger(__name__)


class Asking(NamedTuple):
    """One chat that wants something: its id at Telegram's, its language, what is known of it."""

    id: int
    language: Language
    chat: Chat

    def text(self, key: str, **values: object) -> str:
        """Return a sentence in the chat's language."""
        return text(self.language, key, **values)


class Conversation:
    """Answers updates; keeps nothing of them but what `Chats` has."""

    def __init__(
        self,
        api: Api,
        chats: Chats,
        registry: RoomRegistry,
        takes: Takes,
        *,
        limits: Limits,
        budget: UploadBudget,
        longest_clip_ms: int,
        listening: Listening,
    ) -> None:
        self._api, self._chats, self._registry, self._takes = api, chats, registry, takes
        self._limits, self._budget, self._longest_clip_ms = limits, budget, longest_clip_ms
        self._listening = listening

    async def answer(self, update: Update) -> None:
        """Do what an update asks for, and say how that went."""
        asking = self._asking(update)
        if asking is None:
            return
        try:
            await self._answered(asking, update)
        except ChatGone:
            self._chats.forget(asking.chat)
        except Away as away:
            log.warning("telegram.answer_lost for=%s", away)

    async def too_fast(self, update: Update) -> None:
        """Say that updates come too fast to be answered."""
        asking = self._asking(update)
        if asking is not None:
            try:
                await self._api.say(asking.id, refusal(asking.language, *_TOO_FAST))
            except (Away, ChatGone) as lost:
                log.info("telegram.answer_lost for=%s", type(lost).__name__)

    def _asking(self, update: Update) -> Asking | None:
        """Return who wants something; None for groups, channels and whatever else is not one person."""
        message = _message(update)
        who = update.callback_query.from_user if update.callback_query else message and message.from_user
        if message is None or message.chat.type != "private" or not who:
            return None
        return Asking(message.chat.id, language_of(who.language_code), self._chats.of(message.chat.id))

    async def _answered(self, asking: Asking, update: Update) -> None:
        try:
            if update.callback_query is not None:
                await self._pressed(asking, update.callback_query)
            elif update.message is not None:
                await self._told(asking, update.message)
        except TooLarge as large:
            said = asking.text(large.key, **large.values)
        except (Refused, Unfit) as refused:
            said = refusal(asking.language, refused.code, refused.message)
        except NoSuchRoom:
            asking.chat.room = ""
            said = refusal(asking.language, "no_such_room", "There is no such room (any more): /rooms")
        except (Damaged, OSError):
            log.exception("telegram.storage_failed")
            said = refusal(asking.language, broken().code, broken().message)
        else:
            return
        await self._api.say(asking.id, said)

    async def _pressed(self, asking: Asking, query: CallbackQuery) -> None:
        kind, _, rest = (query.data or "").partition(" ")
        await self._api.pressed(query.id)
        message = query.message if isinstance(query.message, Message) else None
        match kind:
            case "room":
                await self._enter(asking, rest)
            case "yes":
                asking.chat.agrees(rest)
                await self._enter(asking, rest)
            case "mask":
                await self._wear(asking, rest, message)
            case "keep" | "drop":
                await self._decide(asking, rest, message, keeps=kind == KEEP)
            case "react":
                await self._react(asking, rest)
            case "quiet":
                if (quiet := _pressed_quiet(rest)) is None:
                    await self._api.say(asking.id, asking.text("gone_button"))
                else:
                    await self._be_quiet(asking, quiet, message)
            case _:
                await self._api.say(asking.id, asking.text("gone_button"))

    async def _told(self, asking: Asking, message: Message) -> None:
        recording = recording_in(message)
        said = message.text or ""
        if message.forward_origin is not None:
            await self._api.say(asking.id, asking.text("forwarded"))
        elif recording is not None:
            await self._speak(asking, recording)
        elif said.startswith("/"):
            await self._command(asking, said)
        elif said:
            await self._write(asking, said)
        else:
            await self._api.say(asking.id, asking.text("not_sound"))

    async def _command(self, asking: Asking, said: str) -> None:
        words = said.split()
        name = words[0][1:].partition("@")[0].lower()
        match name:
            case "start":
                await self._api.say(asking.id, asking.text("start"))
                if len(words) > 1:
                    await self._enter(asking, words[1])
                else:
                    await self._rooms(asking)
            case "rooms":
                await self._rooms(asking)
            case "mask":
                await self._masks(asking)
            case "listen":
                await self._listen(asking)
            case "stop":
                asking.chat.room = ""
                self._listening.end(asking.id)
                await self._api.say(asking.id, asking.text("left"))
            case "quiet":
                await self._quiet(asking, said.partition(" ")[2])
            case "forget":
                await self._forget(asking)
            case "help":
                await self._api.say(asking.id, asking.text("start"))
            case _:
                await self._api.say(asking.id, asking.text("unknown"))

    # --- rooms

    async def _rooms(self, asking: Asking) -> None:
        rooms = await self._open_rooms()
        buttons = [[(name, f"{ROOM} {room}")] for room, name in rooms.items()]
        await self._api.say(asking.id, asking.text("rooms" if buttons else "no_rooms"), buttons)

    async def _open_rooms(self) -> dict[str, str]:
        """Return the names of public rooms: first those that are awake, then those with the newest events."""
        awake = [room.id for room in self._registry.rooms() if room.public and self._registry.awake(room.id)]
        listed = [listing.room for listing in await self._registry.listings(2 * SHOWN_ROOMS)]
        found: dict[str, str] = {}
        for room in list(dict.fromkeys([*awake, *listed]))[:LOOKED_AT_ROOMS]:
            if len(found) == SHOWN_ROOMS:
                break
            state = await self._registry.look(room)
            if not state.closed and len(f"{ROOM} {room}".encode()) <= PRESS_BYTES:
                found[room] = room_name(state)
        return found

    async def _enter(self, asking: Asking, room_id: str) -> None:
        """Let a chat be in a room, once it said yes to what is asked at its door."""
        self._count("look", asking.chat)
        if self._registry.awake(room_id) is None:
            self._count("wake", asking.chat)
        room = await self._registry.wake(room_id)
        state = room.state
        kind = KINDS.get(state.kind, KINDS["wonder"])
        if state.closed:
            raise Refused("room_closed", "This room is closed.")
        if kind.door != "open" and room_id not in asking.chat.agreed_in:
            asked = kind.consent.get(asking.language) or kind.consent.get("en", "")
            await self._api.say(asking.id, asked, [[(asking.text("agree"), f"{AGREE} {room_id}")]])
            return
        asking.chat.room = room_id
        voice = self._come_in(asking.chat, room)
        seconds = min(kind.longest_clip_ms, self._longest_clip_ms) // 1000
        lines = [asking.text("entered", room=room_name(state), name=voice.name, seconds=seconds)]
        if state.round is not None and (prompt := public(state.round).prompt) is not None:
            lines.append(asking.text("prompt", prompt=prompt.text))
        await self._api.say(asking.id, "\n".join(lines))

    def _come_in(self, chat: Chat, room: Room) -> Voice:
        """Return who a chat is in a room; the door and its mutes know it like a visitor of the page."""
        voice = self._registry.voice(chat.key, room)
        self._registry.meet(voice.id, room, f"telegram {chat.tag}")
        if room.id in chat.agreed_in:
            room.consent(voice.id)
        return voice

    async def _room_of(self, asking: Asking) -> Room | None:
        """Return the room in which a chat is, awake; None when it is in none, which it is told."""
        if asking.chat.room:
            return await self._registry.wake(asking.chat.room)
        await self._api.say(asking.id, asking.text("no_room"))
        await self._rooms(asking)
        return None

    # --- what is left in a room

    async def _write(self, asking: Asking, said: str) -> None:
        room = await self._room_of(asking)
        if room is None:
            return
        voice = self._come_in(asking.chat, room)
        self._count("say", asking.chat, voice)
        asking.chat.leaves_something(room.id)
        await room.send(Say(said), by=voice)
        await self._api.say(asking.id, asking.text("said", room=room_name(room.state)))

    async def _speak(self, asking: Asking, recording: Recording) -> None:
        """Let a recording land in the chat's room, on the very path that an upload takes."""
        room = await self._room_of(asking)
        if room is None:
            return
        check(recording)
        voice = self._come_in(asking.chat, room)
        self._count("upload", asking.chat, voice)
        if rounds.is_aside(room.state, voice.id):
            self._count("aside", asking.chat, voice)
        size_bytes = recording.size_bytes or LARGEST_RECORDING_BYTES
        with self._budget.holding(asking.chat.tag, size_bytes), self._takes.arriving(room, voice):
            await self._api.is_busy(asking.id)
            try:
                body = await self._api.fetch(recording.file_id)
            except Away as away:
                log.warning("telegram.not_fetched for=%s", away)
                await self._api.say(asking.id, asking.text("away"))
                return
            asking.chat.leaves_something(room.id)
            landed = await self._takes.upload(
                room.id, voice, body, recording.media_type, mask=asking.chat.mask, source="telegram"
            )
        if isinstance(landed, Preview):
            asking.chat.hears_first(landed.id, room.id)
            keep, drop = (
                (asking.text("keep"), f"{KEEP} {landed.id}"),
                (asking.text("drop"), f"{DROP} {landed.id}"),
            )
            await self._api.play(asking.id, landed.clip.ogg, asking.text("preview"), [[keep, drop]])
            return
        state = (await self._registry.wake(room.id)).state
        length_ms = landed.data.duration_ms if isinstance(landed.data, ClipLanded) else 0
        await self._api.say(asking.id, _landed(asking, state, recording, length_ms))

    async def _decide(self, asking: Asking, id_: str, message: Message | None, *, keeps: bool) -> None:
        """Let a take land that its speaker has heard, or throw it away."""
        made_in = asking.chat.previews.get(id_)
        if made_in is None:
            await self._api.say(asking.id, asking.text("gone_button"))
            return
        room = await self._registry.wake(made_in)
        voice = self._come_in(asking.chat, room)
        if keeps:
            await self._takes.keep(room, voice, id_)
        else:
            self._takes.drop(room, voice, id_)
        if message is not None:  # where it was refused they may be pressed again
            await self._api.remove_buttons(message)
        told = asking.text("landed", room=room_name(room.state)) if keeps else asking.text("dropped")
        await self._api.say(asking.id, told)

    async def _forget(self, asking: Asking) -> None:
        """Take back what a chat left in any room, and forget who it was and that it listens."""
        listened = self._listening.end(asking.id)
        rooms = list(asking.chat.left_in)
        for room_id in rooms:
            if await self._take_back(asking.chat, room_id):
                asking.chat.left_in.pop(room_id, None)
        if asking.chat.left_in:  # who it was is needed for what is left
            await self._api.say(asking.id, asking.text("forgot_some"))
            return
        self._chats.forget(asking.chat)
        await self._api.say(asking.id, asking.text("forgot" if rooms or listened else "nothing"))

    async def _take_back(self, chat: Chat, room_id: str) -> bool:
        """Take back what a chat left in a room; False when that cannot be now."""
        try:
            room = await self._registry.wake(room_id)
            await room.send(Forget(everything=True), by=self._registry.voice(chat.key, room))
        except NoSuchRoom:
            log.info("telegram.forgets_a_room_that_is_gone")
        except (Refused, StorageFull, OSError):
            log.exception("telegram.forgets_not")
            return False
        return True

    # --- listening

    async def _listen(self, asking: Asking) -> None:
        room = await self._room_of(asking)
        if room is not None:
            quiet = asking.chat.quiet or self._listening.quiet_of(asking.id)
            await self._listening.begin(asking.id, asking.language, room.id, quiet)
            await self._api.say(asking.id, asking.text("listens", room=room_name(room.state)))

    async def _quiet(self, asking: Asking, words: str) -> None:
        """Give a chat quiet hours: by its own clock, which it is asked for unless it is known."""
        known = asking.chat.quiet or self._listening.quiet_of(asking.id)
        if words.strip().lower() in _OFF:
            await self._be_quiet(asking, None)
            return
        meant = written(words, known.offset_minutes if known else None)
        if meant is None:
            await self._api.say(asking.id, asking.text("quiet"))
            return
        quiet, is_clock_known = meant
        if is_clock_known:
            await self._be_quiet(asking, quiet)
            return
        now_ms, hours = self._registry.clock(), f"{QUIET} {quiet.from_hour} {quiet.to_hour}"
        clocks = [
            (replace(quiet, offset_minutes=each).clock(now_ms), f"{hours} {each}") for each in ASKED_OFFSETS
        ]
        buttons = [clocks[at : at + CLOCKS_IN_A_ROW] for at in range(0, len(clocks), CLOCKS_IN_A_ROW)]
        await self._api.say(asking.id, asking.text("quiet_clock"), buttons)

    async def _be_quiet(self, asking: Asking, quiet: Quiet | None, message: Message | None = None) -> None:
        asking.chat.quiet = quiet
        self._listening.set_quiet(asking.id, quiet)
        said = asking.text("quiet_off")
        if quiet is not None:
            clock = quiet.clock(self._registry.clock())
            said = asking.text("quiet_on", begin=quiet.from_hour, end=quiet.to_hour, clock=clock)
        if message is None:
            await self._api.say(asking.id, said)
        else:
            await self._api.replace(message, said)

    async def _react(self, asking: Asking, rest: str) -> None:
        """React to a clip that was sent here, in its room."""
        clip, _, emoji = rest.partition(" ")
        room_id = self._listening.room_of(asking.id)
        if not room_id:
            await self._api.say(asking.id, asking.text("gone_button"))
            return
        room = await self._registry.wake(room_id)
        voice = self._come_in(asking.chat, room)
        self._count("react", asking.chat, voice)
        asking.chat.leaves_something(room.id)
        await room.send(React(clip, emoji), by=voice)

    # --- masks

    async def _masks(self, asking: Asking) -> None:
        names = [*masks.MASKS, masks.NONE]
        buttons = [
            [(_mask(asking, name), f"{MASK} {name}") for name in names[first : first + 3]]
            for first in range(0, len(names), 3)
        ]
        now = _mask(asking, asking.chat.mask or masks.NONE)
        await self._api.say(asking.id, asking.text("masks", mask=now), buttons)

    async def _wear(self, asking: Asking, name: str, message: Message | None) -> None:
        asking.chat.mask = masks.checked(name)
        said = (
            asking.text("mask_on", mask=_mask(asking, name)) if asking.chat.mask else asking.text("mask_off")
        )
        if message is None:
            await self._api.say(asking.id, said)
        else:
            await self._api.replace(message, said)

    def _count(self, action: Action, chat: Chat, voice: Voice | None = None) -> None:
        """Count what a chat does as if it came by an address of its own. Raises `Refused` (`too_fast`)."""
        now_ms = time.monotonic() * 1000
        self._limits.check(
            action, voice=voice.id if voice else None, address=f"telegram {chat.tag}", now_ms=now_ms
        )


_OFF = {"off", "aus", "0"}
_TOO_FAST = ("too_fast", "That was a lot at once. Try again in a moment.")


def _message(update: Update) -> Message | None:
    """Return the message that an update brings, or that its button belongs to."""
    if update.callback_query is None:
        return update.message
    message = update.callback_query.message
    return message if isinstance(message, Message) else None


def _pressed_quiet(words: str) -> Quiet | None:
    try:
        begin, end, offset = map(int, words.split())
    except ValueError:
        return None
    return quiet_of(begin, end, offset)


def _mask(asking: Asking, name: str) -> str:
    return asking.text("bare") if name == masks.NONE else asking.text(f"mask.{name}")


def _landed(asking: Asking, state: RoomState, recording: Recording, length_ms: int) -> str:
    """Return what a speaker is told of a take that landed, and that it was cut if it was."""
    longest_ms = KINDS.get(state.kind, KINDS["wonder"]).longest_clip_ms
    is_cut = length_ms >= longest_ms and recording.duration_s * 1000 > length_ms + CUT_MARGIN_MS
    if is_cut:
        return asking.text("cut", seconds=length_ms // 1000, room=room_name(state))
    return asking.text("landed", room=room_name(state))
