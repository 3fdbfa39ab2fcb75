"""Fetching a voice with the real downloader from a hub of our own."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.engines import voices
from server.engines.downloading import size
from server.engines.models import NoModel
from server.engines.piper import Piper
from tests.support import spoken
from tests.support.model_hub import hub

NAME = "de_DE-thorsten-medium"
THERE = f"de/de_DE/thorsten/medium/{NAME}.onnx"
FILES = {THERE: b"weights" * 1_000, f"{THERE}.json": b'{"audio": {}}', "README.md": b"not needed"}


@pytest.fixture(autouse=True)
def _downloader() -> None:
    spoken.need_extra("huggingface_hub")


def test_a_voice_is_fetched_and_lies_where_piper_looks(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with hub(FILES) as endpoint:
        folder = voices.download(NAME, tmp_path, lambda *sizes: told.append(sizes), endpoint=endpoint)

    assert Piper(folder).languages() == {"de"}
    there = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in folder.rglob("*.*")}
    assert there == {f"voices/{NAME}.onnx": FILES[THERE], f"voices/{NAME}.onnx.json": FILES[f"{THERE}.json"]}
    assert told[-1][0] == told[-1][1] == sum(map(len, there.values()))


@pytest.mark.parametrize("file", [THERE, f"{THERE}.json"])
def test_one_that_is_not_what_it_was_named_is_not_kept_and_is_fetched_anew(tmp_path: Path, file: str) -> None:
    with hub(FILES, {file: "0" * 64}) as endpoint, pytest.raises(NoModel, match="another hash"):
        voices.download(NAME, tmp_path, lambda *_: None, endpoint=endpoint)
    assert Piper(tmp_path / "voices").languages() == set()

    with hub(FILES) as endpoint:
        assert Piper(voices.download(NAME, tmp_path, lambda *_: None, endpoint=endpoint)).languages() == {
            "de"
        }


def test_a_hub_that_is_not_there_is_told_in_a_sentence_with_another_way(tmp_path: Path) -> None:
    with hub({}) as endpoint:
        pass
    with pytest.raises(NoModel, match=f"{NAME} was not fetched") as missing:
        voices.download(NAME, tmp_path, lambda *_: None, endpoint=endpoint)
    assert f"copy {NAME}.onnx and {NAME}.onnx.json" in missing.value.advice


def test_a_voice_that_is_not_there_is_named(tmp_path: Path) -> None:
    with hub({THERE: b"alone"}) as endpoint, pytest.raises(NoModel, match=f"no voice {NAME}"):
        voices.download(NAME, tmp_path, lambda *_: None, endpoint=endpoint)


@pytest.mark.parametrize("name", ["../de_DE-thorsten-medium", "thorsten", "", "de_DE-thor/sten-low"])
def test_what_is_no_voices_name_fetches_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(NoModel, match="not the name"):
        voices.download(name, tmp_path, lambda *_: None)
    assert size(tmp_path) == 0
