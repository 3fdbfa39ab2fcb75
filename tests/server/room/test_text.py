from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.room import text as module
from server.room.text import MARKS_LIMIT, cleaned, is_emoji

NON_JOINER, JOINER, BLACK_FLAG = "\u200c", "\u200d", "\U0001f3f4"


def region(name: str) -> str:
    """Return the flag of a part of a country."""
    return BLACK_FLAG + "".join(chr(0xE0000 + ord(letter)) for letter in name) + "\U000e007f"


# What emoji-test.txt lists, of every form and up to Unicode 18; escaped where fonts of today have nothing.
EMOJI = [
    *(
        "😀",
        "❤️",
        "❤",
        "☺",
        "☺️",
        "👍🏽",
        "☝🏿",
        "🏻",
        "🦰",
        "✨",
        "©",
        "™️",
        "‼️",
        "⁉️",
        "↔️",
        "↩",
        "ℹ️",
        "Ⓜ️",
        "㊗️",
        "〰️",
    ),
    *("1️⃣", "1⃣", "#️⃣", "*️⃣", "🇩🇪", "🇺🇳", "🇨🇶", "🀄", "🃏", "🅰️", "🆎", "🆚", "🈁", "🈂️", "🉑", "🏳️", "🏴"),
    *(
        "👩‍🚀",
        "👩🏽‍🚀",
        "🏳️‍🌈",
        "🏳‍🌈",
        "🏳️‍⚧️",
        "🏴‍☠️",
        "👨‍👩‍👧‍👦",
        "👩🏿‍❤️‍💋‍👨🏽",
        "🧑🏻‍🤝‍🧑🏿",
        "❤️‍🔥",
        "🐻‍❄️",
        "🕵🏻‍♂️",
        "🕵️‍♂",
    ),
    *("🙂‍↔️", "🙂‍↕️", "🐦‍🔥", "🍋‍🟩", "⛓️‍💥", "🏃🏿‍♀️‍➡️", "🧑‍🧑‍🧒‍🧒"),  # 15.1
    *("\U0001fae8", "\U0001fa77", "\U0001faf7\U0001f3fe"),  # 15
    *("\U0001fae9", "\U0001fac6", "\U0001fabe", "\U0001fadf", "\U0001fa89", "\U0001fa8f", "\U0001fadc"),  # 16
    *("\U0001faea", "\U0001faef", "\U0001f6d8", "\U0001fac8", "\U0001facd", "\U0001fa8a", "\U0001fa8e"),  # 17
    *("\U0001f9d1\u200d\U0001fa70", "\U0001f468\U0001f3ff\u200d\U0001faef\u200d\U0001f468\U0001f3fb"),
    *("\U0001faeb", "\U0001fa8c", "\U0001f6d9", "\U0001faf9\U0001f3ff", "\U0001fafa", "\U0001fadd"),  # 18
    *(region("gbeng"), region("gbsct"), region("gbwls"), region("ustx")),
]
WORDS = [
    "Grüße, 你好, नमस्ते, שָׁלוֹם",
    f"می{NON_JOINER}خواهم",
    f"کتاب{NON_JOINER}ها",
    f"۲۰{NON_JOINER}ساله",
    f"PDF{NON_JOINER}ها",
    f"क्{NON_JOINER}ष क्{JOINER}ष",
    f"ന്{JOINER}",
    f"ශ්{JOINER}රී",
    f"র{NON_JOINER}্যাব",
    "葛\U000e0100飾区",  # a variant of a character in a name
    "\u20c1 5, \U000323b0 \U0002ebf0",  # newer than Unicode 14: a currency, two ideographs
]
HOSTILE = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200e\u200f\u061c\u2060\u00ad\ufeff"
PIECES = st.one_of(
    st.sampled_from(
        [*EMOJI, *WORDS, *HOSTILE, NON_JOINER, JOINER, "\ufe0f", "\ufe0e", "\U000e0100", BLACK_FLAG]
    ),
    st.sampled_from(
        ["\U000e0067", "\U000e007f", "\U000e0001", "a", "e", " ", "\n", "1", "\u0301", "\u0316", "\u094d"]
    ),
    st.sampled_from(
        ["\u0378", "\U0001fbff", "\U0001ffff", "\ufdd0", "\ue000", "\u1aef", "\u2065", "\U000e0080"]
    ),
    st.text(max_size=3),
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_cleaned_text_has_nothing_hostile_and_cleaning_again_changes_nothing(text: str) -> None:
    clean = cleaned(text)

    assert cleaned(clean) == clean
    assert not any(unicodedata.category(character) in {"Cc", "Cs", "Co"} for character in clean)
    formats = {character for character in clean if unicodedata.category(character) == "Cf"}
    assert formats <= {NON_JOINER, JOINER, *"".join(map(region, ["abcdefghijklmnopqrstuvwxyz0123456789"]))}
    assert not re.search(f"(^|[\\s{NON_JOINER}{JOINER}])[{NON_JOINER}{JOINER}]", clean), (
        "a joiner with nothing before it"
    )
    assert not re.search("(^|[\\s\ufe0e\ufe0f])[\ufe0e\ufe0f]", clean), "a selector with nothing to select"
    assert not re.search(
        "[\U000e0020-\U000e007f]", re.sub(f"{BLACK_FLAG}[\U000e0020-\U000e007e]{{3,6}}\U000e007f", "", clean)
    )
    bare = re.sub(f"[{NON_JOINER}{JOINER}\ufe00-\ufe0f\U000e0100-\U000e01ef]", "", clean)
    marked = "".join("m" if unicodedata.category(character) in {"Mn", "Me"} else "." for character in bare)
    assert "m" * (MARKS_LIMIT + 1) not in marked


@pytest.mark.parametrize("text", [*EMOJI, *WORDS])
def test_what_keyboards_give_stays(text: str) -> None:
    assert cleaned(text) == unicodedata.normalize("NFC", text)
    assert cleaned(f"so {text}, {text} {text}") == unicodedata.normalize("NFC", f"so {text}, {text} {text}")


@pytest.mark.parametrize("kind", ["Cn", "So"], ids=["older", "newer"])
def test_emoji_stay_whatever_unicode_this_python_knows(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def known(character: str) -> str:
        return kind if "\U0001f000" <= character <= "\U0001ffff" else unicodedata.category(character)

    caches = (module._shown, module._part, module._is_of_a_word)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(module, "category", known)
        for cache in caches:
            cache.cache_clear()
        assert [emoji for emoji in EMOJI if cleaned(f"a {emoji} b") != f"a {emoji} b"] == []
    for cache in caches:
        cache.cache_clear()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"{NON_JOINER}lone{JOINER}", "lone"),
        (JOINER, ""),
        ("\ufe0f", ""),
        (f"a {JOINER} b", "a b"),
        (f"a{JOINER}{JOINER}{NON_JOINER}b", f"a{NON_JOINER}b"),
        (f"😀{NON_JOINER}😀", "😀😀"),
        (f"a{JOINER}😀", "a😀"),
        (region("gb")[:-1] + "x", f"{BLACK_FLAG}x"),
        ("hidden" + region("gbeng")[1:], "hidden"),
        ("evil\u202etxt.exe", "eviltxt.exe"),
        ("a\u0378b", "a\u0378b"),
        ("\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5", ""),
        ("\u2800", ""),
        (" \u2800\u2800 ", ""),
        ("a\u2800\u2800b", "a b"),
        ("\u2801\U0001d159", "\u2801"),
        ("\ufdd0\U0001ffff\u2065\ue000\U000e0080", ""),
        ("a" + f"\u0316{JOINER}" * 60, "a" + f"\u0316{JOINER}" * (MARKS_LIMIT - 1) + "\u0316"),
        ("a" + "\u0316\ufe0f" * 60, "a" + "\u0316\ufe0f" * MARKS_LIMIT),
        ("a" + "\u1aef" * 60, "a" + "\u1aef" * MARKS_LIMIT),
    ],
)
def test_what_joins_nothing_hides_or_stacks_goes(text: str, left: str) -> None:
    assert cleaned(text) == left


def test_zalgo_is_cut() -> None:
    assert len(cleaned("a" + "\u0316" * 60)) <= 1 + MARKS_LIMIT


@pytest.mark.parametrize("emoji", EMOJI)
def test_emoji_are_emoji(emoji: str) -> None:
    assert is_emoji(emoji)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "a",
            "1",
            "12",
            "#",
            "é",
            "你",
            "€",
            "^",
            "→",
            "😀a",
            "a😀",
            "<",
            "😀😀",
            " ",
            "😀 ",
            "\n",
            "\u202e",
            "\ufe0f",
        ),
        *(
            JOINER,
            f"😀{JOINER}",
            f"{JOINER}😀",
            f"😀{JOINER * 2}😀",
            JOINER.join("😀" * 5),
            "🇩",
            "🇩🇪🇫",
            "a⃣",
            "🄰",
        ),
        *(
            BLACK_FLAG + "\U000e0067",
            region("gb"),
            region("abcdefg"),
            region("gbeng") * 2,
            "😀" + region("gbeng")[1:],
        ),
        *("\u20e3", "😀\u0301", "😀\ufe0f\ufe0f", "\ue000"),
    ],
)
def test_other_texts_are_not(text: str) -> None:
    assert not is_emoji(text)


@given(st.from_regex(module._EMOJI, fullmatch=True))
def test_whatever_counts_as_an_emoji_may_be_written_too(emoji: str) -> None:
    assert is_emoji(emoji)
    assert cleaned(emoji) == emoji
