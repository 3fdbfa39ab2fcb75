from __future__ import annotations

import asyncio
import json

from aiohttp import WSMsgType
from aiohttp._websocket.reader import WebSocketDataQueue
from aiohttp.http_websocket import WebSocketReader
from hypothesis import given
from hypothesis import strategies as st

from server.socket.frames import CLOSE, PING, PONG, TEXT, closing, frame, joined


class Protocol:
    """All that aiohttp's queue asks of a protocol while it is not full."""

    _reading_paused = False

    def pause_reading(self) -> None:
        self._reading_paused = True


def read(data: bytes) -> list[tuple[WSMsgType, object]]:
    """Return what aiohttp's own reader makes of our frames."""
    loop = asyncio.new_event_loop()
    try:
        queue = WebSocketDataQueue(Protocol(), 1 << 30, loop=loop)  # type: ignore[arg-type]
        reader = WebSocketReader(queue, 0, compress=False, decode_text=True)
        ended, _ = reader.feed_data(data)
        assert not ended
        return [(message.type, message.data) for message, _ in queue._buffer]
    finally:
        loop.close()


@given(st.sampled_from([0, 1, 125, 126, 127, 65535, 65536, 70000]))
def test_a_frame_of_any_length_is_read_whole(length: int) -> None:
    assert read(frame(b"x" * length)) == [(WSMsgType.TEXT, "x" * length)]


@given(st.lists(st.tuples(st.sampled_from([TEXT, PING, PONG]), st.binary(max_size=125)), max_size=20))
def test_frames_follow_each_other_in_one_write(frames: list[tuple[int, bytes]]) -> None:
    frames = [(op, payload.hex().encode()[:125] if op == TEXT else payload) for op, payload in frames]
    messages = read(b"".join(frame(payload, op) for op, payload in frames))
    assert [kind.value for kind, _ in messages] == [op for op, _ in frames]


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3), max_size=8))
def test_several_messages_are_one_array_and_one_is_itself(messages: list[dict[str, str]]) -> None:
    found = read(joined([json.dumps(message).encode() for message in messages]))
    if not messages:
        assert found == []
        return
    assert len(found) == 1
    assert json.loads(str(found[0][1])) == (messages[0] if len(messages) == 1 else messages)


def test_a_close_frame_says_code_and_reason_and_fits_a_control_frame() -> None:
    assert closing(1013, "too slow") == bytes([0x80 | CLOSE, 10]) + (1013).to_bytes(2) + b"too slow"
    long = closing(1002, "ä" * 200)
    assert len(long) <= 127
    assert read(long) == [(WSMsgType.CLOSE, 1002)]
