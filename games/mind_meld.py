"""Mind meld: two say a word on one count; the next two join both, until two words are one (game 14)."""

from __future__ import annotations

from games import referee
from games.ballots import balance
from games.game import WORD_MS, GameContext, Play, TurnOrder, give, here_of, wait_ms
from games.progress import unworded
from games.referee import OVERRULING_VOTES, SAME_GUESS
from games.round import Ending, Round, RoundFact, Take, TurnGiven, VoteCast
from games.words import likeness

PAIRS = 6
# Where nobody knows the words, those who heard them say whether they were one.
THUMBS_MS = 3_000
FIRST = {"en": "Any word, together!", "de": "Irgendein Wort, gemeinsam!"}
JOIN = {"en": "Join them: {words}", "de": "Verbinde sie: {words}"}
HEARD = {"en": "Join the two words you hear.", "de": "Verbinde die beiden Wörter, die du hörst."}
SAME = {"en": "The same word? Thumbs up or down!", "de": "Dasselbe Wort? Daumen rauf oder runter!"}


class MindMeld(Play):
    """Pairs on a count of three; each word is hidden until both are there.

    Where nobody knows the words, thumbs tell whether they were one, before the next pair.
    """

    id = "mind_meld"
    names = {"en": "Mind meld", "de": "Zwei Köpfe, ein Gedanke"}
    short = {"en": "Both say the same word", "de": "Sagt beide dasselbe Wort"}
    rules = {
        "en": "Two say a word at the same time. Next time say what is between them. Be fast, not right.",
        "de": "Zwei sagen zugleich ein Wort. Danach sagt, was dazwischen liegt. Schnell, nicht richtig.",
    }
    kinds = ("wonder", "healing")
    seconds = 40
    turns: TurnOrder = "pair"
    pack = "word_association"
    least = 2
    hidden = True
    words_decide = True
    compares = True
    joined_replay = True
    finale: Ending = "pair"

    def next(self, round_: Round, context: GameContext) -> TurnGiven | None:
        """Count the next two in, or ask whether the last two were one mind."""
        pairs = len(_pairs(round_))
        if _matched(round_):
            return None
        last = _last(round_)
        if len(last) == 2 and unworded(last) and not _is_asked(round_):
            return _ask_for_thumbs(round_, context, last)
        if pairs >= PAIRS:
            return None
        return give(
            round_,
            context,
            self._ask(round_, context),
            voices=_pair(round_, context, pairs),
            after_ms=max(context.count_in_ms, wait_ms(round_, context)),
            max_words=1,
            limit_ms=WORD_MS,
            hidden=True,
        )

    def _ask(self, round_: Round, context: GameContext) -> str:
        last = _last(round_)
        if not last:
            return FIRST[context.language]
        texts = [take.text for take in last if take.text]
        known = len(texts) == len(last) and not unworded(last)
        return JOIN[context.language].format(words=" + ".join(texts)) if known else HEARD[context.language]

    def is_full(self, round_: Round) -> bool:
        """Want two words, also when anybody may speak."""
        if _is_asked(round_):
            return _by_thumbs(_last(round_), round_) is not None
        two = round_.turn is not None and len(round_.takes_of(round_.turn.turn)) >= 2
        return two or super().is_full(round_)

    def after_vote(self, round_: Round, vote: VoteCast, context: GameContext) -> list[RoundFact]:
        """Go on when the thumbs have told."""
        last = _last(round_)
        told = _by_thumbs(last, round_) if _is_asked(round_) and unworded(last) else None
        if told is None:
            return []
        met = referee.verdict(round_, last[-1], context, "met_by_ear", "praise") if told else []
        return [*met, *self.go_on(round_, context)]

    @property
    def has_thumbs(self) -> bool:
        """Return False: thumbs are about a pair, not about one word."""
        return False

    def winners(self, round_: Round) -> tuple[str, ...]:
        """Return no winners: two met, or did not."""
        return ()

    def met(self, round_: Round) -> bool | None:
        """Say whether two met; nobody knows while a pair was neither read nor judged."""
        met = [_is_one(pair, round_) for pair in _all_pairs(round_)]
        return True if True in met else None if None in met or not met else False

    def captioned(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """End the round also when one mind is found out late: who is counted in now need not speak."""
        facts = super().captioned(round_, take, context)
        turn = round_.turn
        if _is_asked(round_) and round_.closed is None and not unworded(_last(round_)):
            return [*facts, *self.go_on(round_, context)]  # thumbs are needed no more
        late = turn is not None and turn.turn != take.turn and not round_.takes_of(turn.turn)
        won = late and round_.closed is None and _matched(round_)
        return [*facts, *(self.end(round_, context) if won else [])]

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Fault more than one word; praise a match, and what is nearly one."""
        said = referee.counted(round_, take, context, 1)
        for other in round_.before(take):
            if other.turn == take.turn and other.is_worded and other.text and take.text:
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
    """Tell whether two words of one turn are one."""
    return any(_is_one(pair, round_) for pair in _all_pairs(round_))


def _is_one(pair: tuple[Take, ...], round_: Round) -> bool | None:
    """Tell by the words whether two were one mind, else by the thumbs; None when neither does."""
    return _by_thumbs(pair, round_) if unworded(pair) else _same(*pair)


def _by_thumbs(pair: tuple[Take, ...], round_: Round) -> bool | None:
    sure = balance(round_.votes, *(take.clip for take in pair))
    return None if abs(sure) < OVERRULING_VOTES else sure > 0


def _pairs(round_: Round) -> list[TurnGiven]:
    """Return the turns in which two spoke."""
    return [turn for turn in round_.turns if turn.act == "speak"]


def _all_pairs(round_: Round) -> list[tuple[Take, ...]]:
    """Return all that two said on one count: nobody has two takes in a turn."""
    said = (round_.takes_of(turn.turn) for turn in _pairs(round_))
    return [takes[:2] for takes in said if len(takes) >= 2]


def _last(round_: Round) -> tuple[Take, ...]:
    """Return what was said in the last turn in which two spoke."""
    pairs = _pairs(round_)
    return round_.takes_of(pairs[-1].turn) if pairs else ()


def _is_asked(round_: Round) -> bool:
    return round_.turn is not None and round_.turn.act == "vote"


def _ask_for_thumbs(round_: Round, context: GameContext, pair: tuple[Take, ...]) -> TurnGiven:
    clips = tuple(take.clip for take in pair)
    window_ms = max(take.duration_ms for take in pair) + THUMBS_MS
    prompt = SAME[context.language]
    return give(
        round_, context, prompt, act="vote", role="same", after_ms=0, window_ms=window_ms, clips=clips
    )
