"""`wonder captions test`: words with their times, and one sentence where there are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from server import hearing
from server.config import BadSetting, Config
from server.log.base import Unusable
from tests.support import model_files, spoken


async def test_words_are_printed_with_their_times_and_how_fast_they_were_read() -> None:
    sentence = spoken.sentences()[4]
    lines = (await hearing.report(Config(captions=str(spoken.tiny_en())), sentence.path, "en")).splitlines()
    assert lines[-2] == "He might even have been made amiable himself."
    assert [line.split()[2] for line in lines[:-2]] == lines[-2].split()
    assert "times as fast as said" in lines[-1]


async def test_what_cannot_be_tried_is_told_in_a_sentence(tmp_path: Path) -> None:
    recording = spoken.sentences()[1].path
    noise = tmp_path / "noise"
    noise.write_bytes(b"no sound at all")
    english = str(spoken.tiny_en())
    for captions, file, language, error, sentence in (
        ("off", recording, "en", BadSetting, "name a model"),
        ("tiny", recording, "en", Unusable, "captions download tiny"),
        (english, recording, "de", Unusable, "does not know the language de"),
        (english, noise, "en", Unusable, "could not read that sound"),
        (str(model_files.made(tmp_path / "fake")), recording, "en", Unusable, "could not be loaded"),
    ):
        with pytest.raises(error, match=sentence):
            await hearing.report(Config(captions=captions, data=tmp_path), file, language)
