"""Which model is there, what it understands, and what is said of one that is missing or not whole."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from server.engines import models
from server.engines.models import NoModel, find
from tests.support import spoken
from tests.support.model_files import made, variable, weights


@pytest.fixture(autouse=True)
def _libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "LIBRARIES", ("msgspec",))


def refused(named: str, data: Path) -> NoModel:
    with pytest.raises(NoModel) as refusal:
        find(named, data)
    return refusal.value


def test_a_folder_is_a_model_and_a_name_has_one_in_the_data_folder(tmp_path: Path) -> None:
    folder = made(tmp_path / "models" / "base")
    assert find("base", tmp_path) == find(str(folder), Path("elsewhere"))
    found = find("base", tmp_path)
    assert (found.name, found.folder) == ("base", folder)
    assert found.languages == {"en", "de", "haw"}


def test_a_small_vocabulary_is_english_alone(tmp_path: Path) -> None:
    assert find(str(made(tmp_path / "tiny.en", 51_864)), tmp_path).languages == {"en"}


def test_real_models_are_whole(tmp_path: Path) -> None:
    assert find(str(spoken.tiny_en()), tmp_path).languages == {"en"}
    assert len(find(str(spoken.base()), tmp_path).languages) == 99


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.bin", "vocabulary.json"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    (made(tmp_path / "model") / name).unlink()
    assert f"{name} is missing" in refused(str(tmp_path / "model"), tmp_path).found


def test_every_truncation_of_the_weights_is_seen(tmp_path: Path) -> None:
    folder = made(tmp_path / "model")
    whole = (folder / "model.bin").read_bytes()
    for size in range(0, len(whole) - 5, 7):
        (folder / "model.bin").write_bytes(whole[:size])
        assert "ends too early" in refused(str(folder), tmp_path).found, size


def test_a_file_that_claims_too_much_is_not_believed(tmp_path: Path) -> None:
    folder = made(tmp_path / "model")
    (folder / "model.bin").write_bytes(weights(variable(b"one", 100, claimed=2**32 - 1)))
    assert "ends too early" in refused(str(folder), tmp_path).found
    (folder / "model.bin").write_bytes(weights()[:22] + b"\xff" * 8)
    assert "is no model" in refused(str(folder), tmp_path).found


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "vocabulary.json"])
@pytest.mark.parametrize("body", [b"", b'{"cut": ', b"\xff\xfe", b"[[[[1]]]]"])
def test_a_damaged_file_is_no_model(tmp_path: Path, name: str, body: bytes) -> None:
    (made(tmp_path / "model") / name).write_bytes(body)
    assert "is not whole" in refused(str(tmp_path / "model"), tmp_path).found


def test_a_name_that_is_not_there_is_to_be_downloaded(tmp_path: Path) -> None:
    assert refused("base", tmp_path).advice.startswith("Run `wonder captions download base`")
    assert refused(str(tmp_path / "none"), tmp_path).advice.startswith("Name a folder")


def test_names_do_not_leave_the_data_folder() -> None:
    for named in ("..", "../..", "/etc", "a/b", "", "-x", "a" * 65):
        assert not models.is_name(named)


def test_without_the_extra_it_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "LIBRARIES", ("no_such_library",))
    assert importlib.util.find_spec("no_such_library") is None
    told = refused(str(made(tmp_path / "model")), tmp_path)
    assert told.found == "no_such_library is not installed"
    assert "make extras" in told.advice
