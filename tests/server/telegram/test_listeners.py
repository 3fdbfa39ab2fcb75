from __future__ import annotations

import pytest

from server.room.events import Language
from server.telegram.listeners import Seal


@pytest.mark.parametrize("chat", [1, 987_654_321_012, -100_123, 0])
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_chat_comes_back_out_of_its_name(chat: int, language: Language) -> None:
    name = Seal("42:token").close(chat, language)
    assert Seal("42:token").open(name) == (chat, language)
    assert Seal("42:token").close(chat, language) == name


@pytest.mark.parametrize("name", ["", "short", "A" * 22, "ü" * 22, "A" * 44])
def test_what_was_not_sealed_opens_to_nothing(name: str) -> None:
    assert Seal("42:token").open(name) is None


def test_another_token_opens_nothing() -> None:
    names = [Seal("42:token").close(chat, "en") for chat in range(200)]
    assert not [name for name in names if Seal("42:other").open(name)]
    assert len(set(names)) == 200
