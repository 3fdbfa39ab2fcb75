from __future__ import annotations

from games.round import AnswerGiven, Prompt, RoleGiven, RoundOpened, TurnGiven, VoteCast
from server.room.commands import Answer, RoundJoin, RoundStart
from server.room.events import (
    KINDS,
    AdminActed,
    ClipCaptioned,
    ClipLanded,
    ClipRemoved,
    ClipReported,
    Draft,
    Erased,
    Fact,
    NetworkMuted,
    TextReported,
    TextSaid,
    TopicWanted,
    encode,
    numbered,
)
from server.room.view import public, view
from tests.support.rooms import ANNA, BELA, PureRoom


def test_a_reaction_time_is_shown_to_its_speaker_only() -> None:
    event = numbered(Draft(ClipLanded("c", 1, 2, 3, -16.0, (), reaction_ms=640), 5, ANNA), 2, 1)

    assert view(event, ANNA.id) == event
    for other in (BELA.id, None):
        seen = view(event, other)
        assert isinstance(seen.data, ClipLanded)
        assert seen.data.reaction_ms is None
        assert (seen.seq, seen.prev, seen.by) == (2, 1, ANNA)


def test_votes_are_secret_but_counted() -> None:
    seen = view(numbered(Draft(VoteCast("r", "c", 3, ANNA.id), 5, ANNA), 2, 1), BELA.id)

    assert seen.by is None
    assert seen.data == VoteCast("r", "c", 3, "")


def test_reports_are_seen_by_who_made_them_alone_without_their_seat() -> None:
    event = numbered(Draft(ClipReported("c", "spam", "text", "n1"), 5, ANNA), 2, 1)

    assert view(event, ANNA.id).data == ClipReported("c", "spam", "text")
    for voice in (BELA.id, None):
        seen = view(event, voice)
        assert (seen.seq, seen.prev, seen.by, seen.data) == (2, 1, None, Erased())


def test_everything_else_is_seen_as_it_is() -> None:
    event = numbered(Draft(TextSaid("hi"), 5, ANNA), 2, 1)

    assert view(event, None) == event
    assert {"clip.reported", "vote.cast", "clip.landed"} < set(KINDS)


def test_no_private_word_reaches_the_wire() -> None:
    secret: list[Fact] = [ClipReported("c", "reason", "private"), VoteCast("r", "c", 1, ANNA.id)]

    for fact in secret:
        seen = view(numbered(Draft(fact, 5, ANNA), 2, 1), None)
        assert ANNA.id not in str(seen)
        assert "private" not in str(seen)


def test_what_is_hidden_shows_that_somebody_spoke_and_nothing_else() -> None:
    clip = ClipLanded("secret", 900, 700, 3, -16.0, (1, 2), True, "whip", "r", 2, 640, hidden=True)
    event = numbered(Draft(clip, 5, ANNA), 2, 1)

    assert view(event, ANNA.id) == event
    seen = view(event, BELA.id)
    assert seen.by == ANNA
    assert seen.data == ClipLanded("", 0, 0, 0, 0.0, (), round="r", turn=2, hidden=True)


def test_hidden_words_are_for_nobody_and_hidden_answers_for_their_writer() -> None:
    heard = ClipCaptioned("secret", "moon", "en", hidden=True, words=(("moon", 5, 90),), by="ear")
    caption = numbered(Draft(heard, 5), 2, 1)
    answer = numbered(Draft(AnswerGiven("r", 1, "secret", "moon", hidden=True), 5, ANNA), 2, 1)
    removed = numbered(Draft(ClipRemoved("secret", hidden=True), 5, ANNA), 2, 1)

    assert view(caption, ANNA.id).data == ClipCaptioned("", "", "en", hidden=True, by="ear")
    assert view(answer, BELA.id).data == AnswerGiven("r", 1, "", "", hidden=True)
    assert view(answer, ANNA.id) == answer
    assert view(removed, None).data == ClipRemoved("", hidden=True)


def test_answers_and_cuts_are_shown_to_nobody() -> None:
    opened = RoundOpened("r", "same_line", "snap", Prompt("en-feel-1", "Hi"), answer="Greedy")
    turn = TurnGiven("r", 1, "?", 1, 2, ANNA.id, cut_at_ms=77)
    for fact in (opened, turn):
        seen = view(numbered(Draft(fact, 5, ANNA), 2, 1), ANNA.id)
        assert "Greedy" not in str(seen)
        assert "en-feel-1" not in str(seen)
        assert "77" not in str(seen)


def test_a_role_is_told_to_its_player_only() -> None:
    event = numbered(Draft(RoleGiven("r", ANNA.id, "a king", "You want soup."), 5, ANNA), 2, 1)

    assert view(event, ANNA.id) == event
    assert view(event, BELA.id).data == RoleGiven("r", ANNA.id)


def test_a_round_in_public_holds_no_secret() -> None:
    room = PureRoom("roleplay")
    room.do(RoundStart("same_line"), ANNA)
    room.do(RoundJoin(), BELA)
    room.land("told", ANNA)
    room.now_ms = room.turn().go_at_ms
    room.do(Answer(room.turn().round, "a guess of mine"), BELA)
    round_ = room.state.round
    assert round_ is not None
    assert round_.answer

    shown = public(round_)

    assert [take.clip for take in shown.takes] == ["told"]
    assert round_.answer not in str(shown)
    assert "a guess of mine" not in str(shown)
    assert shown.takes[0].reaction_ms is None


def test_what_a_say_counts_by_is_seen_by_nobody_not_even_its_voice() -> None:
    said: list[Fact] = [VoteCast("r", "c", 1, ANNA.id, "n1"), TopicWanted(ANNA.id, "n1")]
    said += [ClipReported("c", "rude", "", "n1"), TextReported(3, "rude", "", "n1")]
    for fact in said:
        for voice in (ANNA.id, BELA.id, None):
            assert b"n1" not in encode(view(numbered(Draft(fact, 5, ANNA), 2, 1), voice))


def test_what_the_admin_did_and_whose_network_is_muted_is_seen_by_nobody() -> None:
    for fact in (AdminActed("mute", "voice", "a note"), NetworkMuted("n1", 5)):
        seen = view(numbered(Draft(fact, 5), 2, 1), ANNA.id)
        assert (seen.by, seen.data) == (None, Erased())
