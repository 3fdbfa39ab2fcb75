"""Jackal to giraffe: a complaint, said again with what is, a feeling, a need, a request (game 21)."""

from __future__ import annotations

from games import referee
from games.chain import Chain
from games.game import GameContext, Mood, TurnOrder, fresh, give, here_of, player
from games.round import Round, RoundFact, Take, Tempo, TurnGiven

COMPLAINTS = 3
JACKAL_MS, GIRAFFE_MS = 5_000, 15_000
JACKAL = {
    "en": "Complain like a jackal. Of a thing, not of a person.",
    "de": "Schimpf wie ein Wolf. Über eine Sache.",
}
GIRAFFE = {
    "en": "Say it as a giraffe: I see … I feel … I need … would you …?",
    "de": "Sag es als Giraffe: Ich sehe … ich fühle … ich brauche … würdest du …?",
}


class JackalGiraffe(Chain):
    """One complains, another says it again in four steps; alone, the room complains."""

    id = "jackal_giraffe"
    names = {"en": "Jackal to giraffe", "de": "Wolf und Giraffe"}
    short = {"en": "Turn a complaint into care", "de": "Mach aus Schimpfen eine Bitte"}
    rules = {
        "en": "Someone complains. You say it again: what is, what you feel, what you need, what you ask.",
        "de": "Jemand schimpft. Du sagst es neu: was ist, was du fühlst, was du brauchst, was du erbittest.",
    }
    kinds = ("healing", "language")
    seconds = 90
    mood: Mood = "calm"
    turns: TurnOrder = "pair"
    tempo: Tempo = "slow"
    pack = "complaints"
    least = 1
    solo = True
    counted = False

    def follower(self, round_: Round, context: GameContext) -> str | None:
        """Return who translates; a giraffe complains next itself."""
        jackal = round_.turn is not None and round_.turn.role == "jackal"
        return super().follower(round_, context) if jackal else None

    def next(self, round_: Round, context: GameContext) -> TurnGiven | None:
        """Complain, then translate; the translator complains next."""
        last = round_.turn
        if sum(turn.role == "giraffe" for turn in round_.turns) >= COMPLAINTS:
            return None
        voice = player(round_, context)
        here = here_of(round_.players, context)
        if len(here) < 2:
            prompt = f"“{fresh(context, self.pack, round_)}” {GIRAFFE[context.language]}"
            return give(round_, context, prompt, voice, role="giraffe", limit_ms=GIRAFFE_MS)
        if last is not None and last.role == "jackal" and round_.takes_of(last.turn):
            return give(
                round_, context, GIRAFFE[context.language], voice, role="giraffe", limit_ms=GIRAFFE_MS
            )
        translated = last is not None and last.role == "giraffe" and last.voice in here
        speaker = last.voice if last is not None and translated else voice
        return give(round_, context, JACKAL[context.language], speaker, role="jackal", limit_ms=JACKAL_MS)

    @property
    def has_thumbs(self) -> bool:
        """Return False: nothing is judged here."""
        return False

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Note which steps were heard; judge nothing."""
        if not any(turn.turn == take.turn and turn.role == "giraffe" for turn in round_.turns):
            return []
        tongue = referee.tongue(context)
        big = next((word for word in take.words or () if word in tongue.absolutes), None)
        if big:
            return referee.verdict(round_, take, context, "absolute", "note", word=big)
        heard = tongue.giraffe(take.text or "")
        missing = [name for step, name in tongue.step_names.items() if step not in heard]
        if not missing:
            return referee.verdict(round_, take, context, "giraffe_whole", "note")
        return referee.verdict(round_, take, context, "giraffe_missing", "note", missing=", ".join(missing))
