"""Addresses with slashes too many: to the one that was meant, and never to another site."""

from __future__ import annotations

import pytest

from tests.support.web_app import Site, bearer


@pytest.mark.parametrize(
    ("crooked", "straight"),
    [
        ("/r/wonder/", "/r/wonder"),
        ("//r/wonder", "/r/wonder"),
        ("/r//wonder///", "/r/wonder"),
        ("/r/wonder/?rtc=off&x=//", "/r/wonder?rtc=off&x=//"),
        ("/r/wonder/feed.xml/", "/r/wonder/feed.xml"),
        ("/c/abcdefgh/", "/c/abcdefgh"),
        ("//", "/"),
        ("/api/rooms/", "/api/rooms"),
    ],
)
async def test_slashes_too_many_lead_to_the_address_without(site: Site, crooked: str, straight: str) -> None:
    async with site.raw("GET", crooked) as answer:
        assert (answer.status, answer.headers["Location"]) == (308, straight)


async def test_what_is_sent_to_it_is_sent_again(site: Site) -> None:
    async with site.session.post(
        site.url + "/api/rooms/", json={"kind": "topic"}, headers=bearer()
    ) as answer:
        assert answer.status == 201


NOWHERE = [
    "/nothing/", "//evil.example/", "/\\\\evil.example/", "//evil.example/r/wonder", "/r/wonder2",
    "/healthzz", "/%2fevil.example/",
]  # fmt: skip


@pytest.mark.parametrize("path", NOWHERE)
async def test_where_nothing_is_nobody_is_sent(site: Site, path: str) -> None:
    async with site.raw("GET", path) as answer:
        assert answer.status == 404
