"""What a visitor set for themselves, of what a page must know before any script runs: it comes as cookies."""

from __future__ import annotations

from aiohttp import web

from server.http.languages import LANGUAGES, Language, language

THEMES = ("dark", "light")  # what a visitor may have set; else the system's


def language_of(request: web.Request) -> Language:
    """Return the language that a visitor chose, else the best that their browser asks for."""
    chosen = request.cookies.get("wonder_language", "")
    ours = next((each for each in LANGUAGES if each == chosen), None)
    return ours or language(request.headers.get("Accept-Language", ""))


def themed(request: web.Request) -> str:
    """Return the attribute that gives a page the colours that its visitor chose; empty for the system's."""
    theme = request.cookies.get("wonder_theme", "")
    return f' data-theme="{theme}"' if theme in THEMES else ""
