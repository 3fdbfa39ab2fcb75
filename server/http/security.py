"""Who asks, from where, and with which headers we answer."""

from __future__ import annotations

import hmac
import ipaddress
import logging
import re
import secrets
import time

from aiohttp import web

from server.config import networks
from server.http import forwarded
from server.http.app_keys import CONFIG, LIMITS
from server.http.limits import Action, prefix
from server.http.problems import Problem

logger = logging.getLogger(__name__)

COOKIE = "wonder_key"
COOKIE_MAX_AGE_S = 365 * 86_400
_KEY = re.compile(r"[A-Za-z0-9_-]{22,86}")
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="wonder"'}
_HOST = re.compile(r"(?:[A-Za-z0-9.\-_]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
_SITE = re.compile(rf"(https?)://({_HOST.pattern})")
# Ports that go without saying.
_PORTS = {"http": ":80", "https": ":443"}
# What a proxy does wrong is logged once; but other sites may try as many names as they like.
CAUSES_TOLD = 16
CAUSES: web.AppKey[set[str]] = web.AppKey("causes_told")
# What only proxies say.
_BY_PROXIES = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via")
# Paths that pages and players of other sites may use; all else is for our own pages.
_OPEN = re.compile(
    r"/api/(?:clips/|rooms/[^/]+/(?:(?:whip|whep|clips)(?:/|$)|recording\.))"
    r"|/r/[^/]+/feed\.xml$|/static/icons/podcast\.png$"
)
_PAGE_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:{cdn}; connect-src 'self' {socket}; manifest-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_BLOB_CSP = "default-src 'none'; frame-ancestors 'none'; sandbox"
_BASE = {"X-Content-Type-Options": "nosniff"}
_DOCUMENT = {
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=(self)",
}
# Some players read the methods before they trickle, and send an ETag of their own.
_CROSSING = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "OPTIONS, GET, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Content-Type, Authorization, If-Match, ETag",
    "Access-Control-Expose-Headers": "Location, ETag, Link, Accept-Patch, Access-Control-Allow-Methods",
}
PREFLIGHT_MAX_AGE_S = 600
# Which programs and versions serve is nobody's business.
SERVER = "wonder"


def visitor_key(request: web.Request) -> str | None:
    """Return the key a visitor made up (bearer) or was given (cookie); None for a mere listener.

    A bearer wins over the cookie. A cookie counts only for our own pages, so that no other site
    can act with it. Raises `Problem` for a bearer that is no key.
    """
    bearer = _bearer(request)
    if bearer is not None:
        if is_admin(request):
            return None
        return key_in(bearer)
    cookie = request.cookies.get(COOKIE, "")
    return cookie if _KEY.fullmatch(cookie) and same_origin(request) else None


def key_in(text: str) -> str:
    """Return a text that is a key. Raises `Problem` (`bad_key`)."""
    if not _KEY.fullmatch(text):
        raise Problem("bad_key", "A key is 22 to 86 characters of base64url.", headers=_CHALLENGE)
    return text


def needed_key(request: web.Request) -> str:
    """Return the visitor's key. Raises `Problem` when there is none."""
    key = visitor_key(request)
    if key is not None:
        return key
    if COOKIE in request.cookies and not same_origin(request):
        raise _wrong_origin(request, "Pages of other sites must bring a key of their own")
    raise Problem("no_key", "Bring a key: Authorization: Bearer KEY.", headers=_CHALLENGE)


def is_admin(request: web.Request) -> bool:
    """Tell whether the request carries the admin's token (compared in constant time)."""
    token, bearer = request.app[CONFIG].admin_token, _bearer(request)
    if not token or bearer is None:
        return False
    return hmac.compare_digest(token.encode(), bearer.encode("utf-8", "replace"))


def same_origin(request: web.Request) -> bool:
    """Tell whether a request comes from our own page, or from no page at all.

    Ours is a page of the scheme, host and port that were asked. Behind a proxy its scheme may also be the
    safer one, for many a proxy ends TLS and says nothing of it, or says what the next one used.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    found = _SITE.fullmatch(origin.lower())
    if found is None:
        return False
    page, proxied = _plain_url(*found.groups()), _by_trusted(request)
    if request.app[CONFIG].public_url or not proxied:
        return page == base_url(request)
    if found[1] == "http" and _scheme(request) == "https":
        return False  # anybody on the way can forge a page of plain http
    # Whoever names our host in these is our page or no page at all: no page can set them.
    hosts = [request.headers.get("Host", ""), *forwarded.hosts(request)]
    return page in [_plain_url(found[1], host) for host in hosts]


def check_origin(request: web.Request) -> None:
    """Raise `Problem` when a page of another site asks."""
    if not same_origin(request):
        raise _wrong_origin(request, "Only this site's own pages may ask for this")


def _wrong_origin(request: web.Request, sentence: str) -> Problem:
    """Return the refusal; where a site's host may have led its own page astray, it says how to mend that."""
    origin, ours = request.headers.get("Origin", "").lower(), base_url(request)
    if not _SITE.fullmatch(origin):
        return Problem("wrong_origin", f"{sentence}.")
    why = (
        f"{sentence}: those of {ours}, and not of {origin}. If both are this site, its host can mend it: let "
        "the proxy pass on Host and X-Forwarded-Proto and name it in --trusted-proxies, or set --public-url."
    )
    tell_host(request, f"refused a page: {why}")
    return Problem("wrong_origin", why)


def tell_host(request: web.Request, sentence: str) -> None:
    """Log what whoever hosts the site can mend, each thing once."""
    told = request.app.get(CAUSES, set())
    if sentence not in told and len(told) < CAUSES_TOLD:
        told.add(sentence)
        logger.warning("%s (said once)", sentence)


def base_url(request: web.Request) -> str:
    """Return scheme, host and port of the site as the visitor sees it."""
    config = request.app[CONFIG]
    if config.public_url:
        found = _SITE.fullmatch(config.public_url.lower())
        return _plain_url(*found.groups()) if found else config.public_url
    host = request.headers.get("Host", "")
    return _plain_url(_scheme(request), host if _HOST.fullmatch(host) else "localhost")


def _scheme(request: web.Request) -> str:
    told = forwarded.scheme(request) if _by_trusted(request) else None
    return told or ("https" if request.scheme == "https" else "http")


def _plain_url(scheme: str, host: str) -> str:
    return f"{scheme}://{host.lower().removesuffix(_PORTS[scheme])}"


def remote(request: web.Request) -> str:
    """Return who is connected to us; an IPv4 address seen by an IPv6 socket as IPv4."""
    return forwarded.address(request.remote or "") or request.remote or ""


def address(request: web.Request) -> str:
    """Return the visitor's address; what proxies wrote counts only as far as they are trusted."""
    found = remote(request)
    proxies = request.app[CONFIG].trusted_proxies
    for node in reversed(forwarded.nodes(request)):
        nearer = forwarded.address(node)
        if nearer is None or not _is_trusted(found, proxies):
            break
        found = nearer
    return found


def rate_limit(request: web.Request, action: Action, voice: str | None = None) -> None:
    """Count an action of a voice and its address. Raises `Refused` (`too_fast`) when it is one too many."""
    now_ms = time.monotonic() * 1000
    request.app[LIMITS].check(action, voice=voice, address=prefix(address(request)), now_ms=now_ms)


def is_local(request: web.Request) -> bool:
    """Tell whether the request comes from this machine, and from no proxy on it."""
    proxied = any(name in request.headers for name in _BY_PROXIES)
    found = remote(request)
    return not proxied and _is_address(found) and ipaddress.ip_address(found).is_loopback


def give_key(request: web.Request, response: web.StreamResponse) -> None:
    """Give a page's visitor a key of their own, in a cookie no script can read."""
    if _KEY.fullmatch(request.cookies.get(COOKIE, "")):
        return
    response.set_cookie(
        COOKIE,
        secrets.token_urlsafe(32),
        max_age=COOKIE_MAX_AGE_S,
        httponly=True,
        samesite="Lax",
        secure=base_url(request).startswith("https:"),
        path="/",
    )


async def preflight(_: web.Request) -> web.Response:
    """Answer OPTIONS: what may be posted here (RFC 9725 4.2) and, by the headers, from where."""
    headers = {"Accept-Post": "application/sdp", "Access-Control-Max-Age": str(PREFLIGHT_MAX_AGE_S)}
    return web.Response(status=204, headers=headers)


def is_open(path: str) -> bool:
    """Tell whether a path may be used by pages of other sites."""
    return _OPEN.match(path) is not None


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers of every answer (an `on_response_prepare` signal)."""
    response.headers["Server"] = SERVER
    # Whoever sends no path (CONNECT, `OPTIONS *`) takes us for a proxy: there is nothing more to talk about.
    if not request.raw_path.startswith("/"):
        response.headers["Connection"] = "close"
        response.force_close()
    crossing = is_open(request.path)
    if crossing:
        response.headers.update(_CROSSING)
    # What is known already keeps the headers it came with (RFC 9111 3.2).
    if response.status == 304:
        return
    for name, value in _BASE.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cross-Origin-Resource-Policy", "cross-origin" if crossing else "same-origin")
    # A room's page is sixty files: those that are no documents need not carry what only documents heed.
    if request.path.startswith("/static/") and response.content_type in ("text/javascript", "text/css"):
        return
    _add_document_headers(request, response)


def _add_document_headers(request: web.Request, response: web.StreamResponse) -> None:
    url = base_url(request)
    # Safari before 15.4 does not take 'self' for WebSocket.
    cdn = request.app[CONFIG].blobs_url
    page = _PAGE_CSP.format(socket=url.replace("http", "ws", 1), cdn=f" {cdn}" if cdn else "")
    response.headers.setdefault(
        "Content-Security-Policy", page if response.content_type == "text/html" else _BLOB_CSP
    )
    for name, value in _DOCUMENT.items():
        response.headers.setdefault(name, value)
    # Browsers would hold a name to a certificate that was only made for trying things out.
    if url.startswith("https:") and request.app[CONFIG].tls != "self-signed":
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")


def _bearer(request: web.Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _by_trusted(request: web.Request) -> bool:
    return _is_trusted(remote(request), request.app[CONFIG].trusted_proxies)


def _is_trusted(remote: str, proxies: str) -> bool:
    if not proxies or not _is_address(remote):
        return False
    found = ipaddress.ip_address(remote)
    return any(found in network for network in networks(proxies))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
