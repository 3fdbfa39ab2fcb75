"""What of a Telegram message is sound, and whether it may be fetched at all. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from audio import media_types
from audio.take import LONGEST_LISTENED_MS

if TYPE_CHECKING:
    from aiogram.types import Audio, Message, VideoNote, Voice

# A minute of a round video; what is given to the finish may have 4 MB. A bot gets 20 MB at most.
LARGEST_RECORDING_BYTES = 3_500_000
LONGEST_RECORDING_S = LONGEST_LISTENED_MS // 1000


class TooLarge(Exception):
    """A recording is too long or too big; `key` names the sentence, `values` are what it says."""

    def __init__(self, key: str, **values: int) -> None:
        super().__init__(key)
        self.key, self.values = key, values


class Recording(Struct, frozen=True):
    """A file at Telegram's that holds sound, as the message describes it: none of it is believed yet."""

    file_id: str
    media_type: str
    size_bytes: int
    duration_s: int


def recording_in(message: Message) -> Recording | None:
    """Return the sound of a message, None when it has none."""
    if message.voice is not None:
        return _of(message.voice, message.voice.mime_type, "audio/ogg")
    if message.audio is not None:
        return _of(message.audio, message.audio.mime_type, "audio/mp4")
    if message.video_note is not None:
        return _of(message.video_note, None, "video/mp4")
    return None


def check(recording: Recording) -> None:
    """Refuse what is too long or too big by its own account, before a byte is fetched. Raises `TooLarge`."""
    if recording.duration_s > LONGEST_RECORDING_S:
        raise TooLarge("longer", seconds=LONGEST_RECORDING_S)
    check_size(recording.size_bytes)


def check_size(size_bytes: int) -> None:
    """Refuse what is too big. Raises `TooLarge`."""
    if size_bytes > LARGEST_RECORDING_BYTES:
        raise TooLarge("bigger", megabytes=LARGEST_RECORDING_BYTES // 1_000_000)


def _of(file: Voice | Audio | VideoNote, claimed: str | None, usual: str) -> Recording:
    plain = media_types.plain(claimed or "")
    media_type = plain if plain in media_types.MEDIA_TYPES else usual
    return Recording(file.file_id, media_type, file.file_size or 0, file.duration)
