"""Frames of clients, in any pieces and of any form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.socket.frame_reader import FrameReader, Violation, close_code, text
from server.socket.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT
from tests.support.ws_client import masked

LIMIT_BYTES = 1_000
SMALL = st.binary(max_size=300)
CONTROLS = st.tuples(st.sampled_from([CLOSE, PING, PONG]), st.binary(max_size=125))


def read(reader: FrameReader) -> list[tuple[int, bytes]]:
    """Return all that is whole, without the fragments of what is not."""
    found = []
    while (frame := reader.next()) is not None:
        if frame != (CONTINUATION, b""):
            found.append(frame)
    return found


@st.composite
def messages(draw: st.DrawFn) -> tuple[tuple[int, bytes], bytes]:
    """Draw a message and the bytes of its frames, with control frames between fragments left out."""
    opcode, payload = draw(st.sampled_from([TEXT, BINARY])), draw(SMALL)
    cuts = sorted(draw(st.lists(st.integers(0, len(payload)), max_size=4)))
    pieces = [payload[a:b] for a, b in zip([0, *cuts], [*cuts, len(payload)], strict=True)]
    sent = b""
    for number, piece in enumerate(pieces):
        final = 0x80 if number == len(pieces) - 1 else 0
        sent += masked(piece, first=final | (CONTINUATION if number else opcode))
    return (opcode, payload), sent


@given(st.lists(messages() | CONTROLS.map(lambda c: (c, masked(c[1], c[0]))), max_size=8), st.data())
def test_what_was_sent_is_read_however_it_is_cut(
    sent: list[tuple[tuple[int, bytes], bytes]], data: st.DataObject
) -> None:
    stream = b"".join(frames for _, frames in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    reader, found = FrameReader(LIMIT_BYTES), list[tuple[int, bytes]]()
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        reader.feed(stream[begin:end])
        found += read(reader)
    assert found == [message for message, _ in sent]
    assert reader.waiting_bytes == 0


@given(st.binary(max_size=400))
def test_any_bytes_are_frames_or_a_violation(data: bytes) -> None:
    reader = FrameReader(LIMIT_BYTES)
    reader.feed(data)
    codes = []
    try:
        read(reader)
    except Violation as violation:
        codes.append(violation.code)
    assert codes in ([], [1002], [1009])


def test_a_ping_between_fragments_is_read_at_once() -> None:
    reader = FrameReader(LIMIT_BYTES)
    reader.feed(masked(b"one ", first=TEXT) + masked(b"p", PING) + masked(b"two", CONTINUATION))
    assert read(reader) == [(PING, b"p"), (TEXT, b"one two")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"\x81\x01a", 1002, id="no mask"),
        pytest.param(masked(b"a", first=0xC1), 1002, id="RSV1"),
        pytest.param(masked(b"a", 3), 1002, id="reserved opcode"),
        pytest.param(masked(b"a", first=PING), 1002, id="fragmented control"),
        pytest.param(masked(b"a" * 126, PING), 1002, id="long control"),
        pytest.param(masked(b"a", CONTINUATION), 1002, id="continuation of nothing"),
        pytest.param(masked(b"a", first=TEXT) + masked(b"b"), 1002, id="message within a message"),
        pytest.param(masked(b"a" * (LIMIT_BYTES + 1)), 1009, id="too big"),
        pytest.param(masked(b"a" * 600, first=TEXT) + masked(b"b" * 600, CONTINUATION), 1009, id="in two"),
        pytest.param(b"\x81\xff" + b"\xff" * 8, 1009, id="announced alone"),
    ],
)
def test_what_breaks_the_protocol_has_its_code(data: bytes, code: int) -> None:
    reader = FrameReader(LIMIT_BYTES)
    reader.feed(data)
    with pytest.raises(Violation) as violation:
        read(reader)
    assert violation.value.code == code


def test_empty_fragments_are_not_kept() -> None:
    reader = FrameReader(LIMIT_BYTES)
    reader.feed(masked(b"", first=TEXT) + masked(b"", first=CONTINUATION) * 10_000)
    assert read(reader) == []
    reader.feed(masked(b"end", CONTINUATION))
    assert read(reader) == [(TEXT, b"end")]


@pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x03\xe8bye", b"\x0b\xb8", b"\x13\x87", b"\x03\xf6"])
def test_a_close_code_is_given_back(payload: bytes) -> None:
    assert close_code(payload) == (int.from_bytes(payload[:2]) or 1000)


@pytest.mark.parametrize(
    ("payload", "code"),
    [(b"\x03", 1002), (b"\x00\x00", 1002), (b"\x03\xed", 1002), (b"\x03\xee", 1002), (b"\x03\xe8\xff", 1007)],
)
def test_a_close_frame_that_is_none_has_its_code(payload: bytes, code: int) -> None:
    with pytest.raises(Violation) as violation:
        close_code(payload)
    assert violation.value.code == code


@pytest.mark.parametrize("payload", [b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xe2\x82"])
def test_what_is_not_utf8_is_no_text(payload: bytes) -> None:
    with pytest.raises(Violation) as violation:
        text(payload)
    assert violation.value.code == 1007
