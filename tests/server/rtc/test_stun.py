"""Our reading and writing of binding requests, held against the codec of aioice."""

from __future__ import annotations

import hmac
import os
from typing import Any

import pytest
from aioice import stun as oracle
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.rtc import stun

KEY = b"0123456789abcdef0123456789abcdef"
USER = "ours:theirs"


def request(*, key: bytes = KEY, nominates: bool = True, **more: Any) -> bytes:
    attributes: dict[str, Any] = {"USERNAME": USER, "PRIORITY": 1_845_501_695, "ICE-CONTROLLING": 7, **more}
    if nominates:
        attributes["USE-CANDIDATE"] = None
    message = oracle.Message(oracle.Method.BINDING, oracle.Class.REQUEST, attributes=attributes)
    message.add_message_integrity(key)
    return bytes(message)


def read(datagram: bytes) -> stun.Check:
    check = stun.read(datagram)
    assert check is not None
    return check


def test_a_check_that_says_neither_priority_nor_role_is_genuine() -> None:
    """FFmpeg 8 leaves out what RFC 8445 7.1.1 asks for; an ICE-lite server needs neither."""
    message = oracle.Message(oracle.Method.BINDING, oracle.Class.REQUEST, attributes={"USERNAME": USER})
    message.add_message_integrity(KEY)

    assert stun.valid(read(bytes(message)), KEY)


@pytest.mark.parametrize("nominates", [True, False])
def test_a_check_is_read(nominates: bool) -> None:
    check = read(request(nominates=nominates))

    assert check.username == USER.encode()
    assert check.nominates is nominates
    assert stun.valid(check, KEY)


def test_a_check_without_fingerprint_is_read() -> None:
    datagram = request()[: -stun.FINGERPRINT_BYTES]
    whole = datagram[:2] + (len(datagram) - 20).to_bytes(2, "big") + datagram[4:]

    assert stun.valid(read(whole), KEY)


def signed(attributes: int) -> bytes:
    """Return a genuine check of the given number of attributes, the signature being the last."""
    message = oracle.Message(oracle.Method.BINDING, oracle.Class.REQUEST, attributes={"USERNAME": USER})
    body = bytes(message)[20:] + b"\x80\x22\0\0" * (attributes - 2)  # empty SOFTWARE
    head = bytes(message)[:2] + (len(body) + stun.INTEGRITY_BYTES).to_bytes(2, "big") + bytes(message)[4:20]
    return head + body + b"\x00\x08\x00\x14" + hmac.digest(KEY, head + body, "sha1")


def test_a_check_has_few_attributes() -> None:
    assert stun.valid(read(signed(stun.MOST_ATTRIBUTES)), KEY)
    assert stun.read(signed(stun.MOST_ATTRIBUTES + 1)) is None


def test_a_check_with_another_key_is_not_valid() -> None:
    assert not stun.valid(read(request(key=b"guess")), KEY)


@pytest.mark.parametrize(("host", "port"), [("192.0.2.7", 4711), ("2001:db8::1", 1), ("::ffff:192.0.2.7", 9)])
def test_an_answer_is_what_others_expect(host: str, port: int) -> None:
    check = read(request())

    message = oracle.parse_message(stun.answer(check, KEY, host, port))

    assert message.message_class is oracle.Class.RESPONSE
    assert message.transaction_id == check.transaction
    assert message.check_message_integrity(KEY)
    assert "FINGERPRINT" in message.attributes
    assert message.attributes["XOR-MAPPED-ADDRESS"] == (host.removeprefix("::ffff:"), port)


def test_an_answer_is_smaller_than_its_check() -> None:
    """H7: nothing is gained by asking in somebody else's name."""
    datagram = request()

    assert len(stun.answer(read(datagram), KEY, "2001:db8::1", 1)) <= len(datagram)


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\0",
        bytes(20),
        os.urandom(100),
        request()[:-1],
        request() + b"\0\0\0\0",
        request()[:4] + b"\0\0\0\0" + request()[8:],  # not the cookie
        bytes(oracle.Message(oracle.Method.BINDING, oracle.Class.REQUEST)),  # not signed
        bytes(oracle.Message(oracle.Method.BINDING, oracle.Class.RESPONSE)),
        bytes(oracle.Message(oracle.Method.ALLOCATE, oracle.Class.REQUEST)),
        b"\x00\x01\x00\x04\x21\x12\xa4\x42" + bytes(12) + b"\x00\x06\xff\xff",  # a length that lies
        b"\x00\x01\x03\xe8\x21\x12\xa4\x42" + bytes(12) + b"\x00\x2a\x00\x00" * 250,  # only attributes
    ],
    ids=[
        "nothing", "a byte", "zeros", "noise", "cut off", "too long", "no cookie", "not signed", "an answer",
        "an allocation", "a length that lies", "only attributes",
    ],
)  # fmt: skip
def test_what_is_no_signed_check_is_nothing(datagram: bytes) -> None:
    """P24: stock raises struct.error and KeyError here, once a datagram."""
    assert stun.read(datagram) is None


@settings(deadline=None)
@given(st.binary(max_size=200))
@example(request())
def test_any_datagram_is_read_without_an_exception(datagram: bytes) -> None:
    stun.read(datagram)


@settings(deadline=None)
@given(st.integers(0, len(request()) - 1), st.integers(1, 255))
def test_a_check_that_was_changed_on_the_way_is_never_valid(at: int, flip: int) -> None:
    datagram = bytearray(request())
    datagram[at] ^= flip

    check = stun.read(bytes(datagram))

    assert check is None or not stun.valid(check, KEY)


@settings(deadline=None)
@given(st.data())
def test_we_accept_nothing_that_the_oracle_refuses(data: st.DataObject) -> None:
    datagram = bytearray(request())
    for _ in range(data.draw(st.integers(0, 4))):
        datagram[data.draw(st.integers(20, len(datagram) - 1))] = data.draw(st.integers(0, 255))

    check = stun.read(bytes(datagram))

    if check is not None and stun.valid(check, KEY):
        assert oracle.parse_message(bytes(datagram)).check_message_integrity(KEY)
