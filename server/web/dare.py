"""A card to share: what a clip answered and its picture, and no way to its sound. Say yours, then hear."""

from __future__ import annotations

from html import escape
from string import Template

from aiohttp import web
from msgspec import Struct

from audio.picture import svg
from server.http import assets
from server.http.preferences import themed
from server.http.problems import Problem
from server.http.security import base_url
from server.room import company
from server.room.clips import ClipRef
from server.room.events import Language
from server.room.round_lifecycle import is_withheld, kind_of
from server.room.state import RoomState
from server.rooms.asked import asked_again, prompt_of
from server.web import clips
from server.web.app_keys import LOG
from server.web.operations import HTML, Operation
from server.web.page_head import BODY, HEAD, STYLES, UNFURLED, answer_page, escaped, spoken_to

NOBODY_COLOUR = "#8899bb"
# A reaction time on a card is that of one who spoke at all; who shares the card says it.
REACTION_LIMIT_MS = 30_000

_CARD = Template(
    HEAD
    + UNFURLED
    + STYLES
    + BODY
    + """<p class="by">$kicker</p>
<h1 dir="auto" lang="$room_language">$head</h1>
<figure class="card-picture">
$picture
<figcaption>$facts</figcaption>
</figure>
$way
</main>
</body>
</html>
"""
)
_WAY = Template("""<p><a class="primary" id="say-yours" href="/r/$room?answer=$clip">$door</a></p>
<p class="by">$hint</p>""")
_KIND_PAGE = Template(
    HEAD
    + STYLES
    + BODY
    + """<h1>$title</h1>
<p>$words</p>
<p><a class="primary" href="/">$door</a></p>
</main>
</body>
</html>
"""
)
_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "“$prompt” Say yours!",
        "kicker": "Somebody was asked",
        "fast": "“Go!”, and the answer came after $seconds s.",
        "one": "One voice has answered so far.",
        "many": "$count have answered so far.",
        "preview": "Say yours first, then hear it.",
        "picture": "The sound as a picture, still silent",
        "door": "Say yours, then hear it",
        "hint": "You get the same prompt and a few seconds. This voice plays right after yours.",
        "closed": "This room is closed, so nobody can answer any more.",
    },
    "de": {
        "title": "„$prompt“ Sag deins!",
        "kicker": "Jemand wurde gefragt",
        "fast": "„Los!“, und nach $seconds s kam die Antwort.",
        "one": "Eine Stimme hat schon geantwortet.",
        "many": "$count haben schon geantwortet.",
        "preview": "Sag erst deins, dann hörst du es.",
        "picture": "Der Klang als Bild, noch stumm",
        "door": "Sag deins, dann hör zu",
        "hint": "Du bekommst denselben Satz und ein paar Sekunden. Diese Stimme kommt gleich nach deiner.",
        "closed": "Dieser Raum ist geschlossen, hier kann niemand mehr antworten.",
    },
}
_GONE: dict[Language, dict[str, str]] = {
    "en": {
        "title": "This card has flown off",
        "words": "The voice behind it was taken back, or its time is over. There are others, and yours.",
        "door": "To the rooms",
    },
    "de": {
        "title": "Diese Karte ist weggeflogen",
        "words": "Die Stimme dahinter wurde zurückgeholt, oder ihre Zeit ist um. Es gibt andere, und deine.",
        "door": "Zu den Räumen",
    },
}
_KEPT: dict[Language, dict[str, str]] = {
    "en": {
        "title": "This stays in its room",
        "words": "What is said there is kept among those who are there, so there is no card of it.",
        "door": "To the rooms",
    },
    "de": {
        "title": "Das bleibt in seinem Raum",
        "words": "Was dort gesagt wird, bleibt bei denen, die dort sind. Darum gibt es davon keine Karte.",
        "door": "Zu den Räumen",
    },
}


class Card(Struct, frozen=True):
    """What a card tells of a clip; `reaction_ms` is None where its speaker does not say it."""

    room: str
    asked: str
    answers: int
    reaction_ms: int | None = None


async def dare(request: web.Request) -> web.StreamResponse:
    """Answer the card of a clip, or a kind page where there is none."""
    try:
        found = await clips.find(request)
    except Problem as problem:
        if problem.code != "no_such_clip":
            raise
        return _kindly(request, _GONE)
    state = found.room.state
    asked = await prompt_of(request.app[LOG], found.room.id, found.asked_seq)
    again = await asked_again(request.app[LOG], found.room.id, found.asked_seq)
    is_hidden = again is not None and is_withheld(state, again.prompt.id)
    if not kind_of(state).shared or not asked or found.is_kept_back or is_hidden:
        return _kindly(request, _GONE if kind_of(state).shared else _KEPT)
    answers = company.answers_to(state, found.id, found.asked_seq)
    told = Card(found.room.id, asked, answers, _reaction_ms(request))
    page = card_page(base_url(request), state, found.ref, told, lang=spoken_to(request, state.language))
    return _page(request, page)


def _page(request: web.Request, page: str) -> web.Response:
    """Answer a page in the colours that its visitor chose."""
    page = page.replace("<html", f"<html{themed(request)}", 1)
    return answer_page(request, assets.asset(page.encode(), "text/html"))


def _reaction_ms(request: web.Request) -> int | None:
    """Return how fast the answer came, as whoever shares the card says: nobody else is told it."""
    told = request.query.get("ms", "")
    is_number = told.isascii() and told.isdecimal() and len(told) < 8
    return int(told) if is_number and 0 < int(told) <= REACTION_LIMIT_MS else None


def card_page(base: str, state: RoomState, ref: ClipRef, card: Card, *, lang: Language) -> str:
    """Return the card of a clip, everything said in it escaped; what was asked is in the room's language."""
    words = _WORDS[lang]
    facts = _facts(card, lang)
    title = Template(words["title"]).substitute(prompt=card.asked)
    door = {"room": card.room, "clip": ref.clip, "door": words["door"], "hint": words["hint"]}
    values = {
        "language": lang,
        "room_language": state.language,
        "title": title,
        "words": f"{facts} {words['preview']}",
        "facts": facts,
        "kicker": words["kicker"],
        "head": card.asked,
        "picture_alt": words["picture"],
        "url": f"{base}/c/{ref.clip}/dare",
        "image": f"{base}/api/clips/{ref.clip}.png",
    }
    picture = svg(ref.peaks, colour=ref.by.colour if ref.by else NOBODY_COLOUR, label=words["picture"])
    way = f'<p class="by">{escape(words["closed"])}</p>' if state.closed else _WAY.substitute(escaped(door))
    return _CARD.substitute(escaped(values), picture=picture, way=way)


def _facts(card: Card, lang: Language) -> str:
    words = _WORDS[lang]
    told = []
    if card.reaction_ms is not None:
        seconds = f"{card.reaction_ms / 1000:.2f}"
        told.append(
            Template(words["fast"]).substitute(seconds=seconds.replace(".", ",") if lang == "de" else seconds)
        )
    many = Template(words["many"]).substitute(count=card.answers)
    return " ".join([*told, words["one"] if card.answers == 1 else many])


def _kindly(request: web.Request, pages: dict[Language, dict[str, str]]) -> web.StreamResponse:
    lang = spoken_to(request)
    page = _KIND_PAGE.substitute(escaped({**pages[lang], "language": lang}))
    answered = _page(request, page)
    if answered.status == web.HTTPOk.status_code:
        answered.set_status(web.HTTPNotFound.status_code)
    return answered


OPERATIONS = (
    Operation(
        "GET",
        f"/c/{clips.CLIP}/dare",
        dare,
        "A card of a clip to share, without its sound; a kind page where there is none.",
        {200: HTML, 304: {}, 404: HTML},
    ),
)
