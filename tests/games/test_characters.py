from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from games.characters import CHARACTERS, FOLDER, BadCharacter, faults, of_kind, read
from games.first_thing import EVERYWHERE
from server.room.masks import MASKS
from server.room.text import cleaned


def test_every_kind_of_room_has_a_character_of_its_own() -> None:
    assert len(CHARACTERS) >= 8
    assert {kind for character in CHARACTERS.values() for kind in character.kinds} == set(EVERYWHERE)
    assert {of_kind(kind).id for kind in EVERYWHERE} == set(CHARACTERS)
    assert of_kind("no such kind") in CHARACTERS.values()


def test_each_speaks_both_languages_through_a_mask_that_there_is() -> None:
    for character in CHARACTERS.values():
        assert set(character.parts) == {"en", "de"}
        assert character.mask in MASKS
        assert all(character.names.values())
        assert all(character.temper.values())
        assert all(character.never.values())
        assert all(part.throws and part.reacts for part in character.parts.values())
    assert len({character.mask for character in CHARACTERS.values()}) == len(CHARACTERS)


@pytest.mark.parametrize("character", sorted(CHARACTERS))
def test_lines_are_sayable_as_they_stand(character: str) -> None:
    for part in CHARACTERS[character].parts.values():
        lines = [*part.hello, *part.bye, *part.throws, *part.echoes, *part.feeds, *part.gentle]
        lines += [line for reaction in part.reacts for line in reaction.says]
        assert [line for line in lines if cleaned(line) != line] == []
        assert len(lines) == len(set(lines))


def test_the_gentle_one_is_where_it_heals() -> None:
    assert [character.kinds for character in CHARACTERS.values() if character.parts["en"].gentle] == [
        ("healing",)
    ]


@pytest.mark.parametrize(
    ("wrong", "by"),
    [
        ('kinds = ["wonder"]', 'kinds = ["nowhere"]'),
        ('kinds = ["wonder"]', "kinds = []"),
        ('mask = "mouse"', "mask = 3"),
        ('mask = "mouse"', 'mask = "mouse"\nmore = 1'),
        ("“{word}”! Now the same word", "Now the same word"),
        ("Attention! {name} has arrived.", "Attention! Somebody has arrived."),
        ("“{word}”! Now", "“{word}” {nothing}! Now"),
        ("My knees are only on loan.", "loan " * 17),
        ("My knees are only on loan.", "My knees are {} on loan."),
        ("My knees are only on loan.", "My knees are {name."),
        ("My knees are only on loan.", "?!"),
        ('hears = ["i have *"', 'hears = ["i * have *"'),
        ('hears = ["i have *"', 'hears = ["*"'),
        ('hears = ["i have *"', 'hears = ["i have"'),
        ("[en]", "[en"),
    ],
)
def test_a_bad_file_fails_loudly(wrong: str, by: str, tmp_path: Path) -> None:
    text = (FOLDER / "megaphone.toml").read_text(encoding="utf-8")
    assert wrong in text
    path = tmp_path / "broken.toml"
    path.write_text(text.replace(wrong, by, 1), encoding="utf-8")

    with pytest.raises(BadCharacter, match=r"broken\.toml"):
        read(path)


def test_too_few_lines_are_told() -> None:
    character = CHARACTERS["kiosk"]
    few = replace(character, parts={"en": replace(character.parts["en"], throws=("What?",), name="")})

    assert len(faults(few)) == 2
