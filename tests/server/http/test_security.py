"""Keys, origins, addresses and headers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from server.config import Config
from server.http import security
from server.http.app_keys import CONFIG
from server.http.limits import RATES, Limits, Rate
from server.http.problems import Problem
from tests.support.web_app import ADMIN, KEY, OFFER, Site, bearer, running_site


def asked(
    headers: Mapping[str, str] | None = None, *, remote: str = "203.0.113.9", **settings: Any
) -> web.Request:
    app = web.Application()
    app[CONFIG], app[security.CAUSES] = Config(**settings), set()
    sent = CIMultiDict(headers or {})
    sent.setdefault("Host", "wonder.example")
    found = make_mocked_request("GET", "/", headers=sent, app=app)
    return found.clone(remote=remote)


def test_a_bearer_key_wins_over_the_cookie() -> None:
    cookie = {"Cookie": f"wonder_key={'c' * 43}"}
    assert security.visitor_key(asked(cookie)) == "c" * 43
    assert security.visitor_key(asked(cookie | bearer())) == KEY
    assert security.visitor_key(asked()) is None


@pytest.mark.parametrize("key", ["a" * 22, "a" * 86, "A-Z_09" * 5])
def test_a_key_is_22_to_86_characters_of_base64url(key: str) -> None:
    assert security.visitor_key(asked(bearer(key))) == key


@pytest.mark.parametrize("key", ["", "a" * 21, "a" * 87, "a" * 30 + "!", "a" * 30 + "=", "a b" * 10])
def test_another_bearer_is_no_key(key: str) -> None:
    with pytest.raises(Problem) as caught:
        security.visitor_key(asked(bearer(key)))
    assert caught.value.status == 401


def test_a_crooked_cookie_is_as_none() -> None:
    assert security.visitor_key(asked({"Cookie": "wonder_key=short"})) is None


def test_the_cookie_counts_for_our_own_pages_only() -> None:
    cookie = {"Cookie": f"wonder_key={KEY}"}
    assert security.visitor_key(asked({**cookie, "Origin": "http://wonder.example"})) == KEY
    for origin in (
        "null",
        "https://evil.example",
        "http://wonder.example:8080",
        "http://wonder.example.evil",
    ):
        request = asked({**cookie, "Origin": origin})
        assert security.visitor_key(request) is None
        with pytest.raises(Problem) as caught:
            security.needed_key(request)
        assert caught.value.code == "wrong_origin"


# What proxies that end TLS say of the scheme, and a Host with the port that goes without saying.
SAID_BY_PROXIES = [
    {},
    {"X-Forwarded-Proto": "https"},
    {"X-Forwarded-Proto": "wss"},
    {"X-Forwarded-Proto": "HTTPS"},
    {"X-Forwarded-Proto": "https,http"},
    {"X-Forwarded-Proto": " WSS , http"},
    {"X-Forwarded-Proto": "http"},
    {"X-Forwarded-Proto": "nonsense"},
    {"Host": "wonder.example:443", "X-Forwarded-Proto": "https"},
    {"Host": "wonder.example:443"},
    {"Host": "Wonder.Example"},
    {"Forwarded": 'for="[2001:db8::1]:4711";proto=https;host=wonder.example'},
    {"Host": "127.0.0.1:8080", "X-Forwarded-Host": "wonder.example", "X-Forwarded-Proto": "https"},
    {"Host": "127.0.0.1:8080", "Forwarded": "proto=https;host=wonder.example"},
]


@pytest.mark.parametrize("said", SAID_BY_PROXIES, ids=str)
@pytest.mark.parametrize("origin", ["https://wonder.example", "https://WONDER.example:443"])
def test_our_own_page_is_known_whatever_the_proxy_says_of_the_scheme(
    said: dict[str, str], origin: str
) -> None:
    request = asked({**said, "Origin": origin}, trusted_proxies="203.0.113.9")
    security.check_origin(request)
    stranger = asked({**said, "Origin": "https://evil.example"}, trusted_proxies="203.0.113.9")
    with pytest.raises(Problem, match="set --public-url"):
        security.check_origin(stranger)


@pytest.mark.parametrize("said", SAID_BY_PROXIES[1:6], ids=str)
def test_a_forged_page_of_plain_http_is_no_page_of_ours(said: dict[str, str]) -> None:
    headers = {**said, "Origin": "http://wonder.example"}
    assert not security.same_origin(asked(headers, trusted_proxies="203.0.113.9"))
    assert security.base_url(asked(said, trusted_proxies="203.0.113.9")) == "https://wonder.example"


def test_a_host_that_nobody_trusted_wrote_down_makes_no_page_ours() -> None:
    headers = {"X-Forwarded-Host": "evil.example", "Origin": "https://evil.example"}
    assert not security.same_origin(asked(headers, trusted_proxies="10.0.0.1"))


@pytest.mark.parametrize(
    ("public_url", "origin"),
    [("https://wonder.example:443", "https://wonder.example"), ("http://A.example:80", "http://a.example")],
)
def test_a_public_url_may_name_the_port_that_goes_without_saying(public_url: str, origin: str) -> None:
    request = asked({"Origin": origin}, public_url=public_url)
    assert security.same_origin(request)
    assert security.base_url(request) == origin
    assert not security.same_origin(asked({"Origin": f"{origin}:81"}, public_url=public_url))


def test_what_a_proxy_does_wrong_is_logged_once_and_bounded(caplog: pytest.LogCaptureFixture) -> None:
    request = asked()
    for number in [*range(40), *range(40)]:
        headers = {"Host": "127.0.0.1:8080", "Origin": f"https://wonder{number}.example"}
        other = asked(headers)
        other.app[security.CAUSES] = request.app[security.CAUSES]
        with pytest.raises(Problem) as caught:
            security.check_origin(other)
        assert "wrong_origin" in caught.value.code
    assert len(caplog.records) == security.CAUSES_TOLD
    assert "http://127.0.0.1:8080, and not of https://wonder0.example" in caplog.text


def test_the_admin_is_known_by_the_whole_token_and_is_no_visitor() -> None:
    assert security.is_admin(asked(bearer(ADMIN), admin_token=ADMIN))
    assert security.visitor_key(asked(bearer(ADMIN), admin_token=ADMIN)) is None
    assert not security.is_admin(asked(bearer(ADMIN[:-1]), admin_token=ADMIN))
    assert not security.is_admin(asked(bearer("ä"), admin_token=ADMIN))
    assert not security.is_admin(asked(bearer("")))
    assert not security.is_admin(asked())


def test_forwarded_addresses_count_only_from_trusted_proxies() -> None:
    forged = {"X-Forwarded-For": "1.2.3.4"}
    assert security.address(asked(forged)) == "203.0.113.9"
    trusted = {"trusted_proxies": "203.0.113.0/24, 10.0.0.1"}
    assert security.address(asked(forged, **trusted)) == "1.2.3.4"
    # What the visitor wrote stands left of what the proxies wrote.
    chain = {"X-Forwarded-For": "6.6.6.6, 1.2.3.4, 10.0.0.1"}
    assert security.address(asked(chain, **trusted)) == "1.2.3.4"
    assert security.address(asked({"X-Forwarded-For": "garbage"}, **trusted)) == "203.0.113.9"
    assert security.address(asked(forged, remote="9.9.9.9", **trusted)) == "9.9.9.9"


def test_the_site_behind_a_proxy_knows_its_own_address() -> None:
    assert security.base_url(asked()) == "http://wonder.example"
    proto = {"X-Forwarded-Proto": "https"}
    assert security.base_url(asked(proto)) == "http://wonder.example"
    assert security.base_url(asked(proto, trusted_proxies="203.0.113.9")) == "https://wonder.example"
    assert security.base_url(asked(public_url="https://wonder.club")) == "https://wonder.club"
    for host in ("evil;script-src *", "a b", "", "x" * 300, "a\tb"):
        assert security.base_url(asked({"Host": host})) == "http://localhost"


def test_this_machine_is_known_by_its_address_and_no_proxy() -> None:
    assert security.is_local(asked(remote="127.0.0.1"))
    assert security.is_local(asked(remote="::1"))
    assert not security.is_local(asked(remote="203.0.113.9"))
    assert not security.is_local(asked({"X-Forwarded-For": "127.0.0.1"}, remote="127.0.0.1"))
    for header in ("Forwarded", "X-Forwarded-Proto", "X-Real-IP", "Via"):
        assert not security.is_local(asked({header: "for=127.0.0.1"}, remote="127.0.0.1"))


async def test_pages_have_a_strict_policy_without_inline(site: Site) -> None:
    async with site.ask("GET", "/", headers={"Accept": "text/html"}) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "microphone=(self)" in answer.headers["Permissions-Policy"]
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert "unsafe" not in policy
    for part in (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:",
        "media-src 'self' blob:", "connect-src 'self' ws:", "manifest-src 'self'", "worker-src 'self'",
        "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
    ):  # fmt: skip
        assert part in policy


async def test_pages_may_play_what_lies_at_a_cdn() -> None:
    async with (
        running_site(blobs_url="https://clips.example") as site,
        site.ask("GET", "/r/wonder") as answer,
    ):
        assert "media-src 'self' blob: https://clips.example;" in answer.headers["Content-Security-Policy"]


async def test_a_site_with_a_real_certificate_is_held_to_it() -> None:
    async with (
        running_site(public_url="https://wonder.example") as site,
        site.ask("GET", "/healthz") as answer,
    ):
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


async def test_what_is_known_already_keeps_the_policy_it_came_with(site: Site) -> None:
    async with site.ask("GET", "/") as answer:
        etag = answer.headers["ETag"]
    async with site.ask("GET", "/", headers={"If-None-Match": etag}) as answer:
        assert answer.status == 304
        assert "Content-Security-Policy" not in answer.headers


async def test_files_of_the_page_carry_few_headers(site: Site) -> None:
    async with site.ask("GET", "/static/css/sky.css", headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert sum(len(name) + len(value) + 4 for name, value in answer.headers.items()) < 400


async def test_players_of_other_sites_may_use_sound_and_nothing_else(site: Site) -> None:
    clip = await site.clip()
    origin = {"Origin": "https://player.example"}
    for path in ("/api/rooms/wonder/whip", "/api/rooms/wonder/whep", "/api/rooms/wonder/clips",
                 f"/api/clips/{clip['id']}", f"/api/clips/{clip['id']}.ogg"):  # fmt: skip
        async with site.ask("OPTIONS", path, headers=origin) as answer:
            assert answer.status == 204
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
            assert "ETag" in answer.headers["Access-Control-Allow-Headers"]
            assert "Location" in answer.headers["Access-Control-Expose-Headers"]
            assert "Access-Control-Allow-Credentials" not in answer.headers
    for path in (f"/api/clips/{clip['id']}.ogg", "/r/wonder/feed.xml", "/api/clips/nowhere99"):
        async with site.ask("GET", path, headers=origin) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    for path in ("/api/rooms", "/api/rooms/wonder", "/api/rooms/wonder/events", "/r/wonder", "/metrics"):
        async with site.ask("GET", path, headers=origin) as answer:
            assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_cookie_cannot_be_used_from_another_site(site: Site) -> None:
    headers = {
        "Cookie": f"wonder_key={KEY}",
        "Origin": "https://evil.example",
        "Content-Type": "application/sdp",
    }
    found = await site.problem("POST", "/api/rooms/wonder/whip", data=OFFER, headers=headers)
    assert found == (403, "wrong_origin")
    del headers["Origin"]
    assert await site.status("POST", "/api/rooms/wonder/whip", data=OFFER, headers=headers) == 201


async def test_a_clock_that_is_set_back_locks_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_site(rates=Limits({**RATES, "room": Rate(1, 1000.0)}, address_voices=1)) as site:
        await site.room()
        monkeypatch.setattr(time, "time", lambda: 1.0)
        await asyncio.sleep(0.002)
        await site.room()


async def test_who_asks_too_much_is_told_when_to_come_back() -> None:
    # What was refused once is refused for minutes: no matter how long it takes to ask again.
    async with running_site(rates=Limits({**RATES, "offer": Rate(3, 0.01)})) as site:
        headers = {"Content-Type": "application/sdp", **bearer()}
        path = "/api/rooms/wonder/whip"
        found = [await site.status("POST", path, data=OFFER, headers=headers) for _ in range(4)]
        assert found == [201, 201, 201, 429]
        assert await site.problem("POST", path, data=OFFER, headers=headers) == (429, "too_fast")
        # A forged address does not help.
        forged = {**headers, "X-Forwarded-For": "1.2.3.4"}
        assert await site.problem("POST", path, data=OFFER, headers=forged) == (429, "too_fast")
