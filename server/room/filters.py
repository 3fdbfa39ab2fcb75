"""What a room looks at before a text is taken: which filter refuses it, and what to say instead. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection

from server.room import contacts, fullnames, slurs
from server.room.commands import Refused
from server.room.events import Language
from server.room.kinds import Filter

# What is said to who wrote it: what it is about, and what would pass.
SENTENCES: dict[Filter, dict[Language, str]] = {
    "contacts": {
        "en": "No numbers, links, handles or addresses here: they outlive the moment. Say it without.",
        "de": "Keine Nummern, Links, Accounts oder Adressen: Die überleben den Moment. Sag es ohne.",
    },
    "slurs": {
        "en": "That word hits a whole group of people. Say what you mean without it.",
        "de": "Das Wort trifft eine ganze Gruppe von Menschen. Sag, was du meinst, ohne es.",
    },
    "names": {
        "en": "That sounds like a real person's full name. Make somebody up, or leave the last name out.",
        "de": "Das klingt nach einem echten Menschen. Erfinde jemanden, oder lass den Nachnamen weg.",
    },
}
_FOUND: dict[Filter, Callable[[str, Language], bool]] = {
    "contacts": lambda text, _: contacts.found(text),
    "slurs": lambda text, _: slurs.found(text),
    "names": fullnames.found,
}


def refuse(text: str, language: Language, filters: Collection[Filter]) -> Filter | None:
    """Return the first of some filters that does not let a text pass, None when all do."""
    return next((name for name in filters if _FOUND[name](text, language)), None)


def check(text: str, language: Language, filters: Collection[Filter]) -> None:
    """Refuse (`filtered`) a text that a filter does not let pass, in the language of its room."""
    name = refuse(text, language, filters)
    if name is not None:
        raise Refused("filtered", SENTENCES[name][language])
