from __future__ import annotations

import sys

import pytest

from server.engines.fallback import Fallback
from server.engines.open_text import open_openai, open_text
from server.engines.tally import Tally
from server.engines.text import EngineFailed
from tests.server.engines.test_fallback import Scripted


async def test_a_setting_names_an_engine() -> None:
    embedded = Scripted("embedded", None)
    openai = open_openai("http://127.0.0.1:9/v1", "m", "", Tally())
    assert open_text("off", openai, embedded) is None
    assert open_text("embedded", None, embedded) is embedded
    assert open_text("openai", None, embedded) is embedded
    assert isinstance(open_text("openai", openai, embedded), Fallback)
    await openai.close()


def test_without_the_extra_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "server.engines.openai_text", raising=False)
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(EngineFailed, match="not installed"):
        open_openai("http://127.0.0.1:9/v1", "m", "", Tally())
