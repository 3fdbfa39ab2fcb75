"""Pages: what people and link previews get."""

from __future__ import annotations

from html.parser import HTMLParser
from http.cookies import SimpleCookie

import pytest
from msgspec.structs import replace

from server.room.clips import ClipRef
from server.room.commands import Caption
from server.room.events import ClipCaptioned, RoomOpened, Voice
from server.room.state import RoomState
from server.web.pages import clip_page
from tests.support.web_app import Site


class Page(HTMLParser):
    """The elements of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.found if name == tag]

    def meta(self, name: str) -> str | None:
        return next(
            (m["content"] for m in self.all("meta") if name in (m.get("property"), m.get("name"))), None
        )


@pytest.mark.parametrize("path", ["/", "/r/wonder"])
async def test_a_page_gives_its_visitor_a_key_no_script_can_read(site: Site, path: str) -> None:
    async with site.ask("GET", path) as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
        assert answer.headers["Cache-Control"] == "private, no-cache"
        cookie = SimpleCookie(answer.headers["Set-Cookie"])["wonder_key"]
    assert len(cookie.value) == 43
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (
        True,
        "Lax",
        "/",
        "",
    )
    headers = {"Cookie": f"wonder_key={cookie.value}"}
    async with site.ask("GET", path, headers=headers) as answer:
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("cookie", "theme"), [("light", "light"), ("dark", "dark"), ("mauve", None), ("", None)]
)
async def test_a_page_comes_in_the_colours_that_its_visitor_set(
    site: Site, cookie: str, theme: str | None
) -> None:
    for path, kind in (("/", None), ("/r/wonder", "wonder")):
        async with site.ask("GET", path, headers={"Cookie": f"wonder_theme={cookie}"}) as answer:
            [attributes] = Page(await answer.text()).all("html")
        assert attributes == {name: value for name, value in (
            ("lang", "en"), ("data-theme", theme), ("data-kind", kind)
        ) if value}  # fmt: skip


async def test_a_page_comes_with_the_words_of_the_language_that_its_visitor_set(site: Site) -> None:
    for said, expected in (("de", "de"), ("xx", "en")):
        headers = {"Cookie": f"wonder_language={said}", "Accept-Language": "en"}
        async with site.ask("GET", "/", headers=headers) as answer:
            assert f"/static/js/lib/text.{expected}.js" in await answer.text()
        async with site.ask("GET", "/away", headers=headers) as answer:
            assert Page(await answer.text()).all("html")[0]["lang"] == expected


async def test_a_rooms_page_says_which_room_it_is(site: Site) -> None:
    await site.registry.open(RoomOpened("topic", '"><script>', description="a & b"), None, id="hostile")
    async with site.ask("GET", "/r/hostile") as answer:
        page = Page(await answer.text())
    assert page.meta("og:title") == '"><script> · Space of Wonder'
    assert page.meta("og:description") == "a & b"
    assert page.meta("robots") == "noindex"
    assert [link["href"] for link in page.all("link") if link.get("rel") == "alternate"] == [
        "/r/hostile/feed.xml"
    ]


async def test_no_page_has_scripts_or_styles_inside(site: Site) -> None:
    clip = await site.clip()
    for path in ("/", "/r/wonder", f"/c/{clip['id']}"):
        async with site.ask("GET", path) as answer:
            page = Page(await answer.text())
        assert all(script.get("src") for script in page.all("script"))
        assert not page.all("style")
        assert not [
            attrs for _, attrs in page.found if any(k.startswith("on") or k == "style" for k in attrs)
        ]


async def test_a_clips_page_unfurls_and_plays_without_scripts(site: Site) -> None:
    clip = await site.clip()
    await site.registry.send(
        "wonder", Caption(ClipCaptioned(clip["id"], "Moo, said the cloud", "en")), by=None
    )
    async with site.ask("GET", f"/c/{clip['id']}") as answer:
        assert answer.status == 200
        page = Page(await answer.text())
    assert page.meta("og:audio") == f"{site.url}/api/clips/{clip['id']}.m4a"
    assert page.meta("og:image") == f"{site.url}/api/clips/{clip['id']}.png"
    assert page.meta("og:description") == "Moo, said the cloud"
    assert "controls" in page.all("audio")[0]
    assert page.all("source")[0]["src"] == f"/api/clips/{clip['id']}.ogg"
    assert page.all("track")[0]["src"] == f"/api/clips/{clip['id']}.vtt"
    for path in (page.all("source")[0]["src"], page.all("img")[0]["src"]):
        assert await site.status("GET", str(path)) == 200


def test_a_clip_stands_under_what_it_answers() -> None:
    voice = Voice("v", "Amber Fern", "#fff")
    ref = ClipRef("c" * 22, 2, 1, voice, 900, 0, 0, -16.0, (), False, "webrtc", None, None, None)
    state = RoomState(name="Kitchen")
    asked = clip_page("http://x", "r", state, ref, "Why is the moon late?", lang="de")
    assert '<h1 dir="auto" lang="en">Why is the moon late?</h1>' in asked
    assert Page(asked).meta("og:title") == "„Why is the moon late?“, eine Antwort von Amber Fern"
    assert '<h1 dir="auto">Amber Fern in Kitchen</h1>' in clip_page("http://x", "r", state, ref, lang="en")


def test_nobody_is_asked_into_a_closed_room() -> None:
    ref = ClipRef("c", 2, 1, None, 900, 0, 0, -16.0, (), False, "webrtc", None, None, None)
    open_, closed = (
        Page(clip_page("http://x", "r", RoomState(closed=closed), ref, "Why?", lang="en"))
        for closed in (False, True)
    )

    assert [link["href"] for link in open_.all("a") if link.get("id") == "say-yours"] == ["/r/r?answer=c"]
    assert not [link for link in closed.all("a") if link.get("id") == "say-yours"]


def test_what_is_said_cannot_leave_its_place_in_a_page() -> None:
    hostile = '"><script>alert(1)</script>${title}'
    voice = Voice("v", hostile, "#fff")
    ref = ClipRef(
        "c" * 22, 2, 1, voice, 900, 0, 0, -16.0, (), False, "webrtc", None, None, None, caption=hostile
    )
    page = Page(clip_page("http://x", "r", RoomState(name=hostile, language="de"), ref, hostile, lang="de"))
    assert page.all("script") == [{"type": "module", "src": "/static/js/clip.js"}]
    assert page.meta("og:description") == hostile


async def test_a_clip_or_room_that_is_not_there_is_404(site: Site) -> None:
    for path in ("/c/nowhere99", "/r/nowhere", "/r/nowhere/feed.xml", "/c/..%2f..%2fetc", "/r/%00"):
        assert await site.status("GET", path) == 404


async def test_search_engines_are_asked_to_leave_voices_alone(site: Site) -> None:
    async with site.ask("GET", "/robots.txt") as answer:
        assert "Disallow: /c/" in await answer.text()


def test_the_words_of_a_clip_have_the_times_at_which_they_are_said() -> None:
    said = (("Fish", 120, 400), ("&", 400, 520), ("chips?", 640, 990))
    bare = ClipRef("c" * 22, 2, 1, None, 990, 0, 0, -16.0, (), False, "webrtc", None, None, None)
    ref = replace(bare, caption="Fish & chips?", words=said)

    timed = clip_page("https://here.example", "wonder", RoomState(), ref, lang="en")
    by_others = clip_page(
        "https://here.example", "wonder", RoomState(), replace(ref, caption="Chips."), lang="en"
    )

    words = [span for span in Page(timed).all("span") if span.get("class") == "word"]
    assert [word["data-ms"] for word in words] == ["120", "400", "640"]
    assert ">Fish</span>" in timed
    assert ">&amp;</span>" in timed
    assert Page(by_others).all("span") == []
    assert "Chips." in by_others
