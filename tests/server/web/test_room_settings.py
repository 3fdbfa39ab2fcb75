"""A room's settings and end by HTTP, and muting on its socket: by whom, and what everybody sees of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from server.room import hosting
from server.rooms.base import Room
from tests.support.actors import until
from tests.support.web_app import ADMIN, KEY, OFFER, OTHER_KEY, Site, bearer, running_site
from tests.support.ws_client import joined

OGG = {"Content-Type": "audio/ogg"}


async def ours(site: Site, **fields: Any) -> str:
    """Open a room with our key and return where it is."""
    made = await site.json(
        "POST", "/api/rooms", json={"kind": "topic", "name": "Ours", **fields}, headers=bearer()
    )
    return f"/api/rooms/{made['id']}"


def socket(site: Site, room: str, key: str = KEY) -> Any:
    """Return a socket in a room."""
    return joined(site.session, f"{site.url}{room}/ws", headers=bearer(key))


async def test_who_opened_a_room_changes_it_and_everybody_is_told(site: Site) -> None:
    room = await ours(site, theme="Cats")
    async with socket(site, room, OTHER_KEY) as other:
        wanted = {"name": " Dogs\u200b ", "theme": None, "tempo": "slow", "live": True, "later": 1}
        async with site.ask("PATCH", room, json=wanted, headers=bearer()) as answer:
            changed = await answer.json()
            assert answer.status == 200
        event = await other.event("room.changed")
    assert (changed["name"], changed["theme"], changed["tempo"], changed["live"]) == (
        "Dogs",
        "Cats",
        "slow",
        True,
    )
    assert event["data"] == {"name": "Dogs", "tempo": "slow", "live": True}
    assert event["by"]["id"] == changed["keeper"]
    assert (await site.json("GET", room)) == changed
    assert (await site.json("PATCH", room, json=wanted, headers=bearer()))["head"] == changed["head"]


async def test_noise_reduction_is_off_until_somebody_wants_it(site: Site) -> None:
    room = await ours(site)
    assert (await site.json("GET", room))["noise_reduction"] is False
    wanted = {"noise_reduction": True}
    assert (await site.json("PATCH", room, json=wanted, headers=bearer()))["noise_reduction"] is True
    assert (await site.json("GET", room))["noise_reduction"] is True
    assert (await site.json("GET", await ours(site, noise_reduction=True)))["noise_reduction"] is True
    head = (await site.json("PATCH", room, json=wanted, headers=bearer()))["head"]
    wanted = {"noise_reduction": False}
    changed = await site.json("PATCH", room, json=wanted, headers=bearer())
    assert (changed["noise_reduction"], changed["head"]) == (False, head + 1)


async def test_who_keeps_people_company_is_chosen_from_those_that_the_room_offers(site: Site) -> None:
    room = await ours(site)
    shown = await site.json("GET", room)
    assert shown["character"] == "catalogue", "as its kind has it"
    assert shown["partnered"] == [*hosting.DEAF[:1]], "without words"
    one = shown["characters"][0]
    assert one["name"]
    changed = await site.json("PATCH", room, json={"character": one["id"]}, headers=bearer())
    assert changed["character"] == one["id"]
    assert (await site.json("GET", await ours(site, character=one["id"])))["character"] == one["id"]
    gone = await site.json("PATCH", room, json={"character": "none"}, headers=bearer())
    assert gone["character"] is None
    for method, path in (("PATCH", room), ("POST", "/api/rooms")):
        wrong = {"kind": "topic", "character": "nobody"}
        assert await site.problem(method, path, json=wrong, headers=bearer()) == (422, "bad_value")


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_nobody_else_may_and_the_admin_always_may(site: Site, method: str) -> None:
    room = await ours(site)
    change: dict[str, Any] = {"json": {"name": "Mine"}} if method == "PATCH" else {}
    assert await site.problem(method, room, **change) == (401, "no_key")
    assert await site.problem(method, room, headers=bearer(OTHER_KEY), **change) == (403, "not_allowed")
    page = {"Cookie": f"wonder_key={KEY}", "Origin": "https://evil.example"}
    assert await site.problem(method, room, headers=page, **change) == (403, "wrong_origin")
    for public in ("/api/rooms/wonder", await ours(site, public=True)):
        assert await site.problem(method, public, headers=bearer(), **change) == (403, "not_allowed")
        assert await site.status(method, public, headers=bearer(ADMIN), **change) in (200, 204)
    assert await site.problem(method, "/api/rooms/nowhere", headers=bearer(), **change) == (
        404,
        "no_such_room",
    )
    page = {"Cookie": f"wonder_key={KEY}"}
    assert await site.status(method, room, headers=page, **change) in (200, 204)


async def test_a_public_room_does_not_tell_who_opened_it(site: Site) -> None:
    room = await ours(site, public=True)
    assert (await site.json("GET", room))["keeper"] is None
    assert [event["by"] for event in (await site.json("GET", f"{room}/events"))["events"]] == [None]


async def test_a_room_that_was_opened_without_a_key_has_no_keeper(site: Site) -> None:
    made = await site.json("POST", "/api/rooms", json={"kind": "topic"})
    assert made["keeper"] is None
    assert await site.problem("DELETE", f"/api/rooms/{made['id']}", headers=bearer()) == (403, "not_allowed")


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({"name": "x" * 61}, (422, "too_long")),
        ({"theme": "x" * 121}, (422, "too_long")),
        ({"description": "x" * 501}, (422, "too_long")),
        ({"language": "fr"}, (422, "bad_value")),
        ({"tempo": "fast"}, (422, "bad_value")),
        ({"live": "yes"}, (422, "bad_value")),
        ([], (422, "bad_value")),
    ],
)
async def test_what_may_not_be_at_the_opening_may_not_be_later(
    site: Site, body: Any, refused: tuple[int, str]
) -> None:
    room = await ours(site)
    assert await site.problem("PATCH", room, json=body, headers=bearer()) == refused
    assert (await site.json("GET", room))["name"] == "Ours"


async def test_a_closed_room_tells_everybody_leaves_the_lobby_and_takes_nothing_more(site: Site) -> None:
    clip = (await site.clip())["id"]
    public = "/api/rooms/wonder"
    async with socket(site, public) as visitor:
        assert await site.status("DELETE", public, headers=bearer(ADMIN)) == 204
        event = await visitor.event("room.closed")
        assert (event["data"], event["by"]) == ({"reason": "admin"}, None)
        assert (await visitor.ask("say", text="hi"))["code"] == "room_closed"
        assert (await visitor.ask("speak.start", peer=""))["code"] == "room_closed"
        upload = site.problem("POST", f"{public}/clips", data=b"speech", headers=bearer(**OGG))
        assert await upload == (409, "room_closed")
        for way in ("whip", "whep", "whip?takes=commanded"):
            headers = bearer(**{"Content-Type": "application/sdp"})
            assert await site.problem("POST", f"{public}/{way}", data=OFFER, headers=headers) == (
                409, "room_closed",
            )  # fmt: skip
        assert await site.problem("PATCH", public, json={"name": "x"}, headers=bearer(ADMIN)) == (
            409, "room_closed",
        )  # fmt: skip
        assert await site.status("DELETE", public, headers=bearer(ADMIN)) == 204
        assert (await site.json("GET", "/api/rooms"))["rooms"] == []
        assert (await site.json("GET", public))["closed"] is True
        assert await site.status("GET", "/r/wonder") == 200
        assert await site.status("DELETE", f"/api/clips/{clip}", headers=bearer()) == 204


async def test_the_keeper_mutes_a_voice_on_the_socket_and_others_cannot(site: Site) -> None:
    room = await ours(site)
    async with socket(site, room) as keeper, socket(site, room, OTHER_KEY) as other:
        mine, theirs = keeper.welcome["you"]["id"], other.welcome["you"]["id"]
        assert (await other.ask("mute", voice=mine, for_ms=1_000))["code"] == "not_allowed"
        assert (await keeper.ask("mute", id="1", voice=theirs, for_ms=60_000))["type"] == "ack"
        assert (await other.event("voice.muted"))["data"]["voice"] == theirs
        said = await other.ask("say", text="hi")
        assert said["code"] == "muted"
        assert 0 < said["retry_after_ms"] <= 60_000
        again = await keeper.ask("mute", id="1", voice=theirs, for_ms=60_000)
        assert again["seq"] == keeper.messages[-1].get("seq", again["seq"])
        assert (await keeper.ask("mute", voice=theirs, for_ms=0))["type"] == "ack"
        assert (await other.ask("say", text="hi"))["type"] == "ack"


async def test_the_admin_mutes_in_any_room_and_is_somebody_like_all_others_else(site: Site) -> None:
    async with socket(site, "/api/rooms/wonder", ADMIN) as admin, socket(site, "/api/rooms/wonder") as other:
        theirs = other.welcome["you"]["id"]
        assert (await admin.ask("mute", voice=theirs, for_ms=60_000))["type"] == "ack"
        assert (await other.event("voice.muted"))["by"] is None
        assert (await other.ask("say", text="hi"))["code"] == "muted"
        assert (await admin.ask("say", text="hello"))["type"] == "ack"
        assert (await other.event("text.said"))["by"]["id"] == admin.welcome["you"]["id"]
        assert (await other.ask("mute", voice=theirs, for_ms=0))["code"] == "muted"


async def test_a_token_that_nobody_has_set_makes_no_admin() -> None:
    async with running_site(admin_token="") as site:
        assert await site.problem("DELETE", "/api/rooms/wonder", headers=bearer("")) == (401, "bad_key")


async def test_names_stay_when_the_language_of_the_room_changes(site: Site) -> None:
    room = await ours(site)
    async with socket(site, room) as before:
        await site.json("PATCH", room, json={"language": "de"}, headers=bearer())
        async with socket(site, room) as after:
            assert after.welcome["you"] == before.welcome["you"]
            assert after.welcome["room"]["language"] == "de"


class Noting:
    """A reader that notes when rooms wake and sleep."""

    def __init__(self, told: list[str]) -> None:
        self.told = told

    def attach(self, room: Room) -> None:
        self.told.append("woke")

    def detach(self, room: Room) -> None:
        self.told.append("slept")


async def test_a_change_whose_room_slept_and_woke_while_it_arrived_is_made() -> None:
    async with running_site(room_idle_ms=20) as site:
        room, told = await ours(site), list[str]()
        id_ = room.rsplit("/", 1)[1]

        async def slowly() -> AsyncIterator[bytes]:
            yield b'{"name": '
            await until(lambda: "slept" in told)
            (await site.registry.wake(id_)).hold()
            yield b'"Dogs"}'

        await until(lambda: site.registry.awake(id_) is None)
        site.registry.register(Noting(told))
        headers = bearer(**{"Content-Type": "application/json"})
        async with site.ask("PATCH", room, data=slowly(), headers=headers) as answer:
            assert (answer.status, (await answer.json(content_type=None)).get("name")) == (200, "Dogs")
