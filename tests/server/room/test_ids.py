"""Ids cannot be guessed, voices cannot be linked, names are friendly and colours can be read."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.room import ids
from server.room.events import Language

LANGUAGES: tuple[Language, ...] = get_args(Language)
NIGHT, DAY, BLACK = "#0b1020", "#ffffff", "#000000"
SECRET = b"s" * 32


def rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def luminance(colour: tuple[float, ...]) -> float:
    """Return the relative luminance as WCAG 2 defines it."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_unguessable_ids_have_128_bits_and_fit_a_url() -> None:
    made = {ids.unguessable() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{22}", id_) for id_ in made)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Space of Wonder", "space-of-wonder"),
        ("  Große Bühne! ", "grosse-buehne"),
        ("Café -- Ñandú", "cafe-nandu"),
        ("🎤🎤", "room"),
        ("", "room"),
        ("../../etc/passwd", "etc-passwd"),
        ("x" * 90, "x" * 40),
        ("ﬁne", "fine"),
    ],
)
def test_a_slug_is_readable(name: str, slug: str) -> None:
    assert ids.slug(name) == slug


@settings(deadline=None)
@given(st.text())
def test_a_slug_is_always_safe(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", ids.slug(name))
    assert len(ids.slug(name)) <= ids.SLUG_CHARACTERS


def test_a_voice_is_the_same_each_time_and_another_in_each_room() -> None:
    voice = ids.voice(SECRET, "key", "room", "en")
    assert voice == ids.voice(SECRET, "key", "room", "en")
    others = [
        ids.voice(SECRET, "key", "other", "en"),
        ids.voice(SECRET, "other", "room", "en"),
        ids.voice(b"t" * 32, "key", "room", "en"),
        ids.voice(SECRET, "yek\0room", "", "en"),
    ]
    assert len({voice.id, *(other.id for other in others)}) == 5
    assert re.fullmatch(r"[A-Za-z0-9_-]{20}", voice.id)


def test_the_language_changes_the_name_alone() -> None:
    english, german = (ids.voice(SECRET, "key", "room", language) for language in LANGUAGES)
    assert (english.id, english.colour) == (german.id, german.colour)
    assert english.name != german.name


def test_names_and_colours_are_spread() -> None:
    voices = [ids.voice(SECRET, f"{i}", "room", "en") for i in range(2_000)]
    assert {voice.colour for voice in voices} == set(ids.COLOURS)
    assert len({voice.name for voice in voices}) > 1_900


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_names_enough_and_none_twice(language: Language) -> None:
    adjectives, nouns = ids.adjectives(language), [noun for noun, _ in ids.nouns(language)]
    assert len(adjectives) >= 200
    assert len(nouns) >= 200
    assert len(set(adjectives)) == len(adjectives)
    assert len(set(nouns)) == len(nouns)
    assert all(re.fullmatch(r"[A-Za-zÄÖÜäöüß][a-zäöüßA-Z -]+", word) for word in [*adjectives, *nouns])


def test_german_adjectives_agree_with_their_nouns() -> None:
    genders = dict(ids.nouns("de"))
    assert (genders["Kaktus"], genders["Teekanne"], genders["Akkordeon"]) == ("er", "e", "es")
    assert not [word for word in ids.adjectives("de") if word.endswith("e") or not word.islower()]
    feminine = [noun for noun, ending in genders.items() if noun.endswith(("ung", "heit", "keit", "ette"))]
    assert {genders[noun] for noun in feminine} <= {"e"}
    small = [noun for noun in genders if noun.endswith(("chen", "lein")) and noun != "Drachen"]
    assert {
        genders[noun] for noun in small if noun not in ("Pfannkuchen", "Kuchen", "Käsekuchen", "Lebkuchen")
    } == {"es"}


def test_names_read_well() -> None:
    german = [ids.voice(SECRET, f"{i}", "room", "de").name for i in range(300)]
    assert all(re.fullmatch(r"[A-ZÄÖÜ][a-zäöüß]+(er|es|e) [A-ZÄÖÜ].+", name) for name in german)
    english = [ids.voice(SECRET, f"{i}", "room", "en").name for i in range(300)]
    assert all(re.fullmatch(r"[A-Z][a-z-]+ [A-Z].+", name) for name in english)
    assert max(len(name) for name in german + english) <= 48


def test_colours_can_be_read_at_night_and_mixed_with_black_by_day() -> None:
    assert len(set(ids.COLOURS)) == len(ids.COLOURS) >= 24
    for colour in ids.COLOURS:
        assert re.fullmatch(r"#[0-9a-f]{6}", colour)
        assert contrast(rgb(colour), rgb(NIGHT)) >= 4.5
        assert contrast(tuple(part * 0.55 for part in rgb(colour)), rgb(DAY)) >= 4.5


def test_the_tag_of_a_network_is_short_and_means_nothing_elsewhere() -> None:
    tag = ids.network(SECRET, "203.0.113.0/24", "room")
    assert re.fullmatch(r"[A-Za-z0-9_-]{4}", tag)
    assert tag == ids.network(SECRET, "203.0.113.0/24", "room")
    others = [("203.0.113.0/24", "other"), ("203.0.114.0/24", "room")]
    assert tag not in {ids.network(SECRET, *other) for other in others} | {
        ids.network(b"x" * 32, "203.0.113.0/24", "room")
    }
