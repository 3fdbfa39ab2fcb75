"""Story, story, die: you are cut off anywhere; the next goes on in mid-sentence (game 7)."""

from __future__ import annotations

from msgspec.structs import replace

from games import referee
from games.chain import Chain, theme
from games.endings import crowned
from games.game import GameContext, Mood, TurnOrder, give, here_of, player
from games.round import Round, RoundFact, Take, TurnGiven

# The room cuts a teller somewhere between these, after "go".
CUT_FROM_MS, CUT_TO_MS = 2_500, 8_000
ON = {"en": "Go on where it stopped!", "de": "Mach weiter, wo es abbrach!"}


class StoryDie(Chain):
    """One story by all; who hesitates or repeats the last word is out, until one is left."""

    id = "story_die"
    names = {"en": "Story, story, die", "de": "Erzähl oder stirb"}
    short = {"en": "Go on, never falter", "de": "Erzähl weiter, ohne zu stocken"}
    rules = {
        "en": "Go on in the middle of the sentence. Who falters dies, kindly.",
        "de": "Erzähl mitten im Satz weiter. Wer stockt, stirbt, ganz lieb.",
    }
    kinds = ("humour", "arena")
    seconds = 50
    mood: Mood = "bold"
    turns: TurnOrder = "cut"
    pack = "scenes"
    staged = True
    words_decide = True
    compares = True
    counted = False

    def awaited(self, round_: Round, context: GameContext) -> tuple[Take, ...]:
        """Want the words by which somebody may be out."""
        return super().awaited(round_, context) if context.scored else ()

    def ask(self, round_: Round, context: GameContext) -> str:
        """Give the story's beginning, then only the push."""
        return ON[context.language] if round_.takes else theme(round_)

    def follower(self, round_: Round, context: GameContext) -> str | None:
        """Return the next player who is not out."""
        return player(round_, context, without=_dead(round_)) if len(round_.players) > 1 else None

    def next(self, round_: Round, context: GameContext) -> TurnGiven | None:
        """Give the story to the next player who is here and not out."""
        dead = _dead(round_)
        alone = bool(dead) and len(dead) >= len(round_.players) - 1
        left = bool(dead) and set(here_of(round_.players, context)) <= set(dead)
        if len(round_.takes) >= self.takes or alone or left:
            return None
        turn = give(
            round_,
            context,
            self.ask(round_, context),
            player(round_, context, without=dead),
            window_ms=CUT_TO_MS,
            limit_ms=CUT_TO_MS,
        )
        return replace(turn, cut_at_ms=turn.go_at_ms + context.random.randint(CUT_FROM_MS, CUT_TO_MS))

    def winners(self, round_: Round) -> tuple[str, ...]:
        """Crown the last take of whoever is left alone, else what had most hearts."""
        dead = {take.voice for take in round_.takes if round_.faults(take.voice)}
        alive = {take.voice for take in round_.takes} - dead
        last = [take.clip for take in round_.takes if take.voice in alive]
        return (last[-1],) if dead and len(alive) == 1 else crowned(round_)

    def judge(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Fault a pause."""
        return referee.hesitation(round_, take, context)

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Fault a line that begins with the word that was said last."""
        at = next((i for i, other in enumerate(round_.takes) if other.clip == take.clip), 0)
        before = round_.takes[at - 1].words if at else None
        if not before or not take.words or before[-1] != take.words[0]:
            return []
        return referee.verdict(round_, take, context, "repeat", word=take.words[0])


def _dead(round_: Round) -> list[str]:
    return [voice for voice in round_.players if round_.faults(voice)]
