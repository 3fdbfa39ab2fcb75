from __future__ import annotations

from games.characters import CHARACTERS


def test_characters_are_known_by_their_ids() -> None:
    assert CHARACTERS
    assert all(each.id == id_ for id_, each in CHARACTERS.items())
    assert all(each.names["en"] and each.names["de"] for each in CHARACTERS.values())
