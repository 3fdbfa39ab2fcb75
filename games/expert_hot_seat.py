"""Expert hot seat: an absurd title, rapid questions, answers at once (game 18)."""

from __future__ import annotations

from games import referee
from games.chain import Chain, theme
from games.game import GameContext, Mood, fresh, give, here_of, player
from games.round import Round, RoundFact, Take, TurnGiven

ANSWERS = 5
ASK = {"en": "Ask the {title}: how, or why?", "de": "Frag: {title}! Wie oder warum?"}
ANSWER = {"en": "Answer at once. You know everything.", "de": "Antworte sofort. Du weißt alles."}


class ExpertHotSeat(Chain):
    """The first player who is here is the expert; the others ask, or the room does."""

    id = "expert_hot_seat"
    names = {"en": "Expert hot seat", "de": "Heißer Stuhl"}
    short = {"en": "Know everything, at once", "de": "Alles wissen, sofort"}
    rules = {
        "en": "One is the expert and answers at once. The others ask how and why.",
        "de": "Jemand ist vom Fach und antwortet sofort. Die anderen fragen wie und warum.",
    }
    kinds = ("roleplay", "language")
    seconds = 60
    mood: Mood = "bold"
    pack = "experts"
    staged = True
    least = 1
    solo = True
    counted = False

    def follower(self, round_: Round, context: GameContext) -> str | None:
        """Return the expert after a question."""
        here = here_of(round_.players, context)
        return here[0] if here and round_.turn and round_.turn.role == "asker" else None

    def next(self, round_: Round, context: GameContext) -> TurnGiven | None:
        """Ask and answer by turns."""
        answers = sum(turn.role == "expert" for turn in round_.turns)
        if answers >= ANSWERS:
            return None
        here = here_of(round_.players, context)
        expert, others = (here[0] if here else None), here[1:]
        last = round_.turn
        if not others:
            question = fresh(context, "expert_questions", round_)
            return give(round_, context, f"{theme(round_)}: {question}", expert, role="expert")
        if last is None or last.role == "expert" or not round_.takes_of(last.turn):
            asker = _asker(round_, context, others)
            return give(
                round_, context, ASK[context.language].format(title=theme(round_)), asker, role="asker"
            )
        return give(round_, context, ANSWER[context.language], expert, role="expert")

    def judge(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Fault a pause in an answer."""
        return referee.hesitation(round_, take, context) if _answers(round_, take) else []

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Fault an expert who says that they do not know."""
        unknowing = _answers(round_, take) and referee.tongue(context).said_unknowing(take.text or "")
        return referee.verdict(round_, take, context, "unknowing") if unknowing else []


def _asker(round_: Round, context: GameContext, others: list[str]) -> str | None:
    asked = [turn.voice for turn in round_.turns if turn.role == "asker"]
    return min(others, key=asked.count) if others else player(round_, context)


def _answers(round_: Round, take: Take) -> bool:
    return any(turn.turn == take.turn and turn.role == "expert" for turn in round_.turns)
