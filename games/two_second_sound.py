"""Two-second sound: make the noise; hear all of them somewhere else; vote (game 24)."""

from __future__ import annotations

from games.game import GameContext, Mood, fresh
from games.line_up import LineUp
from games.round import Round

SOUND_MS = 2_000
WINDOW_MS = 4_000
AGAIN = {
    "en": "And now the same sounds: {place}. Vote!",
    "de": "Und jetzt dieselben Geräusche: {place}. Stimmt ab!",
}


class TwoSecondSound(LineUp):
    """Sounds that nobody hears before all are made."""

    id = "two_second_sound"
    names = {"en": "Two-second sound", "de": "Zwei-Sekunden-Klang"}
    short = {"en": "Make the sound", "de": "Mach das Geräusch"}
    rules = {
        "en": "Make the sound in two seconds. Then hear them all in another place, and vote.",
        "de": "Mach das Geräusch in zwei Sekunden. Dann hört ihr alle an einem anderen Ort und stimmt ab.",
    }
    kinds = ("wonder", "local", "humour")
    seconds = 25
    mood: Mood = "silly"
    pack = "sounds"
    hidden = True
    joined_replay = True
    limit_ms = SOUND_MS
    window_ms = WINDOW_MS

    def vote_on(self, round_: Round, context: GameContext) -> str:
        """Ask which sound fits another place."""
        return AGAIN[context.language].format(place=fresh(context, "sound_places", round_))
