from __future__ import annotations

from pathlib import Path

import pytest

from server.config import BadSetting, Config, check
from server.engines import espeak
from server.engines.open import described, open_speech


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


@pytest.mark.parametrize("source", ["", "eSpeak NG, the program /bin/espeak-ng"])
def test_auto_is_what_is_there(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak, "source", lambda: source)
    check(Config())

    engine = open_speech(Config().speech)
    assert (engine and engine.name) == ("espeak" if source else None)
    assert described("auto") == (source or "auto")
    assert described("piper:voices") == "piper:voices"
