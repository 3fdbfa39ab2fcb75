"""English for the referee."""

from __future__ import annotations

import re

from games.language.tongue import Tongue, ending, words

# Soundex (Russell 1918), but vowels part equal codes and the first letter is a code as well.
_CODES = {c: d for d, letters in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1) for c in letters}
_SILENT = ((r"^kn", "n"), (r"^wr", "r"), (r"^ps", "s"), (r"ph", "f"), (r"gh", ""), (r"mb$", "m"))
# Spelling brought near to sound, for rhymes: order matters.
_RHYMES = (
    (r"[^a-z]", ""),
    (r"(ight|yte|ite)$", "Yt"),
    (r"(igh|uy|ie|ye|(?<=^[b-df-hj-np-tv-z])y|(?<=^[b-df-hj-np-tv-z]{2})y)$", "Y"),
    (r"i([^aeiou\W])e(?=s?$)", r"Y\1"),
    (r"(a([^aeiou\W])e(?=s?$))", r"A\2"),
    (r"ai|ay|eigh|ey$", "A"),
    (r"o([^aeiou\W])e(?=s?$)|oa([a-z])", r"O\1\2"),
    (r"ow$|oe$|o$", "O"),
    (r"u([^aeiou\W])e(?=s?$)|oo([a-z])", r"U\1\2"),
    (r"ew$|ue$|oo$", "U"),
    (r"ee|ea|ie", "E"),
    (r"ck", "k"),
    (r"c(?=[aoukt]|$)", "k"),
    (r"mb$", "m"),
    (r"(.)\1", r"\1"),
)


def sound(word: str) -> str:
    """Return a code that words share which sound alike."""
    for pattern, letters in _SILENT:
        word = re.sub(pattern, letters, word)
    codes = [str(_CODES.get(letter, "-")) for letter in word if letter.isalpha()]
    runs = [code for code, before in zip(codes, ["", *codes], strict=False) if code != before]
    return ("-" if runs[:1] == ["-"] else "") + "".join(code for code in runs if code != "-")


def tail(word: str) -> str:
    """Return what a rhyme with this word ends in."""
    return ending(word, _RHYMES, "aeiouAEIOUY", r"(er|el|le|en|y|ing|ed|es)$")


ENGLISH = Tongue(
    sound,
    tail,
    fillers=words("and but so well um uh er oh ah hm okay now then"),
    small=words(
        "that this with have from they them then there what when your will would just like were "
        "been into over very some more than here about because"
    ),
    questions=words(
        "who what when where why how which whose is are am was were do does did can could will "
        "would shall should may might have has had isn't aren't don't doesn't didn't can't won't "
        "wouldn't"
    ),
    yes=words("yes yeah yep yup"),
    but=words("but"),
    also=words("and"),
    luck=("fortunately", "luckily"),
    bad_luck=("unfortunately", "sadly", "unluckily"),
    absolutes=words("always never"),
    unknowing=("don't know", "do not know", "dunno", "no idea", "not sure"),
    stops=words("stop period end"),
    steps={
        "seen": r"\b(when (i|you)|i (see|saw|hear|heard|notice|noticed)|you said|there (is|are|was|were))\b",
        "felt": r"\b(i feel|i felt|i am|i'm|makes me|feeling)\b",
        "needed": r"\b(i need|i value|i long for|need for|important to me|matters to me|i wish for)\b",
        "asked": r"\b(would you|could you|will you|can you|are you willing)\b",
    },
    step_names={"seen": "what is", "felt": "a feeling", "needed": "a need", "asked": "a request"},
    word_names=("word", "words"),
)
