"""Fetching a model by faster-whisper's own downloader, with a bar that shows how far it is.

For the command `wonder captions download` alone (`voices` has that of `wonder speech download`): a
server never fetches anything.
"""

from __future__ import annotations

import os
import shutil
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from server.engines import models
from server.engines.models import NoModel

PATTERNS = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.")
LOOK_EVERY_S = 0.2
UNFINISHED = ".unfinished"

Progress = Callable[[int, int], None]  # bytes that are there, bytes in all


def download(name: str, data: Path, progress: Progress) -> Path:
    """Fetch a model into the data folder and return where it is. Raises `NoModel`.

    What was begun earlier goes on where it ended; the model has its name when it is whole.
    """
    if not models.is_name(name):
        raise NoModel(f"{name} is not the name of a model", "Take one like tiny, base or small.")
    folder = data / models.FOLDER / name
    unfinished = folder.with_name(name + UNFINISHED)
    try:
        total = _fetch(name, unfinished, progress)
        progress(total, total)
        shutil.rmtree(unfinished / ".cache", ignore_errors=True)
        models.check(unfinished)
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    except models.NotWhole as error:
        raise NoModel(f"{name} as it was fetched is not whole: {error}", "Run it again.") from error
    except ValueError as error:
        raise NoModel(f"{name}: {error}", "Take one like tiny, base or small.") from error
    except OSError as error:  # what went wrong on the network is one too
        raise NoModel(
            f"{name} was not fetched ({first_line(error)})",
            "Look at the connection and the free space, and run it again: it goes on where it ended.",
        ) from error
    return folder


def _fetch(name: str, folder: Path, progress: Progress) -> int:
    try:
        import huggingface_hub  # noqa: PLC0415 - the extra `captions`
        from faster_whisper import utils  # noqa: PLC0415
        from httpx2 import HTTPError  # noqa: PLC0415
    except ImportError as error:
        raise NoModel(f"{error.name} is not installed", "Run `make extras`.") from error

    repository = utils._MODELS.get(name)  # noqa: SLF001 - the one list of their names
    if repository is None:
        raise ValueError(f"is not one of {', '.join(sorted(utils.available_models()))}")
    try:
        found: Any = huggingface_hub.HfApi().model_info(repository, files_metadata=True)
    except HTTPError as error:
        raise OSError(first_line(error)) from error
    total = sum(file.size or 0 for file in found.siblings if file.rfilename.startswith(PATTERNS))
    folder.mkdir(parents=True, exist_ok=True)
    with watched(folder, total, progress), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it still asks for what the hub does anyway
        try:
            utils.download_model(name, output_dir=str(folder))
        except HTTPError as error:
            raise OSError(first_line(error)) from error
    return total


@contextmanager
def watched(folder: Path, total: int, progress: Progress) -> Iterator[None]:
    """Tell every moment how much is there."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(LOOK_EVERY_S):
            progress(min(total, size(folder)), total)

    watching = threading.Thread(target=watch, name="download")
    watching.start()
    try:
        yield
    finally:
        done.set()
        watching.join()


def size(folder: Path) -> int:
    """Return how many bytes the files in a folder have."""
    found = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                found += Path(path, name).stat().st_size
            except OSError:  # was renamed a moment ago
                continue
    return found


def first_line(error: Exception) -> str:
    """Return what an error says, as the part of a sentence."""
    return (str(error).strip() or "no reason given").splitlines()[0][:200]
