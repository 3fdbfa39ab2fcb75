from __future__ import annotations

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from msgspec.structs import replace

from server.room.events import Voice
from server.rooms.presence import PRESENT, PresenceState
from server.socket.roster import Roster
from server.web.counts import Counts


def voice(number: int) -> Voice:
    return Voice(f"v{number}", f"Owl {number}", "#fff")


def told(news: bytes | None) -> dict[str, Any]:
    assert news is not None
    data: dict[str, Any] = json.loads(news)["data"]
    return data


def test_a_voice_with_two_sockets_is_present_once() -> None:
    roster = Roster()
    roster.enter(voice(1))
    roster.enter(voice(1))
    assert [v["id"] for v in told(roster.news())["voices"]] == ["v1"]
    roster.exit("v1", PRESENT)
    assert roster.news() is None
    roster.exit("v1", PRESENT)
    assert told(roster.news())["gone"] == ["v1"]


def test_words_of_the_radio_are_wanted_while_one_listener_wants_them() -> None:
    roster = Roster()
    roster.enter(voice(1))
    quiet = PresenceState(listening="radio", voice=False)
    roster.move("v1", PRESENT, quiet)
    assert not roster.wants_speech(1)
    assert roster.wants_speech(2), "a player without a page hears the radio"
    roster.move("v1", quiet, PresenceState(listening="files"))
    assert roster.wants_speech(0)
    assert (roster.name_of("v1"), roster.name_of("v2")) == ("Owl 1", "")
    roster.exit("v1", PresenceState(listening="files"))
    assert not roster.wants_speech(0)


def test_a_machine_is_told_of_and_counted_nowhere() -> None:
    roster = Roster()
    presence = PresenceState(speaker=True, listening="radio", captions=True)
    roster.enter(voice(1))
    roster.enter(replace(voice(2), machine=True))
    roster.move("v2", PRESENT, presence)
    news = told(roster.news())
    assert [one.get("machine", False) for one in news["voices"]] == [False, True]
    assert roster.counts == Counts(voices=1)
    assert not roster.wants_speech(0)
    roster.exit("v2", presence)
    assert roster.counts == Counts(voices=1)


def test_who_says_later_that_it_is_a_machine_is_told_of_again() -> None:
    roster = Roster()
    presence = PresenceState(speaker=True)
    roster.enter(voice(1))
    roster.move("v1", PRESENT, presence)
    assert told(roster.news())["speakers"] == 1
    roster.move("v1", presence, PRESENT)
    roster.mark(replace(voice(1), machine=True))
    roster.mark(replace(voice(1), machine=True))
    news = told(roster.news())
    assert (news["voices"][0]["machine"], news["gone"], news["speakers"]) == (True, [], 0)
    assert roster.counts == Counts()
    roster.exit("v1", presence)
    assert roster.counts == Counts()
    assert told(roster.news())["gone"] == ["v1"]


def test_who_came_and_left_between_two_news_is_not_mentioned() -> None:
    roster = Roster()
    roster.enter(voice(1))
    roster.exit("v1", PRESENT)
    assert roster.news() is None


def test_counts_are_of_voices_not_of_sockets() -> None:
    roster = Roster()
    presence = PresenceState(speaker=True, listening="radio")
    for _ in range(2):
        roster.enter(voice(1))
        roster.move("v1", PRESENT, presence)
    assert roster.counts == Counts(1, 1, 1)
    roster.exit("v1", presence)
    assert roster.counts == Counts(1, 1, 1)
    roster.move("v1", presence, PRESENT)
    assert roster.counts == Counts(1, 0, 0)


def test_changed_counts_alone_are_news() -> None:
    roster = Roster()
    roster.enter(voice(1))
    roster.news()
    roster.move("v1", PRESENT, PresenceState(listening="files"))
    assert told(roster.news()) == {"voices": [], "gone": [], "listeners": 1, "speakers": 0}


def test_how_many_read_along_is_told_where_somebody_does() -> None:
    roster = Roster()
    reads = PresenceState(captions=True)
    for number in (1, 1, 2):
        roster.enter(voice(number))
        roster.move(f"v{number}", PRESENT, reads)
    assert told(roster.news())["readers"] == 2
    roster.exit("v1", reads)
    assert roster.news() is None
    roster.exit("v1", reads)
    assert told(roster.news())["readers"] == 1
    assert told(roster.full())["readers"] == 1
    roster.move("v2", reads, PRESENT)
    assert "readers" not in told(roster.news())


SITTINGS = st.builds(PresenceState, st.booleans(), st.sampled_from(["radio", "files", "off"]))


class Presence(RuleBasedStateMachine):
    """A page that folds the news always shows whom the roster tells to a newcomer."""

    sockets: Bundle[int] = Bundle("sockets")

    def __init__(self) -> None:
        super().__init__()
        self.roster = Roster()
        self.presence: dict[int, tuple[str, PresenceState]] = {}
        self.page: dict[str, Any] = {}
        self.counts = (0, 0)
        self.made = 0

    @rule(target=sockets, number=st.integers(0, 3))
    def enter(self, number: int) -> int:
        self.roster.enter(voice(number))
        self.made += 1
        self.presence[self.made] = (f"v{number}", PRESENT)
        return self.made

    @rule(socket=sockets, presence=SITTINGS)
    def move(self, socket: int, presence: PresenceState) -> None:
        voice_id, before = self.presence[socket]
        self.roster.move(voice_id, before, presence)
        self.presence[socket] = (voice_id, presence)

    @rule(socket=consumes(sockets))
    def exit(self, socket: int) -> None:
        voice_id, before = self.presence.pop(socket)
        self.roster.exit(voice_id, before)

    @rule()
    def tell(self) -> None:
        news = self.roster.news()
        if news is not None:
            data = told(news)
            for came in data["voices"]:
                assert came["id"] not in self.page
                self.page[came["id"]] = came
            for gone in data["gone"]:
                del self.page[gone]
            self.counts = (data["listeners"], data["speakers"])
        assert set(self.page) == {voice_id for voice_id, _ in self.presence.values()}
        assert self.counts == (self.roster.counts.listeners, self.roster.counts.speakers)

    @invariant()
    def a_newcomer_sees_the_same(self) -> None:
        full = told(self.roster.full())
        assert {v["id"] for v in full["voices"]} == set(self.page)
        assert (full["listeners"], full["speakers"]) == self.counts

    @invariant()
    def counts_are_right(self) -> None:
        speaking = {voice_id for voice_id, presence in self.presence.values() if presence.speaker}
        listening = {voice_id for voice_id, presence in self.presence.values() if presence.listening != "off"}
        voices = {voice_id for voice_id, _ in self.presence.values()}
        assert self.roster.counts == Counts(len(voices), len(listening), len(speaking))


Presence.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestPresence = Presence.TestCase
