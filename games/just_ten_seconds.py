"""Just ten seconds: talk without hesitation, repetition, deviation; rivals challenge (game 23)."""

from __future__ import annotations

from games import referee
from games.ballots import balance
from games.chain import Chain, theme
from games.game import GameContext, Mood, give, here_of, pending
from games.referee import OVERRULING_VOTES
from games.round import Round, RoundFact, Take, TurnGiven, VoteCast

TALK_MS = 10_000
# What is written is read, not heard.
READING_MS = 4_000
# Whoever objects to the last word does so after it.
OBJECTION_MS = 1_500
CLEARED = frozenset(("challenge_wrong", "challenge_outvoted"))
DECIDED = CLEARED | {"challenge_right"}
ASK = {"en": "Ten seconds on: {theme}", "de": "Zehn Sekunden über: {theme}"}
CHALLENGE = {
    "en": "A pause, a word twice, another subject? Challenge!",
    "de": "Eine Pause, ein Wort zweimal, ein anderes Thema? Einspruch!",
}


class JustTenSeconds(Chain):
    """Talks on one subject, each heard before the next. A vote of -1 challenges; who is right talks next."""

    id = "just_ten_seconds"
    names = {"en": "Just ten seconds", "de": "Nur zehn Sekunden"}
    short = {"en": "No pause, no word twice", "de": "Keine Pause, kein Wort zweimal"}
    rules = {
        "en": "Talk for ten seconds: no pause, no word twice, no other subject. Thumbs down challenges.",
        "de": "Rede zehn Sekunden: ohne Pause, kein Wort zweimal, nichts anderes. Daumen runter: Einspruch.",
    }
    kinds = ("language", "humour")
    seconds = 60
    mood: Mood = "bold"
    pack = "likeness"
    takes = 4
    challenged = True

    def ask(self, round_: Round, context: GameContext) -> str:
        """Name the subject."""
        return ASK[context.language].format(theme=theme(round_))

    def next(self, round_: Round, context: GameContext) -> TurnGiven | None:
        """Let all hear a talk and challenge it before the next one."""
        talk = round_.takes_of(round_.turns[-1].turn) if round_.turns else ()
        if not talk:
            return super().next(round_, context)
        heard_ms = (talk[0].duration_ms or READING_MS) + OBJECTION_MS
        return give(
            round_, context, CHALLENGE[context.language], act="listen", after_ms=0, window_ms=heard_ms
        )

    def turn(self, round_: Round, context: GameContext, voice: str | None) -> TurnGiven:
        """Let a right challenger take over."""
        last = round_.takes[-1] if round_.takes else None
        if last is not None and _is_right_to_challenge(round_, last):
            rivals = [vote.voice for vote in _challenges(round_, last)]
            voice = next((rival for rival in rivals if rival in here_of(round_.players, context)), voice)
        return give(round_, context, self.ask(round_, context), voice, limit_ms=TALK_MS)

    def go_on(self, round_: Round, context: GameContext) -> list[RoundFact]:
        """Decide on the talk that was heard before the next one."""
        facts = super().go_on(round_, context)
        last = round_.turn
        if last is None or last.act != "listen" or not any(isinstance(fact, TurnGiven) for fact in facts):
            return facts
        return [*self.ending(round_, context), *facts]

    def after_vote(self, round_: Round, vote: VoteCast, context: GameContext) -> list[RoundFact]:
        """Decide at once where something is known already: a fault, or all words after they were heard."""
        take, turn = round_.take(vote.clip), round_.turn
        if vote.value >= 0 or take is None or turn is None:
            return []
        is_heard = turn.act != "listen" or round_.takes[-1] != take
        if not round_.faults_of(take.clip) and not (take.is_worded and is_heard):
            return []
        return self._decided(round_, take, context)

    @property
    def has_thumbs(self) -> bool:
        """Return False: a challenged talk is decided when all have heard it, not by `thumbs`."""
        return False

    def awaited(self, round_: Round, context: GameContext) -> tuple[Take, ...]:
        """Want the words of a challenged talk in which nothing was found yet."""
        if round_.turn is None or round_.turn.act != "listen" or not context.scored:
            return ()
        return tuple(
            take
            for take in pending(round_, round_.takes[-1:], context)
            if _challenges(round_, take) and not round_.faults_of(take.clip)
        )

    def judge(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Fault a pause."""
        return referee.hesitation(round_, take, context)

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Catch a word said twice; those of the subject are free, and so is who was found in the right."""
        cleared = any(given.code in CLEARED and given.clip == take.clip for given in round_.verdicts)
        return [] if cleared else referee.repetition(round_, take, context, theme(round_))

    def ending(self, round_: Round, context: GameContext) -> list[RoundFact]:
        """Decide on the talk that was heard last: by what was found, by its words, or by the others."""
        return [fact for take in round_.takes[-1:] for fact in self._decided(round_, take, context)]

    def _decided(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Return the verdict on a challenged talk, once; none where nobody can know."""
        told = {given.code for given in round_.verdicts if given.clip == take.clip}
        if not _challenges(round_, take) or told & DECIDED:
            return []
        if _is_right_to_challenge(round_, take):
            return referee.verdict(round_, take, context, "challenge_right", "praise")
        if take.is_worded:
            return referee.verdict(round_, take, context, "challenge_wrong", "praise")
        is_backed = balance(round_.votes, take.clip) > 0
        return referee.verdict(round_, take, context, "challenge_outvoted", "praise") if is_backed else []


def _challenges(round_: Round, take: Take) -> list[VoteCast]:
    return [vote for vote in round_.votes if vote.clip == take.clip and vote.value < 0]


def _is_right_to_challenge(round_: Round, take: Take) -> bool:
    """Tell whether the referee found a fault, or the room hears one where nobody knows the words."""
    if round_.faults_of(take.clip) or take.is_worded:
        return round_.faults_of(take.clip) > 0
    return balance(round_.votes, take.clip) <= -OVERRULING_VOTES
