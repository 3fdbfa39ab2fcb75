"""A host sends commands like anybody, as a machine; nothing of it is late, or outlives its room."""

from __future__ import annotations

import asyncio
from random import Random
from unittest.mock import patch

import pytest

from games.round import AnswerGiven, RoundOpened
from server.engines.text import WRITTEN_AT_ONCE, EngineFailed
from server.readers.host import ASKED_MOST, Host, Queue
from server.room.commands import Change
from server.room.events import TextSaid, TopicSuggested, TopicThrown
from server.room.host_memory import BACK_WITHIN_MS
from server.rooms.presence import PresenceState
from tests.support.company import Scribe, opened
from tests.support.media import ANNA, BELA

pytestmark = pytest.mark.virtual_time


async def test_a_lonely_visitor_is_greeted_by_name_by_a_machine() -> None:
    async with opened() as company:
        company.come()
        await company.until(lambda: company.own(TextSaid), within_s=5)
        (said,) = company.own(TextSaid)
        assert said.by == company.voice
        asked = company.engine.asked[0]
        assert (asked.purpose, asked.name) == ("greet", f"name of {ANNA.id}")


async def test_it_plays_with_them_within_twenty_seconds() -> None:
    async with opened() as company:
        company.come()
        await company.until(lambda: company.own(AnswerGiven) or company.own(RoundOpened), within_s=20)


async def test_who_only_listens_is_greeted_and_gets_a_topic() -> None:
    async with opened() as company:
        company.room.set_presence(ANNA.id, None, PresenceState(listening="files"))
        await company.until(lambda: company.own(TextSaid), within_s=5)
        await company.until(lambda: company.own(TopicThrown), within_s=20)


async def test_at_the_door_nobody_is_greeted() -> None:
    async with opened() as company:
        company.room.set_presence(ANNA.id, None, PresenceState())
        await asyncio.sleep(60)
        assert not company.engine.asked


async def test_beside_a_bot_a_visitor_is_still_alone() -> None:
    async with opened() as company:
        company.room.mark_machine(BELA.id)
        company.come(BELA)
        await asyncio.sleep(10)
        assert not company.engine.asked
        company.come()
        await company.until(lambda: company.own(TextSaid), within_s=5)


async def test_it_plays_a_game_for_two_to_the_end() -> None:
    async with opened() as company:
        company.come()
        await company.plays(lambda: company.ended)
        last = company.ended[0]
        assert {take.voice for take in last.takes} == {ANNA.id, company.voice.id}
        plays = [
            asked for asked in company.engine.asked if asked.purpose == "play" and asked.game == last.game
        ]
        assert all(asked.rule for asked in plays)


async def test_it_is_here_only_while_it_has_a_place_in_a_round() -> None:
    async with opened() as company:
        company.come()
        await company.plays(lambda: company.own(RoundOpened))
        assert company.voice.id in company.room.context().here
        assert company.voice.id not in company.room.speakers
        await company.until(lambda: company.room.state.round is None)
        await asyncio.sleep(1)
        assert company.voice.id not in company.room.context().here


async def test_chat_is_answered_with_what_was_said_before_it() -> None:
    async with opened() as company:
        company.come()
        await company.until(lambda: company.own(TextSaid))
        await asyncio.sleep(10)
        await company.say("a teapot")
        await company.until(lambda: len(company.own(TextSaid)) == 2)
        asked = next(each for each in company.engine.asked if each.purpose == "react")
        assert asked.lines[-1].text == "a teapot"
        assert not asked.lines[-1].machine
        assert asked.said[0] == "line1"


async def test_topics_and_lines_to_voice_are_suggested() -> None:
    async with opened() as company:
        company.come()
        await company.plays(lambda: company.own(TopicSuggested))
        wanted = {"topic", "feed"} & {asked.purpose for asked in company.engine.asked}
        assert wanted


async def test_while_two_people_are_here_it_is_silent() -> None:
    async with opened() as company:
        company.come()
        company.come(BELA)
        await company.plays(lambda: len(company.events) > 60, by=BELA)
        assert not company.own(TextSaid)
        assert not company.own(AnswerGiven)


async def test_a_room_without_a_character_has_no_host() -> None:
    async with opened(wants=False) as company:
        company.come()
        await asyncio.sleep(30)
        assert not company.engine.asked
        await company.room.send(Change(character="megaphone"))
        await company.say("hello")
        await company.until(lambda: company.engine.asked)
        await company.room.send(Change(character=""))
        asked = len(company.engine.asked)
        await asyncio.sleep(5)
        assert tasks_of(company.host) == [None], "nobody looks on"
        await company.say("hello again")
        await asyncio.sleep(30)
        assert len(company.engine.asked) == asked
        await company.room.send(Change(character="megaphone"))
        await company.say("hello once more")
        await company.until(lambda: len(company.engine.asked) > asked)


def tasks_of(host: Host) -> list[asyncio.Task[None] | None]:
    return [each._task for each in host._rooms.values()]


async def test_a_room_that_was_never_asked_has_the_character_of_its_kind() -> None:
    async with opened("healing") as company:
        assert company.room.state.character is None
        company.come()
        await company.until(lambda: company.own(TextSaid), within_s=5)
        assert company.engine.asked[0].character.id == "giraffe"


async def test_another_character_reads_what_was_said_once() -> None:
    async with opened() as company:
        company.come()
        await company.until(lambda: company.own(TextSaid), within_s=5)
        await company.say("a teapot")
        await company.room.send(Change(character=""))
        await asyncio.sleep(5)
        company.engine.asked.clear()
        await company.room.send(Change(character="megaphone"))
        await company.say("a hat")
        await company.until(lambda: company.engine.asked and company.engine.asked[-1].purpose == "react")
        lines = [line.text for line in company.engine.asked[-1].lines if not line.machine]
        assert lines == ["a teapot", "a hat"]


async def test_a_slow_engine_says_nothing_late() -> None:
    async with opened() as company:
        company.engine.takes_s = 60
        company.come()
        await asyncio.sleep(30)
        assert company.engine.asked
        assert not company.own(TextSaid)
        assert company.engine.at_once <= 1


async def test_an_engine_that_fails_costs_its_lines_only(caplog: pytest.LogCaptureFixture) -> None:
    async with opened() as company:
        company.engine.fails = EngineFailed("gone")
        company.come()
        await asyncio.sleep(20)
        assert not company.own(TextSaid)
        company.engine.fails = RuntimeError("broken")
        await company.say("hello")
        await asyncio.sleep(20)
        assert "failed" in caplog.text
        company.engine.fails = None
        await company.say("hello")
        await company.until(lambda: company.own(TextSaid))


async def test_a_room_that_sleeps_takes_its_host_along_and_finds_it_again() -> None:
    async with opened(idle_ms=1_000) as company:
        company.come()
        await company.until(lambda: company.own(TextSaid))
        company.go()
        await company.until(lambda: not company.registry.ids())
        greeted = len(company.engine.asked)
        await asyncio.sleep(2 * BACK_WITHIN_MS / 1000)
        assert len(company.engine.asked) == greeted
        assert not company.registry.ids()
        await company.room.awake()
        company.come()
        await company.until(lambda: len(company.own(TextSaid)) == 2)
        assert company.engine.asked[-1].said[0] == "line1"


async def test_after_a_restart_it_knows_what_it_said() -> None:
    async with opened() as company:
        company.come()
        await company.until(lambda: company.own(TextSaid))
        await company.host.close()
        scribe = Scribe()
        again = Host(scribe, Random(3), company.registry.machine, name_of=lambda _, voice: voice)
        again.attach(company.room)
        await company.until(lambda: scribe.asked)
        assert scribe.asked[0].said == ("line1",)
        await again.close()


async def test_closing_twice_is_harmless_and_ends_all() -> None:
    async with opened() as company:
        company.engine.takes_s = 60
        company.come()
        await company.until(lambda: company.engine.asked)
        await company.host.close()
        await company.host.close()
        assert company.engine.at_once == 0
        company.host.attach(company.room)
        company.host.detach(company.room)


async def test_few_requests_of_all_rooms_run_at_once_and_not_many_wait() -> None:
    async with opened() as company:
        scribe = Scribe()
        scribe.takes_s = 1
        queue = Queue(scribe)
        company.come()
        await company.until(lambda: company.engine.asked)
        request = company.engine.asked[0]
        lines = await asyncio.gather(*(queue.write(request) for _ in range(ASKED_MOST + 5)))
        assert scribe.most_at_once == WRITTEN_AT_ONCE
        assert sum(not line for line in lines) >= 5


async def test_an_empty_room_is_looked_at_seldom_and_its_host_is_nobody_there() -> None:
    async with opened() as company:
        host = company.host._rooms[company.room.id]
        with patch.object(host, "_look", wraps=host._look) as look:
            await asyncio.sleep(20)
            assert 15 <= look.call_count <= 21
        assert not host.memory.host
        company.come()
        await company.until(lambda: company.own(TextSaid), within_s=5)
