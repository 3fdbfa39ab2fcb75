"""Search over HTTP: what is found, what is not for everybody, and what is no question."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from server.http.limits import RATES, Rate
from server.http.limits import Limits as Rates
from server.room.commands import Caption, Forget, Hide, Oversee, RoundStart, Say
from server.room.events import ClipCaptioned
from tests.support.web_app import KEY, OTHER_KEY, Site, running_site

HERE = "/api/rooms/wonder/search"


async def found(site: Site, query: str, count: int, **more: str) -> list[dict[str, Any]]:
    """Search until there are so many hits: the index follows a moment later."""
    async with asyncio.timeout(20):
        while True:
            answer = await site.json("GET", HERE, params={"q": query, **more})
            if len(answer["hits"]) == count:
                return list(answer["hits"])
            await asyncio.sleep(0.02)


async def say(site: Site, text: str, key: str = KEY) -> int:
    voice = site.registry.voice(key, "wonder")
    (said,) = await site.registry.send("wonder", Say(text), by=voice)
    return said.seq


async def captioned(site: Site, text: str) -> dict[str, Any]:
    clip = await site.clip()
    await site.registry.send("wonder", Caption(ClipCaptioned(clip["id"], text, "en")), by=None)
    return clip


async def test_hits_tell_where_they_are_what_was_said_when_and_by_whom(site: Site) -> None:
    seq = await say(site, "A wet umbrella", OTHER_KEY)
    clip = await captioned(site, "umbrellas fly")

    newest, oldest = await found(site, "umbrella", 2)

    assert (newest["seq"], newest["clip"], newest["text"]) == (clip["seq"], clip["id"], "umbrellas fly")
    assert (newest["by"], newest["at_ms"]) == (clip["by"], clip["at_ms"])
    assert (oldest["seq"], oldest["text"], "clip" in oldest) == (seq, "A wet umbrella", False)
    assert oldest["by"]["id"] == site.registry.voice(OTHER_KEY, "wonder").id
    assert len(await found(site, "umbrella", 1, limit="1")) == 1
    assert await found(site, "wet fly", 0) == []


async def test_what_is_gone_or_hidden_is_not_found_from_that_moment_on(site: Site) -> None:
    first, second = await say(site, "umbrella one"), await say(site, "umbrella two", OTHER_KEY)
    clip, other = await captioned(site, "umbrella three"), await captioned(site, "umbrella four")
    await found(site, "umbrella", 4)

    async def left() -> list[str]:
        return [hit["text"] for hit in (await site.json("GET", HERE, params={"q": "umbrella"}))["hits"]]

    await site.registry.send("wonder", Oversee(Hide(seq=second)), by=None)
    await site.registry.send("wonder", Oversee(Hide(clip["id"])), by=None)
    assert await left() == ["umbrella four", "umbrella one"]
    voice = site.registry.voice(KEY, "wonder")
    await site.registry.send("wonder", Forget(other["id"]), by=voice)
    assert await left() == ["umbrella one"]
    await site.registry.send("wonder", Forget(everything=True), by=voice)
    assert await left() == []
    assert first < second


async def test_words_that_are_hidden_until_a_reveal_are_not_found(site: Site) -> None:
    voice = site.registry.voice(KEY, "wonder")
    await site.registry.send("wonder", RoundStart("mind_meld"), by=voice)
    clip = await captioned(site, "secretly")
    await say(site, "secretly, said aloud")
    room = await site.registry.wake("wonder")
    hits = await found(site, "secretly", 1 if room.state.clips[clip["id"]].hidden else 2)
    assert hits[0]["text"] == "secretly, said aloud"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("", "q"),
        ("?q=", "q"),
        ("?q=%20%21", "q"),
        ("?q=" + "x" * 101, "100"),
        ("?q=a&limit=0", "limit"),
        ("?q=a&limit=51", "limit"),
        ("?q=a&limit=x", "limit"),
    ],
)
async def test_what_is_no_question_is_refused_with_a_sentence(site: Site, query: str, sentence: str) -> None:
    async with site.ask("GET", HERE + query) as answer:
        problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, problem["code"]) == (400, "bad_query")
    assert sentence in problem["detail"]


async def test_a_room_that_is_not_there_has_no_words(site: Site) -> None:
    assert await site.problem("GET", "/api/rooms/nowhere/search?q=a") == (404, "no_such_room")


async def test_who_asks_too_often_is_told_to_wait() -> None:
    seldom = {**RATES, "search": Rate(2, 1e-6)}  # however slow the machine is, none comes back in time
    async with running_site(rates=Rates(seldom, address_voices=1)) as site:
        statuses = [await site.status("GET", HERE + "?q=a") for _ in range(3)]
    assert statuses == [200, 200, 429]
