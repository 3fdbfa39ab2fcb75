from __future__ import annotations

from typing import Any

import pytest
from aiogram.types import Message

from server.telegram.recordings import (
    LARGEST_RECORDING_BYTES,
    LONGEST_RECORDING_S,
    Recording,
    TooLarge,
    check,
    recording_in,
)


def message(**content: Any) -> Message:
    return Message.model_validate(
        {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, **content}
    )


def sound(**more: Any) -> dict[str, Any]:
    return {"file_id": "f", "file_unique_id": "u", "duration": 3, "file_size": 500, **more}


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        ({"voice": sound(mime_type="audio/ogg")}, "audio/ogg"),
        ({"voice": sound()}, "audio/ogg"),
        ({"voice": sound(mime_type="video/mp4")}, "video/mp4"),
        ({"voice": sound(mime_type="text/html")}, "audio/ogg"),
        ({"audio": sound(mime_type="Audio/X-M4A; codecs=aac")}, "audio/x-m4a"),
        ({"audio": sound(mime_type="audio/mpeg")}, "audio/mp4"),
        ({"video_note": sound(length=240)}, "video/mp4"),
    ],
)
def test_sound_is_found_with_a_type_that_the_finish_knows(content: dict[str, Any], media_type: str) -> None:
    assert recording_in(message(**content)) == Recording("f", media_type, 500, 3)


def test_a_text_has_no_sound() -> None:
    assert recording_in(message(text="hello")) is None


def test_what_is_not_said_of_a_file_is_no_reason_to_refuse_it() -> None:
    found = recording_in(message(voice=sound(file_size=None)))
    assert found is not None
    check(found)


@pytest.mark.parametrize(
    ("size", "duration", "key"),
    [(LARGEST_RECORDING_BYTES + 1, 3, "bigger"), (500, LONGEST_RECORDING_S + 1, "longer")],
)
def test_what_is_too_large_is_refused(size: int, duration: int, key: str) -> None:
    with pytest.raises(TooLarge) as refused:
        check(Recording("f", "audio/ogg", size, duration))
    assert refused.value.key == key
