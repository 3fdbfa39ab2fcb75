"""Forbidden word: describe it without the words that everybody would use; the room guesses (game 11)."""

from __future__ import annotations

from games import referee
from games.game import GameContext, Mood, Setup
from games.riddle import Riddle
from games.round import Prompt, Round, RoundFact, RoundOpened, Take
from games.words import tokens

ASK = {
    "en": "What is it? Described without its best words.",
    "de": "Was ist es? Beschrieben ohne die besten Wörter.",
}
SECRET = {"en": "{word}. Do not say: {others}", "de": "{word}. Sag nicht: {others}"}


class ForbiddenWord(Riddle):
    """The teller sees a word and four that are forbidden with it."""

    id = "forbidden_word"
    names = {"en": "Forbidden words", "de": "Verbotene Wörter"}
    short = {"en": "Describe it without its words", "de": "Beschreib es ohne seine Wörter"}
    rules = {
        "en": "One describes a word without saying it or its four neighbours. The others guess.",
        "de": "Jemand beschreibt ein Wort, ohne es und seine vier Nachbarn zu sagen. Die anderen raten.",
    }
    kinds = ("language", "topic")
    seconds = 30
    mood: Mood = "clever"
    pack = "forbidden"
    tell = ASK

    def open(self, setup: Setup) -> RoundOpened:
        """Draw the word, and keep it."""
        card = setup.context.draw(self.pack)
        return self.opening(setup, Prompt(card.id, ASK[setup.context.language]), answer=card.text)

    def secret(self, round_: Round, context: GameContext) -> str:
        """Return the word and its neighbours."""
        word, _, others = round_.answer.partition(":")
        return SECRET[context.language].format(word=word, others=others.strip())

    def judge_telling(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Catch a forbidden word: everybody has heard it anyway."""
        return referee.forbidden(round_, take, context, tokens(round_.answer))
