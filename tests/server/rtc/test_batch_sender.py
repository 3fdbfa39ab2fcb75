"""One packet to many: each listener can read its own, and nobody's failure is another's."""

from __future__ import annotations

import ctypes
import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pylibsrtp
import pytest
from aiortc.rtp import RtpPacket

from server.rtc import rtp
from server.rtc.batch_sender import BatchSender, Listener, ListenerBatch, SendMany, kernel_send_many, sockaddr
from server.rtc.dtls import SEND_WINDOW

SSRC = 0xC0FFEE
PROFILE = pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM


class Remote:
    """A listener far away: its socket and its keys."""

    def __init__(self, number: int, family: socket.AddressFamily = socket.AF_INET) -> None:
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        self.socket.settimeout(2)
        key = os.urandom(28)
        ours, theirs = (
            pylibsrtp.Policy(key=key, ssrc_type=kind, ssrc_value=SSRC, srtp_profile=PROFILE)
            for kind in (pylibsrtp.Policy.SSRC_SPECIFIC, pylibsrtp.Policy.SSRC_ANY_INBOUND)
        )
        ours.window_size, ours.allow_repeat_tx = SEND_WINDOW, True
        self.listener = Listener(
            pylibsrtp.Session(ours), 96 + number, 1_000 * number, self.socket.getsockname()
        )
        self._session = pylibsrtp.Session(theirs)

    def heard(self) -> RtpPacket:
        return RtpPacket.parse(self._session.unprotect(self.socket.recv(2_048)))

    def heard_nothing(self) -> bool:
        self.socket.setblocking(False)
        try:
            self.socket.recv(2_048)
        except BlockingIOError:
            return True
        return False


@pytest.fixture
def remotes() -> Iterator[list[Remote]]:
    made = [Remote(number) for number in range(5)]
    yield made
    for remote in made:
        remote.socket.close()


@pytest.fixture
def sender() -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock


def batch_of(remotes: list[Remote]) -> ListenerBatch:
    batch = ListenerBatch()
    for remote in remotes:
        batch.add(remote.listener)
    return batch


def packet(payload: bytes = b"clip", *, marker: bool = False) -> bytes:
    return rtp.header(marker=marker, timestamp=77, ssrc=SSRC) + payload


@pytest.mark.parametrize("send_many", [kernel_send_many(), None], ids=["sendmmsg", "sendto"])
def test_every_listener_reads_its_own(
    remotes: list[Remote], sender: socket.socket, send_many: SendMany | None
) -> None:
    batch_sender, batch = BatchSender(sender, send_many), batch_of(remotes)

    batch_sender.send(packet(marker=True), batch)
    batch_sender.send(packet(b"more"), batch)

    for number, remote in enumerate(remotes):
        first, second = remote.heard(), remote.heard()
        assert (first.payload, second.payload) == (b"clip", b"more")
        assert (first.marker, second.marker) == (1, 0)
        assert first.payload_type == 96 + number
        assert [first.sequence_number, second.sequence_number] == [1_000 * number + 1, 1_000 * number + 2]
        assert (first.ssrc, first.timestamp) == (SSRC, 77)
    assert (batch_sender.sent, batch_sender.dropped) == (10, 0)


def test_who_leaves_hears_nothing_and_the_others_all(remotes: list[Remote], sender: socket.socket) -> None:
    batch_sender, batch = BatchSender(sender, kernel_send_many()), batch_of(remotes)
    batch_sender.send(packet(), batch)
    for remote in remotes:
        remote.heard()

    batch.remove(remotes[1].listener)
    batch_sender.send(packet(), batch)

    assert remotes[1].heard_nothing()
    assert [remotes[at].heard().sequence_number for at in (0, 2, 3, 4)] == [2, 2_002, 3_002, 4_002]


def test_who_comes_back_goes_on_where_it_was(remotes: list[Remote], sender: socket.socket) -> None:
    batch_sender, batch = BatchSender(sender, kernel_send_many()), batch_of(remotes)
    batch_sender.send(packet(), batch)
    batch.remove(remotes[2].listener)
    other = ListenerBatch()
    other.add(remotes[2].listener)

    batch_sender.send(packet(), other)

    assert [remotes[2].heard().sequence_number for _ in range(2)] == [2_001, 2_002]


def test_numbers_go_round_and_what_was_sent_before_is_sent_again_as_it_was(
    remotes: list[Remote], sender: socket.socket
) -> None:
    """RFC 3711 3.3.1: after 65535 the rollover counter goes on; a repeat from before has the old one.

    At 50 packets a second that comes after 22 minutes at most.
    """
    remotes[0].listener.sequence = 0xFFFD
    batch_sender, batch = BatchSender(sender, kernel_send_many()), batch_of(remotes[:1])
    sent = []
    for number in range(5):
        batch_sender.send(packet(bytes((number,))), batch)
        sent.append(remotes[0].socket.recv(2_048))

    read = [RtpPacket.parse(remotes[0]._session.unprotect(datagram)) for datagram in sent]
    assert [each.sequence_number for each in read] == [0xFFFE, 0xFFFF, 0, 1, 2]
    assert [each.payload for each in read] == [bytes((number,)) for number in range(5)]
    for sequence, datagram in zip((0xFFFE, 0xFFFF, 0), sent, strict=False):
        again = batch.sent_as(remotes[0].listener, sequence, time.monotonic())
        assert again is not None
        batch_sender.resend(again, remotes[0].listener, sequence)
        assert remotes[0].socket.recv(2_048) == datagram
    assert (batch_sender.resent, batch_sender.dropped) == (3, 0)


def test_a_listener_is_followed_to_its_new_address(remotes: list[Remote], sender: socket.socket) -> None:
    batch_sender, batch = BatchSender(sender, kernel_send_many()), batch_of(remotes[:1])
    remotes[0].listener.address = remotes[1].socket.getsockname()

    batch.move(remotes[0].listener)
    batch_sender.send(packet(), batch)

    assert remotes[0].heard_nothing()
    assert len(remotes[1].socket.recv(2_048)) > 12


def test_what_the_network_does_not_take_is_lost_for_that_listener_alone(
    remotes: list[Remote], sender: socket.socket
) -> None:
    kernel = kernel_send_many()
    if kernel is None:
        pytest.skip("this system has no sendmmsg")
    calls = 0

    def full_at_third(fd: int, messages: int, count: int, flags: int) -> int:
        """Behave as the kernel does when its buffer is full for the third datagram."""
        nonlocal calls
        calls += 1
        if calls == 1:
            return kernel(fd, messages, 2, flags)
        return -1 if calls == 2 else kernel(fd, messages, count, flags)

    batch_sender = BatchSender(sender, full_at_third)
    batch_sender.send(packet(), batch_of(remotes))

    assert remotes[2].heard_nothing()
    assert [remotes[at].heard().payload for at in (0, 1, 3, 4)] == [b"clip"] * 4
    assert (batch_sender.sent, batch_sender.dropped) == (4, 1)


def test_a_packet_that_cannot_be_protected_is_lost_for_that_listener_alone(
    remotes: list[Remote], sender: socket.socket
) -> None:
    batch_sender, batch = BatchSender(sender, kernel_send_many()), batch_of(remotes)
    remotes[1].listener.session.remove_stream(SSRC)

    batch_sender.send(packet(), batch)

    assert remotes[1].heard_nothing()
    assert [remotes[at].heard().payload for at in (0, 2, 3, 4)] == [b"clip"] * 4
    assert batch_sender.dropped == 1


def test_ipv6_listeners_are_reached() -> None:
    with closing(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)) as sender:
        sender.bind(("::1", 0))
        remote = Remote(1, socket.AF_INET6)

        BatchSender(sender, kernel_send_many()).send(packet(), batch_of([remote]))

        assert remote.heard().payload == b"clip"
        remote.socket.close()


@pytest.mark.parametrize(("address", "size"), [(("192.0.2.1", 9), 16), (("fe80::1%lo", 9, 0, 1), 28)])
def test_an_address_is_packed_as_the_kernel_wants_it(address: tuple[str, int], size: int) -> None:
    packed = sockaddr(address)

    assert len(packed) == size
    family = ctypes.c_uint16.from_buffer_copy(packed).value
    assert family == (socket.AF_INET if size == 16 else socket.AF_INET6)
