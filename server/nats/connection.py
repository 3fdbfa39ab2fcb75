"""A connection to NATS, as the log, the blobs and the nodes use it: the client is transport and no more.

It comes back by itself for ever. While it is away everything fails at once: the client would otherwise keep
what its callers have given up, and send it later.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import nats
import nats.errors
from msgspec import Struct, field
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from server.blobs.base import Away
from server.nats.codes import NOT_THERE

CONNECT_S = 5.0
REQUEST_S = 5.0  # a request of JetStream's; what must be faster says so
PING_S = 1  # a connection that answers neither of two pings is dead
PINGS_OUT = 2
RECONNECT_S = 0.1
BATCH_PENDING_BYTES = 256_000_000  # what answers hold that nobody took yet: batches are bounded by who asks

logger = logging.getLogger(__name__)

Headers = Mapping[str, str]
Received = Callable[[Msg], Awaitable[None]]


class NatsRefused(Exception):
    """JetStream refused a request; `code` is its own (`err_code`)."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"{description} ({code})")
        self.code, self.description = code, description


class NatsSilent(Away):
    """No answer: whether the request was done nobody knows. Visitors are told to come again."""


class TooLarge(Exception):
    """A message is larger than the server takes; it was not sent."""


class Stored(Struct, frozen=True):
    """A message of a stream: its subject and sequence, when it was stored, and what is in it."""

    subject: str
    seq: int
    stamp: str
    headers: Mapping[str, str]
    body: bytes


class _Batch(Struct, eq=False):
    """The answers of one request for many messages."""

    done: asyncio.Future[None]
    messages: list[Stored] = field(default_factory=list)


async def connect(url: str, *, name: str, within_s: float = CONNECT_S) -> Connection:
    """Connect to one server of `nats://host:port[,host:port...]`. Raises `OSError` when none answers."""
    client = Client()
    connection = Connection(client)
    first, _, rest = url.partition("?")[0].partition("://")
    servers = [f"{first}://{server.rpartition('://')[2].strip()}" for server in rest.split(",")]
    try:
        async with asyncio.timeout(within_s):
            await client.connect(
                servers,
                name=name,
                pending_size=-1,
                ping_interval=PING_S,
                max_outstanding_pings=PINGS_OUT,
                reconnect_time_wait=RECONNECT_S,  # type: ignore[arg-type]  # it sleeps for any number
                max_reconnect_attempts=-1,
                error_cb=connection.note_error,
                disconnected_cb=connection.note_loss,
                reconnected_cb=connection.note_return,
            )
    except (TimeoutError, OSError, nats.errors.Error) as error:
        await client.close()
        why = connection.last_error or error
        raise NatsSilent(f"no NATS server answers ({str(why) or type(why).__name__})") from error
    await connection.begin()
    return connection


class Connection:
    """One connection to NATS; made by `connect`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._answers: dict[str, asyncio.Future[Msg]] = {}
        self._batches: dict[str, _Batch] = {}
        self._inbox = client.new_inbox()
        self._numbers = 0
        self._returned: list[Callable[[], None]] = []
        self._closed = False
        self.last_error: Exception | None = None
        self._loop = asyncio.get_running_loop()

    async def begin(self) -> None:
        """Listen for answers."""
        await self._client.subscribe(
            f"{self._inbox}.*", cb=self._received, pending_bytes_limit=BATCH_PENDING_BYTES
        )

    @property
    def is_connected(self) -> bool:
        """Tell whether a server is reached now."""
        return bool(self._client.is_connected)

    @property
    def max_payload(self) -> int:
        """Return the bytes that a message may have."""
        return int(self._client.max_payload)

    @property
    def version(self) -> tuple[int, int, int]:
        """Return the version of the server that is reached."""
        version = self._client.connected_server_version
        return int(version.major), int(version.minor), int(version.patch)

    @property
    def is_of_cluster(self) -> bool:
        """Tell whether the server that is reached is one of several."""
        return bool(self._client._server_info.get("cluster"))  # noqa: SLF001 - the client tells it nobody

    def on_return(self, call: Callable[[], None]) -> None:
        """Call this whenever the connection came back: what was sent meanwhile was not received."""
        self._returned.append(call)

    async def close(self) -> None:
        """Let go of the connection; may be called again."""
        self._closed = True
        await self._client.close()
        self._give_up("the connection is closed")

    def _give_up(self, why: str) -> None:
        """Tell all who wait for an answer that none comes."""
        waiting: list[asyncio.Future[Any]] = list(self._answers.values())
        waiting += [batch.done for batch in self._batches.values()]
        for future in waiting:
            if not future.done():
                future.set_exception(NatsSilent(why))

    # Plain messages

    async def send(
        self, subject: str, body: bytes = b"", headers: Headers | None = None, reply: str = ""
    ) -> None:
        """Publish a message that nobody confirms. Raises `TooLarge`, `NatsSilent` while none is reached."""
        size_bytes = len(body) + _size_bytes(headers or {})
        if 0 < self.max_payload < size_bytes:  # the server would cut the connection
            raise TooLarge(f"{size_bytes} bytes are more than the server takes (max_payload)")
        try:
            await self._client.publish(subject, body, reply=reply, headers=dict(headers) if headers else None)
        except (nats.errors.Error, OSError) as error:
            raise NatsSilent(f"not sent: {type(error).__name__}") from error

    async def request(
        self, subject: str, body: bytes = b"", headers: Headers | None = None, timeout_s: float = REQUEST_S
    ) -> Msg:
        """Return the answer to a message. Raises `NatsSilent` when there is none."""
        # Not the client's own `request`: in Python 3.11 what it waits with may swallow a cancellation.
        token = self._token()
        answer = self._answers[token] = self._loop.create_future()
        late = self._loop.call_later(timeout_s, _give_up_on, answer)
        try:
            await self.send(subject, body, headers, reply=f"{self._inbox}.{token}")
            message: Msg = await answer
        finally:
            late.cancel()
            del self._answers[token]
        if (message.headers or {}).get("Status") == "503":
            raise NatsSilent("nobody is there to answer: JetStream is off, or has no leader")
        return message

    async def subscribe(self, subject: str, received: Received, *, queue: str = "") -> Subscription:
        """Call `received` with each message of a subject, one after another."""
        return await self._client.subscribe(subject, queue=queue, cb=received)

    def inbox(self) -> str:
        """Return a subject that nobody else has."""
        return self._client.new_inbox()

    # JetStream

    async def js(self, subject: str, body: Any = None, timeout_s: float = REQUEST_S) -> dict[str, Any]:
        """Return what the API of JetStream answers. Raises `NatsRefused`, `NatsSilent`."""
        asked = b"" if body is None else msgspec.json.encode(body)
        return _answer((await self.request(f"$JS.API.{subject}", asked, timeout_s=timeout_s)).data)

    async def publish(
        self, subject: str, body: bytes, headers: Headers | None = None, timeout_s: float = REQUEST_S
    ) -> int:
        """Store a message; return its sequence. Raises `NatsRefused`, `TooLarge`; `NatsSilent` is doubt."""
        return int(_answer((await self.request(subject, body, headers, timeout_s)).data)["seq"])

    async def publish_together(
        self, messages: list[tuple[str, bytes, Headers]], timeout_s: float = REQUEST_S
    ) -> int:
        """Store messages of one stream in one commit, or none; return the sequence of the last.

        Only the first may say what it expects. Raises as `publish` does.
        """
        batch = secrets.token_hex(16)
        for number, (subject, body, headers) in enumerate(messages, start=1):
            places = {**headers, "Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
            if number == len(messages):
                places["Nats-Batch-Commit"] = "1"
                return await self.publish(subject, body, places, timeout_s)
            if number == 1:
                answer = (await self.request(subject, body, places, timeout_s)).data
                if answer:
                    _answer(answer)
            else:
                await self.send(subject, body, places)
        raise ValueError("a batch has messages")

    async def newest(self, stream: str, subject: str, timeout_s: float = REQUEST_S) -> Stored | None:
        """Return the newest message of a subject, as any replica knows it."""
        return _stored(await self.request(f"$JS.API.DIRECT.GET.{stream}.{subject}", timeout_s=timeout_s))

    async def get(self, stream: str, seq: int, timeout_s: float = REQUEST_S) -> Stored | None:
        """Return the message at a sequence, as any replica knows it."""
        asked = msgspec.json.encode({"seq": seq})
        return _stored(await self.request(f"$JS.API.DIRECT.GET.{stream}", asked, timeout_s=timeout_s))

    async def batch(
        self, stream: str, asked: Mapping[str, Any], timeout_s: float = REQUEST_S
    ) -> list[Stored]:
        """Return what one request for many finds (`batch`, `multi_last`), as any replica knows it."""
        token = self._token()
        batch = self._batches[token] = _Batch(asyncio.get_running_loop().create_future())
        try:
            subject = f"$JS.API.DIRECT.GET.{stream}"
            await self.send(subject, msgspec.json.encode(asked), reply=f"{self._inbox}.{token}")
            async with asyncio.timeout(timeout_s):
                await batch.done
        except TimeoutError as error:
            raise NatsSilent("no answer, or half of it") from error
        finally:
            del self._batches[token]
        return batch.messages

    async def erase(self, stream: str, seq: int, timeout_s: float = REQUEST_S) -> None:
        """Overwrite a message in the files of its stream; one that is not there is erased already."""
        try:
            await self.js(f"STREAM.MSG.DELETE.{stream}", {"seq": seq}, timeout_s)
        except NatsRefused as refused:
            if refused.code not in NOT_THERE:
                raise

    def _token(self) -> str:
        self._numbers += 1
        return str(self._numbers)

    async def _received(self, message: Msg) -> None:
        """Take an answer to what was asked; one that comes too late is for nobody."""
        token = message.subject.rpartition(".")[2]
        answer = self._answers.get(token)
        if answer is not None:
            if not answer.done():
                answer.set_result(message)
            return
        batch = self._batches.get(token)
        if batch is None or batch.done.done():
            return
        status = (message.headers or {}).get("Status")
        if status is None:
            found = _stored(message)
            if found is not None:
                batch.messages.append(found)
        elif status in ("204", "404"):
            batch.done.set_result(None)
        elif status == "503":
            batch.done.set_exception(NatsSilent("nobody has this stream now"))
        else:
            description = (message.headers or {}).get("Description", "")
            batch.done.set_exception(NatsRefused(int(status), description))

    # What the client tells

    async def note_error(self, error: Exception) -> None:
        """Note what the client has no caller to tell, such as messages dropped for a slow reader."""
        self.last_error = error
        if not self._closed:
            logger.warning("nats.error %s %s", type(error).__name__, error)

    async def note_loss(self) -> None:
        """Note that the connection is away: no answer comes to what was asked by it."""
        self._give_up("the connection is lost")
        if not self._closed:
            logger.warning("nats.disconnected")

    async def note_return(self) -> None:
        """Tell that the connection is back."""
        logger.warning("nats.reconnected")
        for call in self._returned:
            call()


def _size_bytes(headers: Headers) -> int:
    """Return what headers take of a message: a line each, after one with the version, before an empty one."""
    lines = sum(len(name.encode()) + len(value.encode()) + 4 for name, value in headers.items())
    return 12 + lines if headers else 0


def _give_up_on(answer: asyncio.Future[Msg]) -> None:
    if not answer.done():
        answer.set_exception(NatsSilent("no answer"))


def _answer(data: bytes) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise NatsSilent("what answered is not JetStream") from error
    if (error_of := answer.get("error")) is not None:
        raise NatsRefused(int(error_of.get("err_code", 0)), str(error_of.get("description", "")))
    return answer


def _stored(message: Msg) -> Stored | None:
    headers = message.headers or {}
    if (status := headers.get("Status")) is not None:
        if status == "404":
            return None
        raise NatsRefused(int(status), headers.get("Description", ""))
    try:
        seq, stamp = int(headers["Nats-Sequence"]), headers["Nats-Time-Stamp"]
        return Stored(headers["Nats-Subject"], seq, _sortable(stamp), headers, message.data)
    except (KeyError, ValueError) as error:
        raise NatsSilent("what answered is not JetStream") from error


def _sortable(stamp: str) -> str:
    """Return a time of the server's with all nine digits: it leaves out the zeros at the end."""
    whole, _, rest = stamp.rstrip("Z").partition(".")
    return f"{whole}.{rest:0<9}"
