"""WHEP: anyone may listen."""

from __future__ import annotations

from tests.support.web_app import OFFER, Site

SDP = {"Content-Type": "application/sdp"}
PATH = "/api/rooms/wonder/whep"


async def test_nobody_has_to_say_who_they_are_to_listen(site: Site) -> None:
    async with site.ask("POST", PATH, data=OFFER, headers=SDP) as answer:
        assert (answer.status, answer.content_type) == (201, "application/sdp")
        assert answer.headers["Location"].startswith(PATH + "/")
    assert (await site.json("GET", "/api/rooms/wonder"))["listeners"] == 1


async def test_what_cannot_be_answered_is_refused(site: Site) -> None:
    assert await site.problem("POST", PATH, data="garbage", headers=SDP) == (400, "bad_offer")
    assert await site.problem("POST", PATH, data=OFFER, headers={"Content-Type": "text/plain"}) == (
        415,
        "wrong_type",
    )
    assert await site.problem("POST", PATH, data="x" * 16_385, headers=SDP) == (413, "too_big")
    assert await site.problem("POST", "/api/rooms/nowhere/whep", data=OFFER, headers=SDP) == (
        404,
        "no_such_room",
    )


async def test_a_page_of_another_site_may_listen(site: Site) -> None:
    headers = {**SDP, "Origin": "https://player.example"}
    async with site.ask("POST", PATH, data=OFFER, headers=headers) as answer:
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (201, "*")
