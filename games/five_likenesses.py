"""Five likenesses: one thing, five things it is like, all different (Johnstone; game 4)."""

from __future__ import annotations

import re
from itertools import combinations

from games import referee
from games.game import GameContext, Mood, Setup
from games.line_up import LineUp
from games.referee import SAME_LINE
from games.round import Prompt, Round, RoundFact, RoundOpened, Take
from games.words import likeness

LIKENESSES = 5
ASK = {"en": "{thing} is like … five times!", "de": "{thing} ist wie … fünf Mal!"}
_PARTS = re.compile(r"[,.;!?]|\b(?:and|und|or|oder)\b")


class FiveLikenesses(LineUp):
    """One take with five descriptions."""

    id = "five_likenesses"
    names = {"en": "Five likenesses", "de": "Fünf Vergleiche"}
    short = {"en": "Five likenesses, all different", "de": "Fünf Vergleiche, alle anders"}
    rules = {
        "en": "Say five things that it is like, as different as you can.",
        "de": "Sag fünf Dinge, denen es gleicht, so verschieden du kannst.",
    }
    kinds = ("language", "wonder")
    seconds = 25
    mood: Mood = "clever"
    pack = "likeness"

    def open(self, setup: Setup) -> RoundOpened:
        """Ask for likenesses of a thing."""
        thing = setup.context.draw(self.pack)
        text = ASK[setup.context.language].format(thing=thing.text[:1].upper() + thing.text[1:])
        return self.opening(setup, Prompt(thing.id, text))

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Catch twins among the likenesses, then count."""
        parts = [part.strip() for part in _PARTS.split(take.text or "") if part.strip()]
        if any(likeness(a, b) >= SAME_LINE for a, b in combinations(parts, 2)):
            return referee.verdict(round_, take, context, "alike")
        return referee.at_least(round_, take, context, LIKENESSES)
