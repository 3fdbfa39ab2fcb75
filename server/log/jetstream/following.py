"""Hearing of what all nodes store: the headers of each shard's messages, by a consumer of our own.

A consumer that is lost says nothing. So one that is silent for longer than its heartbeat, or whose numbers
jump, is made anew from where the one before had come to.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from nats.aio.msg import Msg

from server.log.jetstream.reading import room_of
from server.log.jetstream.records import Place, place_of, record_of
from server.nats.connection import Connection, NatsRefused, NatsSilent

HEARTBEAT_S = 1.0
SILENT_S = 2.5
AGAIN_S = 0.2
FORGOTTEN_AFTER_S = 10

Heard = Callable[[int, str, Place], None]

logger = logging.getLogger(__name__)


class Following:
    """Follows one shard: first the newest message of each of its rooms, then each that comes."""

    def __init__(self, connection: Connection, shard: int, heard: Heard) -> None:
        self._connection, self._shard, self._heard = connection, shard, heard
        self._seq = 0  # of the newest message that was heard
        self._expected = 1
        self._heard_at_s = 0.0
        self._inbox = ""
        self._broken = asyncio.Event()
        self._anew: asyncio.Task[None] | None = None
        self.filled = asyncio.Event()

    @property
    def heard(self) -> int:
        """Return up to where all was heard, 0 while that is not known."""
        return self._seq if self.filled.is_set() else 0

    def start(self) -> None:
        """Begin to follow."""
        self._connection.on_return(self._broken.set)  # a consumer in memory does not outlive its server
        self._anew = asyncio.get_running_loop().create_task(self._follow(), name=f"shard {self._shard}")

    async def close(self) -> None:
        """Follow no more; may be called again."""
        if self._anew is not None:
            self._anew.cancel()
            await asyncio.gather(self._anew, return_exceptions=True)
        self.filled.set()

    async def is_followed_by_others(self) -> bool:
        """Tell whether somebody listens to a consumer that is not ours. Raises `OSError`."""
        try:
            found = await self._connection.js(f"CONSUMER.LIST.ROOMS_{self._shard}", {"offset": 0})
        except NatsRefused as refused:
            raise NatsSilent(f"the storage does not answer: {refused}") from refused
        return any(
            each.get("push_bound") and each["config"].get("deliver_subject") != self._inbox
            for each in found.get("consumers") or ()
        )

    async def _follow(self) -> None:
        """Make a consumer, and another whenever it is lost; the root of its task."""
        while True:
            inbox = self._inbox = self._connection.inbox()
            try:
                subscription = await self._connection.subscribe(inbox, self._receive)
                try:
                    await self._consume(inbox)
                finally:
                    await subscription.unsubscribe()
            except (OSError, NatsRefused) as error:
                logger.warning("log.follow shard=%d %s", self._shard, error)
            except Exception as error:
                logger.exception("log.follow_failed shard=%d %s", self._shard, type(error).__name__)
            await asyncio.sleep(AGAIN_S)

    async def _consume(self, inbox: str) -> None:
        """Let a consumer send to the inbox until it is lost."""
        loop = asyncio.get_running_loop()
        self._expected, self._heard_at_s = 1, loop.time()
        self._broken.clear()
        start = (
            {"deliver_policy": "by_start_sequence", "opt_start_seq": self._seq + 1}
            if self._seq
            else {"deliver_policy": "last_per_subject"}
        )
        config = {
            **start,
            "ack_policy": "none",
            "mem_storage": True,
            "num_replicas": 1,
            "inactive_threshold": FORGOTTEN_AFTER_S * 1_000_000_000,
            "deliver_subject": inbox,
            "filter_subject": f"rooms.{self._shard}.*",
            "headers_only": True,
            "flow_control": True,
            "idle_heartbeat": int(HEARTBEAT_S * 1_000_000_000),
        }
        stream = f"ROOMS_{self._shard}"
        asked = {"stream_name": stream, "config": config}
        made = await self._connection.js(f"CONSUMER.CREATE.{stream}", asked)
        self._heard_at_s = loop.time()  # its heartbeats begin now
        if not made.get("num_pending"):
            self.filled.set()
        while not self._broken.is_set():
            left_s = self._heard_at_s + SILENT_S - loop.time()
            if left_s <= 0:
                logger.warning("log.follow_silent shard=%d", self._shard)
                return
            try:
                async with asyncio.timeout(left_s):
                    await self._broken.wait()
            except TimeoutError:
                continue

    async def _receive(self, message: Msg) -> None:
        self._heard_at_s = asyncio.get_running_loop().time()
        headers = message.headers or {}
        if "Status" in headers:
            if message.reply:  # flow control waits for an answer
                await self._connection.send(message.reply)
            return
        tokens = message.reply.split(".")
        seq, nth, pending = int(tokens[-4]), int(tokens[-3]), int(tokens[-1])
        if nth != self._expected:
            self._broken.set()
            return
        self._expected += 1
        record, room = record_of(headers), room_of(message.subject)
        if record is not None and room is not None:
            self._heard(self._shard, room, place_of(seq, seq, record))
        self._seq = max(self._seq, seq)
        if not pending:
            self.filled.set()
