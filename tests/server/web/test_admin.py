"""The admin over HTTP: who is let in, what is shown, what is decided, and what is noted of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from server.room.commands import Report, Say
from server.room.events import Erased, Voice
from server.room.written import TEXTS_KEPT
from tests.support.web_app import ADMIN, KEY, OTHER_KEY, Site, bearer, listed, running_site

BOSS = bearer(ADMIN)
THIRD_KEY = "t" * 43


async def reports(site: Site, count: int) -> list[Any]:
    return await listed(site, "/api/admin/reports", count)


async def acts(site: Site, count: int) -> list[Any]:
    return await listed(site, "/api/admin/audit", count)


async def reported_clip(site: Site, *keys: str) -> str:
    clip = str((await site.clip())["id"])
    for key in keys or (OTHER_KEY,):
        path, told = f"/api/clips/{clip}/reports", {"reason": "rude", "text": "to me"}
        assert await site.status("POST", path, json=told, headers=bearer(key)) == 201
    return clip


async def decide(site: Site, report: str, decision: str, **more: Any) -> Any:
    path = f"/api/admin/reports/{report}"
    return await site.json("POST", path, json={"decision": decision, **more}, headers=BOSS)


async def act(site: Site, room: str, action: str, target: str = "", **more: Any) -> Any:
    told = {"action": action, "target": target, **more}
    return await site.json("POST", f"/api/admin/rooms/{room}/acts", json=told, headers=BOSS)


@pytest.mark.parametrize("path", ["/api/admin/reports", "/api/admin/audit"])
async def test_nobody_but_the_admin_is_let_in(site: Site, path: str) -> None:
    assert await site.problem("GET", path) == (403, "not_allowed")
    assert await site.problem("GET", path, headers=bearer(KEY)) == (403, "not_allowed")
    assert await site.status("GET", path, headers=BOSS) == 200
    told = {"decision": "keep"}
    answer = await site.problem("POST", "/api/admin/reports/wonder.clip", json=told, headers=bearer(KEY))
    assert answer == (403, "not_allowed")
    act = {"action": "close"}
    answer = await site.problem("POST", "/api/admin/rooms/wonder/acts", json=act, headers=bearer(KEY))
    assert answer == (403, "not_allowed")


async def test_a_server_without_an_admin_says_how_to_have_one() -> None:
    async with running_site(admin_token="") as site, site.ask("GET", "/api/admin/reports") as answer:
        assert "--admin-token" in (await answer.json(content_type=None))["detail"]


async def test_what_was_reported_is_shown_with_why_and_by_how_many(site: Site) -> None:
    clip = await reported_clip(site)
    (shown,) = await reports(site, 1)

    assert (shown["id"], shown["kind"], shown["target"], shown["count"]) == (
        f"wonder.{clip}",
        "clip",
        clip,
        1,
    )
    assert [(why["reason"], why["text"]) for why in shown["reasons"]] == [("rude", "to me")]
    assert shown["by"]["id"] == site.registry.voice(KEY, "wonder").id
    assert (shown["hidden"], shown["room_name"], shown["media"]) == (
        False,
        "Wonder",
        f"/api/clips/{clip}.ogg",
    )


async def test_keys_of_one_network_count_once_in_a_public_room_and_hide_nothing(site: Site) -> None:
    clip = await reported_clip(site, OTHER_KEY, THIRD_KEY, "f" * 43, "g" * 43)
    (shown,) = await reports(site, 1)

    assert (shown["count"], shown["hidden"]) == (1, False)
    assert await site.status("GET", f"/api/clips/{clip}") == 200


@pytest.fixture
async def proxied() -> AsyncIterator[Site]:
    """Run a site that believes what its proxy says of where visitors come from."""
    async with running_site(trusted_proxies="127.0.0.1") as made:
        yield made


async def test_three_networks_hide_a_clip_until_the_admin_lets_it_stay(proxied: Site) -> None:
    site = proxied
    clip = str((await site.clip())["id"])
    for number, key in enumerate((OTHER_KEY, THIRD_KEY, "f" * 43)):
        headers = bearer(key, **{"X-Forwarded-For": f"203.0.{number}.7"})
        path = f"/api/clips/{clip}/reports"
        assert await site.status("POST", path, json={"reason": "rude"}, headers=headers) == 201

    media = [
        f"/api/clips/{clip}",
        *(f"/api/clips/{clip}.{form}" for form in ("ogg", "m4a", "vtt", "svg", "png")),
    ]
    for path in (*media, f"/c/{clip}"):
        assert await site.status("GET", path) == 404
    async with site.ask("GET", "/r/wonder/feed.xml") as feed:
        assert clip not in await feed.text()
    assert await site.status("GET", media[0], headers=bearer(KEY)) == 200
    assert await site.status("GET", media[1], headers=BOSS) == 200
    (shown,) = await reports(site, 1)
    assert (shown["count"], shown["hidden"]) == (3, True)

    done = await decide(site, shown["id"], "keep", note="it was a joke")

    assert (done["changed"], done["act"]["action"], done["act"]["undo"]) == (True, "keep", "hide")
    assert await site.status("GET", media[0]) == 200
    assert await reports(site, 0) == []
    (noted,) = await acts(site, 1)
    assert (noted["note"], noted["target"], noted["room_name"]) == ("it was a joke", clip, "Wonder")
    await act(site, "wonder", noted["undo"], noted["target"])
    assert await site.status("GET", media[0]) == 404


async def test_what_is_removed_is_gone_and_cannot_be_taken_back(site: Site) -> None:
    clip = await reported_clip(site)
    done = await decide(site, f"wonder.{clip}", "remove")

    assert (done["act"]["action"], done["act"]["undo"]) == ("remove", "")
    assert await site.status("GET", f"/api/clips/{clip}", headers=BOSS) == 404
    assert await reports(site, 0) == []
    told = {"decision": "keep"}
    path = f"/api/admin/reports/wonder.{clip}"
    assert await site.problem("POST", path, json=told, headers=BOSS) == (404, "no_such_clip")


async def test_a_text_is_shown_muted_and_removed(site: Site) -> None:
    anna, bela = Voice("anna", "Anna", "#000000"), Voice("bela", "Bela", "#000000")
    (said,) = await site.registry.send("wonder", Say("go away"), by=anna)
    await site.registry.send("wonder", Report("", "rude", seq=said.seq), by=bela)
    (shown,) = await reports(site, 1)
    assert (shown["kind"], shown["text"], shown["by"]["name"], shown["media"]) == (
        "text",
        "go away",
        "Anna",
        "",
    )

    assert (await decide(site, shown["id"], "mute"))["act"]["target"] == "anna"
    assert (await reports(site, 1))[0]["muted"] is True
    assert (await act(site, "wonder", "unmute", "anna"))["changed"] is True
    assert (await act(site, "wonder", "unmute", "anna"))["changed"] is False
    assert (await decide(site, shown["id"], "remove"))["changed"] is True
    assert [each["action"] for each in await acts(site, 3)] == ["remove", "unmute", "mute"]


async def test_a_network_is_muted_whatever_key_comes_from_it_until_that_is_taken_back(site: Site) -> None:
    clip = await reported_clip(site)
    done = await decide(site, f"wonder.{clip}", "mute_network")
    tag = done["act"]["target"]
    assert "127" not in tag
    headers = bearer("n" * 43, **{"Content-Type": "audio/ogg"})
    path = "/api/rooms/wonder/clips"
    assert await site.problem("POST", path, data=b"speech", headers=headers) == (403, "muted")

    await act(site, "wonder", done["act"]["undo"], tag)

    assert await site.status("POST", path, data=b"speech", headers=headers) == 201


async def test_a_room_is_locked_opened_again_and_closed(site: Site) -> None:
    headers = bearer(KEY, **{"Content-Type": "audio/ogg"})
    path = "/api/rooms/wonder/clips"
    assert (await act(site, "wonder", "lock"))["act"]["undo"] == "unlock"
    assert await site.problem("POST", path, data=b"speech", headers=headers) == (403, "locked")
    assert (await site.json("GET", "/api/rooms/wonder"))["locked"] is True
    await act(site, "wonder", "unlock")
    assert await site.status("POST", path, data=b"speech", headers=headers) == 201
    assert (await act(site, "wonder", "close"))["changed"] is True
    assert await site.problem("POST", path, data=b"speech", headers=headers) == (409, "room_closed")


@pytest.mark.parametrize("told", [{"action": "dance"}, {"action": "mute", "target": "nobody"}, {}])
async def test_what_cannot_be_done_is_refused_with_a_sentence(site: Site, told: dict[str, str]) -> None:
    answer = await site.problem("POST", "/api/admin/rooms/wonder/acts", json=told, headers=BOSS)
    assert answer[0] == 422
    assert await site.problem(
        "POST", "/api/admin/rooms/nowhere/acts", json={"action": "lock"}, headers=BOSS
    ) == (
        404,
        "no_such_room",
    )
    answer = await site.problem(
        "POST", "/api/admin/reports/wonder.x", json={"decision": "shout"}, headers=BOSS
    )
    assert answer == (422, "bad_value")


async def test_the_page_of_the_admin_is_there_and_for_no_search_engine(site: Site) -> None:
    async with site.ask("GET", "/moderate") as answer:
        assert answer.status == 200
        assert 'content="noindex"' in await answer.text()


async def test_a_line_that_is_long_ago_is_reported_hidden_and_removed_like_a_new_one(site: Site) -> None:
    room, by = await site.registry.wake("wonder"), Voice("v", "Zany Kettle", "#ffaa00")
    (old,) = await room.send(Say("an old line"), by=by)
    await asyncio.gather(*(room.send(Say(f"line {number}"), by=by) for number in range(2 * TEXTS_KEPT)))
    opened = await site.problem(
        "POST", "/api/admin/rooms/wonder/acts", json={"action": "remove", "target": "1"}, headers=BOSS
    )
    await room.send(Report("", "rude", seq=old.seq), by=Voice("w", "Sly Otter", "#00ffaa"))
    (report,) = await reports(site, 1)
    hidden = await act(site, "wonder", "hide", str(old.seq))
    kept = await act(site, "wonder", "keep", str(old.seq))
    removed = await act(site, "wonder", "remove", str(old.seq))
    (event,) = await site.log.read("wonder", old.seq - 1, 1)

    assert opened == (404, "no_such_text"), "what is no line is not removed by its number"
    assert report["text"] == "an old line"
    assert [done["changed"] for done in (hidden, kept, removed)] == [True, True, True]
    assert isinstance(event.data, Erased)
