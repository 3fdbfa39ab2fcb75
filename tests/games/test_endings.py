from __future__ import annotations

from itertools import product

import pytest

from games import endings
from games.parts import OpenChallenge, Secret
from games.registry import BY_ID, GAMES
from games.round import (
    ChallengeMade,
    Round,
    RoundOpened,
    Take,
    Tone,
    VerdictGiven,
    VoteCast,
    apply,
    landed,
    opened,
)
from server.room.commands import Again, Answer, Caption, Refused, RoundJoin, RoundStart, RoundStop, Vote
from server.room.events import ClipCaptioned, Voice
from server.room.state import EMPTY
from server.room.state import apply as apply_event
from tests.support import ending_rules
from tests.support.play import Played
from tests.support.rooms import ANNA, BELA, CLEO, PureRoom

VOICES = (ANNA, BELA, CLEO)
# No game has more turns, votes included.
TURNS_LIMIT = 30
SAID = ("moon", "is it the moon", "yes but no moon moon")


def voted(*votes: tuple[str, str, int], words: str = "abc") -> Round:
    """Takes c1, c2, c3 of a, b and c, who say one word each, and votes (who, which, value)."""
    round_ = opened(RoundOpened("r", "g", "snap"), 5)
    for number, (voice, word) in enumerate(zip("abc", words, strict=True), 1):
        round_ = landed(round_, Take(f"c{number}", voice, 1, 900, 0, 0, words=(word,)))
    for voice, clip, value in votes:
        round_ = apply(round_, VoteCast("r", clip, value, voice))
    return round_


def test_most_hearts_win_a_tie_crowns_all_and_nobody_wins_without_hearts() -> None:
    assert endings.crowned(voted()) == ()
    assert endings.crowned(voted(("a", "c2", -1))) == ()
    assert endings.crowned(voted(("a", "c2", 1), ("b", "c3", 1), ("c", "c2", 1))) == ("c2",)
    assert endings.crowned(voted(("a", "c2", 1), ("b", "c3", 1))) == ("c2", "c3")
    assert endings.crowned(voted(("a", "c2", 1), ("b", "c3", 2)), ["c2", "gone"]) == ("c2",)


def test_who_says_the_same_is_a_twin() -> None:
    assert endings.with_twins(voted(words="aba"), ["c1"]) == ("c1", "c3")
    assert endings.with_twins(voted(words="aba"), []) == ()


def test_a_duel_is_won_by_all_hearts_together_and_told_by_the_best_line() -> None:
    round_ = voted(("x", "c1", 1), ("y", "c2", 1), ("z", "c2", 1))
    round_ = landed(round_, Take("c4", "a", 2, 900, 0, 0))
    for voice in "xy":
        round_ = apply(round_, VoteCast("r", "c4", 1, voice))

    assert endings.duel(round_) == ("c4",)
    assert endings.duel(voted(("x", "c1", 1), ("y", "c2", 1))) == ("c1", "c2")
    assert endings.duel(voted()) == ()


def challenged(*votes: tuple[str, str, int], code: str = "", tone: Tone = "fault") -> Round:
    """Return a round in which b challenges what a said, and what was said about that."""
    round_ = apply(voted(("b", "c1", -1), *votes), ChallengeMade("r", "c1", "b"))
    return apply(round_, VerdictGiven("r", "c1", code, "", tone)) if code else round_


def test_a_challenge_that_nobody_decided_stays_open_with_whose_it_was() -> None:
    open_ = (OpenChallenge("c1", "b"),)
    assert endings.undecided(challenged()) == open_
    assert endings.undecided(challenged(("c", "c1", 1))) == open_, "one for, one against"
    assert endings.undecided(challenged(code="favourite", tone="praise")) == open_

    assert endings.undecided(challenged(code="thumbs")) == ()
    assert endings.undecided(challenged(code="challenge_wrong", tone="praise")) == ()
    assert endings.undecided(challenged(("c", "c1", 1), ("d", "c1", 1))) == (), "the others say no"
    assert endings.undecided(voted(("b", "c1", -1))) == ()


def test_two_who_cannot_decide_a_challenge_are_told_so_at_the_end() -> None:
    played = Played("just_ten_seconds", "a", "b", captions=False)
    played.say("a")
    played.vote("b", "c1", -1)
    while played.closed is None:
        played.wait()
    assert played.closed.undecided == (OpenChallenge("c1", "b"),)


def test_secrets_are_turned_over_at_the_end_also_when_somebody_ended_it() -> None:
    room = PureRoom("roleplay")
    room.do(RoundStart("scene"), ANNA)
    room.do(RoundJoin("a king"), BELA)
    told = {fact.voice: (fact.role, fact.text) for fact in room.state.round.roles} if room.state.round else {}
    room.do(RoundStop(), ANNA)

    (closing,) = room.closings()
    assert closing.ending == "secrets"
    assert closing.secrets == tuple(Secret(voice, *what) for voice, what in told.items())
    assert {secret.voice for secret in closing.secrets} == {ANNA.id, BELA.id}
    assert "a king" not in str(closing)


@pytest.mark.parametrize("game", [game.id for game in GAMES if game.turns in {"chain", "series", "pair"}])
def test_what_is_one_piece_can_be_heard_as_one(game: str) -> None:
    played = Played(game, "a", "b")
    while played.closed is None and len(played.round.takes) < 2:
        spoke = {take.voice for take in played.round.takes_of(played.turn.turn)}
        voice = next((each for each in "ab" if played.turn.is_for(each) and each not in spoke), None)
        if voice is None or played.game.is_full(played.round):
            played.wait()
        else:
            played.land(voice)
    if played.closed is None:
        played.room.do(RoundStop())

    assert played.room.closings()[-1].replay[:2] == ("c1", "c2")


@pytest.mark.parametrize("hearing", ["captions", "late", "deaf"])
@pytest.mark.parametrize("game", [game.id for game in GAMES])
def test_every_round_with_takes_ends_in_a_way_that_is_true_whoever_hears(game: str, hearing: str) -> None:
    for seed, written in product(range(3), (False, True)):
        room = PureRoom(BY_ID[game].kinds[0], seed=seed)
        room.captions = hearing != "deaf"
        play(room, game, hearing=hearing, written=written)

        (closing,) = room.closings()[-1:]
        assert closing.reason == "done"


def play(room: PureRoom, game: str, *, hearing: str, written: bool) -> None:
    """Play a round to its end; all speak, one also writes, and thumbs go up and down as chance has it."""
    room.here = room.speakers = [voice.id for voice in VOICES]
    room.do(RoundStart(game), ANNA)
    for voice in (BELA, CLEO):
        wish(room, RoundJoin(), voice)
    room.do(Again(), ANNA)
    said: list[str] = []
    for _ in range(TURNS_LIMIT):
        if room.state.round is None:
            break
        turn = room.turn()
        for voice in VOICES:
            step(room, voice, said, written=written)
        if hearing == "captions":
            hear(room, said)
        if room.state.round is not None and room.turn() == turn:
            room.pass_time()
    if hearing == "late":
        hear(room, said)
    state = EMPTY
    for at, event in enumerate(room.events):
        state = apply_event(state, event)
        ending_rules.check(event, state, room.events[: at + 1])


def step(room: PureRoom, voice: Voice, said: list[str], *, written: bool) -> None:
    """Let a voice do what it may now: speak or write, and vote."""
    round_ = room.state.round
    if round_ is None or round_.turn is None:
        return
    phrase = SAID[room.random.randrange(len(SAID))]
    if round_.turn.is_for(voice.id) and voice.id not in {t.voice for t in round_.takes_of(round_.turn.turn)}:
        room.now_ms = max(room.now_ms, round_.turn.go_at_ms + 500)
        if written and voice is CLEO:
            wish(room, Answer(round_.id, phrase), voice)
        else:
            clip = f"clip-{room.state.head}"
            said.append(f"{clip} {phrase}")
            room.land(clip, voice)
    for take in round_.takes[-3:]:
        if room.random.random() < 0.4:
            wish(room, Vote(round_.id, take.clip, room.random.choice((-1, 1))), voice)


def hear(room: PureRoom, said: list[str]) -> None:
    """Tell the words of all that was said."""
    for line in said:
        clip, _, phrase = line.partition(" ")
        room.do(Caption(ClipCaptioned(clip, phrase, "en")))
    said[:] = []


def wish(room: PureRoom, command: RoundJoin | Answer | Vote, voice: Voice) -> None:
    """Ask for something that may be refused."""
    try:
        room.do(command, voice)
    except Refused:
        return
