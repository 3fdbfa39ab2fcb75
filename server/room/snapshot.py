"""A room's state as bytes and back: a body with what is bounded, and the filed clips in parts.

Pure. A state that was read back is the same as the one that was written, and goes on as it would have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from games import captions, forgotten, parts, words
from games import round as round_module
from server.room import (
    answered,
    events,
    filed,
    governed,
    held_facts,
    hook_facts,
    open_chains,
    sets,
    state,
    taught,
    written,
)
from server.room import clips as clips_module
from server.room.clips import NO_CLIPS, ClipRef, Clips
from server.room.filed import Filed, FiledClip, Run, Segment
from server.room.state import RoomState

VERSION_BYTES = 16
# What folds a room: a state that another wording of these (or of this file) made is not gone on with.
FOLDING: tuple[ModuleType, ...] = (
    state,
    written,
    governed,
    answered,
    taught,
    open_chains,
    sets,
    clips_module,
    filed,
    events,
    held_facts,
    hook_facts,
    parts,
    round_module,
    captions,
    forgotten,
    words,
)

Part = Segment | Run
Parts = Mapping[str, Part]


class Unreadable(ValueError):
    """A snapshot cannot be read back: something of it is missing, or it is none."""


class Encoded(Struct, frozen=True):
    """A state as bytes: `fresh` are the parts by name that were not there before, `parts` all of them."""

    body: bytes
    fresh: Mapping[str, bytes]
    parts: Parts


class Codec(Struct, frozen=True):
    """How states become bytes and back; `version` is another one when what is folded, or how, changes."""

    version: Callable[[], bytes]
    encode: Callable[[RoomState, Parts], Encoded]
    decode: Callable[[bytes, Mapping[str, bytes]], tuple[RoomState, Parts]]


class _Body(Struct, frozen=True, array_like=True):
    state: RoomState
    whole: dict[str, ClipRef]
    segments: tuple[str, ...]
    runs: tuple[str, ...]
    next: int
    live: int


def _nothing(_: Any) -> None:
    """Leave the clips out: they are beside the state."""


_encoder = msgspec.msgpack.Encoder(enc_hook=_nothing)
_body = msgspec.msgpack.Decoder(_Body, dec_hook=lambda *_: NO_CLIPS)
_segment = msgspec.msgpack.Decoder(Segment)
_run = msgspec.msgpack.Decoder(Run)


def encode(room: RoomState, stored: Parts) -> Encoded:
    """Return a state as bytes; of its parts only those that are not `stored`."""
    filed_ = room.clips.filed
    segments = {f"segment {segment.first}": segment for segment in filed_.segments}
    runs = {f"run {run.first}": run for run in filed_.runs}
    parts: Parts = {**segments, **runs}
    fresh = {name: _encoder.encode(part) for name, part in parts.items() if stored.get(name) is not part}
    outline = tuple(segments), tuple(runs), filed_.next, filed_.live
    return Encoded(_encoder.encode(_Body(room, room.clips.whole, *outline)), fresh, parts)


def decode(body: bytes, parts: Mapping[str, bytes]) -> tuple[RoomState, Parts]:
    """Return a state and its parts. Raises `Unreadable`."""
    try:
        read = _body.decode(body)
        segments = {name: _segment.decode(parts[name]) for name in read.segments}
        runs = {name: _run.decode(parts[name]) for name in read.runs}
    except (msgspec.DecodeError, KeyError) as error:
        raise Unreadable(f"it cannot be read back: {type(error).__name__}") from error
    filed_ = Filed(tuple(segments.values()), tuple(runs.values()), read.next, read.live)
    if sum(segment.live for segment in filed_.segments) != read.live:
        raise Unreadable("its parts are of another moment")
    return replace(read.state, clips=Clips(read.whole, filed_)), {**segments, **runs}


@cache
def version() -> bytes:
    """Return a hash of the state's structs and of the source of the modules that fold it."""
    kinds = (RoomState, ClipRef, FiledClip, Segment, Run, _Body)
    told = repr(msgspec.inspect.multi_type_info(kinds)).encode()
    files = [__file__, *(module.__file__ or "" for module in FOLDING)]
    return blake2b(b"\0".join([told, *map(_source, files)]), digest_size=VERSION_BYTES).digest()


def _source(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError:  # an installation without sources tells its structs alone
        return b""


CODEC = Codec(version, encode, decode)
