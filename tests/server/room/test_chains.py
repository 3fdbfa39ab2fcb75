from __future__ import annotations

import pytest

from games.parts import Earlier
from games.registry import BY_ID
from games.round import RoundClosed, RoundOpened, TurnGiven
from server.room import chains, company
from server.room.chains import HEARD_MS, OPEN_MS, heard_of
from server.room.commands import Answer, Forget, Hide, Restore, RoundJoin, RoundStart, RoundStop, Throw
from server.room.events import Voice
from server.room.kinds import TIMINGS
from server.room.linked import LINKED
from tests.support.rooms import ANNA, BELA, CLEO, DORA, PureRoom

PEOPLE = (ANNA, BELA, CLEO, DORA)


def begun(game: str = "word_association", kind: str = "wonder", links: int = 1) -> PureRoom:
    """Return a room that rests after a chain that Anna began and left after some links."""
    room = PureRoom(kind, seed=5)
    room.here = room.speakers = (ANNA.id, BELA.id)
    room.do(RoundStart(game), ANNA)
    for number in range(links):
        voice = next(each for each in PEOPLE if each.id == room.turn().voice)
        room.land(f"link-{number}", voice, duration_ms=700)
    room.do(RoundStop(), ANNA)
    return room


def comes(room: PureRoom, voice: Voice, clip: str = "") -> None:
    """Let somebody be here alone who has just spoken to a prompt."""
    room.here = room.speakers = (voice.id,)
    room.came = {}
    room.do(Throw(), voice)
    room.land(clip or f"first of {voice.id}", voice)
    room.pass_time()


def opened(room: PureRoom) -> RoundOpened:
    return next(each.data for each in reversed(room.events) if isinstance(each.data, RoundOpened))


def test_a_chain_that_was_left_stays_open_and_whoever_comes_next_hears_its_end_and_adds_a_link() -> None:
    room = begun(links=2)
    assert room.closings()[-1].stays_open
    comes(room, CLEO)

    room.pass_time()

    goes_on, (chain,) = opened(room), room.state.chains
    assert (goes_on.game, goes_on.chain, goes_on.players) == ("word_association", chain.id, (CLEO.id,))
    assert goes_on.earlier == (Earlier("link-0", ANNA.id, 700), Earlier("link-1", BELA.id, 700))
    heard_ms = company.DUET_LEAD_MS + 2 * 700 + company.DUET_BREATH_MS
    assert room.turn().go_at_ms >= room.now_ms + heard_ms + TIMINGS["snap"].count_in_ms
    assert (room.turn().voice, room.turn().number, room.turn().of) == (CLEO.id, 3, 8)
    room.land("link-2", CLEO, duration_ms=600)

    closed = room.closings()[-1]
    assert (closed.reason, closed.stays_open) == ("done", True)
    assert closed.replay == ("link-0", "link-1", "link-2")
    assert room.state.round is None
    (chain,) = room.state.chains
    assert [link.clip for link in chain.links] == ["link-0", "link-1", "link-2"]


def test_the_last_link_ends_it_and_what_became_of_it_stays_known() -> None:
    room = begun(links=7)
    comes(room, CLEO)
    room.pass_time()
    room.land("link-7", CLEO)

    assert not room.closings()[-1].stays_open
    (chain,) = room.state.chains
    assert (chain.is_over, len(chain.links)) == (True, 8)
    assert chains.waits_for(room.state, DORA.id, room.context()) is None


def test_two_who_are_here_go_on_by_turns_until_it_is_whole() -> None:
    room = begun(links=4)
    comes(room, CLEO)
    room.pass_time()
    room.here = room.speakers = (CLEO.id, DORA.id)
    room.do(RoundJoin(), DORA)
    for number, voice in enumerate((CLEO, DORA, CLEO, DORA)):
        assert room.turn().voice == voice.id
        room.land(f"more-{number}", voice, duration_ms=700)

    assert room.state.chains[0].is_over


def test_it_waits_for_nobody_who_is_in_it_nor_longer_than_a_day() -> None:
    room = begun(links=2)
    for voice, waits in ((ANNA, False), (BELA, False), (CLEO, True)):
        assert (chains.waits_for(room.state, voice.id, room.context()) is not None) is waits
    room.now_ms += OPEN_MS
    assert chains.waits_for(room.state, CLEO.id, room.context()) is None


def test_who_says_nothing_leaves_it_as_it_was() -> None:
    room = begun(links=2)
    before = room.state.chains
    comes(room, CLEO)
    room.pass_time()
    while room.state.round:
        room.pass_time()

    assert room.closings()[-1].reason == "silent"
    assert room.state.chains == before
    assert room.state.silent_rounds == 1
    room.pass_time()
    assert not opened(room).chain


def test_links_that_were_taken_back_or_hidden_are_heard_no_more() -> None:
    room = begun(links=3)
    room.do(Forget("link-1"), BELA)
    room.do(Hide("link-0"))
    comes(room, CLEO)
    room.pass_time()
    assert [each.clip for each in opened(room).earlier] == ["link-2"]

    room = begun(links=1)
    room.do(Forget("link-0"), ANNA)
    assert room.state.chains == ()
    room = begun(links=2)
    room.do(Hide("link-1"))
    assert chains.waits_for(room.state, CLEO.id, room.context()) is None


def test_a_typed_link_leaves_it_open_as_it_was() -> None:
    room = begun(links=2)
    before = room.state.chains
    comes(room, CLEO)
    room.pass_time()
    assert room.state.round is not None
    room.now_ms = room.turn().go_at_ms
    room.do(Answer(room.state.round.id, "snow"), CLEO)

    assert room.closings()[-1].reason == "done"
    assert room.state.chains == before
    assert not before[0].is_over


def test_a_link_that_was_hidden_for_a_while_counts_and_comes_back() -> None:
    room = begun(links=7)
    room.do(Hide("link-1"))
    comes(room, CLEO)
    room.pass_time()
    assert len(opened(room).earlier) == 6
    room.land("link-7", CLEO)
    room.do(Restore("link-1"))

    (chain,) = room.state.chains
    assert [link.clip for link in chain.links] == [f"link-{number}" for number in range(8)]
    assert chain.is_over
    assert not room.closings()[-1].stays_open


def test_what_was_written_or_said_by_a_machine_or_begun_again_stays_open_for_nobody() -> None:
    robot = Voice("voice-robot", "Megaphone", "#00ff00", machine=True)
    room = PureRoom(seed=5)
    room.here = room.speakers = (ANNA.id, robot.id)
    room.machines = (robot.id,)
    room.do(RoundStart("word_association"), ANNA)
    for number in range(2):
        voice = ANNA if room.turn().voice == ANNA.id else robot
        room.land(f"link-{number}", voice, duration_ms=700)
    room.do(RoundStop(), ANNA)

    assert room.state.chains == ()
    room = PureRoom()
    room.do(RoundStart("two_second_sound"), ANNA)
    room.do(RoundStop(), ANNA)
    assert room.state.chains == ()


@pytest.mark.parametrize("seed", range(8))
def test_who_is_alone_and_spoke_begins_one_now_and_then_and_leaves_it_after_a_link(seed: int) -> None:
    room = PureRoom(seed=seed)
    for number in range(12):
        comes(room, ANNA, f"clip-{number}")
        room.pass_time()
        if opened(room).chain:
            break
        room.do(RoundStop(), ANNA)
    start = opened(room)
    assert start.chain
    assert start.earlier == ()
    assert start.game in LINKED
    room.land("link", ANNA, duration_ms=700)

    assert room.closings()[-1].stays_open
    (chain,) = room.state.chains
    assert chain.id == start.chain
    comes(room, ANNA, "more")
    room.pass_time()
    assert not opened(room).chain  # one's own is still to be gone on with


@pytest.mark.parametrize(
    ("game", "kind"), [("half_life", "humour"), ("fortunately", "humour"), ("yes_and", "roleplay")]
)
def test_stories_go_on_as_well_with_what_their_next_link_is(game: str, kind: str) -> None:
    room = begun(game, kind, links=1)
    before = next(each.data for each in reversed(room.events) if isinstance(each.data, TurnGiven))
    assert room.state.chains
    comes(room, CLEO)
    room.pass_time()

    assert opened(room).chain
    turn = room.turn()
    assert turn.voice == CLEO.id
    if game == "half_life":
        assert turn.limit_ms == 4_000
    assert turn.prompt == before.prompt  # what the second of its links is asked, whoever says it
    room.land("link-1", CLEO)
    assert room.closings()[-1].stays_open


def test_a_fold_of_the_log_reaches_the_same_chains() -> None:
    room = begun(links=2)
    comes(room, CLEO)
    room.pass_time()
    room.land("link-2", CLEO)
    before = room.state.chains
    room.restart()
    assert room.state.chains == before


def test_as_much_of_its_end_is_heard_as_is_short_together() -> None:
    links = tuple(Earlier(f"l{n}", "v", HEARD_MS // 2 - 1) for n in range(5))
    assert heard_of(links) == ("l3", "l4")
    assert heard_of((Earlier("long", "v", 3 * HEARD_MS),)) == ("long",)
    assert heard_of(()) == ()
    assert all(BY_ID[game].takes > 1 for game in LINKED)
    assert isinstance(begun().closings()[-1], RoundClosed)
