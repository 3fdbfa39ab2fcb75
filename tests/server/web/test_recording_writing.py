"""What is in a recording when it was written: what is spoken, and nothing that went meanwhile."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import cast
from weakref import WeakSet

import numpy as np

from audio import m4a, ogg, opus
from audio.ogg import FRAMES_PER_PAGE, Caps
from audio.pcm import Pcm
from audio.take import FRAME_MS, Packet
from server.blobs.base import Blob
from server.blobs.memory import MemoryBlobs
from server.engines.utterances import Utterances
from server.log.base import Damaged
from server.log.memory import MemoryLog
from server.room.events import Draft, RoomOpened
from server.room.recording import Chapter, Piece, RecordingPlan
from server.web.recording_forms import M4aForm, OggForm, SoundForm
from server.web.recording_writing import Sources, sound
from tests.support import long_evening
from tests.support.recorded import recorded
from tests.support.voices import ToneEngine

RECORDING = RecordingPlan(
    (
        Piece(0, 3_000, text="Say it", round="r"),
        Piece(3_000, 800, clip=long_evening.name(0)),
        Piece(4_100, 500),
        Piece(4_600, 800, clip=long_evening.name(1)),
    ),
    (Chapter(0, "One"),),
    5_700,
)


async def written(recording: RecordingPlan, form: SoundForm, sources: Sources) -> list[bytes]:
    return [form.begin(), *[part async for part in sound(recording, "Hall", form, sources)]]


class Hall:
    """Two clips, an engine that hums, and what tells who may hear what."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.utterances = Utterances(ToneEngine(), clock=lambda: 0)
        self.hidden = set[str]()
        self.is_told = True
        self.asked: Callable[[str], None] = lambda _: None

    async def fill(self) -> None:
        blobs = [Blob(long_evening.name(at), "hall", long_evening.clip(at)) for at in range(2)]
        await self.log.append("hall", [Draft(RoomOpened("wonder", "Hall"), 0)], blobs=blobs)

    async def may_be_heard(self, clip: str) -> bool:
        self.asked(clip)
        return clip not in self.hidden

    async def may_be_told(self, _round: str | None) -> bool:
        return self.is_told

    async def heard(self) -> Pcm:
        """Return all that is heard."""
        sources = Sources(MemoryBlobs(self.log), self.utterances, self.may_be_heard, self.may_be_told, "en")
        parts = await written(RECORDING, OggForm(1), sources)
        packets = ogg.read_stream(b"".join(parts), Caps(most_packets=10_000)).packets
        assert len(packets) == RECORDING.duration_ms // FRAME_MS
        stream = [Packet(at * opus.FRAME, packet) for at, packet in enumerate(packets)]
        return opus.decode(stream, longest=10_000_000)[312:]


async def hall() -> Hall:
    made = Hall()
    await made.fill()
    return made


def loud(heard: Pcm, start_ms: int, end_ms: int) -> bool:
    return float(np.abs(heard[start_ms * 48 : end_ms * 48]).max()) > 0.01


async def test_prompts_clips_and_sounds_are_heard_in_their_places_with_silence_between_them() -> None:
    heard = await (await hall()).heard()
    assert loud(heard, 0, 1_000)
    assert loud(heard, 3_000, 3_780)
    assert not loud(heard, 3_860, 4_090)
    assert loud(heard, 4_100, 4_400)
    assert loud(heard, 4_600, 5_380)
    assert not loud(heard, 5_450, 5_690)


async def test_a_clip_that_is_hidden_while_its_sound_is_read_is_silence() -> None:
    made = await hall()

    def hide(clip: str) -> None:
        if clip == long_evening.name(1):  # first it may be heard, then no more
            made.asked = made.hidden.add

    made.asked = hide
    heard = await made.heard()
    assert loud(heard, 3_000, 3_780)
    assert not loud(heard, 4_600, 5_690)


async def test_a_clip_that_is_gone_or_damaged_is_silence() -> None:
    made = await hall()
    await made.log.erase("hall", blobs=[long_evening.name(0)])
    heard = await made.heard()
    assert not loud(heard, 3_000, 4_090)
    assert loud(heard, 4_600, 5_380)

    async def damaged(_: str) -> Blob | None:
        raise Damaged("a blob is damaged")

    made.log.blob = damaged  # type: ignore[assignment,method-assign]
    assert not loud(await made.heard(), 4_600, 5_690)


async def test_what_may_not_be_told_any_more_is_a_sound_and_so_is_what_nobody_can_say() -> None:
    made = await hall()
    spoken = await made.heard()
    made.is_told = False
    hidden = await made.heard()
    await made.utterances.close()
    made.is_told = True
    silent = await made.heard()
    assert not np.array_equal(spoken[:24_000], hidden[:24_000])
    assert np.array_equal(silent, hidden)
    assert loud(hidden, 0, 300)


async def test_of_a_text_that_takes_longer_than_its_place_nothing_is_cut_off() -> None:
    made = await hall()
    short = RecordingPlan((Piece(0, 300, text="A very long text", round="r"),), (), 1_000)
    sources = Sources(MemoryBlobs(made.log), made.utterances, made.may_be_heard, made.may_be_told, "en")
    parts = await written(short, OggForm(1), sources)
    beginning = await made.utterances.sound("landed")
    assert ogg.read(b"".join(parts))[:15] == list(beginning.frames)[:15]


async def test_a_clip_is_transcoded_under_its_id_and_one_that_cannot_be_is_silence() -> None:
    made, ids = await hall(), list[str]()

    async def to_m4a(id_: str, clip: bytes) -> bytes:
        ids.append(id_)
        if id_ == long_evening.name(1):
            raise ogg.BadOgg("no")
        return m4a.from_ogg(clip)

    sources = Sources(MemoryBlobs(made.log), made.utterances, made.may_be_heard, made.may_be_told, "en")
    parts = await written(RECORDING, M4aForm(to_m4a), sources)
    clips = [each for each in ids if not each.startswith("said ")]
    assert clips == [long_evening.name(0), long_evening.name(1)]
    heard = recorded(b"".join(parts)).sound
    assert loud(heard, 3_000, 3_780)
    assert not loud(heard, 4_600, 5_690)


class Sound:
    """A clip of which it is seen when nobody holds it any more."""

    def __init__(self, body: bytes) -> None:
        self.body = body


class Shelf(MemoryBlobs):
    """Counts how many of the clips that it gave away are held at once."""

    def __init__(self) -> None:
        super().__init__(MemoryLog())
        self.given = WeakSet[Sound]()
        self.most = self.count = 0

    async def get(self, id: str) -> Blob | None:
        self.count += 1
        sound = Sound(long_evening.clip(int(id[-6:]) % 8))
        self.given.add(sound)
        self.most = max(self.most, len(self.given))
        return cast(Blob, sound)


async def test_of_two_hours_and_two_thousand_clips_one_is_in_memory_at_a_time() -> None:
    shelf, made = Shelf(), Hall()
    pieces = tuple(Piece(at * 3_600, 800, clip=long_evening.name(at)) for at in range(2_000))
    sources = Sources(shelf, made.utterances, made.may_be_heard, made.may_be_told, "en")
    form, largest, size = OggForm(1), 0, 0
    async for part in sound(RecordingPlan(pieces, (), 7_200_000), "", form, sources):
        largest, size = max(largest, len(part)), size + len(part)
        assert len(form._stream._waiting) <= FRAMES_PER_PAGE
    assert (shelf.count, shelf.most) == (2_000, 1)
    assert size > 7_000_000
    assert largest < 20_000


async def test_two_thousand_clips_as_m4a_are_frames_without_a_gap() -> None:
    made, shelf = Hall(), Shelf()
    transcoded = {number: m4a.from_ogg(long_evening.clip(number)) for number in range(8)}

    async def to_m4a(id_: str, _clip: bytes) -> bytes:
        return transcoded[int(id_[-6:]) % 8]

    pieces = tuple(Piece(at * 3_600, 800, clip=long_evening.name(at)) for at in range(2_000))
    sources = Sources(shelf, made.utterances, made.may_be_heard, made.may_be_told, "en")
    form, largest, fragments, at = M4aForm(to_m4a), 0, 0, 0
    async for part in sound(RecordingPlan(pieces, (), 7_200_000), "", form, sources):
        if (mark := part.find(b"tfdt")) > 0:
            (first,) = struct.unpack_from(">Q", part, mark + 8)
            (count,) = struct.unpack_from(">I", part, part.index(b"trun") + 8)
            assert first == at * m4a.CHUNK
            at, fragments = at + count, fragments + 1
        largest = max(largest, len(part))
    assert at == form.place(7_200_000)
    assert fragments == 2_000 + 1
    assert (shelf.count, shelf.most) == (2_000, 1)
    assert largest < 40_000
