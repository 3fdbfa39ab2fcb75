"""What is known of blobs that were asked for lately: they never change, and their storage is far."""

from __future__ import annotations

from collections import OrderedDict

from server.blobs.base import BlobInfo

MOST = 10_000  # 300 bytes each


class RecentInfos:
    """The newest infos, by id. That of a blob which another process deleted stays: ask its room too."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._infos: OrderedDict[str, BlobInfo] = OrderedDict()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._infos)

    def keep(self, info: BlobInfo) -> BlobInfo:
        """Keep an info; the one that nobody asked for the longest goes when there are too many."""
        self._infos[info.id] = info
        self._infos.move_to_end(info.id)
        if len(self._infos) > self._most:
            self._infos.popitem(last=False)
        return info

    def get(self, id: str) -> BlobInfo | None:  # noqa: A002
        """Return what is known of a blob."""
        info = self._infos.get(id)
        if info is not None:
            self._infos.move_to_end(id)
        return info

    def drop(self, id: str) -> None:  # noqa: A002
        """Forget a blob; may be called again."""
        self._infos.pop(id, None)
