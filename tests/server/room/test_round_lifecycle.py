from __future__ import annotations

from itertools import cycle

import pytest

from games.game import SILENCE_MS
from games.registry import BY_ID, GAMES
from games.round import AnswerGiven, RoundClosed, RoundRevealed, TurnGiven, VerdictGiven
from server.room.commands import (
    Again,
    Answer,
    Caption,
    Hide,
    Land,
    Refused,
    Restore,
    RoundJoin,
    RoundStart,
    RoundStop,
    Throw,
    Vote,
)
from server.room.events import ClipCaptioned, ClipLanded
from server.room.kinds import TIMINGS, Kind
from server.room.round_lifecycle import ENDING_LONGEST_MS, ENDING_MS
from server.room.view import is_hidden, view
from tests.support.rooms import ANNA, BELA, CLEO, DORA, PureRoom
from tests.support.tables import FEW, run, table

# No game is longer: a word each, twelve times.
TURNS_LIMIT = 13


@pytest.mark.parametrize(
    ("game", "language"), list(zip([game.id for game in GAMES], cycle(["en", "de"]), strict=False))
)
def test_any_order_of_wishes_ends_every_round_loses_no_take_and_shows_nothing_early(
    game: str, language: str
) -> None:
    run(table(game, language), FEW)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("game", [game.id for game in GAMES])
def test_a_round_in_which_everybody_plays_comes_to_its_own_end_with_every_take(
    game: str, language: str
) -> None:
    room = PureRoom(BY_ID[game].kinds[0], language=language)
    room.speakers = (ANNA.id, BELA.id, CLEO.id)
    room.do(RoundStart(game), ANNA)
    landed: list[str] = []
    for _ in range(TURNS_LIMIT):
        if room.state.round is None:
            break
        turn = room.turn()
        for voice in (ANNA, BELA, CLEO):
            if turn.is_for(voice.id) and room.state.round is not None and room.turn() == turn:
                landed.append(f"clip-{len(landed)}")
                room.now_ms = max(room.now_ms, turn.go_at_ms + 1_000)
                room.land(landed[-1], voice)
        if room.state.round is not None and room.turn() == turn:
            room.pass_time()

    (closing,) = room.closings()
    assert (closing.reason, list(closing.takes)) == ("done", landed)


def pair() -> PureRoom:
    room = PureRoom("wonder")
    room.do(RoundStart("mind_meld"), ANNA)
    room.do(RoundJoin(), BELA)
    return room


def test_hidden_takes_are_revealed_one_by_one_with_their_speakers_before_the_round_goes_on() -> None:
    room = pair()
    room.do(Again(), ANNA)
    assert room.turn().voices == (ANNA.id, BELA.id)
    (landed,) = room.land("hidden-a", ANNA)
    assert isinstance(landed, ClipLanded)
    assert landed.hidden
    assert is_hidden(room.state, "hidden-a", BELA.id)
    assert not is_hidden(room.state, "hidden-a", ANNA.id)

    facts = room.land("hidden-b", BELA)

    assert [type(fact) for fact in facts] == [ClipLanded, RoundRevealed, RoundRevealed, TurnGiven]
    reveals = [event for event in room.events if isinstance(event.data, RoundRevealed)]
    assert [(e.by, e.data.takes[0].clip) for e in reveals if isinstance(e.data, RoundRevealed)] == [
        (ANNA, "hidden-a"),
        (BELA, "hidden-b"),
    ]
    assert not is_hidden(room.state, "hidden-a", CLEO.id)


def test_captions_of_hidden_takes_wait_for_the_reveal() -> None:
    room = pair()
    room.do(Again(), ANNA)
    room.land("hidden-a", ANNA)
    room.do(Caption(ClipCaptioned("hidden-a", "umbrella", "en")))
    assert "umbrella" not in str([view(event, BELA.id) for event in room.events])

    room.land("hidden-b", BELA)

    revealed = [event.data for event in room.events if isinstance(event.data, RoundRevealed)]
    assert [fact.takes[0].text for fact in revealed] == ["umbrella", None]


def test_what_is_hidden_cannot_be_voted_on_and_is_shown_when_somebody_stops_the_round() -> None:
    room = pair()
    room.do(Again(), ANNA)
    room.land("hidden-a", ANNA)
    round_ = room.turn().round
    with pytest.raises(Refused, match="not in the round"):
        room.do(Vote(round_, "hidden-a", 1), BELA)

    revealed, closed = room.do(RoundStop(), BELA)

    assert isinstance(revealed, RoundRevealed)
    assert isinstance(closed, RoundClosed)
    assert (closed.reason, closed.takes) == ("stopped", ("hidden-a",))


def test_answers_in_writing_go_the_way_of_takes() -> None:
    room = pair()
    room.do(Again(), ANNA)
    round_ = room.turn().round
    room.now_ms = room.turn().go_at_ms
    room.do(Answer(round_, "moon"), ANNA)
    facts = room.do(Answer(round_, "moon"), BELA)

    assert [type(fact).__name__ for fact in facts[-3:]] == ["RoundRevealed", "VerdictGiven", "RoundClosed"]
    assert isinstance(facts[-1], RoundClosed)
    assert facts[-1].takes == ()
    assert facts[-1].reason == "done"


def test_nothing_is_judged_where_nothing_is_scored() -> None:
    room = PureRoom("healing")
    room.do(RoundStart("word_at_a_time"), ANNA)
    facts = room.land("long", ANNA, duration_ms=9_000)

    assert not [fact for fact in facts if isinstance(fact, VerdictGiven)]


def test_a_round_ends_with_a_word_from_the_side_or_of_care() -> None:
    room = PureRoom("healing")
    room.do(RoundStart("thanks"), ANNA)
    room.land("a", ANNA)
    started_ms = room.now_ms
    while room.state.round is not None:
        room.pass_time()

    assert room.now_ms - started_ms <= SILENCE_MS
    assert "breathe" in room.closings()[-1].coach


def test_an_end_says_when_the_room_goes_on_by_itself_and_it_does_then() -> None:
    room = PureRoom()
    room.speakers = (ANNA.id, BELA.id)
    for spoken in (True, False, False):
        room.do(Throw(), ANNA)
        if spoken:
            room.land("a", ANNA)
        room.pass_time()
        assert room.now_ms < room.closings()[-1].next_at_ms == room.due()
    room.restart()
    assert room.closings()[-1].next_at_ms == room.due()


def test_a_room_rests_as_long_as_the_end_of_a_game_is_shown_and_heard_again() -> None:
    plain, voted = rest_after("first_thing", "wonder", 600), rest_after("walk_into_a_bar", "humour", 600)
    short, long, longest = (rest_after("word_association", "wonder", ms) for ms in (200, 1_000, 5_000))

    assert plain == voted == ENDING_MS > TIMINGS["snap"].lively_ms
    assert ENDING_MS == short < long < longest == ENDING_LONGEST_MS


def rest_after(game: str, kind: Kind, said_ms: int) -> int:
    """Return how long a room rests after a game in which three say something whenever they may."""
    room = PureRoom(kind)
    room.speakers = (ANNA.id, BELA.id, CLEO.id)
    room.do(RoundStart(game), ANNA)
    for turn in range(TURNS_LIMIT):
        if room.state.round is None:
            break
        for voice in (ANNA, BELA, CLEO):
            if room.state.round is not None and room.turn().is_for(voice.id):
                room.now_ms = max(room.now_ms, room.turn().go_at_ms + said_ms)
                room.land(f"{turn}{voice.id}", voice, duration_ms=said_ms)
        if room.state.round is not None:
            room.pass_time()
    while room.state.round is not None:
        room.pass_time()
    due_ms = room.closings()[-1].next_at_ms
    assert due_ms == room.due()
    return due_ms - room.now_ms


def test_an_end_that_another_round_follows_at_once_counts_down_to_nothing() -> None:
    room = PureRoom()
    room.do(Throw(), ANNA)
    room.do(Again(), ANNA)
    room.do(RoundStart("mind_meld"), ANNA)
    room.do(RoundStop(), ANNA)

    again, replaced, stopped = room.closings()
    assert (again.next_at_ms, replaced.next_at_ms) == (0, 0)
    assert stopped.next_at_ms > room.now_ms


def test_what_is_typed_has_its_verdict_at_its_own_take() -> None:
    room = PureRoom()
    room.do(RoundStart("word_association"), ANNA)
    room.now_ms = room.turn().go_at_ms
    told = room.do(Answer(room.turn().round, "four words are too many"), ANNA)

    (verdict,) = [fact for fact in told if isinstance(fact, VerdictGiven)]
    assert room.state.round is not None
    assert [(take.clip, take.voice) for take in room.state.round.takes] == [(verdict.clip, ANNA.id)]
    assert "5 words" in verdict.text


def test_what_was_reported_is_not_staged_cannot_be_voted_for_and_wins_nothing() -> None:
    room = PureRoom("humour")
    room.here = room.speakers = [ANNA.id, BELA.id, CLEO.id]
    room.do(RoundStart("world_worst"), ANNA)
    room.now_ms = room.turn().go_at_ms
    room.land("bad", ANNA)
    room.land("good", BELA)
    written = room.do(Answer(room.turn().round, "something that is worse"), CLEO)[0]
    assert isinstance(written, AnswerGiven)
    room.do(Hide(seq=room.state.head))
    room.do(Hide("bad"))
    while room.turn().act != "vote":
        room.pass_time()
    assert room.turn().clips == ("good",)
    for clip in ("bad", written.answer):
        with pytest.raises(Refused, match="not in the round"):
            room.do(Vote(room.turn().round, clip, 1), BELA)
    room.do(Restore("bad"))
    room.do(Vote(room.turn().round, "good", 1), CLEO)
    while room.state.round is not None:
        room.pass_time()
    assert room.closings()[-1].winners == ("good",)


def test_a_text_that_is_hidden_when_its_round_ends_is_not_named_the_winner() -> None:
    room = PureRoom("humour")
    room.here = room.speakers = [ANNA.id, BELA.id]
    room.do(RoundStart("world_worst"), ANNA)
    room.now_ms = room.turn().go_at_ms
    written = room.do(Answer(room.turn().round, "something that is worse"), ANNA)[0]
    assert isinstance(written, AnswerGiven)
    seq = next(event.seq for event in room.events if isinstance(event.data, AnswerGiven))
    room.land("good", BELA)
    while room.turn().act != "vote":
        room.pass_time()
    room.do(Vote(room.turn().round, written.answer, 1), BELA)
    room.do(Hide(seq=seq))
    while room.state.round is not None:
        room.pass_time()
    assert room.closings()[-1].winners == ()


def chain_with_captions(language: str = "en") -> PureRoom:
    room = PureRoom("arena", language=language)
    room.captions = True
    room.do(RoundStart("word_association"), ANNA)
    room.do(RoundJoin(), BELA)
    return room


@pytest.mark.parametrize(("language", "masked"), [("en", True), ("de", False)])
def test_words_too_uncertain_to_go_by_are_neither_waited_for_nor_judged(language: str, masked: bool) -> None:
    room = chain_with_captions(language)
    for clip, voice in (("c1", ANNA), ("c2", BELA)):
        turn = room.turn()
        room.now_ms = turn.go_at_ms
        landed = ClipLanded(clip, 600, 300, 0, -16.0, (), masked=masked)
        facts = room.do(Land(landed, turn.go_at_ms), voice)
        assert [fact.turn for fact in facts if isinstance(fact, TurnGiven)] == [turn.turn + 1]
        assert not room.state.round or not room.do(Caption(ClipCaptioned(clip, "rain", language)))[1:]
    assert [take.text for take in room.state.round.takes] == ["rain", "rain"] if room.state.round else False

    for voice in (CLEO, DORA):
        room.do(Vote(room.turn().round, "c2", -1), voice)
    assert [given.code for given in room.state.round.verdicts] == ["thumbs"] if room.state.round else False


def test_a_turn_waits_no_longer_for_words_once_somebody_listened_and_heard_none() -> None:
    room = chain_with_captions()
    first = room.turn()
    assert not [fact for fact in room.land("c1", ANNA) if isinstance(fact, TurnGiven)]  # it waits

    facts = room.do(Caption(ClipCaptioned("c1", "", "en")))

    assert [fact.turn for fact in facts if isinstance(fact, TurnGiven)] == [first.turn + 1]
    assert room.state.clips.whole["c1"].caption == ""


def test_the_times_of_hidden_words_come_with_the_reveal() -> None:
    room = pair()
    room.do(Again(), ANNA)
    room.land("hidden-a", ANNA)
    room.do(Caption(ClipCaptioned("hidden-a", "umbrella", "en", words=(("umbrella", 40, 500),))))
    room.land("hidden-b", BELA)

    revealed = [event.data for event in room.events if isinstance(event.data, RoundRevealed)]
    assert [take.words for fact in revealed for take in fact.takes] == [(("umbrella", 40, 500),), ()]
    assert room.state.clips.whole["hidden-a"].words == (("umbrella", 40, 500),)
