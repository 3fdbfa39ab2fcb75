"""Hooks by HTTP: made, posted to, listed and taken away; what a program writes is marked and limited."""

from __future__ import annotations

from typing import Any

from server.http.limits import RATES, Limits, Rate
from tests.server.web.test_room_settings import ours, socket
from tests.support.web_app import ADMIN, OTHER_KEY, Site, bearer, running_site


async def hook_of(site: Site, room: str, key: str | None = None) -> dict[str, Any]:
    """Make a hook and return its secret and address."""
    async with site.ask("POST", f"{room}/hooks", headers=bearer(*([key] if key else []))) as answer:
        assert answer.status == 201
        made: dict[str, Any] = await answer.json()
    return made


async def post(site: Site, room: str, hook: str, text: str) -> tuple[int, str]:
    """Post a text and return the status and what went wrong."""
    async with site.ask("POST", f"{room}/hooks/{hook}", json={"text": text}) as answer:
        return answer.status, (await answer.json()).get("code", "")


async def test_what_a_program_posts_is_written_by_a_machine_of_its_own(site: Site) -> None:
    room = await ours(site)
    made = await hook_of(site, room)
    assert made["url"] == f"{site.url}{room}/hooks/{made['hook']}"
    assert len(made["hook"]) * 6 >= 128
    async with socket(site, room, OTHER_KEY) as other:
        async with site.session.post(made["url"], json={"text": "the build is green"}) as answer:
            assert answer.status == 202
            seq = (await answer.json())["seq"]
        said = await other.event("text.said")
        assert (said["seq"], said["data"]["text"]) == (seq, "the build is green")
        assert said["by"]["machine"] is True
        assert made["hook"] not in str(other.messages), "nobody in the room learns the secret"
    (listed,) = (await site.json("GET", f"{room}/hooks", headers=bearer()))["hooks"]
    assert listed["voice"] == said["by"]
    assert made["hook"] not in str(listed)


async def test_a_hook_survives_a_sleep_and_is_gone_when_it_is_removed(site: Site) -> None:
    room = await ours(site)
    first, second = (await hook_of(site, room))["hook"], (await hook_of(site, room))["hook"]
    living = site.registry.awake(room.rsplit("/", 1)[1])
    assert living is not None
    await living.close()  # type: ignore[attr-defined]
    assert (await post(site, room, first, "still here"))[0] == 202
    (by_id, _) = (await site.json("GET", f"{room}/hooks", headers=bearer()))["hooks"]
    assert (await post(site, room, by_id["id"], "by its id"))[1] == "no_such_hook"
    assert await site.status("DELETE", f"{room}/hooks/{by_id['id']}", headers=bearer()) == 204
    assert await post(site, room, first, "gone") == (404, "no_such_hook")
    assert await site.status("DELETE", f"{room}/hooks/{second}", headers=bearer()) == 204
    assert await site.problem("DELETE", f"{room}/hooks/{second}", headers=bearer()) == (404, "no_such_hook")
    assert (await site.json("GET", f"{room}/hooks", headers=bearer()))["hooks"] == []


async def test_only_who_keeps_the_room_makes_sees_and_removes_hooks(site: Site) -> None:
    room = await ours(site)
    hook = (await hook_of(site, room))["hook"]
    for method, path in (("POST", ""), ("GET", ""), ("DELETE", f"/{hook}")):
        assert await site.problem(method, f"{room}/hooks{path}") == (401, "no_key")
        refused = await site.problem(method, f"{room}/hooks{path}", headers=bearer(OTHER_KEY))
        assert refused == (403, "not_allowed")
    assert (await hook_of(site, "/api/rooms/wonder", ADMIN))["hook"]
    assert len((await site.json("GET", "/api/rooms/wonder/hooks", headers=bearer(ADMIN)))["hooks"]) == 1


async def test_what_a_program_writes_is_looked_at_like_all_that_is_written(site: Site) -> None:
    room = await ours(site)
    hook = (await hook_of(site, room))["hook"]
    assert await post(site, room, hook, "call me at 0171 2345678") == (422, "filtered")
    assert await post(site, room, hook, " ") == (422, "empty")
    assert await post(site, room, hook, "x" * 501) == (422, "too_long")
    assert await site.problem("POST", f"{room}/hooks/{hook}", json={"words": 1}) == (422, "bad_value")
    await site.status("DELETE", room, headers=bearer())
    assert await post(site, room, hook, "after the end") == (409, "room_closed")


async def test_a_program_that_writes_too_much_has_to_wait() -> None:
    async with running_site(rates=Limits({**RATES, "hook": Rate(2, 1e-4)})) as site:
        room = await ours(site)
        hook = (await hook_of(site, room))["hook"]
        written = [
            await post(site, room, hook, f"line {number}") for number in range(RATES["hook"].burst + 1)
        ]
    assert written[-1] == (429, "too_fast")
    assert written[0][0] == 202
