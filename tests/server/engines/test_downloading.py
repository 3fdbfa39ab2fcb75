"""Fetching a model with the real downloader from a hub of our own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from server.engines import models
from server.engines.downloading import download, size
from server.engines.models import NoModel
from tests.support import model_files, spoken
from tests.support.model_hub import hub
from tests.support.shape import ROOT


def command(endpoint: str, data: Path) -> subprocess.CompletedProcess[str]:
    """Run `wonder captions download tiny`."""
    spoken.need_extra("faster_whisper")
    unset = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return subprocess.run(
        [sys.executable, "-m", "server", "captions", "download", "tiny", "--data", str(data)],
        cwd=ROOT,
        env={**unset, "HF_ENDPOINT": endpoint, "HF_HOME": str(data / "hub"), "HF_HUB_DISABLE_TELEMETRY": "1"},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_a_model_is_fetched_and_found_by_its_name(tmp_path: Path) -> None:
    with hub(model_files.files() | {"README.md": b"not needed"}) as endpoint:
        done = command(endpoint, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "start with --captions tiny" in done.stdout
    assert models.find("tiny", tmp_path).folder == tmp_path / "models/tiny"
    there = {path.name for path in (tmp_path / "models").rglob("*") if path.is_file()}
    assert there == set(model_files.files())


def test_one_that_came_in_half_is_not_a_model(tmp_path: Path) -> None:
    files = model_files.files()
    with hub(files | {"model.bin": files["model.bin"][:80]}) as endpoint:
        done = command(endpoint, tmp_path)
    assert done.returncode == 1
    assert "model.bin ends too early" in done.stderr
    assert "Traceback" not in done.stderr
    with pytest.raises(NoModel):
        models.find("tiny", tmp_path)


def test_a_hub_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    with hub({}) as endpoint:
        pass
    done = command(endpoint, tmp_path)
    assert done.returncode == 1
    assert "tiny was not fetched" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["../tiny", "nonsense", ""])
def test_what_is_no_models_name_fetches_nothing(tmp_path: Path, name: str) -> None:
    spoken.need_extra("faster_whisper")
    with pytest.raises(NoModel, match="is not"):
        download(name, tmp_path, lambda _, __: None)
    assert size(tmp_path) == 0
