"""Moves of one word, and those that hang on how a word sounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from random import Random

from games.new_choice import RHYME
from games.prompts import pack
from games.referee import TONGUES
from games.words import same_word, tokens
from server.mind.keywords import is_unfit, spelled
from server.mind.lore import lore
from server.mind.talk import Talk, choose

# A rule of more words than this tells what to do; of fewer it is what is heard.
SPOKEN_RULE_WORDS = 3
WRONG_NAMES = 5
# A sentence may end from here on, and does so one time in so many.
ENDS_AFTER_WORDS, ENDS_SHARE = 6, 0.3
END = {"en": "Stop", "de": "Punkt"}


def associate(talk: Talk, random: Random) -> str | None:
    """Return one word for the last one: what belongs to it, else what sounds alike, never one said."""
    heard = _heard(talk)
    taken = _taken(talk) | {heard}
    near = [*talk.lore.associated(heard), *_beyond(talk, heard)]
    return (
        _first(near[:5], taken, random)
        or _first(near, taken, random)
        or _sounding(talk, heard, taken, random)
    )


def _heard(talk: Talk) -> str:
    rule = tokens(talk.rule)
    said = tokens(talk.prompt) or (rule if len(rule) <= SPOKEN_RULE_WORDS else ()) or tokens(talk.last)
    return said[-1] if said else ""


def _beyond(talk: Talk, word: str) -> list[str]:
    """Return what comes to mind for a form of the word, and for the words that come to mind."""
    forms = [key for key in talk.lore.near if key != word and same_word(key, word)]
    beside = [talk.lore.associated(other) for other in (*forms, *talk.lore.associated(word))]
    return [
        *(talk.lore.spelled.get(form, form) for form in forms),
        *(word for group in beside for word in group),
    ]


def _sounding(talk: Talk, heard: str, taken: set[str], random: Random) -> str | None:
    alike = [word for word in _vocabulary(talk.language) if word.casefold()[:2] == heard[:2]]
    groups = (list(_rhyming(talk, heard)), alike, talk.lore.plays.nouns)
    return next(filter(None, (_first(words, taken, random) for words in groups)), None)


def _first(words: Iterable[str], taken: Iterable[str], random: Random) -> str | None:
    """Return one of some words in random order that is one word and not taken."""
    order = list(dict.fromkeys(words))
    random.shuffle(order)
    return next((word[:1].upper() + word[1:] for word in order if _is_free(word, taken)), None)


def _is_free(word: str, taken: Iterable[str]) -> bool:
    return len(tokens(word)) == 1 and not any(same_word(word.casefold(), other) for other in taken)


def _taken(talk: Talk) -> set[str]:
    return {word for line in (*talk.lines, *talk.said) for word in tokens(line)}


@cache
def _vocabulary(language: str) -> tuple[str, ...]:
    known = lore(language)
    return tuple(dict.fromkeys((*known.spelled.values(), *known.plays.nouns)))


def meld(talk: Talk, random: Random) -> str | None:
    """Return a word between two: what belongs to both, else to one of them; any word to begin with."""
    both = [word.strip() for word in talk.rule.partition(":")[2].split("+")]
    words = [tokens(word)[-1] for word in both if tokens(word)]
    near = [[*talk.lore.associated(word), *_beyond(talk, word)] for word in words]
    shared = [word for word in near[0] if word in near[1]] if len(near) == 2 else []
    taken = {*words, *_taken(talk)}
    one = [word for group in near for word in group[:4]]
    start = [card.text for card in pack(talk.language, "word_association")]
    return _first(shared, taken, random) or _first(one, taken, random) or _first(start, taken, random)


def misname(talk: Talk, random: Random) -> str | None:
    """Return five names, none of them true of anything that may be shown."""
    true = {word for card in pack(talk.language, "objects") for word in tokens(card.text)}
    true |= set(tokens(f"{talk.rule} {talk.prompt}"))
    names = [name for name in talk.lore.plays.nouns if _is_free(name, true)]
    chosen = random.sample(names, WRONG_NAMES)
    return f"{chosen[0][:1].upper()}{', '.join(chosen)[1:]}."


def go_on(talk: Talk, random: Random) -> str | None:
    """Return the word that a sentence wants next; now and then its end."""
    pieces = talk.rule.split("…")  # what it is about, what was said so far, and what is to come
    said = tokens(pieces[-2]) if len(pieces) > 2 else ()
    kind = _kind(talk, said[-1] if said else "")
    if len(said) >= ENDS_AFTER_WORDS and kind == "noun" and random.random() < ENDS_SHARE:
        return END[talk.language]
    order = list(talk.lore.plays.next_words[kind])
    random.shuffle(order)
    return next((word for word in order if word.casefold() not in said), None)


def _kind(talk: Talk, last: str) -> str:
    if not last:
        return "start"
    classes = talk.lore.plays.word_classes
    return next((kind for kind, words in classes.items() if last in words.casefold().split()), "noun")


def choose_anew(talk: Talk, random: Random) -> str | None:
    """Return another line; where it has to rhyme, one that does."""
    if talk.rule.strip() != RHYME[talk.language]:
        return choose((line for line in talk.lore.plays.choices if line not in talk.lines), talk, random)
    before = tokens(talk.prompt or (talk.said[-1] if talk.said else ""))[-1:]
    rhymes = list(_rhyming(talk, before[0])) if before else []
    word = random.choice(rhymes) if rhymes else ""
    return choose(talk.lore.plays.rhymes, talk, random, word=spelled(word, talk.lore)) if word else None


def _rhyming(talk: Talk, word: str) -> Iterator[str]:
    tongue = TONGUES[talk.language]
    for other in _vocabulary(talk.language):
        if len(tokens(other)) == 1 and tongue.rhymes(other.casefold(), word) and not is_unfit(other):
            yield other
