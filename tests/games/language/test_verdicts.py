from __future__ import annotations

from games.language.verdicts import COACHING, VERDICTS


def test_most_things_can_be_said_in_several_ways() -> None:
    for verdicts in VERDICTS.values():
        assert sum(len(wordings) > 1 for wordings in verdicts.values()) >= 0.9 * len(verdicts)
        assert all(len(set(wordings)) == len(wordings) for wordings in verdicts.values())


def test_nobody_is_called_names() -> None:
    unkind = ("stupid", "idiot", "dumm ", "blöd", "loser")
    for verdicts in VERDICTS.values():
        for wordings in verdicts.values():
            assert not [text for text in wordings if any(word in text.casefold() for word in unkind)]


def test_there_is_coaching_for_both_tempos() -> None:
    assert all(set(tempos) == {"snap", "slow"} for tempos in COACHING.values())
