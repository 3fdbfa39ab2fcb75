from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio import riff as under_test
from tests.support import riff

PLAIN = riff.form(riff.PCM, 16)
SOUND = bytes(range(200))


@pytest.mark.parametrize(("bits", "valid"), [(32, 24), (24, 20), (16, 12), (32, 0)])
def test_samples_are_as_wide_as_their_containers(bits: int, valid: int) -> None:
    narrow = riff.file(riff.extensible(riff.PCM, bits, valid=valid), SOUND)

    assert under_test.mended(narrow) == riff.file(riff.extensible(riff.PCM, bits), SOUND)


@pytest.mark.parametrize(
    "rest", [b"zzz", riff.chunk(b"LIST", b"abc"), riff.chunk(b"data", SOUND), bytes(100)]
)
def test_what_is_behind_the_sound_is_left_out(rest: bytes) -> None:
    body = riff.file(PLAIN, SOUND, before=riff.chunk(b"LIST", b"odd"))

    assert under_test.mended(body + rest) == body


@pytest.mark.parametrize(
    "body",
    [
        riff.file(PLAIN, SOUND),
        riff.file(PLAIN, SOUND, data_size=0, size=0) + b"zzz",
        riff.file(PLAIN, SOUND, data_size=0xFFFFFFFF) + b"zzz",
        riff.large(PLAIN, SOUND),
        riff.file(riff.extensible(riff.FLOAT, 32, valid=24), SOUND),
        riff.file(PLAIN, SOUND)[:50],
        riff.file(PLAIN[:10], SOUND),
        riff.file(riff.extensible(riff.PCM, 32, valid=24), SOUND)[:40],
    ],
)
def test_other_files_stay_as_they_are(body: bytes) -> None:
    assert under_test.mended(body) == body


@given(st.binary(max_size=200), st.sampled_from([b"", b"fmt ", b"data", b"LIST"]), st.integers(0, 100))
def test_any_bytes_stay_or_are_shortened(body: bytes, name: bytes, size: int) -> None:
    head = b"RIFF\0\0\0\0WAVE" + (name + size.to_bytes(4, "little") if name else b"")

    assert len(under_test.mended(head + body)) <= len(head + body)


def test_a_plain_file_is_read_also_when_it_was_written_to_a_pipe() -> None:
    whole, piped = riff.file(PLAIN, SOUND), riff.file(PLAIN, SOUND, data_size=0x7FFF_F000)

    for body in (whole, piped):
        sound, rate_hz = under_test.samples(body)
        assert (len(sound), rate_hz) == (len(SOUND) // 2, 16_000)


@pytest.mark.parametrize(
    "body", [b"", b"garbage", riff.file(riff.form(riff.PCM, 16, 2), SOUND), b"RIFF1234WAVE"]
)
def test_what_is_no_plain_file_is_not_read(body: bytes) -> None:
    with pytest.raises(ValueError, match="no"):
        under_test.samples(body)
