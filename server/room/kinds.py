"""The kinds of rooms, as data: games, times, the door, filters and words of each."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from games.game import Game
from games.registry import BY_ID, offered
from games.round import Tempo

DAY_MS = 86_400_000
Kind = Literal["wonder", "topic", "local", "humour", "language", "roleplay", "arena", "healing"]
# What a room of a kind looks at before it takes a text, and when the words of a clip come (`filters.py`):
# `contacts` are numbers, links and addresses, `slurs` words against groups, `names` texts that name somebody
# in full.
Filter = Literal["contacts", "slurs", "names"]
Door = Literal["open", "consent"]


class Timing(Struct, frozen=True):
    """How a tempo feels: the count-in, the windows, and the rest between two rounds.

    A word is begun within `word_ms`, a line within `window_ms`. The rest is shorter (`lively_ms`) after
    a round in which two or more spoke, and as long as the end of a game is shown.
    """

    count_in_ms: int
    window_ms: int
    pulse_ms: int
    word_ms: int
    lively_ms: int


TIMINGS: dict[Tempo, Timing] = {
    # Three beats of 0.6 s, and of a second.
    "snap": Timing(count_in_ms=1_800, window_ms=5_000, pulse_ms=12_000, word_ms=3_000, lively_ms=5_000),
    "slow": Timing(count_in_ms=3_000, window_ms=12_000, pulse_ms=25_000, word_ms=12_000, lively_ms=12_000),
}


class RoomKind(Struct, frozen=True):
    """What holds in every room of a kind. Words are by language; `names` are for rooms without one.

    `plain` is the game that a throw and most pulses begin; `other_share` of the pulses begin
    another one, when enough can play; `theme_share` of the plain prompts name the room's theme; in
    `mask_share` of the rounds everyone wears the same mask.
    `consent` is asked at the door; a `placed` room belongs to a place; `preview` lets speakers hear
    their take before it lands; `host` says what a host character is like; `aftercare` is said at the
    end of rounds that may have touched something. Where clips are not `shared` there is no card of one.
    Where it has `care`, who says that they may need help is shown where it is.
    With a `voice` the radio of a room says what is played, until its keeper or the admin wants it otherwise.
    """

    id: Kind
    names: dict[str, str]
    rules: dict[str, str]
    tempo: Tempo = "snap"
    longest_clip_ms: int = 7_000
    scored: bool = True
    keep_ms: int = 7 * DAY_MS
    consent: dict[str, str] = {}
    preview: bool = False
    filters: tuple[Filter, ...] = ("contacts", "slurs")
    door: Door = "open"
    placed: bool = False
    pulse: bool = True
    plain: str = "first_thing"
    other_share: float = 0.25
    theme_share: float = 0.0
    mask_share: float = 0.0
    host: dict[str, str] = {}
    aftercare: dict[str, str] = {}
    shared: bool = True
    voice: bool = True
    care: bool = False

    @property
    def games(self) -> tuple[str, ...]:
        """Return the ids of the games offered, in the order in which they are shown."""
        return tuple(game.id for game in offered(self.id))

    @property
    def themed(self) -> bool:
        """Tell whether a room of the kind is about its theme, and is nothing without one."""
        return self.theme_share > 0

    def suited(self, speakers: int) -> tuple[Game, ...]:
        """Return the games, the plain one aside, that the given number of speakers can play."""
        games = (BY_ID[id] for id in self.games if id != self.plain)  # noqa: A001
        return tuple(game for game in games if game.least <= speakers)


KINDS: dict[str, RoomKind] = {
    kind.id: kind
    for kind in (
        RoomKind(
            "wonder",
            {"en": "Wonder", "de": "Wunder"},
            {
                "en": "Anything goes, nonsense first. Say what comes; wrong is fine.",
                "de": "Alles geht, Unsinn zuerst. Sag, was kommt; falsch ist gut.",
            },
            care=True,
            host={
                "en": "A delighted child with a megaphone.",
                "de": "Ein begeistertes Kind mit Megafon.",
            },
        ),
        RoomKind(
            "topic",
            {"en": "One topic", "de": "Ein Thema"},
            {"en": "One topic, many first thoughts.", "de": "Ein Thema, viele erste Gedanken."},
            theme_share=0.7,
            care=True,
            host={
                "en": "A curious librarian who forgot all the books.",
                "de": "Eine neugierige Bibliothekarin, die alle Bücher vergessen hat.",
            },
        ),
        RoomKind(
            "local",
            {"en": "Around here", "de": "Hier in der Nähe"},
            {
                "en": "People around here, and nobody knows who.",
                "de": "Leute von hier, und niemand weiß, wer.",
            },
            placed=True,
            filters=("contacts", "slurs", "names"),
            care=True,
            host={
                "en": "The kiosk at the corner that hears everything.",
                "de": "Der Kiosk an der Ecke, der alles hört.",
            },
        ),
        RoomKind(
            "humour",
            {"en": "Humour", "de": "Humor"},
            {
                "en": "Training ground for being funny: be fast, be obvious.",
                "de": "Übungsplatz fürs Komische: sei schnell, sei naheliegend.",
            },
            other_share=0.5,
            mask_share=0.15,
            host={
                "en": "A coach who laughs before the joke.",
                "de": "Ein Trainer, der vor dem Witz lacht.",
            },
        ),
        RoomKind(
            "language",
            {"en": "Words", "de": "Wörter"},
            {"en": "Play with words, listen closely.", "de": "Spiel mit Wörtern, hör genau hin."},
            other_share=0.6,
            host={
                "en": "A strict dictionary with a soft heart.",
                "de": "Ein strenges Wörterbuch mit weichem Herz.",
            },
        ),
        RoomKind(
            "roleplay",
            {"en": "Role play", "de": "Rollenspiel"},
            {
                "en": "Be somebody else. Accept every offer.",
                "de": "Sei jemand anders. Nimm jedes Angebot an.",
            },
            longest_clip_ms=10_000,
            other_share=0.7,
            mask_share=0.2,
            host={
                "en": "A narrator who does not know the end either.",
                "de": "Ein Erzähler, der das Ende auch nicht kennt.",
            },
        ),
        RoomKind(
            "arena",
            {"en": "Arena", "de": "Arena"},
            {
                "en": "Insults welcome. Targets are characters and things, never people. “Out” ends it.",
                "de": "Beleidigungen willkommen. Ziele sind Figuren, nie Menschen. „Raus“ beendet es.",
            },
            consent={
                "en": "Here people insult each other's characters, for fun. Come in?",
                "de": "Hier beleidigt man Figuren, zum Spaß. Kommst du rein?",
            },
            filters=("contacts", "slurs", "names"),
            door="consent",
            other_share=0.6,
            host={
                "en": "A ringside announcer in love with every insult.",
                "de": "Ein Ringsprecher, verliebt in jede Beleidigung.",
            },
        ),
        RoomKind(
            "healing",
            {"en": "Healing", "de": "Heilsam"},
            {
                "en": "Slow and kind. Listen first. Nothing is scored.",
                "de": "Langsam und freundlich. Erst zuhören. Nichts wird bewertet.",
            },
            tempo="slow",
            longest_clip_ms=15_000,
            scored=False,
            shared=False,
            keep_ms=DAY_MS,
            preview=True,
            filters=("contacts", "slurs", "names"),
            other_share=0.5,
            care=True,
            host={
                "en": "A giraffe: large heart, long neck, few words.",
                "de": "Eine Giraffe: großes Herz, langer Hals, wenig Worte.",
            },
            aftercare={
                "en": "If something still moves in you: breathe, drink some water, tell somebody you trust.",
                "de": "Wenn noch etwas nachklingt: atme, trink Wasser, erzähl es jemandem, dem du traust.",
            },
        ),
    )
}
