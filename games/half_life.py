"""Half-life: tell it in eight seconds, then in four, two, one (game 13)."""

from __future__ import annotations

from games import referee
from games.chain import Chain, theme
from games.game import GameContext, Mood, TurnOrder, cast, give, player
from games.round import Ending, Round, RoundFact, Take, TurnGiven

LIVES_MS = (8_000, 4_000, 2_000, 1_000)
# Some of a short life goes by before anybody begins.
WINDOW_MORE_MS = 2_500
ASK = {"en": "{theme} In {n} s!", "de": "{theme} In {n} s!"}


class HalfLife(Chain):
    """Four takes of one voice, each half as long; played as a series."""

    id = "half_life"
    names = {"en": "Half-life", "de": "Halbwertszeit"}
    short = {"en": "Again, in half the time", "de": "Noch mal, in halber Zeit"}
    rules = {
        "en": "Tell it in eight seconds. Then in four, in two, in one.",
        "de": "Erzähl es in acht Sekunden. Dann in vier, in zwei, in einer.",
    }
    kinds = ("humour", "topic")
    seconds = 30
    most = 1
    mood: Mood = "silly"
    turns: TurnOrder = "series"
    pack = "scenes"
    takes = len(LIVES_MS)
    least = 1
    solo = True
    finale: Ending = "series"
    compares = True

    def follower(self, round_: Round, context: GameContext) -> str | None:
        """Return None: all takes are of one voice."""
        return None

    def next(self, round_: Round, context: GameContext) -> TurnGiven | None:
        """Halve the time, for as long as its voice is here."""
        own = [take for take in round_.takes if take.turn]  # the others are of an earlier visit
        at = len(round_.takes) - len(own) + len(round_.turns)
        if at >= len(LIVES_MS) or (round_.turns and not own):
            return None
        life_ms = LIVES_MS[at]
        voice = own[0].voice if own else player(round_, context)
        if voice is not None and voice not in cast(round_, context):
            return None
        prompt = ASK[context.language].format(theme=theme(round_), n=life_ms // 1000)
        return give(round_, context, prompt, voice, window_ms=life_ms + WINDOW_MORE_MS, limit_ms=life_ms)

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Fault a telling in which no key word of the first is left."""
        first = round_.takes[0]
        small = referee.tongue(context).small
        keys = [word for word in first.words or () if len(word) > 3 and word not in small]
        if take.clip == first.clip or not keys or set(keys) & set(take.words or ()):
            return []
        return referee.verdict(round_, take, context, "key_lost", word=max(keys, key=len))
