"""What chats are told of a room: clips, takes that are revealed, a round as one piece, prompts for all."""

from __future__ import annotations

import zlib

from msgspec import Struct

from audio.ogg import BadOgg, read
from audio.ogg_stream import OggStream
from audio.take import FRAME_MS
from games.registry import BY_ID
from games.round import RoundClosed, RoundRevealed, TurnGiven
from server.blobs.base import Blobs
from server.log.base import Damaged
from server.room.clips import ClipRef
from server.room.events import ClipLanded, Event, Language, Voice
from server.room.kinds import KINDS
from server.room.state import RoomState
from server.room.view import is_clip_hidden, view
from server.telegram.texts import text

# Of these kinds are the events of which something is told.
TOLD = (ClipLanded.kind, RoundClosed.kind, RoundRevealed.kind, TurnGiven.kind)
CAPTION_CHARACTERS = 1_024  # Telegram takes no more under a voice message
# A round as one piece is cut at a clip's end before this: about 1.5 MB.
LONGEST_WHOLE_MS = 5 * 60_000


class Heard(Struct, frozen=True):
    """A clip; `by` is None where its event tells no more of its voice than the id."""

    clip: str
    voice: str
    by: Voice | None = None


class Whole(Struct, frozen=True):
    """The clips of a round that make one piece."""

    round: str
    clips: tuple[str, ...]


class Asked(Struct, frozen=True):
    """A prompt for all, until a time."""

    prompt: str
    closes_at_ms: int


Part = Heard | Whole | Asked


class Message(Struct, frozen=True):
    """What is sent: a voice message with a caption, or a text; `clip` may be reacted to."""

    text: str
    ogg: bytes | None = None
    clip: str = ""


def parts(event: Event) -> tuple[Part, ...]:
    """Return what there is to tell of an event, always the same; whether it may be is seen later."""
    match view(event, None).data:
        case ClipLanded(clip=clip) if clip and event.by is not None:
            return (Heard(clip, event.by.id, event.by),)
        case RoundRevealed(takes=takes):
            return tuple(Heard(take.clip, take.voice) for take in takes if not take.written)
        case RoundClosed(round=round_, replay=replay) if len(replay) > 1:
            return (Whole(round_, replay),)
        case TurnGiven(voice=None, act="speak", voices=(), prompt=prompt, closes_at_ms=until_ms) if prompt:
            return (Asked(prompt, until_ms),)
        case _:
            return ()


def name(state: RoomState) -> str:
    """Return what a room is called."""
    kind = KINDS.get(state.kind, KINDS["wonder"])
    return state.name or kind.names.get(state.language) or kind.names["en"]


def may_be_heard(state: RoomState, clip: str) -> bool:
    """Tell whether everybody may hear a clip now."""
    known = state.clips.get(clip)
    return known is not None and not is_clip_hidden(state, known, None)


class Telling:
    """Turns what is to be told into messages; the newest round as one piece is kept, for many want it."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._newest: tuple[tuple[str, ...], bytes] = ((), b"")

    async def message(self, part: Part, state: RoomState, language: Language, now_ms: int) -> Message | None:
        """Return what is sent of a part now, None when that is nothing."""
        match part:
            case Heard():
                return await self._clip(part, state, language)
            case Whole():
                return await self._whole(part, state, language)
            case Asked(prompt=prompt, closes_at_ms=closes_at_ms):
                left_s = (closes_at_ms - now_ms) // 1000
                return Message(text(language, "turn", prompt=prompt, seconds=left_s)) if left_s > 0 else None

    async def _clip(self, part: Heard, state: RoomState, language: Language) -> Message | None:
        known = state.clips.get(part.clip)
        by = part.by or (known.by if isinstance(known, ClipRef) else None)
        if by is None or not may_be_heard(state, part.clip):
            return None
        body = await self._body(part.clip)
        if body is None:
            return None
        caption = known.caption if isinstance(known, ClipRef) else None
        who = _who(by, language)
        said = f"{who}: {caption}" if caption else who
        return Message(said[:CAPTION_CHARACTERS], body, part.clip)

    async def _whole(self, part: Whole, state: RoomState, language: Language) -> Message | None:
        clips = tuple(clip for clip in part.clips if may_be_heard(state, clip))
        if len(clips) < 2:
            return None
        if self._newest[0] != clips:
            self._newest = (clips, await self._joined(clips))
        voices = [clip.by for clip in map(state.clips.get, clips) if isinstance(clip, ClipRef) and clip.by]
        who = ", ".join(dict.fromkeys(_who(voice, language) for voice in voices))
        round_ = state.last_round
        game = BY_ID.get(round_.game) if round_ is not None and round_.id == part.round else None
        said = text(language, "whole", game=game.names[language] if game else name(state), who=who)
        return Message(said[:CAPTION_CHARACTERS], self._newest[1]) if self._newest[1] else None

    async def _joined(self, clips: tuple[str, ...]) -> bytes:
        """Return clips as one file, of the very packets that they have; b"" when fewer than two are left."""
        stream = OggStream(serial=zlib.crc32(" ".join(clips).encode()))
        pages, length_ms, count = [stream.begin(), stream.head("", ())], 0, 0
        for clip in clips:
            body = await self._body(clip)
            packets = _packets(body) if body is not None else []
            length_ms += len(packets) * FRAME_MS
            if length_ms > LONGEST_WHOLE_MS:
                break
            count += bool(packets)
            pages.append(stream.add(packets))
        return b"".join([*pages, stream.end()]) if count > 1 else b""

    async def _body(self, clip: str) -> bytes | None:
        try:
            blob = await self._blobs.get(clip)
        except Damaged:  # it would be no better the next time
            return None
        return blob.body if blob is not None else None

    def rest(self) -> None:
        """Keep no sound: nobody is being told anything."""
        self._newest = ((), b"")


def _packets(body: bytes) -> list[bytes]:
    try:
        return read(body)
    except BadOgg:
        return []


def _who(voice: Voice, language: Language) -> str:
    return text(language, "machine", name=voice.name) if voice.machine else voice.name
