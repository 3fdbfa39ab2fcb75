"""The first thing: everybody answers one prompt at once, with whatever comes first."""

from __future__ import annotations

from games.game import GameContext, Play, give
from games.round import Round, TurnGiven

EVERYWHERE = ("wonder", "topic", "local", "humour", "language", "roleplay", "arena", "healing")


class FirstThing(Play):
    """One turn for all. The plain timed prompt that a room throws."""

    id = "first_thing"
    names = {"en": "The first thing", "de": "Das Erste"}
    short = {"en": "There is no wrong", "de": "Falsch gibt es nicht"}
    rules = {
        "en": "A prompt appears. Say the first thing that comes to mind. There is no wrong.",
        "de": "Etwas wird eingeworfen. Sag das Erste, was dir einfällt. Falsch gibt es nicht.",
    }
    kinds = EVERYWHERE
    takes = 1
    seconds = 12

    def next(self, round_: Round, context: GameContext) -> TurnGiven | None:
        """Throw the prompt at everyone, once."""
        prompt = round_.prompt.text if round_.prompt else ""
        return None if round_.turns else give(round_, context, prompt)
