"""The door of a room before any script runs: what holds in there, and what will happen first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from html import escape

from server.http.languages import Language
from server.web.rooms import RoomShown

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
# As browsers write them (`Intl`): one and several.
_UNITS: dict[Language, dict[int, tuple[str, str]]] = {
    "en": {DAY_MS: ("day", "days"), HOUR_MS: ("hour", "hours")},
    "de": {DAY_MS: ("Tag", "Tage"), HOUR_MS: ("Stunde", "Stunden")},
}
_NAMES: dict[Language, dict[str, str]] = {
    "en": {"en": "English", "de": "German"},
    "de": {"en": "Englisch", "de": "Deutsch"},
}
_WORDS = re.compile(r"^  '((?:join|room)\.[a-z.]+)': '((?:[^'\\]|\\')*)',$", re.MULTILINE)


@lru_cache(maxsize=4)  # one for each language, and for each that was changed on disk
def words_of(catalogue: bytes) -> dict[str, str]:
    """Return the words of a door in a catalogue of the page (static/js/lib/text.en.js)."""
    return {key: words.replace("\\'", "'") for key, words in _WORDS.findall(catalogue.decode())}


def door_of(room: RoomShown, lang: Language, words: Mapping[str, str]) -> str:
    """Return the door of a room in its visitor's language; static/js/views/join-gate.js takes it over."""
    said = f' dir="auto" lang="{room.language}"'
    return (
        f'<h2 id="gate-name"{said}>{escape(room.name)}</h2>'
        f'<p class="gate-rules"{said}>{escape(room.theme or room.rules)}</p>'
        f'<p class="gate-rules"{said}>{escape(room.description)}</p>'
        f'<p class="gate-consent"{said}>{escape(room.consent)}</p>'
        '<p class="gate-voice" role="status"></p>'
        f'<p class="gate-first">{escape(first(room, lang, words))}</p>'
    )


def first(room: RoomShown, lang: Language, words: Mapping[str, str]) -> str:
    """Return in one line what will happen first, as `join-gate.js` says it once it has the room's events."""
    spoken = "" if room.language == lang else _filled(
        words["room.spoken"], language=_NAMES[lang].get(room.language, room.language)
    )  # fmt: skip
    deaf = "" if room.captions else words["join.deaf"]
    return " ".join(filter(None, (spoken, _happens(room, lang, words), deaf)))


def _happens(room: RoomShown, lang: Language, words: Mapping[str, str]) -> str:
    others = max(room.listeners, room.speakers)
    if room.closed:
        return words["join.first.closed"]
    if room.locked:
        return ""  # its keeper comes in as ever, and who that is the page knows
    if room.round:
        return words["join.first.round"]
    if others:
        return _counted("join.first.people", others, words)
    if room.clips:
        return _counted("join.first.clips", room.clips, words)
    return _filled(words["join.first.empty"], span=span(room.keep_ms, lang))


def span(ms: int, lang: Language) -> str:
    """Return how long something is kept, in days or hours, as static/js/lib/format.js does."""
    unit = DAY_MS if ms >= DAY_MS else HOUR_MS
    n = max(1, round(ms / unit))
    one, several = _UNITS[lang][unit]
    return f"{n} {one if n == 1 else several}"


def _counted(key: str, n: int, words: Mapping[str, str]) -> str:
    return _filled(words[f"{key}.{'one' if n == 1 else 'other'}"], n=str(n))


def _filled(words: str, **values: str) -> str:
    return words.format(**values)
