"""Questions only: every line is a question that adds something (game 10)."""

from __future__ import annotations

from games import referee
from games.chain import Chain, theme
from games.game import GameContext, Mood
from games.round import Round, RoundFact, Take

ASK = {"en": "Answer with a question.", "de": "Antworte mit einer Frage."}


class QuestionsOnly(Chain):
    """A scene in which a statement is a fault."""

    id = "questions_only"
    names = {"en": "Questions only", "de": "Nur Fragen"}
    short = {"en": "Answer with a question", "de": "Antworte mit einer Frage"}
    rules = {
        "en": "Answer every question with a question that adds something.",
        "de": "Beantworte jede Frage mit einer Frage, die etwas Neues bringt.",
    }
    kinds = ("roleplay", "humour")
    seconds = 45
    mood: Mood = "clever"
    pack = "questions"
    staged = True

    def ask(self, round_: Round, context: GameContext) -> str:
        """Begin with a question of the room's own."""
        return ASK[context.language] if round_.takes else theme(round_)

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Fault statements."""
        asked = referee.tongue(context).is_question(take.text or "")
        return [] if asked else referee.verdict(round_, take, context, "statement")
