"""Find what leads out of a room: telephone numbers, mail, links, names elsewhere, street addresses. Pure.

Every pattern is bounded: a text costs time in proportion to its length, whatever stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from unicodedata import normalize

from server.room import ids
from server.room.text import folded

# Digits of a telephone number: the fewest, those that are one without anything else, the most in a row.
LEAST_DIGITS, TELLING_DIGITS, MOST_DIGITS = 7, 10, 15
# What a text must hold at least to be looked at for one: digits, or words for digits.
HINTED_DIGITS, HINTED_WORDS = 4, 3
# This many small numbers that only grow are counted or drawn (a lottery).
GROWING_NUMBERS = 5

NUMBER_WORDS = {
    word: str(value)
    for value, words in enumerate(
        (
            "zero null oh nought", "one eins", "two zwei zwo", "three drei", "four vier", "five fuenf funf",
            "six sechs", "seven sieben", "eight acht", "nine neun", "ten zehn",
        )
    )
    for word in words.split()
}  # fmt: skip
# What people count with besides.
COUNTED_WORDS = {
    word: str(value)
    for value, words in enumerate(
        (
            "eleven elf", "twelve zwoelf zwolf", "thirteen dreizehn", "fourteen vierzehn",
            "fifteen fuenfzehn funfzehn", "sixteen sechzehn", "seventeen siebzehn", "eighteen achtzehn",
            "nineteen neunzehn", "twenty zwanzig",
        ),
        11,
    )
    for word in words.split()
}  # fmt: skip
_NETWORKS = (
    "insta|instagram|snap|snapchat|tiktok|telegram|whats ?app|discord|signal|onlyfans|kik|facebook|skype|"
    "threema|wechat|twitter|twitch|steam|ig|fb|tg"
)
_ENDINGS = (
    "com|de|net|org|info|gg|io|tv|ly|uk|eu|ch|biz|xyz|app|link|fm|ru|shop|online|site|dev|club|live|page|"
    "ai|onion|cc|nl"
)
_MAILERS = "gmail|gmx|yahoo|hotmail|outlook|icloud|proton(?:mail)?|t-online|posteo|googlemail"
_MAIL = re.compile(
    r"[a-z0-9._%+-]{1,64} ?@ ?[a-z0-9-]{2,63}\.[a-z]{2,24}\b"
    rf"|(?:\bat\b|@|\bat\)|\bklammeraffe\b|\bät\b)\W{{0,3}}(?:{_MAILERS})\b"
    rf"|[\w.-]{{2,40}} ?(?:[(\[{{<] ?at ?[)\]}}>]|[-_ ]at[-_ ]|[-_ ]klammeraffe[-_ ]) ?[a-z0-9-]{{2,40}}"
    rf" ?(?:\.|[(\[{{<] ?(?:dot|punkt) ?[)\]}}>]|[-_ ](?:dot|punkt)[-_ ]) ?(?:{_ENDINGS}|at|me)\b"
)
_LINK = re.compile(
    r"\bh(?:tt|xx)ps?:|\bwww\.\w|\bw w w\b|\b(?:t|wa|m|fb)\.me/\w"
    r"|(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d{2,5}\b|/\w)"
    rf"|(?<![\w.])[a-z0-9-]{{2,63}}(?:\.[a-z0-9-]{{2,63}}){{0,3}}\.(?:{_ENDINGS})(?![\w-])(?<!asp\.net)"
    rf"|\b[a-z0-9-]{{2,63}}\.[a-z]{{2,6}}/\w"
    rf"|\b[a-z0-9-]{{2,40}} ?(?:[(\[] ?(?:dot|punkt) ?[)\]]| dot | punkt |\. | \.) ?(?:com|net|org|gg)\b"
    r"|\b[a-z0-9-]{2,40} (?:dot|punkt) de\b|///?[a-z]{3,30}\.[a-z]{3,30}\.[a-z]{3,30}"
)
_LINK_SIGNS = ("dot", "punkt", "http", "hxxp", "//", "w w w")
_DOTTED = re.compile(r"\.(?:\w| {0,2}[cnog])")
_HANDLE = re.compile(r"(?<![\w@.])@([a-z][\w.-]{2,30})")
# Whom a chat calls that is nobody elsewhere.
_CALLED = frozenset(
    {"all", "alle", "everyone", "everybody", "here", "home", "work", "school", "euch", "you", "the"}
)
_NAMED = re.compile(
    rf"\b(?:{_NETWORKS})\b(?: (?:name|id|handle|user|account|nick|tag))?"
    r"\W{0,3}(?:is|ist|lautet|heisst|[:=-])?\W{0,3}"
    r"(?=[a-z]*[\d_.][\w.]*\w)[a-z][\w.]{2,30}"
    rf"|\b(?:{_NETWORKS})(?: (?:name|id|handle|user|account|nick|tag))? ?[:=] ?[\w.]{{3,30}}[.!?]?$"
    rf"|\b(?:add|follow|folg\w{{0,3}}|dm|text|message|schreib\w{{0,3}}|find\w{{0,2}}|hit|such\w{{0,2}}|pm)"
    rf" (?:me|mir|mich|us|uns)(?: \w{{1,12}}){{0,2}} (?:on|auf|bei|in|via|ueber|uber|per) (?:{_NETWORKS})\b"
    rf"|\b(?:my|mein|meine) (?:{_NETWORKS})(?: name| handle| id| account)? (?:is|ist|lautet|heisst|name)\b"
    r"|\b[\w.]{2,32}#\d{4}\b"
)

_DATE = re.compile(
    r"\b(?:0?[1-9]|[12]\d|3[01])[./-] ?(?:0?[1-9]|1[0-2])[./-] ?(?:(?:19|20)\d\d|\d\d)\b"
    r"|\b(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\b"
)
_DECIMAL = re.compile(r"(?<![\d.,])(?:0|[1-9]\d?)[.,]\d{3,}(?![\d]|[ .,/-]\d)")
_THOUSANDS = re.compile(
    r"(?<!\d)[1-9]\d{0,2}(?:[.,']\d{3}){2,}(?!\d)|(?<!\d)[1-9]\d{0,2}(?: \d{3})* 000(?!\d)"
)
_PLACE = re.compile(r"\b\d{1,2}\.\d{3,8} ?[°nsew]?[,; ] ?-?\d{1,3}\.\d{3,8}\b")
_NETWORK_WORDS = frozenset(_NETWORKS.replace(" ?", "|").split("|")) | {"whatsapp"}
_MAIL_WORDS = frozenset({"at", "klammeraffe"})
_WORD = re.compile(r"[a-z]+")
_DIGIT = re.compile(r"\d")
_DIGITS = re.compile(r"\+|\d+|[a-z]+")
_APART = re.compile(r"[\s.,/()\-–_·•*~|:;]{0,4}")
_CALL = re.compile(
    r"\b(?:call|phone|mobile|cell|tel|telefon|nummer|number|ruf\w{0,2}|anrufen|handy|mobil|fon|text|ring)"
    r"\b[^\n]{0,30}$"
)
_ROWS = (
    "01234567890123456789",
    "98765432109876543210",
    "".join(map(str, range(21))),  # counted in one piece, as a recogniser writes it
    "".join(map(str, range(20, -1, -1))),
)

_UNITS = (
    "km|m|meter|mal|minuten?|stunden?|sekunden?|tagen?|jahren?|wochen?|leute|menschen|prozent|uhr|grad|euro|kinder|"
    "hunde|katzen|autos|punkten?|personen|times|people|minutes|hours|von|bis|und|oder|steht|stehen|ist|sind|war"
)
_NO_STREET = (
    "heimweg|hinweg|rueckweg|rückweg|umweg|ausweg|parkplatz|sitzplatz|arbeitsplatz|startplatz|tabellenplatz|spielplatz|"
    "stehplatz|boxring|ehering|schlüsselring|deinetweg|meinetweg|mittelweg|königsweg|irrweg|holzweg"
)
_STREET = re.compile(
    rf"\b(?!(?:{_NO_STREET})\b)[a-zäöüß-]{{2,30}}(?:stra(?:ß|ss)e|str\.?|weg|platz|allee|gasse|ring|ufer|damm|chaussee)"
    rf"\s{{0,2}}\d{{1,4}}\s?(?:[a-h]\b)?(?!\d)(?!\.?\s{{0,2}}(?:{_UNITS})\b)",
    re.IGNORECASE,
)
_LONG_STREET = re.compile(
    r"\b(?!D(?:er|ie|ieser)\b|E(?:ine|iner)\b|J(?:ede|eder)\b)[A-ZÄÖÜ][a-zäöüß-]{2,25}(?:e|er|en)[ -]"
    r"(?:Stra(?:ß|ss)e|Str\.|Platz|Allee|Weg|Ring|Ufer|Damm|Chaussee|Gasse) \d{1,4}(?!\d)"
    rf"(?!\.?\s{{0,2}}(?:{_UNITS})\b)"
)
_NO_NAME = (
    "the|a|an|down|of|on|miles|steps|minutes|in|to|by|at|hours|people|cars|days|every|per|more|first|last"
)
_ENGLISH_STREET = re.compile(
    rf"\b\d{{1,5}}[a-z]? (?:(?!(?:{_NO_NAME})\b)[a-z][a-z'-]{{1,20}} ){{1,3}}"
    r"(?:street|st|road|rd|avenue|ave|boulevard|blvd|crescent|terrace|lane|ln|drive)\b"
    r"(?! (?:to|for|with|cars|signs)\b)",
    re.IGNORECASE,
)
_NUMBER_LAST = re.compile(
    r"\b(?!The|A|This|That|Your|My)[A-Z][a-z'-]{2,20} (?:Street|Road|Avenue|Lane|Boulevard|Drive)"
    r" (?:no\.? ?)?\d{1,5}\b"
)


def found(text: str) -> bool:
    """Tell whether a text holds a way to reach somebody."""
    plain = folded(text)
    words, digits = _WORD.findall(plain), len(_DIGIT.findall(plain))
    return any(look(plain) for look in _looks(plain, words, digits)) or (digits > 0 and _is_street(text))


def _looks(plain: str, words: Sequence[str], digits: int) -> Iterator[Callable[[str], bool]]:
    """Yield what may be there; most texts lack a word or sign that it must have, which is found sooner."""
    if digits >= HINTED_DIGITS or sum(map(NUMBER_WORDS.__contains__, words)) >= HINTED_WORDS:
        yield _is_number
        yield _is(_PLACE)
    if "@" in plain:
        yield _is_handle
    if "@" in plain or not _MAIL_WORDS.isdisjoint(words):
        yield _is(_MAIL)
    if ("." in plain and _DOTTED.search(plain)) or any(sign in plain for sign in _LINK_SIGNS):
        yield _is(_LINK)
    if "#" in plain or not _NETWORK_WORDS.isdisjoint(words):
        yield _is(_NAMED)


def _is(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda plain: pattern.search(plain) is not None


def _is_street(text: str) -> bool:
    shown = normalize("NFKC", text)
    return any(each.search(shown) for each in (_STREET, _LONG_STREET, _ENGLISH_STREET, _NUMBER_LAST))


def _is_handle(plain: str) -> bool:
    """Tell whether a text names an account elsewhere by "@"; voices of the room are none."""
    return any(not _is_of_the_room(at[1]) for at in _HANDLE.finditer(plain))


def _is_of_the_room(name: str) -> bool:
    name = name.rstrip(".-")
    return name in _CALLED or name in _voices_called()


@cache
def _voices_called() -> frozenset[str]:
    """Return the first words of the names that voices are given, by which others address them."""
    stems = {folded(word) for word in ids.adjectives("de")}
    endings = {f"{stem}{ending}" for stem in stems for ending in ("er", "e", "es")}
    return frozenset(endings | {folded(word) for word in ids.adjectives("en")})


def _is_number(plain: str) -> bool:
    """Tell whether digits or words for digits make a telephone number."""
    plain = plain.replace("_", " ")
    if not _HAS_DIGITS.search(plain):
        return False
    for pattern in (_DATE, _DECIMAL, _THOUSANDS):
        plain = pattern.sub(" ; ; ", plain)
    return any(_is_dialled(groups, plain[:start]) for start, groups in _runs_of_digits(plain))


_HAS_DIGITS = re.compile(rf"\d(?:\D{{0,4}}\d){{3}}|(?:\b(?:{'|'.join(NUMBER_WORDS)})\b.{{0,4}}){{3}}")


def _runs_of_digits(plain: str) -> Iterator[tuple[int, list[str]]]:
    """Yield where digits stand close together, and the groups they stand in; words for digits count."""
    start, groups, end = 0, list[str](), -1
    for at in _DIGITS.finditer(plain):
        group = _digits_in(at[0], is_inside=bool(groups))
        if groups and (group is None or not _APART.fullmatch(plain, end, at.start())):
            yield start, groups
            groups = []
        if group is not None:
            start = start if groups else at.start()
            groups.append(group)
            end = at.end()
    if groups:
        yield start, groups


def _digits_in(word: str, *, is_inside: bool) -> str | None:
    if word == "+" or word.isdigit():
        return word
    lookalikes = word.translate({ord("o"): "0", ord("l"): "1"})
    if lookalikes.isdigit() and (is_inside or word in {"o", "oo"}):
        return lookalikes
    return NUMBER_WORDS.get(word)


def _is_dialled(groups: list[str], before: str) -> bool:
    """Tell whether groups of digits are a number to call, and neither counted nor a list."""
    has_plus = groups[0] == "+"
    groups = [group for group in groups if group != "+"]
    digits = "".join(groups)
    if len(digits) < LEAST_DIGITS or _is_counted(groups, digits):
        return False
    if has_plus or (digits[0] == "0" and (len(groups) > 1 or len(digits) <= MOST_DIGITS)):
        return True
    if [len(group) for group in groups] in ([3, 4], [3, 3, 4]):
        return True
    if len(digits) >= TELLING_DIGITS:
        return len(groups) > 1 or len(digits) <= MOST_DIGITS
    return _CALL.search(before[-60:]) is not None


def _is_counted(groups: Sequence[str], digits: str) -> bool:
    numbers = [int(group) for group in groups if len(group) <= MOST_DIGITS]
    if len(set(digits)) == 1 or any(digits in row for row in _ROWS) or digits.endswith("000000"):
        return True
    if all(len(group) == 4 and group[:2] in {"19", "20"} for group in groups):
        return True
    steps = {later - earlier for earlier, later in pairwise(numbers)}
    if len(numbers) > 2 and len(steps) == 1:
        return True
    is_growing = all(step > 0 for step in steps) and all(number < 100 for number in numbers)
    return is_growing and len(numbers) >= GROWING_NUMBERS
