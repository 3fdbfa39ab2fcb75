"""Rooms by HTTP: listed, made, shown, and their events."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from games.registry import offered
from games.round import Round, TurnGiven, VerdictGiven
from server.engines import models
from server.room.commands import Say
from server.room.events import ClipLanded, Draft, RoomOpened
from server.room.state import RoomState
from server.rooms.presence import SPEAKER
from server.web import rooms as rooms_module
from tests.support.web_app import KEY, OTHER_KEY, Site, bearer, problem_in
from tests.support.ws_client import joined

FIELDS = {
    "id", "kind", "name", "theme", "description", "language", "tempo", "rules", "head", "clips", "listeners",
    "speakers", "round",
}  # fmt: skip


async def test_a_fresh_install_lists_its_one_public_room(site: Site) -> None:
    rooms = (await site.json("GET", "/api/rooms"))["rooms"]
    assert [room["id"] for room in rooms] == ["wonder"]
    assert set(rooms[0]) >= FIELDS


async def test_the_lobby_says_why_there_are_no_captions(site: Site) -> None:
    assert (await site.json("GET", "/api/rooms"))["captions_off"] == ""
    site.health.captions_off = models.LACKING
    for language, path in (("en", "/api/rooms?place=u33"), ("de", "/api/rooms"), ("de", "/readyz")):
        told = await site.json("GET", path, headers={"Cookie": f"wonder_language={language}"})
        assert told["captions_off"] == models.LACKING[language]


async def test_the_lobby_tells_how_many_people_are_here_and_came_and_no_machine(site: Site) -> None:
    before = await site.json("GET", "/api/rooms")
    assert (before["now"], before["today"]["people"]) == ({"people": 0, "rooms": 0}, 0)
    ws = f"{site.url}/api/rooms/wonder/ws"
    async with (
        joined(site.session, ws) as one,
        joined(site.session, ws) as other,
        joined(site.session, ws) as robot,
    ):
        await robot.ask("here", listening="files", machine=True)
        await one.ask("here", listening="files")
        await one.ask("here", listening="off")
        await one.ask("here", listening="files")
        await other.ask("here", listening="off")  # at the door
        during = await site.json("GET", "/api/rooms")
        assert (during["now"], during["today"]["people"]) == ({"people": 1, "rooms": 1}, 1)


async def test_a_room_with_somebody_in_it_is_listed_first_however_many_others_were_made(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms_module, "LISTED_ROOMS", 5)
    async with joined(site.session, f"{site.url}/api/rooms/wonder/ws") as client:
        await client.ask("here", listening="files")
        for number in range(6):
            await asyncio.sleep(0.002)
            await site.room(name=f"Spam {number}", public=True)
        rooms = (await site.json("GET", "/api/rooms"))["rooms"]
    assert (rooms[0]["id"], len(rooms)) == ("wonder", 5)


async def test_a_private_room_is_made_unguessable_and_unlisted(site: Site) -> None:
    async with site.ask("POST", "/api/rooms", json={"kind": "healing", "name": "Us"}) as answer:
        made = await answer.json()
        assert answer.status == 201
        assert answer.headers["Location"] == f"/api/rooms/{made['id']}"
    assert len(made["id"]) >= 16
    assert (made["tempo"], made["language"], made["scored"], made["head"]) == ("slow", "en", False, 1)
    assert made["id"] not in [room["id"] for room in (await site.json("GET", "/api/rooms"))["rooms"]]
    assert (await site.json("GET", f"/api/rooms/{made['id']}"))["name"] == "Us"


def test_the_turn_and_the_verdicts_of_a_round_tell_their_kinds() -> None:
    turn, verdict = TurnGiven("r", 1, "?", 1, 2), VerdictGiven("r", "c", "late", "Too late.")
    round_ = Round("r", "first_thing", "snap", 1, turns=(turn,), verdicts=(verdict,))
    state = RoomState(head=3, round=round_)
    shown = _plain(rooms_module.shown("x", state, listeners=0, speakers=0))["round"]
    assert shown["turn"] == {"kind": "turn.given", **_plain(turn)}
    assert shown["verdicts"] == [{"kind": "verdict.given", **_plain(verdict)}]


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    return dict(msgspec.json.decode(msgspec.json.encode(value)))


async def test_null_is_what_is_left_out(site: Site) -> None:
    wanted = {"kind": "topic", "name": None, "tempo": None, "public": None, "place": None}
    assert (await site.json("POST", "/api/rooms", json=wanted))["kind"] == "topic"
    assert await site.problem("POST", "/api/rooms", json={"kind": None}) == (422, "bad_value")


async def test_who_speaks_without_the_page_is_a_speaker_meanwhile(site: Site) -> None:
    room = await site.registry.wake("wonder")
    room.begin_speaking("somebody", until_ms=2**53)
    assert (await site.json("GET", "/api/rooms/wonder"))["speakers"] == 1
    room.end_speaking("somebody")
    assert (await site.json("GET", "/api/rooms/wonder"))["speakers"] == 0


async def test_a_machine_counts_for_nobody_in_the_lobby(site: Site) -> None:
    room = await site.registry.wake("wonder")
    room.mark_machine("bot")
    room.set_presence("bot", None, SPEAKER)
    room.set_presence("anna", None, SPEAKER)
    assert (await site.json("GET", "/api/rooms/wonder"))["speakers"] == 1
    room.set_presence("anna", SPEAKER, None)
    assert (await site.json("GET", "/api/rooms"))["rooms"][0]["speakers"] == 0
    room.set_presence("bot", SPEAKER, None)


async def test_a_public_room_gets_a_readable_id_in_its_language(site: Site) -> None:
    wanted = {"kind": "humour", "name": "Lach mal", "language": "de", "tempo": "snap", "public": True}
    made = await site.json("POST", "/api/rooms", json=wanted)
    assert made["id"] == "lach-mal"
    assert made["rules"] == "Übungsplatz fürs Komische: sei schnell, sei naheliegend."
    assert "lach-mal" in [room["id"] for room in (await site.json("GET", "/api/rooms"))["rooms"]]


async def test_two_public_rooms_of_one_name_get_two_ids(site: Site) -> None:
    made = [await site.room(name="Same", public=True) for _ in range(3)]
    assert len(set(made)) == 3


async def test_a_local_room_has_a_place_and_a_room_without_name_one_of_its_kind(site: Site) -> None:
    made = await site.json("POST", "/api/rooms", json={"kind": "local", "place": "u33db"})
    assert (made["place"], made["name"]) == ("u33db", "Around here")
    made = await site.json("POST", "/api/rooms", json={"kind": "healing", "language": "de"})
    assert made["name"] == "Heilsam"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "bad_value"),
        ({"kind": "casino"}, 422, "bad_value"),
        ({"kind": "topic", "name": 7}, 422, "bad_value"),
        ({"kind": "topic", "name": "x" * 61}, 422, "too_long"),
        ({"kind": "topic", "theme": "x" * 121}, 422, "too_long"),
        ({"kind": "topic", "description": "x" * 501}, 422, "too_long"),
        ({"kind": "topic", "language": "fr"}, 422, "bad_value"),
        ({"kind": "topic", "tempo": "fast"}, 422, "bad_value"),
        ({"kind": "local"}, 422, "bad_room"),
        ({"kind": "local", "place": "u33db", "name": "Space of Wonder"}, 409, "room_taken"),
        ({"kind": "local", "place": "52.5,13.4"}, 422, "bad_room"),
        ({"kind": "local", "place": "u33dbf"}, 422, "bad_room"),
        ([], 422, "bad_value"),
    ],
)
async def test_a_room_that_cannot_be_is_refused_with_the_reason(
    site: Site, body: object, status: int, code: str
) -> None:
    assert await site.problem("POST", "/api/rooms", json=body) == (status, code)


async def test_a_body_that_is_no_json_is_refused(site: Site) -> None:
    headers = {"Content-Type": "application/json"}
    for body in (b"", b"{", b"\xff", b'{"kind":"topic",', b'{"kind":"topic","name":"\\ud800"}'):
        assert await site.problem("POST", "/api/rooms", data=body, headers=headers) == (400, "bad_json")
    assert (await site.problem("POST", "/api/rooms", data=b"[" * 10_000, headers=headers))[0] in (400, 422)
    assert await site.problem("POST", "/api/rooms", data=b"x" * 16_385, headers=headers) == (413, "too_big")
    assert await site.problem("POST", "/api/rooms", data=b"{}") == (415, "wrong_type")


async def test_words_of_a_room_lose_hostile_characters(site: Site) -> None:
    made = await site.json("POST", "/api/rooms", json={"kind": "topic", "name": " a\u202e\u200bb\n c "})
    assert made["name"] == "ab c"


async def test_another_sites_page_cannot_make_rooms(site: Site) -> None:
    for origin in (
        "https://evil.example",
        "null",
        site.url + ".evil.example",
        site.url + "0",
        "http://127.0.0.1",
    ):
        found = await site.problem("POST", "/api/rooms", json={"kind": "topic"}, headers={"Origin": origin})
        assert found == (403, "wrong_origin")
    assert (
        await site.status("POST", "/api/rooms", json={"kind": "topic"}, headers={"Origin": site.url}) == 201
    )


async def test_an_unknown_room_is_404_whatever_is_asked_of_it(site: Site) -> None:
    for room in ("nowhere", "A" * 64, "-", "_"):
        for path in ("", "/events", "/ws"):
            assert await site.problem("GET", f"/api/rooms/{room}{path}") == (404, "no_such_room")
    for room in ("..", "%2e%2e", "a%2fb", "A" * 65, "a.b", "%00", "a b", "ä"):
        assert (await site.problem("GET", f"/api/rooms/{room}"))[0] == 404


async def test_events_come_oldest_first_and_page_by_page(site: Site) -> None:
    voice = site.registry.voice(KEY, "wonder")
    for number in range(5):
        await site.registry.send("wonder", Say(f"text {number}"), by=voice)
    whole = await site.json("GET", "/api/rooms/wonder/events")
    assert [event["seq"] for event in whole["events"]] == [1, 2, 3, 4, 5, 6]
    assert whole["head"] == 6
    newest = await site.json("GET", "/api/rooms/wonder/events?limit=2")
    assert [event["seq"] for event in newest["events"]] == [5, 6]
    page = await site.json("GET", "/api/rooms/wonder/events?after=2&limit=2")
    assert [(event["seq"], event["prev"]) for event in page["events"]] == [(3, 2), (4, 3)]
    assert page["events"][0]["data"] == {"text": "text 1"}
    beyond = await site.json("GET", "/api/rooms/wonder/events?after=600")
    assert beyond == {"events": [], "head": 6}


@pytest.mark.parametrize(
    "query",
    [
        "after=-1",
        "after=x",
        "after=",
        "after=1.5",
        "after=" + "9" * 30,
        "limit=0",
        "limit=501",
        "limit=٣",
        "limit=",
    ],
)
async def test_a_page_that_cannot_be_is_refused(site: Site, query: str) -> None:
    assert await site.problem("GET", f"/api/rooms/wonder/events?{query}") == (400, "bad_query")


async def test_events_show_a_reaction_time_to_its_speaker_alone(site: Site) -> None:
    voice = site.registry.voice(KEY, "quick")
    landed = ClipLanded("clip-of-anna", 900, 300, 0, -16.0, (1,) * 64, reaction_ms=321)
    await site.log.append("quick", [Draft(RoomOpened("topic", "Quick"), 1), Draft(landed, 2, voice)])
    for headers, shown in ((bearer(KEY), 321), (bearer(OTHER_KEY), None), ({}, None)):
        found = await site.json("GET", "/api/rooms/quick/events", headers=headers)
        assert found["events"][-1]["data"]["reaction_ms"] == shown


async def test_what_a_sleeping_room_was_is_known_without_waking_it_again(site: Site) -> None:
    for room in list(site.registry._rooms.values()):
        await room.close()
        site.registry.left(room)
    first = (await site.json("GET", "/api/rooms"))["rooms"]
    for room in list(site.registry._rooms.values()):
        await room.close()
        site.registry.left(room)
    again = (await site.json("GET", "/api/rooms"))["rooms"]
    assert first == again
    assert site.registry.awake("wonder") is None


async def test_a_bad_key_is_told_even_where_none_is_needed(site: Site) -> None:
    async with site.ask("GET", "/api/rooms/wonder/events", headers=bearer("short")) as answer:
        assert await problem_in(answer) == (401, "bad_key")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


# --- places


async def test_a_place_has_one_local_room_whoever_asks_for_it(site: Site) -> None:
    wanted = {"kind": "local", "place": "u33d", "name": "Kiez"}
    async with site.ask("POST", "/api/rooms", json=wanted) as answer:
        made = await answer.json()
        assert (answer.status, made["public"]) == (201, True)
    async with site.ask("POST", "/api/rooms", json={**wanted, "name": "Other", "language": "de"}) as answer:
        found = await answer.json()
        assert (answer.status, answer.headers["Location"]) == (200, f"/api/rooms/{made['id']}")
    assert (found["id"], found["name"], found["language"]) == (made["id"], "Kiez", "en")
    finer = await site.json("POST", "/api/rooms", json={"kind": "local", "place": "u33db"})
    assert finer["id"] != made["id"]


async def test_an_empty_place_is_told_the_rooms_around(site: Site) -> None:
    near = [await site.room(kind="local", place=cell) for cell in ("u33e", "u339")]
    await site.room(kind="local", place="gcpv")
    await site.room(kind="topic", place="u33d", public=True)

    async def listed(cell: str) -> list[str]:
        rooms = (await site.json("GET", f"/api/rooms?place={cell}"))["rooms"]
        return [room["id"] for room in rooms]

    assert sorted(await listed("u33d")) == sorted(near)
    own = await site.room(kind="local", place="u33d")
    assert (await listed("u33d"))[0] == own
    assert await listed("s00") == []


@pytest.mark.parametrize("place", ["", "u3", "u33dbf", "u33a", "52.5,13.4", "U33D"])
async def test_a_place_that_is_too_fine_or_none_is_refused(site: Site, place: str) -> None:
    assert await site.problem("GET", f"/api/rooms?place={place}") == (400, "bad_query")


async def test_a_room_tells_what_is_played_there_and_what_its_door_asks(site: Site) -> None:
    arena = await site.json("POST", "/api/rooms", json={"kind": "arena"})
    healing = await site.json("POST", "/api/rooms", json={"kind": "healing"})
    assert "insult_duel" in arena["games"]
    assert arena["opt_in"] == ["insult_duel"]
    deaf = {game.id for game in offered("arena") if game.has_thumbs}
    assert {*arena["challenged"]} == deaf > {"insult_duel", "word_association"}
    assert healing["challenged"] == []
    assert (
        rooms_module.shown("r", RoomState(kind="arena"), listeners=0, speakers=0, captions=True).challenged
        == ()
    )
    assert (arena["door"], bool(arena["consent"]), arena["preview"]) == ("consent", True, False)
    assert "thanks" in healing["games"]
    assert (healing["door"], healing["consent"], healing["preview"]) == ("open", "", True)
