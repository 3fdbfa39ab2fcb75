"""Games in which one knows something and tells it, and the others guess, by voice or in writing."""

from __future__ import annotations

from games import referee
from games.game import GameContext, Play, TurnOrder, give, player, unworded
from games.referee import is_same_guess
from games.round import RoleGiven, Round, RoundFact, Take, TurnGiven

GUESSER = {"en": "What is it? One guess.", "de": "Was ist es? Ein Tipp."}
TELLER = {"en": "You know it", "de": "Du weißt es"}


class Riddle(Play):
    """A turn to tell and a turn to guess; the guesses are hidden until both are over."""

    turns: TurnOrder = "guess"
    least = 2
    hidden = True
    tell = {"en": "Tell them!", "de": "Erzähl!"}
    guess = GUESSER

    def secret(self, round_: Round, context: GameContext) -> str:
        """Return what only the teller sees."""
        return round_.answer

    def telling(self, round_: Round, context: GameContext) -> str:
        """Return what all see while one tells."""
        return self.tell[context.language]

    def next(self, round_: Round, context: GameContext) -> TurnGiven | None:
        """Let one tell, then the others guess; nothing told, nothing to guess."""
        if not round_.turns:
            return give(
                round_, context, self.telling(round_, context), player(round_, context), role="teller"
            )
        teller = round_.turns[0].voice or next((take.voice for take in round_.takes), None)
        if len(round_.turns) > 1 or not round_.takes:
            return None
        return give(
            round_,
            context,
            self.guess[context.language],
            act="guess",
            hidden=True,
            besides=teller,
            role="guesser",
        )

    def roles(self, round_: Round, context: GameContext) -> list[RoundFact]:
        """Tell the teller."""
        teller = player(round_, context)
        if teller is None:
            return []
        return [RoleGiven(round_.id, teller, TELLER[context.language], self.secret(round_, context))]

    def awaited(self, round_: Round, context: GameContext) -> tuple[Take, ...]:
        """Want the guesses, where they are judged; the telling may be."""
        guessing = round_.turn is not None and round_.turn.act == "guess"
        return unworded(round_.takes_of(round_.turns[-1].turn)) if guessing and context.scored else ()

    def judge_round(self, round_: Round, context: GameContext) -> list[RoundFact]:
        """Praise a riddle that nobody solved, once all guesses are known."""
        guesses = [take for take in round_.takes if take.turn > 1]
        if any(take.text is not None and self.is_right(round_, take) for take in guesses):
            return []
        told = round_.takes_of(1)
        if not told or not guesses or unworded(guesses):
            return []
        return referee.verdict(round_, told[0], context, "fooled", "praise", word=round_.solution)

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Judge the telling by its own rule, and the guesses by the truth."""
        if take.turn == 1:
            return self.judge_telling(round_, take, context)
        if not self.is_right(round_, take):
            return []
        return referee.verdict(round_, take, context, "guessed", "praise", word=round_.solution)

    def judge_telling(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Return verdicts on how it was told."""
        return []

    def is_right(self, round_: Round, take: Take) -> bool:
        """Tell whether a guess hits."""
        return is_same_guess(take.text or "", round_.solution)
