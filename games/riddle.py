"""Games in which one knows something and tells it, and the others guess, by voice or in writing."""

from __future__ import annotations

from games import referee
from games.game import GameContext, Play, TurnOrder, ballot, give, pending, player
from games.progress import unworded
from games.referee import is_same_guess
from games.round import Ending, RoleGiven, Round, RoundFact, Take, TurnGiven, VoteCast

GUESSER = {"en": "What is it? One guess.", "de": "Was ist es? Ein Tipp."}
TELLER = {"en": "You know it", "de": "Du weißt es"}
WHO = {"en": "Who got it? Only the teller knows.", "de": "Wer hat es? Das weiß nur, wer erzählt hat."}


class Riddle(Play):
    """A turn to tell and a turn to guess; the guesses are hidden until both are over.

    Where nobody knows the words of a guess, the teller's thumb tells.
    """

    turns: TurnOrder = "guess"
    least = 2
    hidden = True
    finale: Ending = "secrets"
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
        teller = _teller(round_)
        if len(round_.turns) > 1 or not round_.takes:
            return self._judging(round_, context)
        return give(
            round_,
            context,
            self.guess[context.language],
            act="guess",
            hidden=True,
            besides=teller,
            role="guesser",
        )

    def _judging(self, round_: Round, context: GameContext) -> TurnGiven | None:
        """Ask the teller, who is here, for guesses that nobody can read."""
        guesses = tuple(take.clip for take in unworded(_guesses(round_)))
        asked = round_.turns[-1].act == "vote" or _teller(round_) not in context.present
        if asked or not guesses or not context.scored:
            return None
        who, prompt = tuple(filter(None, [_teller(round_)])), WHO[context.language]
        return ballot(round_, context, prompt, role="judge", voices=who, clips=guesses)

    def after_vote(self, round_: Round, vote: VoteCast, context: GameContext) -> list[RoundFact]:
        """Let the teller say that a guess was right."""
        take = round_.take(vote.clip)
        if take is None or take.turn == 1 or take.is_worded or not self.is_hit(round_, take):
            return []
        return referee.verdict(round_, take, context, "guessed", "praise", word=round_.solution)

    @property
    def has_thumbs(self) -> bool:
        """Tell whether the telling has a rule of words."""
        return type(self).judge_telling is not Riddle.judge_telling

    def is_judged_by_thumbs(self, round_: Round, take: Take) -> bool:
        """Return False for guesses: only the telling is judged by thumbs."""
        return take.turn == 1 and self.has_thumbs

    def winners(self, round_: Round) -> tuple[str, ...]:
        """Crown the guesses that hit, or the telling when it is known that none did."""
        hits = tuple(take.clip for take in _guesses(round_) if self.is_hit(round_, take))
        return hits or tuple(take.clip for take in round_.takes_of(1) if self._is_unsolved(round_))

    def _is_unsolved(self, round_: Round) -> bool:
        """Tell whether there were guesses, and each is known to miss."""
        guesses = _guesses(round_)
        return bool(guesses) and all(self.is_hit(round_, take) is False for take in guesses)

    def is_hit(self, round_: Round, take: Take) -> bool | None:
        """Tell whether a guess is right by its words, else by the teller's thumb; None: nobody knows."""
        if take.is_worded:
            return self.is_right(round_, take)
        teller = _teller(round_)
        said = [vote.value for vote in round_.votes if vote.clip == take.clip and vote.voice == teller]
        return said[-1] > 0 if said else None

    def roles(self, round_: Round, context: GameContext) -> list[RoundFact]:
        """Tell the teller."""
        teller = player(round_, context)
        if teller is None:
            return []
        return [RoleGiven(round_.id, teller, TELLER[context.language], self.secret(round_, context))]

    def awaited(self, round_: Round, context: GameContext) -> tuple[Take, ...]:
        """Want the guesses, where they are judged; the telling may be."""
        guessing = round_.turn is not None and round_.turn.act == "guess"
        takes = round_.takes_of(round_.turns[-1].turn) if guessing and context.scored else ()
        return pending(round_, takes, context)

    def judge_round(self, round_: Round, context: GameContext) -> list[RoundFact]:
        """Praise a riddle that nobody solved, once all guesses are known; say so when they are not."""
        told, guesses = round_.takes_of(1), _guesses(round_)
        is_solved = any(given.code == "guessed" for given in round_.verdicts)
        if not told or not guesses or is_solved or any(self.is_hit(round_, take) for take in guesses):
            return []
        if self._is_unsolved(round_):
            return referee.verdict(round_, told[0], context, "fooled", "praise", word=round_.solution)
        if not context.scored:
            return []
        return referee.verdict(round_, told[0], context, "unheard", "note", word=round_.solution)

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


def _teller(round_: Round) -> str | None:
    """Return who tells, or told."""
    return (round_.turns[0].voice if round_.turns else None) or next((t.voice for t in round_.takes), None)


def _guesses(round_: Round) -> list[Take]:
    return [take for take in round_.takes if take.turn > 1]
