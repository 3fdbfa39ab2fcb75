from __future__ import annotations

from games.round import Prompt, RoundClosed, RoundOpened, TurnGiven
from server.room.events import ClipLanded, Draft
from tests.support.web_app import KEY, OTHER_KEY, Site, bearer, problem_in

HERE = "/api/rooms/wonder/became"


def landed(clip: str) -> ClipLanded:
    return ClipLanded(clip, 20, 0, 0, -16.0, (), round="r", turn=1)


async def test_what_became_of_ones_answer_is_told_to_whoever_gave_it(site: Site) -> None:
    voices = [site.registry.voice(key, "wonder") for key in (KEY, OTHER_KEY)]
    room = await site.registry.wake("wonder")
    facts = [
        Draft(RoundOpened("r", "first_thing", "snap", Prompt("p", "Moss")), 1),
        Draft(TurnGiven("r", 1, "Moss", 2, 9), 1),
        *(Draft(landed(f"c{n}"), 3, voice) for n, voice in enumerate(voices)),
        Draft(RoundClosed("r", "done"), 4),
    ]
    await site.log.append("wonder", facts, expect=room.tail.head)
    await room.close()  # type: ignore[attr-defined]

    told = await site.json("GET", HERE, headers=bearer(KEY))
    assert told == {
        "became": [{"of": "p", "kind": "answer", "prompt": "Moss", "people": 1, "is_over": False}]
    }
    assert await site.json("GET", HERE, headers=bearer(OTHER_KEY)) == {"became": []}


async def test_nobody_without_a_key_is_told_anything(site: Site) -> None:
    async with site.ask("GET", HERE) as answer:
        assert await problem_in(answer) == (401, "no_key")
