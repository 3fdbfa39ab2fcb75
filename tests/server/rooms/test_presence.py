"""Who is here, how, and what a decision is told of it."""

from __future__ import annotations

from itertools import combinations
from random import Random

from server.room.colours import APART, difference
from server.room.events import Voice
from server.room.ids import COLOURS
from server.rooms.presence import (
    AWAY_MS,
    COLOURS_KEPT,
    CONSENTS_KEPT,
    CROWD,
    LEFT_KEPT,
    LOOKED_AT,
    MASKS_KEPT,
    NETWORKS_KEPT,
    PRESENT,
    SPEAKER,
    Presence,
    PresenceState,
)


def test_a_voice_is_here_as_long_as_one_of_its_connections_is() -> None:
    presence = Presence()
    context = presence.context(1, Random(1))
    presence.enter("anna")
    presence.arrive("anna")
    presence.arrive("bela")
    assert (list(context.here), list(context.speakers)) == (["anna", "bela"], ["anna", "bela"])
    presence.leave("anna", 1)
    assert (list(context.here), list(context.speakers)) == (["anna", "bela"], ["bela"])
    presence.exit("anna", 1)
    presence.leave("bela", 1)
    assert (list(context.here), list(context.speakers)) == ([], [])


def test_when_a_voice_left_is_known_until_it_is_back_and_of_the_latest_alone() -> None:
    presence = Presence()
    left = presence.context(1, Random(1)).left
    presence.enter("anna")
    presence.arrive("anna")
    presence.leave("anna", 5)
    assert dict(left) == {}
    presence.exit("anna", 7)
    assert dict(left) == {"anna": 7}
    presence.arrive("anna")
    assert dict(left) == {}
    for number in range(LEFT_KEPT + 1):
        presence.enter(f"v{number}")
        presence.exit(f"v{number}", number)
    assert len(left) == LEFT_KEPT
    assert "v0" not in left


def test_a_pace_holds_as_long_as_its_voice_is_here() -> None:
    presence = Presence()
    presence.set_pace("bela", 2.0)
    assert presence.paces == {}
    presence.arrive("bela")
    presence.arrive("bela")
    presence.set_pace("bela", 1.5)
    presence.leave("bela", 1)
    assert presence.paces == {"bela": 1.5}
    presence.set_pace("bela", 1.0)
    assert presence.paces == {}
    presence.set_pace("bela", 2.0)
    presence.leave("bela", 1)
    assert presence.paces == {}


def test_a_pace_is_for_whoever_presses_to_speak_without_playing_along_too() -> None:
    presence, slow = Presence(), PresenceState(pace=2.0)
    presence.move("anna", None, slow, 1)
    assert presence.paces == {"anna": 2.0}
    presence.move("anna", slow, PresenceState(speaker=True, pace=2.0), 2)
    presence.move("anna", PresenceState(speaker=True, pace=2.0), slow, 3)
    assert presence.paces == {"anna": 2.0}
    presence.move("anna", slow, None, 4)
    assert presence.paces == {}


def test_when_a_voice_came_in_is_known_while_one_of_its_connections_is_inside() -> None:
    presence, listens = Presence(), PresenceState(listening="radio")
    came = presence.context(1, Random(1)).came
    presence.move("anna", None, PRESENT, 1)
    assert dict(came) == {}
    presence.move("anna", PRESENT, listens, 2)
    presence.move("anna", None, SPEAKER, 3)
    presence.move("anna", listens, None, 4)
    assert dict(came) == {"anna": 2}
    presence.move("anna", SPEAKER, None, 5)
    assert dict(came) == {}


def test_who_came_in_by_the_door_is_remembered_up_to_a_limit() -> None:
    presence = Presence()
    for number in range(CONSENTS_KEPT + 1):
        presence.consent(f"v{number}")
    consented = presence.context(1, Random(1)).consented
    assert "v0" not in consented
    assert "v1" in consented
    assert f"v{CONSENTS_KEPT}" in consented


def test_a_context_lends_what_there_is_and_copies_nothing() -> None:
    presence = Presence()
    context = presence.context(1, Random(1))
    presence.begin("anna", "take", 5)
    assert list(context.speaking) == ["anna"]
    assert context.paces is presence.paces


def test_a_voice_speaks_until_the_last_of_its_takes_has_ended() -> None:
    presence = Presence()
    presence.begin("anna", "first", 5)
    presence.begin("anna", "second", 7)
    assert (presence.ends_ms(), presence.overdue(4)) == ([5, 7], [])
    assert presence.overdue(6) == [("anna", "first")]
    assert not presence.end("anna", "first")
    assert list(presence.speaking) == ["anna"]
    assert presence.end("anna", "second")
    assert presence.end("anna", "second")
    assert not presence.speaking


def test_voices_who_are_here_get_colours_that_differ_and_keep_them() -> None:
    presence, colour = Presence(), COLOURS[0]
    given = []
    for name in ("anna", "bela", "cleo"):
        given.append(presence.coloured(Voice(name, name, colour), 0).colour)
        presence.enter(name)
    assert given[0] == colour
    assert min(difference(*two) for two in combinations(given, 2)) >= APART
    presence.exit("bela", 5)
    assert presence.coloured(Voice("bela", "bela", colour), AWAY_MS * 9).colour == given[1]


def test_the_colour_of_who_is_away_is_free_after_a_while() -> None:
    for wait_ms, is_free in ((AWAY_MS - 1, False), (AWAY_MS, True)):
        presence, colour = Presence(), COLOURS[0]
        presence.coloured(Voice("anna", "Anna", colour), 0)
        presence.enter("anna")
        presence.exit("anna", 5)
        assert (presence.coloured(Voice("bela", "Bela", colour), 5 + wait_ms).colour == colour) is is_free


def test_in_a_crowd_everybody_has_a_colour_and_the_latest_are_kept() -> None:
    presence = Presence()
    for number in range(CROWD + 1):
        presence.enter(f"v{number}")
    for number in range(COLOURS_KEPT + 1):
        assert presence.coloured(Voice(f"v{number}", "V", COLOURS[0]), number * AWAY_MS).colour == COLOURS[0]
    assert len(presence.colours) == COLOURS_KEPT
    assert "v0" not in presence.colours


def test_by_which_network_a_voice_came_last_is_known_of_the_latest_alone() -> None:
    presence = Presence()
    networks = presence.context(1, Random(1)).networks
    for number in range(NETWORKS_KEPT + 1):
        presence.come_by(f"v{number}", "n1")
    presence.come_by("v1", "n2")
    presence.come_by("new", "n1")
    assert len(networks) == NETWORKS_KEPT
    assert "v0" not in networks
    assert networks["v1"] == "n2"


def test_nobody_who_is_here_is_forgotten_for_those_who_only_pass() -> None:
    presence = Presence()
    for number in range(LOOKED_AT + 1):
        presence.enter(f"here{number}")
        presence.come_by(f"here{number}", "n1")
        presence.consent(f"here{number}")
    for number in range(2 * NETWORKS_KEPT):
        presence.come_by(f"passer-by{number}", "n2")
        presence.consent(f"passer-by{number}")

    assert len(presence.networks) <= NETWORKS_KEPT + 2
    assert len(presence.consented) <= CONSENTS_KEPT + 2
    assert {presence.networks[voice] for voice in presence.here} == {"n1"}
    assert presence.here.keys() <= presence.consented.keys()


def test_a_mask_stays_with_its_voice_also_when_its_connection_is_lost() -> None:
    presence = Presence()
    presence.enter("anna")
    presence.wear("anna", "mouse")
    presence.exit("anna", 1)
    assert presence.context(1, Random(1)).masks == {"anna": "mouse"}
    presence.wear("anna", None)
    presence.wear("anna", None)
    assert not presence.masks


def test_masks_of_those_who_are_here_are_never_forgotten() -> None:
    presence = Presence()
    presence.enter("anna")
    presence.wear("anna", "mouse")
    for number in range(MASKS_KEPT + 10):
        presence.wear(f"gone {number}", "giant")
    assert len(presence.masks) == MASKS_KEPT
    assert presence.masks["anna"] == "mouse"


def test_who_speaks_or_listens_came_in() -> None:
    presence = Presence()
    context = presence.context(1, Random(1))
    door, listens = PresenceState(), PresenceState(listening="files")
    presence.move("anna", None, door, 1)
    assert not context.inside
    presence.move("anna", door, listens, 2)
    presence.move("anna", None, PresenceState(speaker=True), 3)
    presence.move("anna", listens, None, 4)
    assert [*context.inside] == ["anna"]
    presence.move("anna", PresenceState(speaker=True), door, 5)
    assert not context.inside
