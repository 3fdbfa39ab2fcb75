"""Clean what visitors write: no controls, no invisible or direction-changing characters, few marks.

What keyboards give stays, whatever Unicode this Python knows: a character that is not assigned here may be
a letter or an emoji of next year.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Literal
from unicodedata import category, combining, digit, normalize

Part = Literal["alone", "mark", "selector", "joiner", "tag"]
# A base character may carry this many marks: enough for every living script, too few for zalgo.
MARKS_LIMIT = 4
# The longest emoji joins four people or parts (UTS #51: families, couples).
EMOJI_PARTS = 4
# What is known of this many characters is looked up once: a chat writes with some hundred.
CHARACTERS_KNOWN = 2_048

# Extended_Pictographic of UTS #51: emoji, symbols that may be shown as such, and places that Unicode keeps
# free for those to come; and skin tones and hair, which emoji-test.txt lists by themselves.
_PICTURES = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u2388\u23cf\u23e9-\u23f3"
    "\u23f8-\u23fa\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2605\u2607-\u2612\u2614-\u2685"
    "\u2690-\u2705\u2708-\u2712\u2714\u2716\u271d\u2721\u2728\u2733\u2734\u2744\u2747\u274c\u274e"
    "\u2753-\u2755\u2757\u2763-\u2767\u2795-\u2797\u27a1\u27b0\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50"
    "\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f0ff\U0001f10d-\U0001f10f\U0001f12f\U0001f16c-\U0001f171\U0001f17e\U0001f17f\U0001f18e"
    "\U0001f191-\U0001f19a\U0001f1ad-\U0001f1e5\U0001f201-\U0001f20f\U0001f21a\U0001f22f\U0001f232-\U0001f23a"
    "\U0001f23c-\U0001f23f\U0001f249-\U0001f53d\U0001f546-\U0001f64f\U0001f680-\U0001f6ff\U0001f774-\U0001f77f"
    "\U0001f7d5-\U0001f7ff\U0001f80c-\U0001f80f\U0001f848-\U0001f84f\U0001f85a-\U0001f85f\U0001f888-\U0001f88f"
    "\U0001f8ae-\U0001f8ff\U0001f90c-\U0001f93a\U0001f93c-\U0001f945\U0001f947-\U0001faff\U0001fc00-\U0001fffd"
)
# Flags of parts of countries (England, Scotland, Wales): a black flag, a region in tag characters, an end.
_REGION_FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
_PART = f"[{_PICTURES}]\ufe0f?[\U0001f3fb-\U0001f3ff]?"
_EMOJI = re.compile(
    f"{_REGION_FLAG}|[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|[{_PICTURES}]\ufe0e"
    f"|{_PART}(?:\u200d{_PART}){{0,{EMOJI_PARTS - 1}}}"
)
_TAGS = re.compile(f"({_REGION_FLAG})|[\U000e0020-\U000e007f]")
_PICTURE = re.compile(f"[{_PICTURES}]")
_NON_JOINER, _JOINER = "\u200c", "\u200d"
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # of how the character before is shown
# Not assigned, and never to be seen: noncharacters, and what is kept free for invisible ones.
_NEVER_SEEN = re.compile("[\u2065\ufdd0-\ufdef\ufff0-\ufff8\U000e0000-\U000e0fff]")
# Assigned as letters and marks, and yet invisible: what fills an empty syllable, or keeps marks in order.
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
# Symbols without ink: Braille's empty cell and the null of musical notes. Between others they part words.
_BLANKS = frozenset("\u2800\U0001d159")
# Not assigned, and to be marks.
_MARK_BLOCKS = re.compile("[\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")


def cleaned(text: str) -> str:
    """Return the text with white space folded and hostile characters dropped."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    kept = "".join(map(_shown, normalize("NFC", text)))
    if any(_part(character) != "alone" for character in kept):
        kept = "".join(_joined("".join(_bare(_TAGS.sub(r"\1", kept)))))
    # Once more, for a mark may stand beside its letter only now.
    return " ".join(normalize("NFC", kept).split())


def is_emoji(text: str) -> bool:
    """Tell whether a text is one emoji, of today or to come: a picture, a sequence, a flag, a keycap."""
    return _EMOJI.fullmatch(text) is not None


@lru_cache(CHARACTERS_KNOWN)
def _shown(character: str) -> str:
    """Return the character, a space for a control, or nothing for what is not to be seen."""
    kind = category(character)
    if kind == "Cc" or character.isspace() or character in _BLANKS:
        return " "
    is_tag = "\U000e0020" <= character <= "\U000e007f"
    if kind == "Cf":
        return character if is_tag or character in (_JOINER, _NON_JOINER) else ""
    if character in _FILLERS:
        return ""
    is_seen = kind != "Cn" or not (_NEVER_SEEN.match(character) or ord(character) & 0xFFFE == 0xFFFE)
    return character if is_seen and kind not in {"Cs", "Co"} else ""


@lru_cache(CHARACTERS_KNOWN)
def _part(character: str) -> Part:
    """Return what a character may be a part of: those that stand alone are not tied to others."""
    kind = category(character)
    if character in (_JOINER, _NON_JOINER):
        return "joiner"
    if _SELECTORS.match(character):
        return "selector"
    if kind in {"Mn", "Me"} or (kind == "Cn" and _MARK_BLOCKS.match(character)):
        return "mark"
    return "tag" if kind == "Cf" else "alone"


def _bare(text: str) -> Iterator[str]:
    """Leave out marks beyond the limit, and selectors with nothing to select; what joins is no new base."""
    before, marks = "joiner", 0
    for character in text:
        part = _part(character)
        if part == "selector":
            if before in ("joiner", "selector"):
                continue
        elif part != "joiner":
            marks = marks + 1 if part == "mark" else 0
            if marks > MARKS_LIMIT:
                continue
        before = "joiner" if character == " " else part
        yield character


def _joined(text: str) -> Iterator[str]:
    """Leave out joiners that have nothing to join or to keep apart."""
    before = " "
    for character, after in pairwise(f"{text} "):
        if _part(character) == "joiner" and not _joins(before, character, after):
            continue
        before = character
        yield character


def _joins(before: str, joiner: str, after: str) -> bool:
    """Tell whether a joiner stands between letters, after a virama (of class 9), or in an emoji."""
    if joiner == _JOINER and _PICTURE.match(after):
        return bool(_PICTURE.match(before)) or before in "\ufe0f\U000e007f"
    return combining(before) == 9 or (_is_of_a_word(before) and _is_of_a_word(after))


@lru_cache(CHARACTERS_KNOWN)
def _is_of_a_word(character: str) -> bool:
    return category(character)[0] in "LMN" and _part(character) != "selector"


# Letters of other scripts, each before the Latin one that it is taken for; marks fall off by themselves.
_TAKEN_FOR = (
    "аa бb вb гr дd еe зe иi іi кk ӏl мm нh оo пn рp сc тt уy хx ѕs јj ԁd ԛq ԝw һh օo ոn սu ցg զq αa βb γy "
    "δd εe ηn ιi κk λa μm νv οo ρp τt υu χx ωw ϲc ıi łl øo đd ðd ɡg ɑa ɩi ʟl ɴn ʀr ʏy ᴀa ʙb ᴄc ᴅd ᴇe ɢg ʜh "
    "ᴊj ᴋk ᴍm ᴏo ᴘp ᴛt ᴜu ᴠv ᴡw ᴢz þp ƒf ʌa ℮e ɪi ꜰf ꜱs ғf ǫq "
    "Ꭺa Ᏼb Ꮯc Ꭰd Ꭼe Ꮐg Ꮋh Ꭵi Ꭻj Ꮶk Ꮮl Ꮇm Ꮎo Ꮲp Ꭱr Ꮪs Ꭲt Ꮩv Ꮃw Ꮓz "
    "ꓮa ꓐb ꓚc ꓓd ꓰe ꓝf ꓖg ꓧh ꓲi ꓙj ꓗk ꓡl ꓟm ꓠn ꓳo ꓑp ꓣr ꓢs ꓔt ꓴu ꓦv ꓪw ꓫx ꓬy ꓜz 。."
)
# Letters as pictures (on circles, on squares, for flags), which no normal form of Unicode takes apart.
_ALPHABETS = (0x1F150, 0x1F170, 0x1F1E6)
_LOOKALIKES = str.maketrans(
    {pair[0]: pair[1] for pair in _TAKEN_FOR.split()}
    | {chr(first + at): chr(ord("a") + at) for first in _ALPHABETS for at in range(26)}
)


def folded(text: str) -> str:
    """Return a text in small plain Latin letters where it looks like such: to compare, never to show.

    Digits of all scripts become ours, marks fall off, and ß becomes ss.
    """
    if text.isascii():
        return text.lower()
    plain = normalize("NFKD", normalize("NFKC", text).casefold()).translate(_LOOKALIKES)
    return "".join(map(_digit, filter(_is_no_mark, plain)))


@lru_cache(CHARACTERS_KNOWN)
def _digit(character: str) -> str:
    value = digit(character, -1)
    return character if value < 0 else str(value)


@lru_cache(CHARACTERS_KNOWN)
def _is_no_mark(character: str) -> bool:
    return category(character)[0] != "M" and category(character) != "Cf"
