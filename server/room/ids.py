"""Ids nobody can guess, readable ids for public rooms, and the voices that visitors are given."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import tomllib
import unicodedata
from base64 import urlsafe_b64encode
from colorsys import hls_to_rgb
from functools import lru_cache
from pathlib import Path

from server.room.events import Language, Voice

ID_BYTES = 16
VOICE_ID_BYTES = 15
NETWORK_BYTES = 3
SLUG_CHARACTERS = 40

# Hue in degrees, saturation and lightness in percent; vivid and pale ones in turn, so that
# neighbours differ. On the night sky (#0b1020) each has a contrast of 6 or more. No colour has
# 4.5 on both the night sky and white (4.35 is the best there is), so a light page mixes the
# colour with 45 % of black, which has more than 4.5 on white.
_HUES = (
    (0, 85, 68), (15, 65, 75), (30, 85, 48), (45, 65, 57), (60, 85, 40), (75, 65, 47),
    (90, 85, 40), (105, 65, 50), (120, 85, 40), (135, 65, 51), (150, 85, 40), (165, 65, 50),
    (180, 85, 40), (195, 65, 66), (210, 85, 60), (225, 65, 79), (240, 85, 75), (255, 65, 81),
    (270, 85, 72), (285, 65, 79), (300, 85, 62), (315, 65, 78), (330, 85, 66), (345, 65, 79),
)  # fmt: skip
_ENDINGS = {"m": "er", "f": "e", "n": "es"}
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def unguessable() -> str:
    """Return a new id of 128 random bits."""
    return secrets.token_urlsafe(ID_BYTES)


def slug(name: str) -> str:
    """Return a readable id for a public room: lower case letters, digits and single hyphens."""
    words = re.sub(r"[^a-z0-9]+", "-", plain(name))[: SLUG_CHARACTERS + 1]
    return words.strip("-")[:SLUG_CHARACTERS].strip("-") or "room"


def plain(text: str) -> str:
    """Return a text in lower case and ASCII: German letters as two, no accents, no other scripts."""
    lowered = unicodedata.normalize("NFKC", text).lower().translate(_LETTERS)
    return unicodedata.normalize("NFKD", lowered).encode("ascii", "ignore").decode()


def voice(secret: bytes, key: str, room: str, language: Language) -> Voice:
    """Return who a key is in one room; nothing in it tells the key or links it to another room."""
    said = b"\0".join((b"voice", room.encode(), key.encode()))
    digest = hmac.digest(secret, said, hashlib.sha256)
    draw = int.from_bytes(digest[VOICE_ID_BYTES:])
    draw, colour = divmod(draw, len(COLOURS))
    draw, adjective = divmod(draw, len(adjectives(language)))
    noun = draw % len(nouns(language))
    name = _joined(adjectives(language)[adjective], *nouns(language)[noun])
    return Voice(_text(digest[:VOICE_ID_BYTES]), name, COLOURS[colour])


def network(secret: bytes, prefix: str, room: str) -> str:
    """Return a tag for the network that an address prefix is of: it means nothing in another room.

    It is so short that about one in 16 million others shares it, and that nobody can be sure of an address
    who tries all of them. What an address is part of (a /24 or a /64) counts, not the address.
    """
    said = b"\0".join((b"network", room.encode(), prefix.encode()))
    return _text(hmac.digest(secret, said, hashlib.sha256)[:NETWORK_BYTES])


@lru_cache
def adjectives(language: Language) -> tuple[str, ...]:
    """Return the adjectives of a language; German ones without their ending."""
    return tuple(_words(language)["adjectives"])


@lru_cache
def nouns(language: Language) -> tuple[tuple[str, str], ...]:
    """Return the nouns of a language with the ending that they give their adjective."""
    words = _words(language)["nouns"]
    if isinstance(words, list):
        return tuple((noun, "") for noun in words)
    return tuple((noun, _ENDINGS[gender]) for gender, all_ in words.items() for noun in all_)


def _joined(adjective: str, noun: str, ending: str) -> str:
    return f"{adjective[0].upper()}{adjective[1:]}{ending} {noun}"


@lru_cache
def _words(language: Language) -> dict[str, list[str] | dict[str, list[str]]]:
    path = Path(__file__).with_name("names") / f"{language}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _hex(hue: int, saturation: int, lightness: int) -> str:
    rgb = hls_to_rgb(hue / 360, lightness / 100, saturation / 100)
    return "#" + "".join(f"{round(part * 255):02x}" for part in rgb)


COLOURS = tuple(_hex(*colour) for colour in _HUES)
