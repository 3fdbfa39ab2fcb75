from __future__ import annotations

from server.mind.rounds import asked
from server.room.commands import Answer, RoundStart
from tests.support.rooms import ANNA, BELA, PureRoom


def room(game: str, kind: str) -> PureRoom:
    made = PureRoom(kind)
    made.here = made.speakers = [ANNA.id, BELA.id]
    made.do(RoundStart(game), ANNA)
    return made


def test_a_chain_stands_on_the_line_before() -> None:
    made = room("last_word_first", "language")
    assert made.state.round is not None
    first = asked(made.state.round, ANNA.id)
    assert first is not None
    assert asked(made.state.round, BELA.id) is None
    made.now_ms = made.turn().go_at_ms + 1_000
    made.do(Answer(made.state.round.id, "Moon soup"), ANNA)

    second = asked(made.state.round, BELA.id)
    assert second is not None
    assert second.prompt == "Moon soup"
    assert "soup" in second.rule


def test_the_teller_alone_has_the_secret() -> None:
    made = room("forbidden_word", "language")
    assert made.state.round is not None
    told = asked(made.state.round, ANNA.id)

    assert told is not None
    assert told.secret


def test_where_all_speak_at_once_nobody_stands_on_another() -> None:
    made = room("wrong_names", "wonder")
    assert made.state.round is not None
    wanted = asked(made.state.round, BELA.id)

    assert wanted is not None
    assert wanted.prompt == made.state.round.scene
