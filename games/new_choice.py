"""New choice: say a line; when the bell rings, replace it at once (game 12)."""

from __future__ import annotations

from games import referee
from games.chain import Chain, theme
from games.game import GameContext, Mood, TurnOrder, cast, give, player
from games.measures import last_word
from games.referee import SAME_GUESS
from games.round import Ending, Round, RoundFact, Take, TurnGiven
from games.words import likeness

BELLS = 3
BELL_SHARE = 0.65
RHYME_SHARE = 0.25
# The bell leaves no time to plan.
BELL_AFTER_MS = 700
BELL_WINDOW_MS = 4_000
ASK = {"en": "{theme} Say a line!", "de": "{theme} Sag einen Satz!"}
BELL = {"en": "New choice!", "de": "Neue Wahl!"}
RHYME = {"en": "New choice, and it rhymes!", "de": "Neue Wahl, und zwar gereimt!"}


class NewChoice(Chain):
    """A line, and one to three bells; then the next player."""

    id = "new_choice"
    names = {"en": "New choice", "de": "Neue Wahl"}
    short = {"en": "At the bell: something else", "de": "Wenn es klingelt: was anderes"}
    rules = {
        "en": "Say a line. When the bell rings, say something else instead, at once.",
        "de": "Sag einen Satz. Wenn es klingelt, sag sofort etwas anderes.",
    }
    kinds = ("humour", "wonder")
    seconds = 40
    mood: Mood = "silly"
    turns: TurnOrder = "series"
    pack = "scenes"
    staged = True
    least = 1
    solo = True
    counted = False
    finale: Ending = "series"
    compares = True

    def follower(self, round_: Round, context: GameContext) -> str | None:
        """Return None: the same player may have to say it again."""
        return None

    def next(self, round_: Round, context: GameContext) -> TurnGiven | None:
        """Ring, or give the scene to the next player."""
        if len(round_.takes) >= self.takes:
            return None
        bells = _bells(round_)
        last = round_.turn
        spoke = last is not None and bool(round_.takes_of(last.turn))
        stayed = spoke and round_.takes[-1].voice in cast(round_, context)
        if stayed and bells < BELLS and (not bells or context.random.random() < BELL_SHARE):
            return self._bell(round_, context)
        voice = player(round_, context)
        if last is not None and (voice is None or len(round_.players) < 2) and spoke:
            return None
        return give(round_, context, ASK[context.language].format(theme=theme(round_)), voice)

    def _bell(self, round_: Round, context: GameContext) -> TurnGiven:
        rhyme = context.random.random() < RHYME_SHARE
        return give(
            round_,
            context,
            (RHYME if rhyme else BELL)[context.language],
            round_.takes[-1].voice,
            window_ms=BELL_WINDOW_MS,
            after_ms=BELL_AFTER_MS,
            bell=True,
            role="rhyme" if rhyme else "",
        )

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Compare with the line that was replaced."""
        turn = round_.turn_of(take)
        before = next((other for other in round_.takes if other.turn == take.turn - 1), None)
        if turn is None or not turn.bell or before is None:
            return []
        if before.text and likeness(before.text, take.text or "") >= SAME_GUESS:
            return referee.verdict(round_, take, context, "same_choice")
        a, b = last_word(before), last_word(take)
        if turn.role == "rhyme" and a and b and not referee.tongue(context).rhymes(a, b):
            return referee.verdict(round_, take, context, "no_rhyme")
        return []


def _bells(round_: Round) -> int:
    """Return how often the bell rang for the line that stands."""
    count = 0
    for turn in reversed(round_.turns):
        if not turn.bell:
            break
        count += 1
    return count
