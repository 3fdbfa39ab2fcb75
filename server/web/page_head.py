"""What the pages of a clip have in common: their head, by which links unfurl, and the language they speak."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from aiohttp import web

from server.http import assets
from server.http.preferences import language_of
from server.room.events import Language

PAGE_CACHE = "private, no-cache"
# A page is in its visitor's language and colours, which come as cookies or are what the browser asks for.
PAGE_VARY = ("Accept-Language", "Cookie")

HEAD = """<!doctype html>
<html lang="$language">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<meta name="description" content="$words">
<meta name="robots" content="noindex">
"""
UNFURLED = """<meta property="og:site_name" content="Space of Wonder">
<meta property="og:type" content="website">
<meta property="og:title" content="$title">
<meta property="og:description" content="$words">
<meta property="og:url" content="$url">
<meta property="og:image" content="$image">
<meta property="og:image:type" content="image/png">
<meta property="og:image:width" content="1200">
<meta property="og:image:height" content="630">
<meta property="og:image:alt" content="$picture_alt">
<meta name="twitter:card" content="summary_large_image">
"""
STYLES = """<link rel="icon" href="/static/icons/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/css/sky.css">
<link rel="stylesheet" href="/static/css/clip.css">
"""
BODY = """</head>
<body class="clip-page">
<main>
<p><a href="/">Space of Wonder</a></p>
"""


def spoken_to(request: web.Request, room: Language = "en") -> Language:
    """Return a visitor's language; where none is asked for, as by what unfurls links, the room's."""
    asks = "Accept-Language" in request.headers or "wonder_language" in request.cookies
    return language_of(request) if asks else room


def escaped(values: Mapping[str, str]) -> dict[str, str]:
    """Return values that may stand in text and in attributes."""
    return {name: escape(value, quote=True) for name, value in values.items()}


def answer_page(request: web.Request, page: assets.Asset) -> web.Response:
    """Answer a page that is its visitor's."""
    response = assets.answer(request, page, PAGE_CACHE)
    response.headers["Vary"] = ", ".join((response.headers["Vary"], *PAGE_VARY))
    return response
