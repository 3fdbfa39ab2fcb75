"""A browser names whom we are to ask: no name leads into a private network."""

from __future__ import annotations

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from server.push.endpoints import PublicResolver, is_public, origin, wrong_with


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/c2x:APA91bH",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABl",
        "https://web.push.apple.com/QGu",
        "https://wns2-par02p.notify.windows.com/w/?token=BQYAAAB%2bk",
        "https://push.example:443/x",
        "https://93.184.215.14/x",
    ],
)
def test_push_services_may_be_named(endpoint: str) -> None:
    assert wrong_with(endpoint) == ""


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "push.example/x",
        "http://push.example/x",
        "ftp://push.example/x",
        "https://push.example:8443/x",
        "https://push.example:99999/x",
        "https://me@push.example/x",
        "https://localhost/x",
        "https://metadata/x",
        "https://127.0.0.1/x",
        "https://10.0.0.1/x",
        "https://169.254.169.254/latest",
        "https://100.64.1.1/x",
        "https://224.0.0.1/x",
        "https://[::1]/x",
        "https://[fd00::1]/x",
        "https://[fe80::1%25eth0]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://[64:ff9b::a00:1]/x",
        "https://[2002:a00:1::]/x",
        "https://[::1/x",
        "https://push.example/a b",
        "https://push.example/\nx",
        "https://püsh.example/x",
        "https://push.example/" + "x" * 1_024,
    ],
)
def test_nothing_else_may(endpoint: str) -> None:
    assert wrong_with(endpoint).endswith(".")


def test_a_setting_for_tests_lets_near_ones_be_named() -> None:
    assert wrong_with("http://127.0.0.1:8080/push", private=True) == ""
    assert wrong_with("file:///etc/passwd", private=True)
    assert wrong_with("ftp://127.0.0.1/x", private=True)
    assert origin("http://127.0.0.1:8080/push/x?y") == "http://127.0.0.1:8080"


def test_an_origin_leaves_the_usual_port_out() -> None:
    assert origin("https://push.example:443/x") == origin("https://push.example/y") == "https://push.example"
    assert origin("http://push.example:80/x") == "http://push.example"
    assert origin("http://push.example:443/x") == "http://push.example:443"


@given(st.text("a1.:/@[]%?#\\ ü", max_size=30), st.booleans())
def test_whatever_is_named_is_looked_at(endpoint: str, private: bool) -> None:
    wrong_with(endpoint, private=private)
    wrong_with(f"https://{endpoint}", private=private)
    is_public(endpoint)


class Fixed(AbstractResolver):
    """Finds the same addresses for all names."""

    def __init__(self, *found: str) -> None:
        self._found = found
        self.is_closed = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0)
            for each in self._found
        ]

    async def close(self) -> None:
        self.is_closed = True


async def test_a_name_that_leads_into_a_private_network_leads_nowhere() -> None:
    mixed = PublicResolver(Fixed("10.0.0.1", "93.184.215.14", "::1"))
    assert [each["host"] for each in await mixed.resolve("push.example", 443)] == ["93.184.215.14"]
    behind = Fixed("127.0.0.1", "fe80::1%eth0")
    inside = PublicResolver(behind)
    with pytest.raises(OSError, match="no public address"):
        await inside.resolve("push.example", 443)
    await inside.close()
    assert behind.is_closed
