"""WHIP: who may offer, what is answered, and what becomes of the session (RFC 9725)."""

from __future__ import annotations

import pytest

from tests.support.web_app import OFFER, Site, bearer

SDP = {"Content-Type": "application/sdp"}
PATH = "/api/rooms/wonder/whip"


async def test_an_offer_is_answered_with_a_session(site: Site) -> None:
    async with site.ask("POST", PATH, data=OFFER, headers=bearer(**SDP)) as answer:
        assert (answer.status, answer.content_type) == (201, "application/sdp")
        assert await answer.text() == "answer"
        assert answer.headers["Location"].startswith(PATH + "/")
        assert answer.headers["ETag"].startswith('"')
        assert answer.headers["Accept-Patch"] == "application/trickle-ice-sdpfrag"
    assert site.media.addresses == ["127.0.0.1"]
    assert site.media.commanded == [False]


@pytest.mark.parametrize(
    "content_type", ["application/sdp; charset=utf-8", "Application/SDP", 'application/sdp;charset="UTF-8"']
)
async def test_a_type_is_known_in_any_case_and_with_parameters(site: Site, content_type: str) -> None:
    headers = bearer(**{"Content-Type": content_type})

    assert await site.status("POST", PATH, data=OFFER.encode(), headers=headers) == 201


async def test_the_page_asks_for_takes_that_it_commands(site: Site) -> None:
    assert await site.status("POST", PATH + "?takes=commanded", data=OFFER, headers=bearer(**SDP)) == 201
    assert site.media.commanded == [True]


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (OFFER, SDP, 401, "no_key"),
        (OFFER, bearer("tok", **SDP), 401, "bad_key"),
        (OFFER, bearer(**{"Content-Type": "application/json"}), 415, "wrong_type"),
        ("garbage", bearer(**SDP), 400, "bad_offer"),
        ("", bearer(**SDP), 400, "bad_offer"),
        (b"\xff\xfe", bearer(**SDP), 400, "bad_offer"),
        ("x" * 16_385, bearer(**SDP), 413, "too_big"),
        (OFFER + "full", bearer(**SDP), 503, "busy"),
    ],
)
async def test_what_cannot_be_answered_is_refused(
    site: Site, body: str | bytes, headers: dict[str, str], status: int, code: str
) -> None:
    assert await site.problem("POST", PATH, data=body, headers=headers) == (status, code)


async def test_an_offer_for_no_room_is_404(site: Site) -> None:
    found = await site.problem("POST", "/api/rooms/nowhere/whip", data=OFFER, headers=bearer(**SDP))
    assert found == (404, "no_such_room")


async def test_a_draining_server_takes_no_offer(site: Site) -> None:
    from server.web.app_keys import TAKES

    await site.app[TAKES].drain()
    assert await site.problem("POST", PATH, data=OFFER, headers=bearer(**SDP)) == (503, "restarting")
