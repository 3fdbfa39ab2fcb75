"""Web Push: a visitor asks to be woken when somebody speaks in a room, or to be left alone."""

from __future__ import annotations

from aiohttp import web
from msgspec import Struct

from server.http import body
from server.http.answers import answer
from server.http.problems import Problem
from server.http.security import needed_key, rate_limit, visitor_key
from server.push.encryption import BadKeys, receiver
from server.push.endpoints import wrong_with
from server.push.service import PushService
from server.push.subscriptions import KEPT_MS, Subscription, Subscriptions
from server.room.events import Language
from server.web.operations import JSON_ERRORS, KEY_ERRORS, Operation, json_body
from server.web.rooms import ROOM
from server.web.visits import visited, visitor

SUBSCRIPTION_BYTES = 4_096


class PushKeys(Struct):
    """The keys of a browser's subscription, as `PushSubscription.toJSON()` has them."""

    p256dh: str
    auth: str


class NewPush(Struct):
    """A browser's subscription, and the language in which it is woken."""

    endpoint: str
    keys: PushKeys
    language: Language = "en"


class PushKept(Struct):
    """Until when a subscription is kept, unless its visitor comes again."""

    until_ms: int


class PushState(Struct):
    """The key that browsers subscribe with ("" where nobody is woken), and whether this visitor is woken."""

    key: str
    on: bool


class Slot:
    """Where subscriptions are kept, on a server that wakes people."""

    def __init__(self) -> None:
        self.subscriptions: Subscriptions | None = None
        self.key, self.private = "", False

    def offer(self, subscriptions: Subscriptions, service: PushService) -> None:
        """Wake people from now on."""
        self.subscriptions, self.key, self.private = subscriptions, service.key, service.private

    async def forget(self, room: str, voice: str) -> None:
        """Forget the subscription of a voice, if there is one."""
        if self.subscriptions is not None:
            await self.subscriptions.remove(room, voice)


PUSH: web.AppKey[Slot] = web.AppKey("push")


async def show(request: web.Request) -> web.Response:
    """Answer whether a visitor is woken, and what is needed for it."""
    slot, key = request.app[PUSH], visitor_key(request)
    room = await visited(request, request.match_info["room"])
    if slot.subscriptions is None or key is None:
        return answer(PushState(slot.key, on=False))
    await slot.subscriptions.load()
    voice = visitor(request, room, key)
    return answer(PushState(slot.key, on=slot.subscriptions.find(room.id, voice.id) is not None))


async def subscribe(request: web.Request) -> web.Response:
    """Keep a browser's subscription for a room, or note that its visitor is here again."""
    key, found = needed_key(request), _subscriptions(request)
    room = await visited(request, request.match_info["room"])
    voice = visitor(request, room, key)
    given = await body.read_json(request, NewPush, SUBSCRIPTION_BYTES)
    _check(given, private=request.app[PUSH].private)
    await found.load()
    known = found.find(room.id, voice.id)
    new = Subscription(voice.id, given.endpoint, given.keys.p256dh, given.keys.auth, given.language)
    if known is None or not known.is_as(new):
        rate_limit(request, "push", voice.id)
    kept = await found.add(room.id, new)
    return answer(PushKept(kept.seen_ms + KEPT_MS), status=201)


async def unsubscribe(request: web.Request) -> web.Response:
    """Forget a visitor's subscription for a room."""
    key, found = needed_key(request), _subscriptions(request)
    room = await visited(request, request.match_info["room"])
    await found.remove(room.id, visitor(request, room, key).id)
    return web.Response(status=204)


def _subscriptions(request: web.Request) -> Subscriptions:
    found = request.app[PUSH].subscriptions
    if found is None:
        raise Problem("no_push", "This server wakes nobody.")
    return found


def _check(given: NewPush, *, private: bool) -> None:
    """Look whether a subscription can be one. Raises `Problem`."""
    if wrong := wrong_with(given.endpoint, private=private):
        raise Problem("bad_value", wrong)
    try:
        receiver(given.keys.p256dh, given.keys.auth)
    except BadKeys as error:
        raise Problem("bad_value", str(error)) from None


_HERE = f"/api/rooms/{ROOM}/push"

OPERATIONS = (
    Operation(
        "GET",
        _HERE,
        show,
        "Whether a visitor is woken when somebody speaks here, and the key that browsers subscribe with.",
        {200: json_body(PushState)},
        ("bad_key", "no_such_room", "too_fast"),
        key="optional",
    ),
    Operation(
        "POST",
        _HERE,
        subscribe,
        "Be woken by Web Push when somebody speaks in this room after a silence.",
        {201: json_body(PushKept)},
        (*KEY_ERRORS, *JSON_ERRORS, "no_push", "no_such_room", "too_fast", "busy", "storage_full"),
        takes=json_body(NewPush),
        key="needed",
    ),
    Operation(
        "DELETE",
        _HERE,
        unsubscribe,
        "Be woken no more for this room.",
        {204: {}},
        (*KEY_ERRORS, "no_push", "no_such_room", "too_fast", "busy", "storage_full"),
        key="needed",
    ),
)
