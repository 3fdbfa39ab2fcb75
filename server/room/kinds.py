"""The kinds of rooms, as data: what a room's tone, time and door are."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from games.round import Tempo

DAY_MS = 86_400_000
Kind = Literal["wonder", "topic", "local", "humour", "language", "roleplay", "arena", "healing"]


class Timing(Struct, frozen=True):
    """How a tempo feels: the count-in, the window, and the rest between two rounds."""

    count_in_ms: int
    window_ms: int
    pulse_ms: int


TIMINGS: dict[Tempo, Timing] = {
    "snap": Timing(count_in_ms=3_000, window_ms=5_000, pulse_ms=12_000),
    "slow": Timing(count_in_ms=5_000, window_ms=12_000, pulse_ms=25_000),
}


class RoomKind(Struct, frozen=True):
    """What holds in every room of a kind. Words for the door are `consent` by language."""

    id: Kind
    rules: dict[str, str]
    tempo: Tempo = "snap"
    longest_clip_ms: int = 7_000
    scored: bool = True
    keep_ms: int = 7 * DAY_MS
    consent: dict[str, str] = {}


KINDS: dict[str, RoomKind] = {
    kind.id: kind
    for kind in (
        RoomKind(
            "wonder",
            {
                "en": "Anything goes, nonsense first. Say what comes; wrong is fine.",
                "de": "Alles darf, Unsinn zuerst. Sag, was kommt; falsch ist gut.",
            },
        ),
        RoomKind(
            "topic",
            {"en": "One theme, many first thoughts.", "de": "Ein Thema, viele erste Gedanken."},
        ),
        RoomKind(
            "local",
            {"en": "People around here, and nobody knows who.", "de": "Leute von hier, und keiner weiß wer."},
        ),
        RoomKind(
            "humour",
            {"en": "Training ground for being funny: be fast, be obvious.", "de": "Übungsplatz für Komik."},
        ),
        RoomKind(
            "language",
            {"en": "Play with words, listen closely.", "de": "Spiel mit Wörtern, hör genau hin."},
        ),
        RoomKind(
            "roleplay",
            {
                "en": "Be somebody else. Accept every offer.",
                "de": "Sei jemand anders. Nimm jedes Angebot an.",
            },
            longest_clip_ms=10_000,
        ),
        RoomKind(
            "arena",
            {
                "en": "Insults welcome. Targets are characters and things, never people.",
                "de": "Beleidigungen willkommen. Ziele sind Figuren und Dinge, nie Menschen.",
            },
            consent={
                "en": "Here people insult each other's characters, for fun. Come in?",
                "de": "Hier beleidigt man Figuren, zum Spaß. Kommst du rein?",
            },
        ),
        RoomKind(
            "healing",
            {
                "en": "Slow and kind. Listen first. Nothing is scored.",
                "de": "Langsam und freundlich. Erst zuhören. Nichts wird bewertet.",
            },
            tempo="slow",
            longest_clip_ms=15_000,
            scored=False,
        ),
    )
}
