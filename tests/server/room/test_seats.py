"""What a say counts by: the network in public rooms, the voice elsewhere."""

from __future__ import annotations

from msgspec.structs import replace

from server.room.seats import seat, seats
from tests.support.rooms import ANNA, BELA, CLEO, PureRoom


def test_whoever_comes_from_one_network_has_one_seat_in_a_public_room() -> None:
    room = PureRoom()
    room.here = (ANNA.id, BELA.id, CLEO.id)
    room.networks = {ANNA.id: "n1", BELA.id: "n1", CLEO.id: "n2"}

    assert seats(room.state, room.here, room.context()) == {"n1", "n2"}


def test_where_all_come_from_one_network_each_has_a_seat_but_not_in_what_is_decided_about_others() -> None:
    room = PureRoom()
    room.here = (ANNA.id, BELA.id)
    room.networks = dict.fromkeys(room.here, "n1")

    assert seats(room.state, room.here, room.context()) == {ANNA.id, BELA.id}
    assert seat(room.state, ANNA.id, room.context(), alone=False) == "n1"


def test_each_voice_has_a_seat_in_a_private_room_and_where_its_network_is_unknown() -> None:
    room = PureRoom()
    room.here = (ANNA.id, BELA.id)
    assert seats(room.state, room.here, room.context()) == {ANNA.id, BELA.id}

    room.networks = {ANNA.id: "n1", BELA.id: "n1", CLEO.id: "n2"}
    room.here = (ANNA.id, BELA.id, CLEO.id)
    private = replace(room.state, public=False)
    assert seats(private, room.here, room.context()) == {ANNA.id, BELA.id, CLEO.id}
