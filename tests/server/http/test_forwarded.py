"""What proxies tell, in all the forms they tell it in; a form nobody knows tells nothing."""

from __future__ import annotations

import ipaddress

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

from server.http import forwarded, security
from tests.server.http.test_security import asked


@given(
    st.ip_addresses(), st.one_of(st.none(), st.integers(0, 65_535)), st.sampled_from(["{}", '"{}"', ' "{}" '])
)
def test_an_address_is_read_with_and_without_port_brackets_and_quotes(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int | None, quotes: str
) -> None:
    host = f"[{address}]" if address.version == 6 else str(address)
    node = host if port is None else f"{host}:{port}"
    expected = getattr(address, "ipv4_mapped", None) or address
    assert forwarded.address(quotes.format(node)) == str(expected)
    assert forwarded.address(str(address)) == str(expected)


@pytest.mark.parametrize(
    "node", ["unknown", "_hidden", "_SEVKISEK:80", "", "[::1", "[1.2.3.4]x", "1.2.3.4:port", "1.2.3", "[]:80"]
)
def test_what_is_no_address_is_none(node: str) -> None:
    assert forwarded.address(node) is None


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = forwarded.address(text)
    assert found is None or ipaddress.ip_address(found)


TRUSTED = {"trusted_proxies": "203.0.113.0/24, 10.0.0.1, ::1"}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["6.6.6.6, 1.2.3.4:5678"], "1.2.3.4"),
        (["6.6.6.6", "1.2.3.4"], "1.2.3.4"),
        (["1.2.3.4", "10.0.0.1:80"], "1.2.3.4"),
        (["6.6.6.6", '"[2001:db8::7]:443"', "[::1]:9"], "2001:db8::7"),
        (["1.2.3.4, unknown"], "203.0.113.9"),
        (["unknown, 10.0.0.1"], "10.0.0.1"),
        (["::ffff:1.2.3.4"], "1.2.3.4"),
        (["1.2.3.4,, ,"], "1.2.3.4"),
        ([], "203.0.113.9"),
    ],
)
def test_the_nearest_address_that_is_no_trusted_proxy_is_the_visitor(lines: list[str], expected: str) -> None:
    headers = CIMultiDict([("X-Forwarded-For", line) for line in lines])
    assert security.address(asked(headers, **TRUSTED)) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["for=1.2.3.4;proto=https;by=203.0.113.43"], "1.2.3.4"),
        (['for=6.6.6.6, For="[2001:db8:cafe::17]:4711"'], "2001:db8:cafe::17"),
        (["for=6.6.6.6", "for=1.2.3.4", "for=10.0.0.1"], "1.2.3.4"),
        (["for=1.2.3.4, for=_hidden"], "203.0.113.9"),
        (['for="1.2.3.4'], "203.0.113.9"),
    ],
)
def test_rfc_7239_is_understood_where_it_stands_alone(lines: list[str], expected: str) -> None:
    headers = CIMultiDict([("Forwarded", line) for line in lines])
    assert security.address(asked(headers, **TRUSTED)) == expected
    headers.add("X-Forwarded-For", "9.9.9.9")
    assert security.address(asked(headers, **TRUSTED)) == "9.9.9.9"


@settings(max_examples=30)
@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60), max_size=3))
def test_no_header_breaks_the_reader(lines: list[str]) -> None:
    for name in ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"):
        request = make_mocked_request("GET", "/", headers=CIMultiDict([(name, line) for line in lines]))
        assert forwarded.scheme(request) in (None, "http", "https")
        assert all(forwarded.nodes(request))
        assert all(forwarded.hosts(request))
