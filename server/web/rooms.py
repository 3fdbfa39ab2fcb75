"""Rooms: the public list, making one, one room, and its events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from heapq import nlargest
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct
from msgspec.structs import astuple, replace

from games.parts import Duet
from games.registry import offered
from games.round import Prompt, Round, Tempo, TurnGiven, VerdictGiven
from server.http import body
from server.http.answers import answer
from server.http.problems import Problem
from server.http.security import check_origin, rate_limit, visitor_key
from server.log.base import Listing
from server.room import characters, daily, hosting, place
from server.room.answered import DAILY, newest_daily
from server.room.commands import Refused
from server.room.events import Language, RoomOpened, encode
from server.room.house import HOUSE_IDS
from server.room.kinds import KINDS, Kind, RoomKind
from server.room.lines import speaks
from server.room.machines import headcount
from server.room.masks import MASKS
from server.room.state import RoomState
from server.room.view import public, view
from server.rooms.base import Room
from server.rooms.registry import RoomRegistry
from server.web.app_keys import COUNTS, LOG, MEDIA, ROOM_REGISTRY, TODAY
from server.web.health import HEALTH
from server.web.operations import JSON_ERRORS, Operation, json_body, listed, whole
from server.web.telegram import TELEGRAM
from server.web.today import CameToday
from server.web.visits import awakened, visited

# An id is 1 to 64 characters, so a guess costs no look-up of a megabyte.
ROOM = "{room:[A-Za-z0-9_-]{1,64}}"
EVENTS_DEFAULT, EVENTS_LIMIT = 100, 500
LISTED_ROOMS = 100
SEQ_LIMIT = 2**53 - 1
MAYBE_CELL = f"^({place.CELL})?$"
NO_CELL = "`place` must be a geohash of 3 to 5 characters."


class NewRoom(Struct):
    """What a visitor may say of a room to be."""

    kind: Kind
    name: str = ""
    theme: str = ""
    description: str = ""
    language: Language = "en"
    tempo: Tempo | None = None
    public: bool = False
    place: Annotated[str, Meta(extra_json_schema={"pattern": MAYBE_CELL})] = ""
    live: bool = False
    noise_reduction: bool = False
    character: str | None = None


class TurnShown(TurnGiven, frozen=True, tag=TurnGiven.kind, tag_field="kind"):
    """A turn of the running round; outside of its event it tells its kind itself."""


class VerdictShown(VerdictGiven, frozen=True, tag=VerdictGiven.kind, tag_field="kind"):
    """A verdict of the running round; outside of its event it tells its kind itself."""


class RoundShown(Struct):
    """The running round as everybody may see it: no votes, no reaction times."""

    id: str
    game: str
    tempo: Tempo
    opened_at_ms: int
    prompt: Prompt | None
    players: tuple[str, ...]
    turn: TurnShown | None
    takes: tuple[str, ...]
    verdicts: tuple[VerdictShown, ...]
    hidden: bool
    scene: str
    starter: str
    left: tuple[str, ...]
    late: tuple[str, ...]
    paused_until_ms: int
    mask: str | None
    company: tuple[str, ...] = ()
    duet: Duet | None = None
    chain: str = ""


class CharacterShown(Struct):
    """A character that a room may have, by its name in the room's language."""

    id: str
    name: str


class DailyShown(Struct):
    """The last day whose prompt was answered in a room (UTC, none yet: empty), and by how many."""

    day: str
    answered: int


class RoomShown(Struct):
    """A room as the contract has it."""

    id: str
    kind: str
    name: str
    theme: str
    description: str
    language: str
    tempo: str
    public: bool
    place: str
    live: bool
    rules: str
    consent: str
    longest_clip_ms: int
    keep_ms: int
    house: bool
    scored: bool
    shared: bool
    preview: bool
    door: str
    games: tuple[str, ...]
    opt_in: tuple[str, ...]
    challenged: tuple[str, ...]
    head: int
    clips: int
    listeners: int
    speakers: int
    closed: bool
    keeper: str | None
    locked: bool
    slow: bool
    hold: bool
    captions: bool
    thumbs: tuple[str, ...]
    masks: tuple[str, ...]
    mask: str | None
    voice: bool
    noise_reduction: bool
    character: str | None
    characters: tuple[CharacterShown, ...]
    partnered: tuple[str, ...]
    round: RoundShown | None
    daily: DailyShown | None = None


class HereNow(Struct, frozen=True):
    """How many people are in how many public rooms."""

    people: int
    rooms: int


# Public rooms that sleep, as they were when they were seen last.
ASLEEP: web.AppKey[dict[str, RoomShown]] = web.AppKey("asleep")


def shown(
    id: str,  # noqa: A002
    state: RoomState,
    *,
    listeners: int,
    speakers: int,
    captions: bool = False,
    speech: bool = False,
    hosted: bool = False,
) -> RoomShown:
    """Return a room as the contract has it; without `captions` others judge what nobody can read.

    Without `speech` no room is spoken to, whatever it wants; where none is `hosted` none has a character.
    """
    kind = KINDS.get(state.kind, KINDS["wonder"])
    return RoomShown(
        id=id,
        kind=state.kind,
        name=state.name,
        theme=state.theme,
        description=state.description,
        language=state.language,
        tempo=state.tempo,
        public=state.public,
        place=state.place,
        live=state.live,
        rules=rules_of(state),
        consent=kind.consent.get(state.language, ""),
        longest_clip_ms=kind.longest_clip_ms,
        keep_ms=kind.keep_ms,
        house=id in HOUSE_IDS,
        scored=kind.scored,
        shared=kind.shared,
        preview=kind.preview,
        door=kind.door,
        games=kind.games,
        opt_in=tuple(game.id for game in offered(kind.id) if game.opt_in),
        challenged=_challenged(kind, captions=captions),
        head=state.head,
        clips=len(state.clips),
        listeners=listeners,
        speakers=speakers,
        closed=state.closed,
        keeper=state.keeper or None,
        locked=state.locked,
        slow=state.slow,
        hold=state.hold,
        captions=captions,
        thumbs=tuple(game.id for game in offered(kind.id) if game.has_thumbs and kind.scored),
        masks=MASKS,
        mask=state.mask or None,
        voice=speech and speaks(state),
        noise_reduction=state.noise_reduction,
        character=_character(state) if hosted else None,
        characters=_characters(state) if hosted else (),
        partnered=tuple(hosting.partnered(state, hears=captions)) if hosted else (),
        round=_round(public(state.round)) if state.round else None,
        daily=_daily(state) if state.kind in daily.KINDS else None,
    )


def _daily(state: RoomState) -> DailyShown:
    known = newest_daily(state.answered)
    return DailyShown(known.prompt.id.removeprefix(DAILY), known.count) if known else DailyShown("", 0)


def _character(state: RoomState) -> str | None:
    character = characters.of(state)
    return character.id if character else None


def _characters(state: RoomState) -> tuple[CharacterShown, ...]:
    offered = characters.offered(state.kind, state.language)
    return tuple(CharacterShown(each.id, each.names[state.language]) for each in offered)


def _challenged(kind: RoomKind, *, captions: bool) -> tuple[str, ...]:
    deaf = kind.scored and not captions
    return tuple(game.id for game in offered(kind.id) if game.challenged or (game.has_thumbs and deaf))


def rules_of(state: RoomState) -> str:
    """Return what holds in a room, in its language."""
    rules = KINDS.get(state.kind, KINDS["wonder"]).rules
    return rules.get(state.language, rules["en"])


def _round(round_: Round) -> RoundShown:
    return RoundShown(
        id=round_.id,
        game=round_.game,
        tempo=round_.tempo,
        opened_at_ms=round_.opened_at_ms,
        prompt=round_.prompt,
        players=round_.players,
        turn=TurnShown(*astuple(round_.turn)) if round_.turn else None,
        takes=tuple(take.clip for take in round_.takes),
        verdicts=tuple(VerdictShown(*astuple(verdict)) for verdict in round_.verdicts),
        hidden=round_.hidden,
        scene=round_.scene,
        starter=round_.starter,
        left=round_.left,
        late=round_.late,
        paused_until_ms=round_.paused_until_ms,
        mask=round_.mask,
        company=round_.company,
        duet=round_.duet,
        chain=round_.chain,
    )


async def list_rooms(request: web.Request) -> web.Response:
    """Answer the public rooms, liveliest first; with a place those of its cell and the cells around."""
    if "place" in request.query:
        return await _list_near(request, request.query["place"])
    rate_limit(request, "look")
    listings = await request.app[ROOM_REGISTRY].listings(LISTED_ROOMS)
    rooms = {listing.room: await _listed(request, listing) for listing in listings}
    rooms.update([(room.id, room) async for room in _lively(request)])
    shown_rooms = [room for room in rooms.values() if not room.closed]
    shown_rooms.sort(key=lambda room: room.listeners + room.speakers, reverse=True)
    return _listing(request, shown_rooms[:LISTED_ROOMS])


def _listing(request: web.Request, rooms: list[RoomShown]) -> web.Response:
    """Answer rooms, why there are no captions in them, where else one can speak from, and how many came."""
    app = request.app
    today = app[TODAY].count(app[ROOM_REGISTRY].clock())
    why = app[HEALTH].why_no_captions(request)
    about = {"captions_off": why, "telegram": app[TELEGRAM].link, "today": today}
    return answer({"rooms": rooms, "now": _here_now(app[ROOM_REGISTRY]), **about})


def _here_now(registry: RoomRegistry) -> HereNow:
    """Return how many people are in public rooms, and in how many of these; machines are nobody."""
    contexts = (room.context() for room in registry.rooms() if room.public)
    crowds = [crowd for each in contexts if (crowd := headcount(each.inside, each))]
    return HereNow(sum(crowds), len(crowds))


async def _lively(request: web.Request) -> AsyncIterator[RoomShown]:
    """Yield the public rooms with the most who listen or may speak, whatever happened elsewhere since."""
    public_rooms = [room for room in request.app[ROOM_REGISTRY].rooms() if room.public]
    crowds = ((sum(_counts(request, room)), room.id, room) for room in public_rooms)
    for count, _, room in nlargest(LISTED_ROOMS, crowds):
        if count:
            yield await _seen(request, room.id, room.tail.head)


async def _list_near(request: web.Request, cell: str) -> web.Response:
    if not place.is_cell(cell):
        raise Problem("bad_query", NO_CELL)
    rate_limit(request, "join")
    ids = [place.room_id(each) for each in (cell, *place.neighbours(cell))]
    heads = [await request.app[LOG].head(id_) for id_ in ids]
    rooms = [await _seen(request, id_, head) for id_, head in zip(ids, heads, strict=True) if head]
    rooms.sort(key=lambda room: (room.place == cell, room.listeners + room.speakers), reverse=True)
    return _listing(request, [room for room in rooms if not room.closed])


async def _listed(request: web.Request, listing: Listing) -> RoomShown:
    return await _seen(request, listing.room, listing.head)


async def _seen(request: web.Request, id_: str, head: int) -> RoomShown:
    """Return a public room, waking it only when it changed since it was seen last."""
    registry = request.app[ROOM_REGISTRY]
    room = registry.awake(id_)
    if room is not None:
        return present(request, room)
    asleep, known_room = request.app[ASLEEP], registry.known(id_)
    known = asleep.get(id_)
    if known is None or known.head != head:
        if len(asleep) >= LISTED_ROOMS * 4:
            asleep.clear()
        state = (await registry.wake(id_)).state
        known = shown(id_, state, listeners=0, speakers=0, **_able(registry, state.language))
        asleep[id_] = known
    listeners, speakers = _counts(request, known_room) if known_room else (0, 0)
    return replace(known, listeners=listeners, speakers=speakers)


def present(request: web.Request, room: Room) -> RoomShown:
    """Return a room that is awake."""
    listeners, speakers = _counts(request, room)
    able = _able(request.app[ROOM_REGISTRY], room.state.language)
    return shown(room.id, room.state, listeners=listeners, speakers=speakers, **able)


def _able(registry: RoomRegistry, language: str) -> dict[str, bool]:
    """Return what the server has beside rooms, for those of a language."""
    shared = registry.shared
    words, speech = shared.expects_words(language), shared.spoken_ms is not None
    return {"captions": words, "speech": speech, "hosted": shared.hosted}


def _counts(request: web.Request, room: Room) -> tuple[int, int]:
    """Return how many listen (by the page or, by WHEP alone, to the radio) and how many may speak."""
    counts = request.app[COUNTS](room.id)
    listeners = max(counts.listeners, request.app[MEDIA].listeners(room.id) - counts.screens)
    speakers = room.speakers.keys() | room.speaking  # by WHIP alone one is there while one speaks
    return listeners, len(speakers - room.machines)


async def make_room(request: web.Request) -> web.Response:
    """Make a room; a place has one local room, which is answered when it is there already."""
    check_origin(request)
    key = visitor_key(request)
    rate_limit(request, "room")
    wanted = await body.read_json(request, NewRoom)
    registry = request.app[ROOM_REGISTRY]
    opened = _opened(wanted)
    id_ = place.room_id(opened.place) if opened.room_kind == "local" else None
    status = 201
    try:
        owner = None if opened.public else key
        room = await registry.open(opened, None, id=id_, key=owner, character=wanted.character)
    except Refused as refused:
        if id_ is None or refused.code != "room_taken" or not await request.app[LOG].head(id_):
            raise
        room, status = await registry.wake(id_), 200
    return answer(present(request, room), status=status, headers={"Location": f"/api/rooms/{room.id}"})


def _opened(wanted: NewRoom) -> RoomOpened:
    if wanted.kind == "local" and not wanted.place:
        raise Problem("bad_room", "A local room needs a `place`: a geohash of 3 to 5 characters.")
    if wanted.place and not place.is_cell(wanted.place):
        raise Problem("bad_room", NO_CELL)
    return RoomOpened(
        room_kind=wanted.kind,
        name=wanted.name,
        theme=wanted.theme,
        description=wanted.description,
        language=wanted.language,
        tempo=wanted.tempo or KINDS[wanted.kind].tempo,
        public=wanted.public or wanted.kind == "local",
        place=wanted.place,
        live=wanted.live,
        noise_reduction=wanted.noise_reduction,
    )


async def show_room(request: web.Request) -> web.Response:
    """Answer one room."""
    room = await visited(request, request.match_info["room"])
    return answer(present(request, room))


async def list_events(request: web.Request) -> web.Response:
    """Answer a page of events, as this visitor may see them."""
    registry, log, id_ = request.app[ROOM_REGISTRY], request.app[LOG], request.match_info["room"]
    limit = body.whole(request.query, "limit", EVENTS_DEFAULT, 1, EVENTS_LIMIT)
    after = body.whole(request.query, "after", -1, 0, SEQ_LIMIT)
    key = visitor_key(request)
    rate_limit(request, "join")  # a page of 500 takes 9 ms of the loop
    room = await awakened(request, id_)
    voice = registry.voice(key, room).id if key else None
    events = await (log.newest(id_, limit) if after < 0 else log.read(id_, after, limit))
    shown_events = (encode(view(event, voice)) for event in events)
    head = max(room.state.head, events[-1].seq if events else 0)
    return web.Response(
        body=_page(shown_events, head), content_type="application/json", headers={"Cache-Control": "no-store"}
    )


def _page(events: Iterable[bytes], head: int) -> bytes:
    return b'{"events":[' + b",".join(events) + b'],"head":' + str(head).encode() + b"}"


_PLACE = {
    "name": "place",
    "in": "query",
    "description": "A geohash of 3 to 5 characters.",
    "schema": {"type": "string", "pattern": f"^{place.CELL}$"},
}
_EVENT = {"type": "object", "description": "One event of a room; see the asynchronous description."}
_MAKING_ERRORS = (
    *JSON_ERRORS, "bad_key", "wrong_origin", "room_taken", "bad_room", "bad_value", "filtered", "too_long",
    "too_fast", "restarting", "storage_full",
)  # fmt: skip

OPERATIONS = (
    Operation(
        "GET",
        "/api/rooms",
        list_rooms,
        "Public rooms, liveliest first; with a place its local room, and those of the cells around.",
        {
            200: listed(
                "rooms",
                RoomShown,
                captions_off={"type": "string"},
                telegram={"type": "string"},
                now=HereNow,
                today=CameToday,
            )
        },
        ("bad_query", "too_fast"),
        query=(_PLACE,),
    ),
    Operation(
        "POST",
        "/api/rooms",
        make_room,
        "Make a room.",
        {201: json_body(RoomShown), 200: json_body(RoomShown)},
        _MAKING_ERRORS,
        takes=json_body(NewRoom),
        key="optional",
        headers=("Location",),
    ),
    Operation(
        "GET", f"/api/rooms/{ROOM}", show_room, "One room.", {200: json_body(RoomShown)}, ("no_such_room",)
    ),
    Operation(
        "GET",
        f"/api/rooms/{ROOM}/events",
        list_events,
        "A page of events, oldest first.",
        {200: listed("events", _EVENT, head={"type": "integer"})},
        ("bad_query", "bad_key", "no_such_room", "too_fast"),
        query=(
            whole("after", "Events after this seq; without it the newest.", minimum=0),
            whole("limit", "How many at most.", minimum=1, maximum=EVENTS_LIMIT, default=EVENTS_DEFAULT),
        ),
        key="optional",
    ),
)
