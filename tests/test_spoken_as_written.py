"""What is said by voice comes to what it comes to in writing, whenever its words are known."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from games.pace import WORDS_WAIT_MS
from games.registry import BY_ID
from games.round import RoundClosed, RoundFact, VerdictGiven
from server.room import round_lifecycle
from tests.support.both_ways import PHRASES, VOICES, Playing, Script, games_and_kinds


@st.composite
def scripted(draw: st.DrawFn) -> Script:
    """Draw a script of a few phrases, for what is said again breaks most rules; silence is rare."""
    phrases = draw(st.lists(st.integers(0, len(PHRASES["en"]) - 1), min_size=1, max_size=4))
    line = st.sampled_from([*phrases * 3, None])
    lines = st.lists(st.tuples(*[line for _ in VOICES]), min_size=3, max_size=8)
    challenges = st.lists(st.tuples(*[st.booleans() for _ in VOICES]), min_size=1, max_size=3)
    return Script(tuple(draw(lines)), tuple(draw(challenges)))


scripts = scripted()
# Verdicts that are told at the end, by votes or by the words of several takes.
OF_THE_ROUND = {"favourite", "fooled", "unheard", "blocks"} | {
    f"challenge_{how}" for how in ("right", "wrong", "outvoted")
}
FEW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# In German one word alone is heard too uncertainly to be judged, and so is a turn of one word: what is said
# there does not come to what is written, but to what thumbs say.
OF_ONE_WORD = {"word_association", "word_at_a_time", "mind_meld", "word_ration"}
SEVERAL_WORDS = tuple(number for number, phrase in enumerate(PHRASES["de"]) if " " in phrase)
# All but one are silent twice and sit out, so that a round for two waits amid a turn that is over.
LEFT_ALONE = Script(
    ((None, 0, 0, 0), (None, 0, 0, None), (0, 0, None, None)), ((False, False, False, False),)
)
# Two verdicts that say the opposite of one another.
OPPOSITES = ({"guessed", "fooled"}, {"matched", "near"}, {"challenge_right", "challenge_wrong"})


@pytest.mark.parametrize(("game", "kind"), games_and_kinds())
def test_words_in_any_order_come_to_the_same_as_writing(game: str, kind: str) -> None:
    @FEW
    @given(scripts, st.sampled_from(["en"] if game in OF_ONE_WORD else ["en", "de"]), st.integers(0, 2**16))
    def play(script: Script, language: str, seed: int) -> None:
        how = BY_ID[game], kind, language, script if language == "en" else _in_several_words(script)
        written = Playing(*how, spoken=False, seed=seed).play()
        spoken = Playing(*how, spoken=True, seed=seed, chance=Random(seed)).play()

        assert spoken.story() == written.story()

    play()


def _in_several_words(script: Script) -> Script:
    several = len(SEVERAL_WORDS)
    lines = (
        tuple(line if line is None else SEVERAL_WORDS[line % several] for line in each)
        for each in script.lines
    )
    return Script(tuple(lines), script.challenges)


@pytest.mark.parametrize(("game", "kind"), games_and_kinds())
def test_words_that_come_too_late_or_never_hold_up_nobody_and_contradict_nothing(
    game: str, kind: str
) -> None:
    @FEW
    @given(scripts, st.sampled_from(["en", "de"]), st.integers(0, 2**16), st.floats(0.1, 1.0))
    @example(LEFT_ALONE, "en", 1, 0.5)
    @example(LEFT_ALONE, "en", 1, 1.0)
    def play(script: Script, language: str, seed: int, lost: float) -> None:
        chance = Random(seed)
        how = BY_ID[game], kind, language, script
        playing = Playing(
            *how, spoken=True, seed=seed, chance=Random(seed), loses=lambda: chance.random() < lost
        ).play()

        assert playing.longest_wait_ms <= WORDS_WAIT_MS
        after = [event.data for event in playing.room.events if isinstance(event.data, RoundFact)]
        after = [fact for fact in after if fact.round == playing.id]
        end = next(number for number, fact in enumerate(after) if isinstance(fact, RoundClosed))
        assert {type(fact) for fact in after[end + 1 :]} <= {VerdictGiven}
        verdicts = [(fact.clip, fact.code) for fact in playing.round.verdicts]
        assert len(set(verdicts)) == len(verdicts)
        for clip in {clip for clip, _ in verdicts}:
            told = {code for other, code in verdicts if other == clip}
            assert not any(pair <= told for pair in OPPOSITES)
            assert not ("challenge_wrong" in told and playing.round.faults_of(clip))
        everywhere = {code for _, code in verdicts}
        assert not {"guessed", "fooled"} <= everywhere
        _assert_judged_by_the_rules(playing)

    play()


def _assert_judged_by_the_rules(playing: Playing) -> None:
    """When all words are known in the end, what was told is what the game says of the whole round."""
    game, round_ = playing.game, playing.round
    context = round_lifecycle.game_context(playing.room.state, round_, playing.room.context())
    told = {(fact.clip, fact.code) for fact in round_.verdicts if fact.code not in OF_THE_ROUND}
    judged = [fact for take in round_.takes if take.words for fact in game.judge_words(round_, take, context)]
    assert told == {(fact.clip, fact.code) for fact in judged if isinstance(fact, VerdictGiven)}
