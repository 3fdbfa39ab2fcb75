"""Gibberish: one speaks a language that is not, another translates it as "I" (game 19)."""

from __future__ import annotations

from games import referee
from games.chain import Chain, theme
from games.game import GameContext, Mood, TurnOrder, give, player
from games.round import Round, RoundFact, Take, TurnGiven

SPEECHES = 3
SPEECH_MS, TRANSLATION_MS = 3_000, 5_000
# So many small words of the room's language make a take suspiciously clear.
CLEAR_WORDS = 4
ASK = {
    "en": ("{theme} Speak, in a language that does not exist!", "Translate, as “I”."),
    "de": ("{theme} Sprich, in einer Sprache, die es nicht gibt!", "Übersetze, als „ich“."),
}
SELF = {
    "en": frozenset(("i", "i'm", "i've", "i'll", "i'd", "me", "my", "mine", "we", "our")),
    "de": frozenset(("ich", "mich", "mir", "mein", "meine", "meinen", "meiner", "wir", "uns")),
}


class Gibberish(Chain):
    """A speech of nonsense and its translation, three times, changing places."""

    id = "gibberish"
    names = {"en": "Gibberish", "de": "Kauderwelsch"}
    short = {"en": "Nonsense, then translate it", "de": "Unsinn, dann übersetzen"}
    rules = {
        "en": "One speaks nonsense for three seconds. The next translates it in the first person.",
        "de": "Jemand spricht drei Sekunden Unsinn. Der Nächste übersetzt in der Ich-Form.",
    }
    kinds = ("wonder", "roleplay", "arena")
    seconds = 35
    mood: Mood = "silly"
    turns: TurnOrder = "pair"
    pack = "scenes"
    staged = True
    takes = 2 * SPEECHES

    def next(self, round_: Round, context: GameContext) -> TurnGiven | None:
        """Speak, then translate, whoever comes next."""
        speeches = sum(turn.role == "speaker" for turn in round_.turns)
        last = round_.turn
        translating = last is not None and last.role == "speaker" and bool(round_.takes_of(last.turn))
        if not translating and speeches >= SPEECHES:
            return None
        prompt = ASK[context.language][translating].format(theme=theme(round_))
        role, limit_ms = ("translator", TRANSLATION_MS) if translating else ("speaker", SPEECH_MS)
        return give(round_, context, prompt, player(round_, context), role=role, limit_ms=limit_ms)

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Fault known words in nonsense, and a translation without "I"."""
        turn = round_.turn_of(take)
        words = take.words or ()
        if turn is None or not words:
            return []
        if turn.role == "speaker":
            tongue = referee.tongue(context)
            clear = sum(word in tongue.small or word in tongue.questions for word in words)
            return referee.verdict(round_, take, context, "no_nonsense") if clear >= CLEAR_WORDS else []
        return [] if SELF[context.language] & set(words) else referee.verdict(round_, take, context, "not_i")
