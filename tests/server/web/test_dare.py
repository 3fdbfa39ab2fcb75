"""Cards to share: what they tell, and that no way to the sound is in them."""

from __future__ import annotations

from typing import Any

import pytest

from games.round import Prompt
from server.blobs.base import Blob
from server.room.clips import ClipRef
from server.room.commands import Close, Hide, Land, Oversee, Suggest, Throw
from server.room.events import ClipLanded, Voice
from server.room.state import RoomState
from server.web.dare import Card, card_page
from tests.server.web.test_pages import Page
from tests.support.web_app import KEY, OGG, OTHER_KEY, Site, bearer

VOICE = Voice("v", "Amber Fern", "#12ab9f")
REF = ClipRef("c" * 22, 2, 1, VOICE, 900, 0, 0, -16.0, (9,) * 64, False, "webrtc", None, None, None)


async def answered(site: Site, room: str = "wonder") -> dict[str, Any]:
    """Return a clip that answered a prompt of a room."""
    await site.registry.send(room, Throw(), by=None)
    return await site.clip(room=room)


async def test_a_card_tells_all_but_the_sound_and_leads_into_the_room(site: Site) -> None:
    clip = await answered(site)
    room = await site.registry.wake("wonder")
    assert room.state.round is not None
    prompt = room.state.round.prompt
    assert prompt is not None

    async with site.ask("GET", f"/c/{clip['id']}/dare?ms=310") as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
        text = await answer.text()

    page = Page(text)
    assert page.meta("og:title") == f"“{prompt.text}” Say yours!"
    assert "0.31 s" in (page.meta("og:description") or "")
    assert page.meta("og:image") == f"{site.url}/api/clips/{clip['id']}.png"
    assert f"/r/wonder?answer={clip['id']}" in [a["href"] for a in page.all("a")]
    assert page.all("g")[0]["fill"] == clip["by"]["colour"]
    assert not page.all("audio")
    assert not page.all("source")
    assert not page.all("script")
    for way in (".ogg", ".m4a", ".vtt", "og:audio", "feed.xml", f'/c/{clip["id"]}"', clip["by"]["name"]):
        assert way not in text


@pytest.mark.parametrize("query", ["", "?ms=-1", "?ms=0", "?ms=99999999", "?ms=a", "?ms=٣", "?ms=30001"])
async def test_a_time_that_nobody_can_have_needed_is_not_told(site: Site, query: str) -> None:
    clip = await answered(site)
    async with site.ask("GET", f"/c/{clip['id']}/dare{query}") as answer:
        assert " s." not in await answer.text()


async def test_where_there_is_no_card_there_is_a_kind_page(site: Site) -> None:
    clip = await answered(site)
    hidden = await site.clip(key=OTHER_KEY)
    await site.registry.send("wonder", Hide(hidden["id"]), by=None)
    async with site.ask("DELETE", f"/api/clips/{clip['id']}", headers=bearer(KEY)) as answer:
        assert answer.status == 204

    for id_ in (clip["id"], hidden["id"], "nowhere99"):
        german = {"Accept-Language": "de"}
        async with site.ask("GET", f"/c/{id_}/dare", headers=german) as answer:
            assert (answer.status, answer.content_type) == (404, "text/html")
            assert "weggeflogen" in await answer.text()


async def test_a_room_that_shares_nothing_has_no_cards_and_a_closed_one_no_way_in(site: Site) -> None:
    calm = await site.room(kind="healing")
    await site.registry.send(calm, Throw(), by=None)
    landed = Land(ClipLanded(REF.clip, 900, 0, 0, -16.0, REF.peaks))
    await site.registry.send(calm, landed, by=VOICE, blobs=[Blob(REF.clip, calm, OGG)])
    async with site.ask("GET", f"/c/{REF.clip}/dare") as answer:
        assert answer.status == 404
        assert "stays in its room" in await answer.text()
    clip = await answered(site)
    async with site.ask("GET", "/api/rooms/wonder") as answer:
        assert (await answer.json())["shared"] is True
    async with site.ask("GET", f"/api/rooms/{calm}") as answer:
        assert (await answer.json())["shared"] is False
    await site.registry.send("wonder", Close(), by=None)
    async with site.ask("GET", f"/c/{clip['id']}/dare") as answer:
        assert answer.status == 200
        text = await answer.text()
    assert "closed" in text
    assert "answer=" not in text


def test_what_is_said_cannot_leave_its_place_on_a_card() -> None:
    hostile = '"><script>alert(1)</script>${way}'
    state = RoomState(name=hostile, language="de")
    page = card_page("http://x", state, REF, Card("r", Prompt("p", hostile).text, 41, 310), lang="de")

    assert not Page(page).all("script")
    assert Page(page).meta("og:title") == f"„{hostile}“ Sag deins!"
    assert "0,31 s" in page
    assert "41 haben schon geantwortet." in page


async def test_a_topic_that_is_hidden_is_on_no_card(site: Site) -> None:
    voice = site.registry.voice(OTHER_KEY, "wonder")
    (made,) = await site.registry.send("wonder", Suggest("Something that was reported"), by=voice)
    while (await site.registry.wake("wonder")).state.suggestions:
        await site.registry.send("wonder", Throw(), by=None)
    clip = await site.clip()
    async with site.ask("GET", f"/c/{clip['id']}/dare") as answer:
        assert "Something that was reported" in await answer.text()

    await site.registry.send("wonder", Oversee(Hide(seq=made.seq)), by=None)

    async with site.ask("GET", f"/c/{clip['id']}/dare") as answer:
        assert answer.status == 404
        assert "Something that was reported" not in await answer.text()
