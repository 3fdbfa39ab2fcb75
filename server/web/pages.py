"""Pages for people: the lobby, a room, one clip; and the files they are made of."""

from __future__ import annotations

from html import escape
from string import Template

from aiohttp import web

from server.http import assets
from server.http.assets import ASSETS
from server.http.preferences import language_of, themed
from server.http.problems import Handler
from server.http.security import base_url, give_key
from server.room.clips import ClipRef
from server.room.events import Language
from server.room.state import RoomState
from server.rooms.asked import prompt_of
from server.web import clips
from server.web.app_keys import LOG
from server.web.door import door_of, words_of
from server.web.operations import BINARY, HTML, OBJECT, TEXT, Operation
from server.web.page_head import BODY, HEAD, STYLES, UNFURLED, answer_page, escaped, spoken_to
from server.web.rooms import ROOM, present
from server.web.visits import visited

_DOOR = b"<!-- door -->"
# A worker obeys the policy of its own script, not of the page's.
WORKER_CSP = "default-src 'none'; connect-src 'self'; img-src 'self'"
# What `sw.js` keeps beside the page that says so.
_KEPT = ("css/sky.css", "css/clip.css", "js/away.js", "icons/icon.svg")

_CLIP_PAGE = Template(
    HEAD
    + UNFURLED
    + """<meta property="og:audio" content="$audio">
<meta property="og:audio:type" content="audio/mp4">
"""
    + STYLES
    + """<link rel="modulepreload" href="/static/js/room/words.js">
<script type="module" src="/static/js/clip.js"></script>
"""
    + BODY
    + """<h1 dir="auto"$head_language>$head</h1>
<p class="by" dir="auto">$by</p>
<figure>
<div class="wave" id="wave"><img src="/api/clips/$clip.svg" alt="$picture_alt" width="382" height="64"></div>
<figcaption dir="auto" id="words"$words_language>$caption</figcaption>
</figure>
<button type="button" class="primary" id="play" data-play="$play" data-stop="$stop" hidden>$play</button>
<audio id="sound" controls preload="metadata">
<source src="/api/clips/$clip.ogg" type="audio/ogg; codecs=opus">
<source src="/api/clips/$clip.m4a" type="audio/mp4">
<track kind="captions" src="/api/clips/$clip.vtt" srclang="$room_language" label="$captions" default>
</audio>
$way
</main>
</body>
</html>
"""
)
_WAY = Template('<p><a class="quiet" id="say-yours" href="$href">$door</a></p>')
_AWAY_PAGE = Template("""<!doctype html>
<html lang="$language">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<meta name="robots" content="noindex">
<link rel="icon" href="/static/icons/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/css/sky.css">
<link rel="stylesheet" href="/static/css/clip.css">
<script type="module" src="/static/js/away.js"></script>
</head>
<body class="clip-page">
<main>
<p>Space of Wonder</p>
<h1>$title</h1>
<p>$words</p>
<p><button type="button" class="quiet" id="again">$again</button></p>
</main>
</body>
</html>
""")
_AWAY_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "You are offline. The room waits.",
        "words": "Nobody can be reached from here just now. This page goes on by itself as soon as it can.",
        "again": "Try now",
    },
    "de": {
        "title": "Du bist offline. Der Raum wartet.",
        "words": "Von hier ist gerade niemand zu erreichen. Sobald es geht, geht es hier von selbst weiter.",
        "again": "Jetzt versuchen",
    },
}
_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "$voice in $room",
        "asked": "“$prompt” answered by $voice",
        "play": "Listen",
        "stop": "Stop",
        "voice": "Somebody",
        "machine": "a machine",
        "words": "A clip of $seconds seconds, said without thinking.",
        "picture": "The sound as a picture",
        "captions": "Captions",
        "door": "Say yours",
        "closed": "This room is closed, so nobody can answer any more.",
    },
    "de": {
        "title": "$voice in $room",
        "asked": "„$prompt“, eine Antwort von $voice",
        "play": "Anhören",
        "stop": "Stopp",
        "voice": "Jemand",
        "machine": "eine Maschine",
        "words": "Ein Clip von $seconds Sekunden, ohne nachzudenken gesagt.",
        "picture": "Der Klang als Bild",
        "captions": "Untertitel",
        "door": "Sag deins",
        "closed": "Dieser Raum ist geschlossen, hier kann niemand mehr antworten.",
    },
}


async def lobby(request: web.Request) -> web.StreamResponse:
    """Answer the lobby."""
    return _page(request, _filled(request, "index.html", ("text", "text.lobby")))


async def room(request: web.Request) -> web.StreamResponse:
    """Answer a room's page, with what links to it show, and its door before any script runs."""
    found = await visited(request, request.match_info["room"])
    lang = language_of(request)
    words = words_of(request.app[ASSETS].find(f"js/lib/text.{lang}.js").body)
    door = door_of(present(request, found), lang, words)
    head = _room_head(request, found.id, found.state)
    page = _filled(request, "room.html", ("text",), head=head, door=door, kind=found.state.kind)
    return _page(request, page)


async def screen(request: web.Request) -> web.StreamResponse:
    """Answer a room's page for a screen that many look at."""
    found = await visited(request, request.match_info["room"])
    head = f"<title>{escape(found.state.name)} · Space of Wonder</title>\n"
    return _page(
        request, _filled(request, "screen.html", ("text", "text.screen"), head=head, kind=found.state.kind)
    )


async def moderate(request: web.Request) -> web.StreamResponse:
    """Answer the admin's page, which is nothing without the admin's token."""
    return _page(request, _filled(request, "moderate.html", ("text", "text.moderate")))


def _filled(
    request: web.Request, name: str, words: tuple[str, ...], *, head: str = "", door: str = "", kind: str = ""
) -> assets.Asset:
    """Return a page with its words on their way: which of them, no file can know (lib/text.js)."""
    lang = language_of(request)
    early = "".join(
        f'<link rel="modulepreload" fetchpriority="low" href="/static/js/lib/{one}.{lang}.js">\n'
        for one in words
    )
    page = request.app[ASSETS].find(name).body.replace(b"</head>", f"{early}{head}</head>".encode(), 1)
    page = page.replace(b'<html lang="en"', f'<html lang="{lang}"{_look(request, kind)}'.encode(), 1)
    return assets.asset(page.replace(_DOOR, door.encode(), 1), "text/html")


def _look(request: web.Request, kind: str) -> str:
    """Return the attributes that give a page its colours before any script runs (static/js/lib/look.js)."""
    return themed(request) + (f' data-kind="{escape(kind, quote=True)}"' if kind else "")


def _room_head(request: web.Request, id: str, state: RoomState) -> str:  # noqa: A002
    title = escape(f"{state.name or 'A room'} · Space of Wonder", quote=True)
    words = escape(state.description or state.theme, quote=True)
    robots = "" if state.public else '<meta name="robots" content="noindex">\n'
    return (
        f'{robots}<meta property="og:title" content="{title}">\n'
        f'<meta property="og:description" content="{words}">\n'
        f'<meta property="og:url" content="{base_url(request)}/r/{id}">\n'
        f'<link rel="alternate" type="application/rss+xml" title="{title}" href="/r/{id}/feed.xml">\n'
    )


async def clip(request: web.Request) -> web.StreamResponse:
    """Answer a page with one clip that plays without any script."""
    found = await clips.find(request)
    asked = await prompt_of(request.app[LOG], found.room.id, found.asked_seq)
    lang = spoken_to(request, found.room.state.language)
    page = clip_page(base_url(request), found.room.id, found.room.state, found.ref, asked, lang=lang)
    page = page.replace("<html", f"<html{_look(request, found.room.state.kind)}", 1)
    return _page(request, assets.asset(page.encode(), "text/html"))


def clip_page(
    base: str, room_id: str, state: RoomState, ref: ClipRef, asked: str = "", *, lang: Language
) -> str:
    """Return the page of one clip and of what it answers, everything said in it escaped.

    What was asked and said is in the room's language, the page itself in its visitor's.
    """
    words, said = _WORDS[lang], f' lang="{state.language}"'
    voice = ref.by.name if ref.by else words["voice"]
    if ref.by and ref.by.machine:
        voice = f"{voice} ({words['machine']})"
    seconds = f"{ref.duration_ms / 1000:.1f}"
    by = Template(words["title"]).substitute(voice=voice, room=state.name)
    values = {
        "language": lang,
        "room_language": state.language,
        "title": Template(words["asked"]).substitute(prompt=asked, voice=voice) if asked else by,
        "head": asked or by,
        "by": by if asked else "",
        "play": words["play"],
        "stop": words["stop"],
        "words": ref.caption or Template(words["words"]).substitute(seconds=seconds),
        "picture_alt": words["picture"],
        "captions": words["captions"],
        "clip": ref.clip,
        "url": f"{base}/c/{ref.clip}",
        "image": f"{base}/api/clips/{ref.clip}.png",
        "audio": f"{base}/api/clips/{ref.clip}.m4a",
    }
    marks = {"head_language": said if asked else "", "words_language": said if ref.caption else ""}
    href = f"/r/{room_id}?answer={ref.clip}" if asked else f"/r/{room_id}"
    way = f'<p class="by">{words["closed"]}</p>'
    if not state.closed:
        way = _WAY.substitute(escaped({"href": href, "door": words["door"]}))
    shown = escaped(values)
    return _CLIP_PAGE.substitute(shown, **marks, way=way, caption=_timed(ref) or shown["words"])


def _timed(ref: ClipRef) -> str:
    """Return the words of a clip, each with the time in ms at which it begins; "" where they have none."""
    if " ".join(word for word, _, _ in ref.words) != ref.caption:
        return ""
    spans = (
        f'<span class="word" data-ms="{start_ms}">{escape(word)}</span>' for word, start_ms, _ in ref.words
    )
    return " ".join(spans)


def _page(request: web.Request, found: assets.Asset) -> web.StreamResponse:
    response = answer_page(request, found)
    give_key(request, response)
    return response


async def away(request: web.Request) -> web.Response:
    """Answer what a page's service worker keeps and shows where nobody can be reached."""
    lang = language_of(request)
    page = _AWAY_PAGE.substitute(_AWAY_WORDS[lang], language=lang)
    return assets.answer(request, assets.asset(page.encode(), "text/html"))


async def service_worker(request: web.Request) -> web.Response:
    """Answer the service worker. It changes with every file that it keeps, so that it keeps the new one."""
    found = [request.app[ASSETS].find(name) for name in ("sw.js", *_KEPT)]
    tags = " ".join(each.etag.strip('"') for each in found[1:])
    body = f"// {tags}\n".encode() + found[0].body
    response = assets.answer(request, assets.asset(body, "text/javascript"))
    response.headers["Content-Security-Policy"] = WORKER_CSP
    return response


async def static(request: web.Request) -> web.Response:
    """Answer a file of the page."""
    found = request.app[ASSETS].find(request.match_info["name"])
    asked = request.query.get("v")
    fixed = asked is not None and found.etag.strip('"').startswith(asked) and len(asked) >= 8
    return assets.answer(request, found, "public, max-age=31536000, immutable" if fixed else "no-cache")


def _file(name: str) -> Handler:
    async def one(request: web.Request) -> web.StreamResponse:
        return assets.answer(request, request.app[ASSETS].find(name))

    return one


async def robots(_: web.Request) -> web.Response:
    """Ask search engines to leave rooms, clips and the API alone."""
    return web.Response(text="User-agent: *\nDisallow: /api/\nDisallow: /c/\nDisallow: /moderate\n")


OPERATIONS = (
    Operation("GET", "/", lobby, "The lobby.", {200: HTML, 304: {}}),
    Operation("GET", f"/r/{ROOM}", room, "A room's page.", {200: HTML, 304: {}}, ("no_such_room",)),
    Operation(
        "GET",
        f"/r/{ROOM}/screen",
        screen,
        "A room for a screen that many look at: no microphone.",
        {200: HTML, 304: {}},
        ("no_such_room",),
    ),
    Operation(
        "GET", f"/c/{clips.CLIP}", clip, "A clip's page; it unfurls.", {200: HTML, 304: {}}, ("no_such_clip",)
    ),
    Operation("GET", "/moderate", moderate, "The admin's page.", {200: HTML, 304: {}}),
    Operation("GET", "/away", away, "What is shown where nobody can be reached.", {200: HTML, 304: {}}),
    Operation(
        "GET",
        "/sw.js",
        service_worker,
        "The page's service worker.",
        {200: {"text/javascript": TEXT}, 304: {}},
    ),
    Operation(
        "GET",
        "/static/{name:.+}",
        static,
        "A file of the page.",
        {200: {"*/*": BINARY}, 304: {}},
        ("no_such_page",),
    ),
    Operation(
        "GET",
        "/manifest.webmanifest",
        _file("manifest.webmanifest"),
        "The page as an app.",
        {200: {"application/manifest+json": {"schema": OBJECT}}},
    ),
    Operation(
        "GET",
        "/favicon.ico",
        _file("icons/icon.svg"),
        "The icon.",
        {200: {"image/svg+xml": BINARY}},
        ("no_such_page",),
    ),
    Operation("GET", "/robots.txt", robots, "What search engines leave alone.", {200: {"text/plain": TEXT}}),
)
