"""Yes, but; yes, and: plan it twice, and hear the difference (game 17)."""

from __future__ import annotations

from games import referee
from games.chain import Chain, theme
from games.game import GameContext, Mood, pending
from games.progress import unworded
from games.round import Round, RoundFact, Take
from games.words import tokens

HALF = 4
ASK = {"en": ("Yes, but …", "Yes, and …"), "de": ("Ja, aber …", "Ja, und …")}


class YesAnd(Chain):
    """Four lines that block, four that build."""

    id = "yes_and"
    names = {"en": "Yes, but · Yes, and", "de": "Ja, aber · Ja, und"}
    short = {"en": "Yes but, then yes and", "de": "Ja aber, dann ja und"}
    rules = {
        "en": "Plan it together. First every line begins with “Yes, but”, then with “Yes, and”.",
        "de": "Plant zusammen. Erst beginnt jeder Satz mit „Ja, aber“, dann mit „Ja, und“.",
    }
    kinds = ("healing", "language", "roleplay")
    seconds = 45
    mood: Mood = "story"
    pack = "plans"
    staged = True
    takes = 2 * HALF

    def awaited(self, round_: Round, context: GameContext) -> tuple[Take, ...]:
        """Want the last words only: the lines before them change no turn, the comparison ends the round."""
        missing = unworded(round_.takes)
        is_last = len(round_.takes) == self.takes and missing == round_.takes[-1:]
        return pending(round_, missing, context) if is_last else ()

    def ask(self, round_: Round, context: GameContext) -> str:
        """Give the first words; the plan is shown at the start of each half."""
        start = ASK[context.language][len(round_.takes) >= HALF]
        return start if len(round_.takes) % HALF else f"{theme(round_)} {start}"

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Check the first two words."""
        turn = round_.turn_of(take)
        for second, start in enumerate(ASK[context.language]):
            asked = turn is not None and turn.prompt.endswith(start)
            if asked and not _begins(take, context, second=bool(second)):
                return referee.verdict(round_, take, context, "start_with", word=start)
        return []

    def judge_round(self, round_: Round, context: GameContext) -> list[RoundFact]:
        """Compare both halves when all words are known."""
        if len(round_.takes) < self.takes or unworded(round_.takes):
            return []
        buts = sum(_begins(take, context, second=False) for take in round_.takes[:HALF])
        ands = sum(_begins(take, context, second=True) for take in round_.takes[HALF:])
        return referee.verdict(round_, round_.takes[-1], context, "blocks", "note", buts=buts, ands=ands)


def _begins(take: Take, context: GameContext, *, second: bool) -> bool:
    tongue = referee.tongue(context)
    first, then = (*tongue.opening(tokens(take.text or "")), "", "")[:2]
    return first in tongue.yes and then in (tongue.also if second else tongue.but)
