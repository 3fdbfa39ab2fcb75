"""The first thing: everybody answers one prompt at once, with whatever comes first."""

from __future__ import annotations

from games.game import Scene, Setup, TurnOrder, closing, turn_ends_ms
from games.round import Round, RoundFact, RoundOpened, Take, Tempo, TurnGiven

EVERYWHERE = ("wonder", "topic", "local", "humour", "language", "roleplay", "arena", "healing")


class FirstThing:
    """One turn for all. The plain timed prompt that a room throws."""

    id = "first_thing"
    names = {"en": "The first thing", "de": "Das Erste"}
    rules = {
        "en": "A prompt appears. Say the first thing that comes to mind. There is no wrong.",
        "de": "Ein Satz erscheint. Sag das Erste, was dir einfällt. Falsch gibt es nicht.",
    }
    turns: TurnOrder = "all"
    tempo: Tempo = "snap"
    kinds: tuple[str, ...] = EVERYWHERE

    def begin(self, setup: Setup) -> list[RoundFact]:
        """Throw a prompt at everyone."""
        prompt = setup.draw("first_thing")
        go_at_ms = setup.now_ms + setup.count_in_ms
        return [
            RoundOpened(setup.round, self.id, setup.tempo, prompt),
            TurnGiven(setup.round, 1, prompt.text, go_at_ms, go_at_ms + setup.window_ms),
        ]

    def judge(self, round_: Round, take: Take, scene: Scene) -> list[RoundFact]:
        """Say nothing: whatever came first was right."""
        return []

    def due(self, round_: Round, speaking: bool) -> int | None:
        """Return the end of the only turn."""
        return turn_ends_ms(round_.turns[-1], speaking) if round_.turns else round_.opened_at_ms

    def advance(self, round_: Round, scene: Scene) -> list[RoundFact]:
        """End the round."""
        return [closing(round_)]
