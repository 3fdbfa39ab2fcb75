"""The socket of a room: who comes in, what of the past they get, and then the talk."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial

from aiohttp import web
from msgspec import Struct

from server.http import body
from server.http.app_keys import LIMITS
from server.http.limits import prefix
from server.http.problems import Problem
from server.http.security import address, check_origin, is_admin, key_in, rate_limit, tell_host, visitor_key
from server.log.base import Log
from server.room.commands import Refused
from server.room.events import Voice
from server.rooms.base import Room
from server.rooms.requests import salt
from server.rooms.tail import Batch
from server.socket.connection import WRITE_LIMIT_BYTES, Connection
from server.socket.conversation import Conversation
from server.socket.fanout import HISTORY_EVENTS, Fanout, frame_for, parts_of
from server.socket.frames import COME_BACK
from server.socket.protocol import SocketProtocol
from server.socket.sockets import SocketLimits, Sockets
from server.socket.upgrade import Upgrade, take_over
from server.web.app_keys import LOG, ROOM_REGISTRY, TAKES, TODAY
from server.web.operations import Operation, whole
from server.web.rooms import ROOM, SEQ_LIMIT
from server.web.today import Today
from server.web.visits import awakened, visitor

SOCKETS: web.AppKey[Sockets] = web.AppKey("sockets")
# Events that are read from the log at once for somebody who was away for long.
PAGE_EVENTS = 500
# Someone who is told the past gets the next page when less than this waits, and must take some in this time.
PAGE_WAITING_BYTES = WRITE_LIMIT_BYTES // 4
STALLED_AFTER_S = 10.0
STALL_LOOK_S = 0.02
# Close code of RFC 6455 7.4.1 for what failed on our side.
BROKEN = 1011
_KEY_BYTES = 32
# Browsers send no other header of a page's choice with a socket, and addresses are logged along the way.
SUBPROTOCOL = "wonder"
KEY_PREFIX = "wonder.key."

logger = logging.getLogger(__name__)


class Cursor(Struct, frozen=True):
    """The event that somebody saw last, and when it was (-1: they do not say)."""

    seq: int
    at_ms: int = -1


class Newcomer(Struct, frozen=True):
    """Who wants in, with which cursor, and what hides the digests of their words.

    `made_key` was made here because they had none; `admin` is that they showed the admin's token;
    `is_screen` that many look at it, and it counts as nobody; `network` is the room's tag for where they are.
    """

    voice: Voice
    cursor: Cursor | None
    salt: bytes
    made_key: str
    admin: bool = False
    is_screen: bool = False
    network: str = ""


async def serve(request: web.Request) -> web.StreamResponse:
    """Let somebody in who wants a socket; the request ends with the handshake, the socket goes on."""
    sockets = request.app[SOCKETS]
    cursor, key = _checked(request, sockets)
    fanout = sockets.fanout(await awakened(request, request.match_info["room"]))
    fanout.let_in()
    with ExitStack() as unserved:
        unserved.callback(fanout.let_out)
        made = "" if key else secrets.token_urlsafe(_KEY_BYTES)
        voice = visitor(request, fanout.room, key or made)
        network = fanout.room.context().networks.get(voice.id, "")
        newcomer = Newcomer(
            voice, cursor, salt(key or made), made, is_admin(request), _is_screen(request), network
        )
        answer = await _shake_hands(request)
        _begin(request, sockets, fanout, newcomer)
        unserved.pop_all()
    return answer


async def ask(request: web.Request) -> web.Response:
    """Answer 204 when a socket would be taken, else why not, for browsers do not tell their pages.

    It is asked by OPTIONS because browsers do not say with GET which page asks.
    """
    sockets = request.app[SOCKETS]
    _checked(request, sockets)
    if sockets.is_crowded(prefix(address(request))):
        raise Problem("busy", "Too many visitors come from your address. Try again soon.")
    await awakened(request, request.match_info["room"])
    return web.Response(status=204)


async def _shake_hands(request: web.Request) -> Upgrade:
    if request.headers.get("Upgrade", "").lower() != "websocket":
        if "Sec-WebSocket-Key" in request.headers:
            tell_host(request, "refused a socket: the proxy does not pass on Upgrade and Connection")
        raise Problem("upgrade_needed", "This address speaks WebSocket.", headers={"Upgrade": "websocket"})
    answer = Upgrade(compress=False, protocols=(SUBPROTOCOL,))
    await answer.prepare(request)
    return answer


def _begin(request: web.Request, sockets: Sockets, fanout: Fanout, newcomer: Newcomer) -> None:
    """Take the connection over from HTTP and let its visitor in; from here on its end tells `sockets`."""
    if request.transport is None:
        raise ConnectionResetError("the connection was lost")
    connection = Connection(
        request.transport,
        newcomer.voice,
        prefix(address(request)),
        is_screen=newcomer.is_screen,
        network=newcomer.network,
    )
    if sockets.is_crowded(connection.address):
        connection.end(COME_BACK, "too many from here")
    protocol = SocketProtocol(connection, partial(_lost, sockets, fanout, connection))
    tail = take_over(request, protocol)
    sockets.add(connection, fanout)
    protocol.data_received(tail)
    sockets.context.own(_let_in(sockets, fanout, protocol, connection, newcomer))


async def _let_in(
    sockets: Sockets, fanout: Fanout, protocol: SocketProtocol, connection: Connection, newcomer: Newcomer
) -> None:
    """Bring somebody in step, and then take what they say; the root of its task."""
    try:
        if not connection.ended:
            await come_in(fanout, connection, newcomer.cursor, sockets.log, newcomer.made_key)
    except Refused as refusal:  # the server is closing
        connection.end(COME_BACK, refusal.code)
    except Exception:
        logger.exception("socket.not_let_in room=%s", fanout.room.id[:6])
        connection.end(BROKEN, "broken")
    protocol.start(Conversation(sockets.context, fanout, connection, newcomer.salt, admin=newcomer.admin))


def _lost(sockets: Sockets, fanout: Fanout, connection: Connection) -> None:
    sockets.remove(connection)
    fanout.let_out()


def _checked(request: web.Request, sockets: Sockets) -> tuple[Cursor | None, str | None]:
    """Return the cursor and the key, if any, of who wants in. Raises `Problem` or `Refused`."""
    check_origin(request)
    sockets.check_open()
    key = _offered_key(request) or visitor_key(request)
    after = body.whole(request.query, "after", -1, 0, SEQ_LIMIT)
    at_ms = body.whole(request.query, "at_ms", -1, 0, SEQ_LIMIT)
    _is_screen(request)
    rate_limit(request, "join")
    return None if after < 0 else Cursor(after, at_ms), key


def _is_screen(request: web.Request) -> bool:
    """Tell whether a page says that it is a screen. Raises `Problem`."""
    return body.whole(request.query, "screen", 0, 0, 1) == 1


def _offered_key(request: web.Request) -> str | None:
    """Return the key among the subprotocols that a page without cookies offers. Raises `Problem`."""
    if "Sec-WebSocket-Protocol" not in request.headers:
        return None
    offered = [each.strip() for each in request.headers["Sec-WebSocket-Protocol"].split(",")]
    if SUBPROTOCOL not in offered:
        raise Problem("bad_request", f"The subprotocol spoken here is `{SUBPROTOCOL}`.")
    keys = [each.removeprefix(KEY_PREFIX) for each in offered if each.startswith(KEY_PREFIX)]
    return key_in(keys[0]) if keys else None


async def come_in(
    fanout: Fanout, connection: Connection, after: Cursor | None, log: Log, key: str = ""
) -> None:
    """Greet a connection, tell it what came after its cursor, and bring it in step, without gap or repeat.

    What the tail still holds goes out in one write. Who was away for longer is told from the log,
    a page at a time and at its own pace, until the tail can take over. A cursor of another log
    (this one was restored from a backup) counts as none, and the welcome says so.
    """
    anew = after is not None and not await _is_of(fanout.room, after, log)
    state = await fanout.room.awake()
    head = fanout.room.tail.head
    cursor = None if after is None or anew else after.seq
    fanout.reach(cursor or 0)
    greeting = fanout.greeting(state, connection.voice, key, anew=anew)
    while not fanout.join(connection, cursor, greeting):
        if cursor is None:
            events = await log.newest(fanout.room.id, HISTORY_EVENTS)
        else:
            events = await log.read(fanout.room.id, cursor, PAGE_EVENTS)
        cursor = events[-1].seq if events else head
        page = parts_of(Batch(fanout.room.tail.encode(events)))
        if not connection.write(greeting + frame_for(page, connection.voice.id)) or not await _taken(
            connection
        ):
            return
        greeting = b""


async def _is_of(room: Room, cursor: Cursor, log: Log) -> bool:
    """Tell whether a cursor is of this log: not ahead of it, and its event was when the cursor says."""
    if cursor.seq > room.tail.head:
        return False
    if cursor.seq == 0 or cursor.at_ms < 0:
        return True
    shown = room.tail.since(cursor.seq - 1)
    (event,) = [shown[0].event] if shown else await log.read(room.id, cursor.seq - 1, 1)
    return event.at_ms == cursor.at_ms


async def _taken(connection: Connection) -> bool:
    """Wait until a connection has taken most of what was written; False when it does not."""
    least, since_s = connection.waiting_bytes, time.monotonic()
    while (
        not connection.transport.is_closing() and (waiting := connection.waiting_bytes) > PAGE_WAITING_BYTES
    ):
        if waiting < least:
            least, since_s = waiting, time.monotonic()
        elif time.monotonic() - since_s > STALLED_AFTER_S:
            connection.end(COME_BACK, "too slow")
            return False
        connection.silent_sweeps = 0
        await asyncio.sleep(STALL_LOOK_S)
    return not connection.transport.is_closing()


def attach(
    app: web.Application,
    bounds: SocketLimits | None = None,
    listening: Callable[[str], None] | None = None,
    forgotten: Callable[[str, str], Awaitable[None]] | None = None,
) -> Sockets:
    """Give an application its sockets, once; whoever made it calls `drain` and `close` on them."""
    if SOCKETS in app:
        return app[SOCKETS]
    clock = app[ROOM_REGISTRY].clock
    today = app[TODAY] = Today(clock())
    sockets = app[SOCKETS] = Sockets(
        app[ROOM_REGISTRY],
        app[LOG],
        app[TAKES],
        app[LIMITS],
        bounds=bounds,
        listening=listening,
        forgotten=forgotten,
        came=lambda who: today.came(who, clock()),
    )
    return sockets


OPERATIONS = (
    Operation(
        "GET",
        f"/api/rooms/{ROOM}/ws",
        serve,
        "The room's WebSocket; see the asynchronous description.",
        {101: {}},
        (
            "bad_request",
            "bad_query",
            "bad_key",
            "wrong_origin",
            "no_such_room",
            "upgrade_needed",
            "too_fast",
            "busy",
            "restarting",
        ),
        query=(
            whole("after", "Resume after this seq; without it the newest 100 events come.", minimum=0),
            whole("at_ms", "When that event was: by this a log that was restored is known.", minimum=0),
            whole("screen", "1 for a screen that many look at: it counts as nobody.", minimum=0, maximum=1),
        ),
        key="optional",
        preflight=ask,
    ),
)
