"""Up to where each shard has nothing left to erase: who starts looks only at what came after.

A mark is a message in the stream of readers, under a name that no reader has. It is a saving only: one that
is lost, or older than what was finished, lets some be looked at again.
"""

from __future__ import annotations

from server.log.jetstream.readers import STREAM
from server.log.jetstream.reading import READ_S
from server.nats.connection import Connection, NatsRefused, NatsSilent
from server.together import settled


class Marks:
    """The marks of all shards, as this process knows them."""

    def __init__(self, connection: Connection, shards: int) -> None:
        self._connection = connection
        self._upto = [0] * shards

    async def load(self, tops: list[int]) -> None:
        """Read the marks; one beyond what its shard has is of another stream. Raises `OSError`."""
        found = await settled(self._read(shard) for shard in range(len(self._upto)))
        self._upto = [seq if seq <= top else 0 for seq, top in zip(found, tops, strict=True)]

    def is_finished(self, shard: int, seq: int) -> bool:
        """Tell whether all that a message took back is known to be gone."""
        return seq <= self._upto[shard]

    async def store(self, shard: int, seq: int) -> None:
        """Put a mark where it has come to. Raises `OSError`."""
        if seq <= self._upto[shard]:
            return
        try:
            await self._connection.publish(_subject(shard), str(seq).encode())
            asked = {"filter": _subject(shard), "keep": 1}
            await self._connection.js(f"STREAM.PURGE.{STREAM}", asked)
        except NatsRefused as refused:
            raise NatsSilent(str(refused)) from refused
        self._upto[shard] = seq

    async def _read(self, shard: int) -> int:
        try:
            stored = await self._connection.newest(STREAM, _subject(shard), READ_S)
        except NatsRefused as refused:
            raise NatsSilent(str(refused)) from refused
        return int(stored.body) if stored is not None and stored.body.isdigit() else 0


def _subject(shard: int) -> str:
    return f"readers.=finished-{shard}"  # after the sign the names of readers are hexadecimal
