"""Fetching a voice for Piper from where Piper's own are, each file held against its hash.

For the command `wonder speech download` alone: a server never fetches anything.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from typing import Any

from server.engines.downloading import UNFINISHED, Progress, first_line, watched
from server.engines.models import NoModel

FOLDER = "voices"
REPOSITORY = "rhasspy/piper-voices"
NAME = re.compile(
    r"(?P<family>[a-z]{2,3})_(?P<region>[A-Z]{2})-(?P<voice>\w{1,64})-(?P<quality>[a-z_]{1,16})", re.ASCII
)
# A voice is there when its weights are, so they come last.
ENDINGS = (".onnx.json", ".onnx")
ADVICE = "Take one like en_US-lessac-medium or de_DE-thorsten-medium."


class _Broken(OSError):
    """A file is not what it was named to be."""


def download(name: str, data: Path, progress: Progress, *, endpoint: str | None = None) -> Path:
    """Fetch a voice into the folder of voices and return that folder. Raises `NoModel`.

    What was begun earlier goes on where it ended; the voice has its name when it is whole.
    """
    if not (parts := NAME.fullmatch(name)):
        raise NoModel(f"{name} is not the name of a voice", ADVICE)
    language = f"{parts['family']}_{parts['region']}"
    there = f"{parts['family']}/{language}/{parts['voice']}/{parts['quality']}"
    folder = data / FOLDER
    unfinished = folder / (name + UNFINISHED)
    try:
        fetched = _fetch([f"{there}/{name}{ending}" for ending in ENDINGS], unfinished, progress, endpoint)
        for file in fetched:
            file.replace(folder / file.name)
        shutil.rmtree(unfinished)
    except OSError as error:  # what went wrong on the network is one too
        raise NoModel(
            f"{name} was not fetched ({first_line(error)})",
            f"Look at the connection and the free space, and run it again. Or copy {name}.onnx and "
            f"{name}.onnx.json from elsewhere into {folder}.",
        ) from error
    return folder


def _fetch(paths: list[str], folder: Path, progress: Progress, endpoint: str | None) -> list[Path]:
    """Fetch files into a folder and return where they are. Raises `NoModel` and OSError."""
    try:
        import huggingface_hub  # noqa: PLC0415 - the extra `speech`
        from httpx2 import HTTPError  # noqa: PLC0415
    except ImportError as error:
        raise NoModel(f"{error.name} is not installed", "Run `make extras`.") from error

    try:
        found: Any = huggingface_hub.HfApi(endpoint=endpoint).get_paths_info(REPOSITORY, paths)
        if len(found) < len(paths):
            raise NoModel(f"there is no voice {Path(paths[-1]).stem}", ADVICE)
        total = sum(file.size for file in found)
        folder.mkdir(parents=True, exist_ok=True)
        with watched(folder, total, progress):
            fetched = {
                file.path: Path(
                    huggingface_hub.hf_hub_download(
                        REPOSITORY, file.path, local_dir=folder, endpoint=endpoint
                    )
                )
                for file in found
            }
    except HTTPError as error:
        raise OSError(first_line(error)) from error
    for file in found:
        _check(fetched[file.path], file)
    progress(total, total)
    return [fetched[path] for path in paths]


def _check(path: Path, named: Any) -> None:
    """Compare a file with the hash under which it is kept: SHA-256, or git's for small ones."""
    if named.lfs is not None:
        with path.open("rb") as file:
            right = hashlib.file_digest(file, "sha256").hexdigest() == named.lfs.sha256
    else:
        body = path.read_bytes()
        git = hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False)
        right = git.hexdigest() == named.blob_id
    if not right:
        path.unlink()
        raise _Broken(f"{path.name} has another hash than it should")
