from __future__ import annotations

import socket
from collections.abc import Iterator

import msgspec
import pytest

from server.jobs import LARGEST_JOB_BYTES, SIZE_BYTES, TRACE_CHARACTERS, Broken, answer, broken, receive

Line = tuple[socket.socket, socket.socket]


@pytest.fixture
def line() -> Iterator[Line]:
    ours, theirs = socket.socketpair()
    ours.settimeout(20)
    with ours, theirs:
        yield ours, theirs


def test_messages_come_as_they_were_sent_however_they_are_cut(line: Line) -> None:
    replies = [Broken("a" * size) for size in (0, 1, 70_000)]
    answer(line[0], replies[0])
    answer(line[0], replies[1])
    body = msgspec.msgpack.encode(replies[2])
    whole = len(body).to_bytes(SIZE_BYTES, "big") + body
    line[0].sendall(whole[:3])
    found = [receive(line[1]), receive(line[1])]
    line[0].sendall(whole[3:])
    line[0].close()
    found.append(receive(line[1]))
    assert [msgspec.msgpack.decode(each or b"", type=Broken) for each in found] == replies
    assert receive(line[1]) is None


def test_a_message_too_large_is_the_end_of_a_line(line: Line) -> None:
    line[0].sendall((LARGEST_JOB_BYTES + 1).to_bytes(SIZE_BYTES, "big") + b"x" * 100)
    assert receive(line[1]) is None


def test_a_message_cut_off_is_the_end_of_a_line(line: Line) -> None:
    line[0].sendall((10).to_bytes(SIZE_BYTES, "big") + b"x")
    line[0].close()
    assert receive(line[1]) is None


def test_of_a_long_trace_its_end_is_told() -> None:
    try:
        raise ValueError("x" * 2 * TRACE_CHARACTERS + "the end")
    except ValueError:
        told = broken().trace
    assert len(told) == TRACE_CHARACTERS
    assert told.rstrip().endswith("the end")
