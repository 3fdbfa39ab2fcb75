"""A disk for SQLite that loses power, fills up or breaks at the moment a test chooses."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random
from threading import RLock

import apsw

SECTOR_BYTES = 512
_numbers = count()


class _Image:
    """A file as it is on the platter, and what was written since it was synced last."""

    def __init__(self, content: bytes) -> None:
        self.durable = bytearray(content)
        self.pending: list[tuple[int, bytes | None]] = []  # None: cut to the length

    def sync(self) -> None:
        for at, data in self.pending:
            _put(self.durable, at, data)
        self.pending = []

    def after_a_cut(self, random: Random) -> bytes:
        """Return what may be left: of each write since the last sync, some sectors."""
        left = bytearray(self.durable)
        keep = random.choice((0.0, 0.5, 0.9, 1.0))
        for at, data in self.pending:
            if data is None:
                if random.random() < keep:
                    _put(left, at, None)
                continue
            for start in range(0, len(data), SECTOR_BYTES):
                if random.random() < keep:
                    _put(left, at + start, data[start : start + SECTOR_BYTES])
        return bytes(left)


class Disk:
    """An apsw VFS over the real one; give `name` as `Settings.vfs`.

    `seen` is called after every operation, in the thread that did it. `fail` is called before
    every write and sync with "write" or "sync" and may raise.
    """

    def __init__(self) -> None:
        self.name = f"disk{next(_numbers)}"
        self.images: dict[str, _Image] = {}
        self.seen: Callable[[], None] = lambda: None
        self.fail: Callable[[str], None] = lambda _: None
        self.lock = RLock()
        self._vfs = _Vfs(self)

    def cut(self, folder: Path, random: Random) -> None:
        """Write into a folder what the files might be if the power failed now."""
        folder.mkdir()
        with self.lock:
            left = {name: image.after_a_cut(random) for name, image in self.images.items()}
        for name, content in left.items():
            (folder / Path(name).name).write_bytes(content)

    def close(self) -> None:
        """Take the VFS out of SQLite."""
        self._vfs.unregister()


class _Vfs(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        super().__init__(disk.name, "")
        self.disk = disk

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return _File(self.disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self.disk.images.pop(filename, None)
        super().xDelete(filename, syncdir)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self.disk = disk
        path = name.filename() if isinstance(name, apsw.URIFilename) else name or ""
        content = Path(path).read_bytes() if path else b""
        with disk.lock:
            self.image = disk.images.setdefault(path, _Image(content))

    def xWrite(self, data: bytes, offset: int) -> None:
        self.disk.fail("write")
        super().xWrite(data, offset)
        self._did(offset, bytes(data))

    def xTruncate(self, newsize: int) -> None:
        super().xTruncate(newsize)
        self._did(newsize, None)

    def xSync(self, flags: int) -> None:
        self.disk.fail("sync")
        with self.disk.lock:
            self.image.sync()
        self.disk.seen()

    def _did(self, at: int, data: bytes | None) -> None:
        with self.disk.lock:
            self.image.pending.append((at, data))
        self.disk.seen()


def _put(content: bytearray, at: int, data: bytes | None) -> None:
    if data is None:
        del content[at:]
        return
    content.extend(bytes(max(0, at + len(data) - len(content))))
    content[at : at + len(data)] = data
