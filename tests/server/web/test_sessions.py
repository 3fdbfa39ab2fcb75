"""Sessions: only who knows their address touches them."""

from __future__ import annotations

import pytest

from server.room.events import RoomOpened
from server.web import sessions
from server.web.sessions import SESSIONS_BEGUN, TRICKLE
from tests.support.web_app import OFFER, Site, bearer

SDP = {"Content-Type": "application/sdp"}
PATCH = {"Content-Type": TRICKLE}
FRAGMENT = "a=ice-ufrag:abcd\r\na=mid:0\r\na=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n"


async def begun(site: Site, kind: str = "whip") -> tuple[str, str]:
    async with site.ask("POST", f"/api/rooms/wonder/{kind}", data=OFFER, headers=bearer(**SDP)) as answer:
        return answer.headers["Location"], answer.headers["ETag"]


@pytest.mark.parametrize("kind", ["whip", "whep"])
async def test_candidates_are_taken_and_the_session_ends_by_delete(site: Site, kind: str) -> None:
    location, etag = await begun(site, kind)
    for headers in (PATCH, {**PATCH, "If-Match": etag}, {**PATCH, "If-Match": "*"}):
        assert await site.status("PATCH", location, data=FRAGMENT, headers=headers) == 204
    assert await site.status("DELETE", location) == 200
    assert await site.status("DELETE", location) == 200
    assert await site.problem("PATCH", location, data=FRAGMENT, headers=PATCH) == (404, "no_such_peer")


@pytest.mark.parametrize("form", ["{0}", "W/{0}", "{1}", '"other", W/{0}', " {0} ,x"])
async def test_an_entity_tag_is_known_weak_bare_or_in_a_list(site: Site, form: str) -> None:
    location, etag = await begun(site)
    match = {**PATCH, "If-Match": form.format(etag, etag.strip('"'))}

    assert await site.status("PATCH", location, data=FRAGMENT, headers=match) == 204
    assert (
        await site.status("PATCH", location, data=FRAGMENT, headers={**PATCH, "If-Match": '"a", W/"b"'})
        == 412
    )


async def test_what_a_session_does_not_take(site: Site) -> None:
    location, _ = await begun(site)
    stale = {**PATCH, "If-Match": '"other"'}
    assert await site.problem("PATCH", location, data=FRAGMENT, headers=stale) == (412, "stale")
    other_user, restart = FRAGMENT.replace("abcd", "wxyz"), {**PATCH, "If-Match": "*"}
    assert await site.problem("PATCH", location, data=other_user, headers=restart) == (422, "no_restart")
    assert await site.status("PATCH", location, data=other_user, headers=PATCH) == 204
    assert await site.problem("PATCH", location, data=FRAGMENT, headers=SDP) == (415, "wrong_type")
    assert await site.problem("PATCH", location, data="x" * 16_385, headers=PATCH) == (413, "too_big")
    assert await site.status("PATCH", location, data=b"\xff\x00", headers=PATCH) == 204
    assert await site.problem("GET", location) == (405, "method_not_allowed")


async def test_who_ends_a_session_that_the_server_has_ended_is_not_told_that_it_never_was(site: Site) -> None:
    location, _ = await begun(site, "whep")
    await site.media.close_peer(location.rsplit("/", 1)[1])
    assert await site.status("DELETE", location) == 200
    other = location.replace("wonder", "other")
    assert await site.problem("DELETE", other) == (404, "no_such_peer")


async def test_a_session_is_not_found_by_guessing_or_in_another_room(site: Site) -> None:
    location, _ = await begun(site)
    await site.registry.open(RoomOpened("topic", "Other"), None, id="other")
    assert await site.problem("DELETE", location.replace("wonder", "other")) == (404, "no_such_peer")
    assert await site.problem("DELETE", location[:-1] + "9") == (404, "no_such_peer")
    assert len(site.media.peers) == 1


async def test_a_session_is_not_touched_with_the_key_of_another(site: Site) -> None:
    location, _ = await begun(site)
    other = {"Authorization": "Bearer " + "x" * 43}
    assert await site.problem("DELETE", location, headers=other) == (403, "not_yours")
    patch = {**other, **PATCH}
    assert await site.problem("PATCH", location, data=FRAGMENT, headers=patch) == (403, "not_yours")
    assert await site.status("DELETE", location, headers=bearer()) == 200
    radio, _ = await begun(site, "whep")
    assert await site.status("DELETE", radio, headers=other) == 200


async def test_only_so_many_sessions_are_remembered(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "REMEMBERED", 2)
    for _ in range(4):
        await begun(site)
    assert len(site.app[SESSIONS_BEGUN]) == 2


async def test_options_says_what_may_be_posted_and_from_where(site: Site) -> None:
    location, _ = await begun(site)
    for path in ("/api/rooms/wonder/whip", "/api/rooms/wonder/whep", "/r/wonder/feed.xml", location):
        async with site.ask("OPTIONS", path, headers={"Origin": "https://player.example"}) as answer:
            assert answer.status == 204
            assert answer.headers["Accept-Post"] == "application/sdp"
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
