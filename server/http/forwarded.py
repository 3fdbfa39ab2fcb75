"""What proxies tell of a request on its way: whose it is, by which scheme and host it was asked.

Nothing here asks whether a proxy may be believed: that is for security.py. `Forwarded` (RFC 7239) counts
only where no X-Forwarded-* stands beside it: proxies that write those pass on any `Forwarded` they are sent.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from aiohttp import web

from server.rtc.stun import plain_address

_FOR, _PROTO, _HOST = "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"
_BRACKETED = re.compile(r"\[([^\]]*)\](?::\d{0,5})?")
_WITH_PORT = re.compile(r"([^:]*):\d{0,5}")
# Traefik names the scheme of the socket itself.
_SCHEMES = {"http": "http", "ws": "http", "https": "https", "wss": "https"}


def nodes(request: web.BaseRequest) -> list[str]:
    """Return who passed the request on, as they were written down: the nearest last."""
    return _listed(request, _FOR, "for")


def scheme(request: web.BaseRequest) -> str | None:
    """Return `http` or `https` as the visitor used it, the first of a list; None when nobody tells."""
    told = _listed(request, _PROTO, "proto")
    return _SCHEMES.get(told[0].lower()) if told else None


def hosts(request: web.BaseRequest) -> list[str]:
    """Return the hosts (with their ports) that the request was for, before a proxy named another."""
    return _listed(request, _HOST, "host")


def address(node: str) -> str | None:
    """Return the address in a node, without its port, brackets and quotes; None for other names.

    An IPv4 address in IPv6 form is returned as IPv4.
    """
    node = node.strip().strip('"').strip()
    found = _BRACKETED.fullmatch(node) or _WITH_PORT.fullmatch(node)
    try:
        return str(plain_address(str(ipaddress.ip_address(found[1] if found else node))))
    except ValueError:
        return None


def _listed(request: web.BaseRequest, header: str, key: str) -> list[str]:
    if any(name in request.headers for name in (_FOR, _PROTO, _HOST)):
        return list(_parts(request.headers.getall(header, [])))
    return [element[key] for element in request.forwarded if element.get(key)]


def _parts(lines: list[str]) -> Iterator[str]:
    """Yield the parts of a list over one or several header lines."""
    for part in ",".join(lines).split(","):
        if cleaned := part.strip().strip('"').strip():
            yield cleaned
