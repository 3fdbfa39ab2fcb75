from __future__ import annotations

import pytest

from server.room.events import Language
from server.telegram.listeners import Seal, Sealed
from server.telegram.quiet import Quiet

BEFORE = "NbaBtpQeEIPZfsNy92RT2g"
QUIETS = [None, Quiet(22, 8), Quiet(0, 1, -12 * 60), Quiet(23, 0, 14 * 60), Quiet(1, 2, 5 * 60 + 45)]


@pytest.mark.parametrize("chat", [1, 987_654_321_012, -100_123, 0])
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_chat_comes_back_out_of_its_name(chat: int, language: Language) -> None:
    for quiet in QUIETS:
        sealed = Sealed(chat, language, quiet)
        name = Seal("42:token").close(sealed)
        assert Seal("42:token").open(name) == sealed
        assert Seal("42:token").close(sealed) == name


def test_a_name_without_quiet_hours_is_as_it_was_before_there_were_any() -> None:
    assert Seal("42:token").close(Sealed(1, "en")) == BEFORE


@pytest.mark.parametrize("name", ["", "short", "A" * 22, "ü" * 22, "A" * 44])
def test_what_was_not_sealed_opens_to_nothing(name: str) -> None:
    assert Seal("42:token").open(name) is None


def test_another_token_opens_nothing() -> None:
    names = [Seal("42:token").close(Sealed(chat, "en")) for chat in range(200)]
    assert not [name for name in names if Seal("42:other").open(name)]
    assert len(set(names)) == 200
