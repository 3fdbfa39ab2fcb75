"""The backup that docs/hosting.md names: one file, copied while the server runs, is the whole space."""

from __future__ import annotations

import sqlite3
import urllib.request
from contextlib import closing
from pathlib import Path

import numpy as np

from server.log_storage import DATABASE
from tests.support.server import Server, running_server
from tests.support.uploads import muxed
from tests.support.visitor import clips, first_clip

TONE = (np.sin(np.arange(48_000) * 0.05) * 0.3).astype(np.float32)


def upload(url: str) -> None:
    headers = {"Content-Type": "audio/ogg", "Authorization": "Bearer " + "k" * 43}
    request = urllib.request.Request(f"{url}/api/rooms/wonder/clips", muxed(TONE, "ogg", "libopus"), headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 201


def test_a_copy_taken_while_it_runs_is_restored_by_starting_on_it(server: Server, tmp_path: Path) -> None:
    upload(server.url)
    clip = first_clip(server.url, "wonder")
    (tmp_path / "data").mkdir()
    with (
        closing(sqlite3.connect(Path(str(server.options["data"])) / DATABASE)) as source,
        closing(sqlite3.connect(tmp_path / "data" / DATABASE)) as copy,
    ):
        source.backup(copy)
    with running_server(data=str(tmp_path / "data")) as restored:
        assert clips(restored.url, "wonder") == [clip]
        with urllib.request.urlopen(f"{restored.url}/api/clips/{clip['clip']}.ogg", timeout=10) as answer:
            assert answer.read(4) == b"OggS"
