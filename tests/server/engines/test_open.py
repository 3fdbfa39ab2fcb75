from __future__ import annotations

from pathlib import Path

import pytest

from server.config import BadSetting, Config, check
from server.engines.open import open_speech


def test_a_setting_names_an_engine_that_has_not_begun(tmp_path: Path) -> None:
    names = ["off", "espeak", f"piper:{tmp_path}", "http://127.0.0.1:1/v1/audio/speech"]
    engines = [open_speech(name) for name in names]

    assert [engine and engine.name for engine in engines] == [None, "espeak", "piper", "url"]
    for name in names:
        check(Config(speech=name))


@pytest.mark.parametrize("name", ["loud", "piper:", "piper:/no/such/folder", "ftp://there", "espeak:x"])
def test_what_is_no_engine_is_a_bad_setting(name: str) -> None:
    with pytest.raises(BadSetting, match="--speech"):
        check(Config(speech=name))
