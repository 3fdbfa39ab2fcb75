"""The door of a room before any script runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from server.http.assets import STATIC
from server.http.languages import LANGUAGES, Language
from server.room.state import RoomState
from server.web.door import DAY_MS, HOUR_MS, door_of, first, span, words_of
from server.web.rooms import RoomShown, shown
from tests.support.web_app import Site

WORDS = {lang: words_of((STATIC / f"js/lib/text.{lang}.js").read_bytes()) for lang in LANGUAGES}
ASKED = {"room.spoken", "join.deaf", "join.first.round", "join.first.empty", "join.first.closed"}


@dataclass(frozen=True)
class Case:
    """What is so in a room, and how the line begins."""

    changed: dict[str, Any]
    begins: str


def room(**changed: Any) -> RoomShown:
    state = RoomState(kind="wonder", name="Kitchen")
    return replace(shown("kitchen", state, listeners=0, speakers=0, captions=True), **changed)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_words_are_those_of_the_page(lang: Language) -> None:
    counted = {f"join.first.{what}.{n}" for what in ("people", "clips") for n in ("one", "other")}
    assert ASKED | counted <= WORDS[lang].keys()


@pytest.mark.parametrize("case", [
    Case({}, "Empty so far. What is said or written in there stays for 7 days."),
    Case({"clips": 1}, "Nobody is in there now, but a voice"),
    Case({"clips": 3}, "Nobody is in there now, but 3 voices"),
    Case({"clips": 3, "listeners": 2, "speakers": 1}, "2 voices are in there."),
    Case({"speakers": 1}, "Somebody is in there."),
    Case({"closed": True}, "This room is closed."),
    Case({"language": "de"}, "In here German is spoken. Empty so far."),
])  # fmt: skip
def test_one_line_says_what_will_happen_first(case: Case) -> None:
    assert first(room(**case.changed), "en", WORDS["en"]).startswith(case.begins)


def test_where_nobody_reads_along_the_line_says_so() -> None:
    assert first(room(captions=False), "en", WORDS["en"]).endswith(
        "stays for 7 days. No captions here, only ears."
    )


def test_of_a_locked_room_the_page_says_more_once_it_knows_who_comes() -> None:
    assert first(room(locked=True, clips=3), "en", WORDS["en"]) == ""


@pytest.mark.parametrize(("ms", "english", "german"), [
    (7 * DAY_MS, "7 days", "7 Tage"),
    (DAY_MS, "1 day", "1 Tag"),
    (6 * HOUR_MS, "6 hours", "6 Stunden"),
    (1, "1 hour", "1 Stunde"),
])  # fmt: skip
def test_a_span_reads_as_browsers_write_it(ms: int, english: str, german: str) -> None:
    assert (span(ms, "en"), span(ms, "de")) == (english, german)


def test_nothing_that_people_wrote_is_markup() -> None:
    page = door_of(room(name="<b>", theme="&", description='"><script>', consent="<i>"), "en", WORDS["en"])
    assert all(written in page for written in ("&lt;b&gt;</h2>", "&amp;</p>", "&lt;i&gt;"))
    assert not any(markup in page for markup in ("<script", "<b>", "<i>"))


async def test_the_door_is_in_the_page_in_its_visitors_language(site: Site) -> None:
    async with site.ask("GET", "/r/wonder", headers={"Accept-Language": "de"}) as answer:
        page = await answer.text()
    assert '<p class="gate-first">Hier wird Englisch gesprochen. Noch leer.' in page
