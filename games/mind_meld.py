"""Mind meld: two say a word on one count; the next two join both, until two words are one (game 14)."""

from __future__ import annotations

from games import referee
from games.game import GameContext, Play, TurnOrder, give, here_of
from games.referee import SAME_GUESS
from games.round import Round, RoundFact, Take, TurnGiven
from games.words import likeness

PAIRS = 6
WORD_MS = 2_000
FIRST = {"en": "Any word, together!", "de": "Irgendein Wort, gemeinsam!"}
JOIN = {"en": "Join them: {words}", "de": "Verbinde sie: {words}"}
HEARD = {"en": "Join the two words you hear.", "de": "Verbinde die beiden Wörter, die du hörst."}


class MindMeld(Play):
    """Pairs on a count of three; each word is hidden until both are there."""

    id = "mind_meld"
    names = {"en": "Mind meld", "de": "Ein Geist"}
    rules = {
        "en": "Two say a word at the same time. Next time say what is between them. Be fast, not right.",
        "de": "Zwei sagen zugleich ein Wort. Danach sagt, was dazwischen liegt. Schnell, nicht richtig.",
    }
    kinds = ("wonder", "healing")
    turns: TurnOrder = "pair"
    pack = "word_association"
    least = 2
    hidden = True
    words_decide = True
    compares = True

    def next(self, round_: Round, context: GameContext) -> TurnGiven | None:
        """Count the next two in."""
        pairs = len(round_.turns)
        if pairs >= PAIRS or _matched(round_):
            return None
        return give(
            round_,
            context,
            self._ask(round_, context),
            voices=_pair(round_, context, pairs),
            after_ms=context.count_in_ms,
            max_words=1,
            limit_ms=WORD_MS,
            hidden=True,
        )

    def _ask(self, round_: Round, context: GameContext) -> str:
        last = round_.takes_of(round_.turns[-1].turn) if round_.turns else ()
        if not last:
            return FIRST[context.language]
        texts = [take.text for take in last if take.text]
        known = len(texts) == len(last)
        return JOIN[context.language].format(words=" + ".join(texts)) if known else HEARD[context.language]

    def is_full(self, round_: Round) -> bool:
        """Want two words, whoever says them."""
        two = round_.turn is not None and len(round_.takes_of(round_.turn.turn)) >= 2
        return two or super().is_full(round_)

    def captioned(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """End the round also when one mind is found out late: who is counted in now need not speak."""
        facts = super().captioned(round_, take, context)
        turn = round_.turn
        late = turn is not None and turn.turn != take.turn and not round_.takes_of(turn.turn)
        won = late and round_.closed is None and _matched(round_)
        return [*facts, *(self.end(round_, context) if won else [])]

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Count the words; celebrate one mind, and almost one."""
        said = referee.counted(round_, take, context, 1)
        for other in round_.before(take):
            if other.turn == take.turn and other.text and take.text:
                if _same(other, take):
                    return [
                        *said,
                        *referee.verdict(round_, take, context, "matched", "praise", word=take.text),
                    ]
                if likeness(other.text, take.text) >= SAME_GUESS / 2:
                    return [*said, *referee.verdict(round_, take, context, "near", "praise")]
        return said


def _pair(round_: Round, context: GameContext, pairs: int) -> tuple[str, ...]:
    """Return the next two players; with fewer than two, anybody may."""
    here = here_of(round_.players, context)
    if len(here) < 2:
        return ()
    first = 2 * pairs % len(here)
    return here[first], here[(first + 1) % len(here)]


def _same(a: Take, b: Take) -> bool:
    return bool(a.words) and a.words == b.words


def _matched(round_: Round) -> bool:
    """Tell whether two words of one turn are one: nobody has two takes in a turn."""
    return any(
        _same(a, b)
        for turn in round_.turns
        for i, a in enumerate(round_.takes_of(turn.turn))
        for b in round_.takes_of(turn.turn)[i + 1 :]
    )
