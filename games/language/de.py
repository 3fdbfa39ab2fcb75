"""Deutsch für den Schiedsrichter."""

from __future__ import annotations

import re

from games.language.tongue import Tongue, ending, words

# Kölner Phonetik (Postel 1969), from the rarest case to the plain letter.
_COLOGNE = (
    (r"ph", "3"),
    (r"(?<=[ckqsz])x", "8"),
    (r"x", "48"),
    (r"[dt](?=[csz])", "8"),
    (r"^c(?=[ahkloqrux])|(?<![sz])c(?=[ahkoqux])", "4"),
    (r"c", "8"),
    (r"h", ""),
    (r"[aeijouyäöü]", "0"),
    (r"[bp]", "1"),
    (r"[dt]", "2"),
    (r"[fvw]", "3"),
    (r"[gkq]", "4"),
    (r"l", "5"),
    (r"[mn]", "6"),
    (r"r", "7"),
    (r"[sz]", "8"),
    (r"\D", ""),
    (r"(.)\1+", r"\1"),
    (r"(?<=.)0", ""),
)
_RHYMES = (
    (r"[^a-zäöüß]", ""),
    (r"(äu|eu|oi)", "oi"),
    (r"(ei|ai|ay|ey)", "ai"),
    (r"ie", "i"),
    (r"ä", "e"),
    (r"y", "ü"),
    (r"(?<=[aeiouöü])h(?![aeiouöü])", ""),
    (r"dt|th", "t"),
    (r"tz", "z"),
    (r"ck", "k"),
    (r"v|ph", "f"),
    (r"d$", "t"),
    (r"b$", "p"),
    (r"(?<!n)g$", "k"),
    (r"(.)\1", r"\1"),
)


def sound(word: str) -> str:
    """Return the Cologne phonetic code of a word."""
    for pattern, code in _COLOGNE:
        word = re.sub(pattern, code, word)
    return word


def tail(word: str) -> str:
    """Return what a rhyme with this word ends in."""
    return ending(word, _RHYMES, "aeiouöü", r"(e|en|er|el|es|em|ern|eln|ig)$")


GERMAN = Tongue(
    sound,
    tail,
    fillers=words("und aber also naja äh ähm hm oh ach tja nun okay so"),
    small=words(
        "dass diese dieser dieses nicht auch noch eine einen einem einer sich oder aber wenn weil "
        "dann doch schon mein dein sein ihre haben habe wird sind über ganz immer"
    ),
    questions=words(
        "wer was wann wo warum wieso weshalb wie welche welcher welches wessen wem wen woher wohin "
        "ist bist sind war hast hat haben habt kann kannst können könnten darf darfst soll sollen "
        "willst wollen wird werden wirst würdest würden magst gibt"
    ),
    yes=words("ja jawohl klar"),
    but=words("aber"),
    also=words("und"),
    luck=("zum glück", "glücklicherweise"),
    bad_luck=("leider", "zum pech", "dummerweise", "unglücklicherweise"),
    absolutes=words("immer nie niemals ständig"),
    unknowing=("weiss nicht", "weiss ich nicht", "keine ahnung", "nicht sicher"),
    stops=words("punkt ende schluss"),
    steps={
        "seen": r"\b(wenn (ich|du)|als (ich|du)|ich (sehe|sah|höre|hörte|merke)|ich habe gehört|du hast)\b",
        "felt": r"\b(ich fühle|fühle ich|ich bin|bin ich|macht mich|ich werde|werde ich)\b",
        "needed": r"\b(ich brauche|brauche ich|mir ist .*wichtig|ist mir wichtig|wünsche mir|bedürfnis)\b",
        "asked": r"\b(würdest du|könntest du|kannst du|magst du|wärst du bereit|bist du bereit)\b",
    },
    step_names={
        "seen": "was ist",
        "felt": "ein Gefühl",
        "needed": "ein Bedürfnis",
        "asked": "eine Bitte",
    },
    word_names=("Wort", "Wörter"),
)
