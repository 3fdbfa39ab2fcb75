"""Word ration: a scene in which each line has a given number of words (game 9)."""

from __future__ import annotations

from games import referee
from games.chain import Chain, theme
from games.game import GameContext, Mood, give
from games.round import Round, RoundFact, Take, TurnGiven

FEWEST, MOST = 1, 7
ASK = {"en": "Exactly {n} words!", "de": "Genau {n} Wörter!"}
ONE = {"en": "Exactly one word!", "de": "Genau ein Wort!"}


class WordRation(Chain):
    """Each turn draws its ration."""

    id = "word_ration"
    names = {"en": "Word ration", "de": "Wortration"}
    short = {"en": "Exactly so many words", "de": "Genau so viele Wörter"}
    rules = {
        "en": "Play the scene. Each line has exactly as many words as you are given.",
        "de": "Spielt die Szene. Jeder Satz hat genau so viele Wörter, wie dir zugeteilt werden.",
    }
    kinds = ("language", "roleplay")
    seconds = 40
    mood: Mood = "clever"
    pack = "scenes"
    staged = True
    takes = 6

    def turn(self, round_: Round, context: GameContext, voice: str | None) -> TurnGiven:
        """Draw how many words the line must have."""
        words = context.random.randint(FEWEST, MOST)
        ration = ONE[context.language] if words == 1 else ASK[context.language].format(n=words)
        prompt = ration if round_.takes else f"{theme(round_)} {ration}"
        return give(round_, context, prompt, voice, min_words=words, max_words=words)

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Fault another number of words."""
        turn = round_.turn_of(take)
        return referee.counted(round_, take, context, turn.max_words) if turn else []
