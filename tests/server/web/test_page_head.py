"""Pages of a clip speak their visitor's language, and what was said in the room stays as it was said."""

from __future__ import annotations

import pytest

from server.room.commands import Throw
from tests.server.web.test_pages import Page
from tests.support.web_app import Site


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Accept-Language": "de-AT, en;q=0.5"}, "de"),
        ({"Accept-Language": "en"}, "en"),
        ({"Accept-Language": "fr"}, "en"),
        ({"Accept-Language": "en", "Cookie": "wonder_language=de"}, "de"),
        ({}, "de"),  # what unfurls a link asks for nothing
    ],
)
async def test_a_clip_and_its_card_are_in_the_language_of_who_reads_them(
    site: Site, headers: dict[str, str], expected: str
) -> None:
    room = await site.room(kind="wonder", language="de")
    await site.registry.send(room, Throw(), by=None)
    clip = await site.clip(room=room)
    state = (await site.registry.wake(room)).state
    prompt = state.round.prompt if state.round else None
    assert prompt is not None

    for path, words in (
        (f"/c/{clip['id']}", {"de": "Sag deins", "en": "Say yours"}),
        (f"/c/{clip['id']}/dare", {"de": "dann hör zu", "en": "then hear it"}),
    ):
        async with site.ask("GET", path, headers=headers) as answer:
            text = await answer.text()
            assert answer.headers["Vary"] == "Accept-Encoding, Accept-Language, Cookie"
        page = Page(text)
        assert page.all("html")[0]["lang"] == expected
        assert words[expected] in text
        assert page.all("h1")[0]["lang"] == "de"
        assert prompt.text in (page.meta("og:title") or "")
