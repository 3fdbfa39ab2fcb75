"""Three words that lead into a room."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from server.http.limits import Limits
from server.room.commands import Refused
from server.room.ids import nouns
from server.web.codes import LIFE_MS, WORDS, RoomCodes
from tests.support.web_app import KEY, Site

BEARER = {"Authorization": f"Bearer {KEY}"}


async def test_whoever_is_in_a_room_gets_its_words_and_they_lead_there(site: Site) -> None:
    async with site.ask("POST", "/api/rooms/wonder/code", headers=BEARER) as answer:
        assert answer.status == 200
        given = await answer.json()
    assert given["for_ms"] == LIFE_MS
    async with site.ask("GET", "/api/codes", params={"words": given["code"].upper()}) as answer:
        assert (answer.status, await answer.json()) == (200, {"room": "wonder"})


async def test_words_that_lead_nowhere_are_told_so(site: Site) -> None:
    assert await site.status("GET", "/api/codes?words=one+two+three") == 404
    assert await site.status("GET", "/api/codes") == 404
    assert await site.status("POST", "/api/rooms/nowhere/code", headers=BEARER) == 404


def test_nobody_finds_rooms_by_trying() -> None:
    limits, tried = Limits(), 0
    for number in range(36_000):  # for an hour, ten a second
        try:
            limits.check("code", voice=None, address="192.0.2.1", now_ms=number * 100)
        except Refused:
            continue
        tried += 1
    assert 30 <= tried <= 400


def test_a_code_is_found_however_it_is_written() -> None:
    codes = RoomCodes()
    code = codes.code("r", "de", 0)
    assert len(code.split()) == WORDS
    written = code.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss")
    for said in (code, f"  {written.upper()} ", code.replace(" ", "-"), code.replace(" ", ", ")):
        assert codes.room(said, 1) == "r"
    assert codes.room("", 1) is None
    assert codes.room("🦄", 1) is None


def test_a_code_stays_while_it_is_asked_for_and_ends_after() -> None:
    codes = RoomCodes()
    code = codes.code("r", "en", 0)
    assert codes.code("r", "en", LIFE_MS - 1) == code
    assert codes.room(code, 2 * LIFE_MS - 2) == "r"
    assert codes.room(code, 2 * LIFE_MS - 1) is None
    later = codes.code("r", "en", 3 * LIFE_MS)
    assert codes.room(later, 3 * LIFE_MS) == "r"
    if later != code:
        assert codes.room(code, 3 * LIFE_MS) is None


def test_the_room_whose_code_nobody_asked_for_the_longest_loses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RoomCodes, "size", 2)
    codes = RoomCodes()
    first, second = codes.code("a", "en", 0), codes.code("b", "en", 0)
    codes.code("a", "en", 1)
    codes.code("c", "en", 2)
    assert (codes.room(first, 2), codes.room(second, 2)) == ("a", None)


def test_no_two_rooms_have_one_code() -> None:
    names = [noun for noun, _ in nouns("en")]
    drawn = itertools.chain([0] * 2 * WORDS, itertools.count(1))

    def draw(all_: Sequence[str]) -> str:
        return all_[next(drawn) % len(names)]

    codes = RoomCodes(draw)
    assert codes.code("a", "en", 0) == " ".join([names[0]] * WORDS)
    assert codes.code("b", "en", 0) != codes.code("a", "en", 0)
