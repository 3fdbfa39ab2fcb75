"""What a push service is asked, and what its answers mean."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator
from email.utils import formatdate

import pytest

from server.config import Config
from server.push import endpoints
from server.push.opening import open_service
from server.push.service import LONGEST_PAUSE_S, Outcome, PushService, outcome
from server.push.subscriptions import Subscription
from tests.server.push.test_endpoints import Fixed
from tests.support.push_service import Device, PushServer, push_server

SECRET = b"s" * 32


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def subscribed(device: Device) -> Subscription:
    return Subscription("anna", device.endpoint, **device.json()["keys"])


@pytest.fixture
async def pushes() -> AsyncIterator[PushServer]:
    async with push_server() as made:
        yield made


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    made = open_service(Config(push="private", public_url="https://wonder.example"), SECRET, now_ms)
    assert made is not None
    yield made
    await made.close()
    await made.close()


async def test_a_browser_reads_what_its_service_was_given(pushes: PushServer, service: PushService) -> None:
    device = pushes.device()
    assert await service.send(subscribed(device), b'{"a": 1}', "wonder") == Outcome("taken", 201)
    assert pushes.sent == [(device, {"a": 1})]
    assert pushes.keys == {service.key}


async def test_a_browser_that_left_is_gone_and_a_busy_service_is_asked_later(
    pushes: PushServer, service: PushService
) -> None:
    to = subscribed(pushes.device())
    pushes.faults = [(429, {"Retry-After": "7"}), (503, {}), (302, {"Location": pushes.url}), (403, {})]
    assert await service.send(to, b"{}", "wonder") == Outcome("later", 429, 7.0)
    assert await service.send(to, b"{}", "wonder") == Outcome("later", 503)
    assert await service.send(to, b"{}", "wonder") == Outcome("never", 302), "nobody is sent elsewhere"
    assert await service.send(to, b"{}", "wonder") == Outcome("never", 403)
    pushes.devices.clear()
    assert (await service.send(to, b"{}", "wonder")).kind == "gone"
    assert len(pushes.asked) == 5


async def test_where_nobody_answers_it_is_later(service: PushService) -> None:
    with socket.socket() as held:  # nobody listens there, and nobody else can meanwhile
        held.bind(("127.0.0.1", 0))
        to = subscribed(Device(f"http://127.0.0.1:{held.getsockname()[1]}/push/x"))
        assert await service.send(to, b"{}", "wonder") == Outcome("later")


class Near(Fixed):
    """Finds this machine by every name."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1", "::1")


async def test_no_private_network_is_asked_but_by_a_setting(
    pushes: PushServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "DefaultResolver", Near)
    service = open_service(Config(), SECRET, now_ms)
    assert service is not None
    try:
        assert await service.send(subscribed(pushes.device()), b"{}", "wonder") == Outcome("gone")
        named = Subscription("anna", "https://push.example/x", **pushes.device().json()["keys"])
        assert await service.send(named, b"{}", "wonder") == Outcome("later")
    finally:
        await service.close()
    assert pushes.asked == []
    assert open_service(Config(push="off"), SECRET, now_ms) is None


def test_answers_are_understood() -> None:
    in_a_minute = formatdate(1_800_000_060, usegmt=True)
    assert outcome(429, in_a_minute, 1_800_000_000_000) == Outcome("later", 429, 60.0)
    assert outcome(429, in_a_minute, 1_900_000_000_000).pause_s == 0
    for long in ("99999999999", formatdate(1_900_000_000, usegmt=True)):
        assert outcome(503, long, 1_800_000_000_000).pause_s == LONGEST_PAUSE_S
    for odd in ("", "soon", "-5", "²", "Fri, 99 Foo 2026"):
        assert outcome(429, odd).pause_s == 0
    assert [outcome(status).kind for status in (200, 202, 404, 410, 400, 413)] == [
        *("taken", "taken", "gone", "gone", "never", "never")
    ]
