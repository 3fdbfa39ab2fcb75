"""A problem as a page for people: what happened, in their language, and a way on."""

from __future__ import annotations

from html import escape
from string import Template

_PAGE = Template("""<!doctype html>
<html lang="$language"$look>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$sentence · Space of Wonder</title>
<meta name="robots" content="noindex">
<link rel="icon" href="/static/icons/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/css/sky.css">
<link rel="stylesheet" href="/static/css/clip.css">
</head>
<body class="clip-page">
<main>
<p>Space of Wonder</p>
<h1>$sentence</h1>
<p><a class="quiet" href="/">$door</a></p>
</main>
</body>
</html>
""")
_DOORS = {"en": "All rooms", "de": "Alle Räume"}
# Of what a page can answer; anything else is said in English.
_GERMAN = {
    "no_such_room": "Diesen Raum gibt es nicht (mehr).",
    "no_such_clip": "Dieser Clip ist nicht (mehr) hier.",
    "no_such_page": "Unter dieser Adresse gibt es nichts.",
    "too_fast": "Etwas langsamer, bitte.",
    "storage_away": "Unser Speicher antwortet gerade nicht. Versuch es gleich noch einmal.",
    "busy": "Hier ist es gerade sehr voll. Versuch es gleich noch einmal.",
    "restarting": "Der Server startet neu. Versuch es gleich noch einmal.",
    "draining": "Der Server startet neu. Versuch es gleich noch einmal.",
    "damaged": "Das ist auf unserer Platte beschädigt und nicht mehr zu lesen.",
    "broken": "Bei uns ist etwas kaputtgegangen.",
}


def problem_page(code: str, detail: str, lang: str, look: str = "") -> str:
    """Return the page of a problem, `look` being attributes of its root."""
    sentence = _GERMAN.get(code, detail) if lang == "de" else detail
    return _PAGE.substitute(language=lang, look=look, sentence=escape(sentence), door=_DOORS[lang])
