"""Insult duel: two characters in a scene insult each other's hats; both want to (game 20)."""

from __future__ import annotations

from games import referee
from games.chain import Chain, theme
from games.endings import duel
from games.game import GameContext, Mood, TurnOrder, cast, give
from games.line_up import vote
from games.round import Ending, Round, RoundFact, Take, TurnGiven

TAKES = 6
ACCEPT = {
    "en": "Accept it with delight, then pay it back. Their things, never them.",
    "de": "Nimm es mit Freude an und zahl es heim. Die Dinge, nie die Menschen.",
}
VOTE = {"en": "Whose wit? Vote!", "de": "Wessen Witz? Stimmt ab!"}


class InsultDuel(Chain):
    """Two who both opted in, line for line; the crowd judges wit, "out" ends it."""

    id = "insult_duel"
    names = {"en": "Insult duel", "de": "Beleidigungsduell"}
    short = {"en": "Insult their things, accept theirs", "de": "Beleidige Dinge, nimm deine an"}
    rules = {
        "en": "Insult the other character's things. Accept with delight, then reply. “Out” ends it.",
        "de": "Beleidige die Dinge der anderen Figur. Freu dich darüber, dann antworte. „Raus“ beendet.",
    }
    kinds = ("arena",)
    seconds = 45
    most = 2
    mood: Mood = "bold"
    turns: TurnOrder = "pair"
    pack = "insults"
    staged = True
    takes = TAKES
    opt_in = True
    finale: Ending = "duel"
    compares = True

    def follower(self, round_: Round, context: GameContext) -> str | None:
        """Return the other one."""
        turn = round_.turn
        others = [voice for voice in cast(round_, context)[:2] if turn and voice != turn.voice]
        return others[0] if turn and turn.voice and others else None

    def next(self, round_: Round, context: GameContext) -> TurnGiven | None:
        """Give the word to the other one; the second place is open until somebody takes it."""
        if round_.turn is not None and round_.turn.act == "vote":
            return None
        if len(round_.takes) >= TAKES:
            return vote(round_, context, VOTE[context.language])
        prompt = ACCEPT[context.language] if round_.takes else theme(round_)
        duellists = cast(round_, context)[:2]  # whoever left makes place for another
        last = round_.takes[-1].voice if round_.takes else None
        if len(duellists) < 2:
            return give(round_, context, prompt, besides=last)
        silent = bool(round_.turn) and not round_.takes_of(round_.turns[-1].turn)
        before = round_.turns[-1].voice if silent else last
        voice = duellists[1] if before == duellists[0] else duellists[0]
        return give(round_, context, prompt, voice)

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Fault an insult that was said before."""
        return referee.old_joke(round_, take, context)

    def winners(self, round_: Round) -> tuple[str, ...]:
        """Crown who had more hearts, with the line that had most of them."""
        return duel(round_)

    def ending(self, round_: Round, context: GameContext) -> list[RoundFact]:
        """Name the wittiest line."""
        return referee.loved(round_, context)
