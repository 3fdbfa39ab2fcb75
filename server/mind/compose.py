"""Write a character's line: a greeting, an answer, a topic, a move in a game, a line to voice, a goodbye."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from games.prompts import Card, pack
from games.words import same_word, tokens
from server.mind.babble import babble
from server.mind.keywords import is_personal, is_rude, is_touching, is_unfit
from server.mind.moves import move
from server.mind.patterns import matches
from server.mind.talk import Talk, choices, choose

# Now and then the room's own words answer, where there are enough.
STIRRED_SHARE = 0.12
# A topic is made of what was said, where something was, as often.
FITTING_SHARE = 0.6
NOBODY = {"en": "you there", "de": "du da"}


def compose(talk: Talk) -> str | None:
    """Return the line that is wanted, None where nothing fits."""
    return PURPOSES[talk.purpose](talk, talk.random())


def _greet(talk: Talk, random: Random) -> str | None:
    return choose(talk.part.hello, talk, random, name=_called(talk))


def _bye(talk: Talk, random: Random) -> str | None:
    return choose(talk.part.bye, talk, random, name=_called(talk))


def _called(talk: Talk) -> str:
    """Return by what somebody is called: a name that says something else is not repeated."""
    return talk.name if talk.name and not is_unfit(talk.name) else NOBODY[talk.language]


def _react(talk: Talk, random: Random) -> str | None:
    """Answer what was said last: nothing to what is not for a game, without an echo to an insult."""
    text = talk.last
    if not tokens(text) or is_unfit(text):
        return None
    if is_touching(text, talk.lore, talk.language):
        return choose(talk.part.gentle, talk, random) if talk.part.gentle else _unmoved(talk, random)
    if is_rude(text, talk.lore) and not talk.part.takes_insults:
        return choose(talk.part.gentle or talk.lore.words.insulted, talk, random)
    return _answer(talk, random)


def _ease(talk: Talk, random: Random) -> str | None:
    return choose(talk.part.eases, talk, random, name=_called(talk))


def _unmoved(talk: Talk, random: Random) -> str | None:
    """Answer a text with a hard word in it by another of its words, unless somebody speaks of themselves."""
    return None if is_personal(talk.last, talk.lore) else next(_by_echo(talk, random), None)


def _answer(talk: Talk, random: Random) -> str | None:
    """Answer by a pattern, else by the room's own words, else with a word of what was said."""
    if is_rude(talk.last, talk.lore):
        insulted = choose(talk.lore.words.insulted, talk, random)
        return next(_by_patterns(talk, random), insulted)
    ways: list[Callable[[Talk, Random], Iterator[str]]] = [_by_count, _by_patterns, _by_echo]
    if not talk.part.gentle and random.random() < STIRRED_SHARE:
        ways.insert(2, _by_room)
    return next((line for way in ways for line in way(talk, random)), None)


def _by_count(talk: Talk, random: Random) -> Iterator[str]:
    """Say how often a word or a line came back, with the word as it was written."""
    for said, count in talk.counts:
        word = talk.keyword(said) if " " not in said else _as_written(said, talk.last)
        if word and is_harmless(word, talk):
            yield from choices(talk.part.counts, talk, random, word=word, count=str(count))


def _as_written(said: str, text: str) -> str:
    """Return a line that is said again without the stops at its end; none where more than it was said."""
    return text.strip(" .,;:!?…") if " ".join(tokens(text)) == said else ""


def _by_patterns(talk: Talk, random: Random) -> Iterator[str]:
    shared = (reaction for reaction in talk.lore.words.reacts if not (reaction.playful and talk.part.gentle))
    for match in matches(talk.last, (*talk.part.reacts, *shared), talk.lore):
        word = talk.keyword(talk.last)
        other = talk.associated(word, random)
        yield from choices(match.says, talk, random, rest=match.rest, word=word, other=other)


def _by_echo(talk: Talk, random: Random) -> Iterator[str]:
    word = talk.keyword(talk.last)
    yield from choices(talk.part.echoes, talk, random, word=word, other=talk.associated(word, random))


def _by_room(talk: Talk, random: Random) -> Iterator[str]:
    lines = [line for line in talk.heard if is_harmless(line, talk)]
    rest = babble(lines, random)
    yield from choices(talk.lore.words.stirred, talk, random, rest=rest if talk.keyword(rest) else "")


def is_harmless(text: str, talk: Talk) -> bool:
    """Tell whether words of a text may be said again."""
    lore = talk.lore
    return not (is_unfit(text) or is_rude(text, lore) or is_touching(text, lore, talk.language))


def _topic(talk: Talk, random: Random) -> str | None:
    """Throw something: of what was said, if anything was, else of the character's own."""
    heard = [line for line in talk.heard[-3:] if is_harmless(line, talk)]
    word = talk.keyword(*reversed(heard))
    other = talk.associated(word, random)
    if word and not talk.part.gentle and random.random() < FITTING_SHARE:
        cards = [card.text for card in _cards_about(word, talk)]
        made = cards or talk.lore.words.topics
        if line := choose(made, talk, random, word=word, other=other):
            return line
    return choose(talk.part.throws, talk, random)


def _cards_about(word: str, talk: Talk) -> Iterator[Card]:
    """Yield the prompts for anybody in which a word stands."""
    for card in pack(talk.language, "first_thing"):
        if not card.kinds and any(same_word(word.casefold(), other) for other in tokens(card.text)):
            yield card


def _feed(talk: Talk, random: Random) -> str | None:
    """Give a line to voice: of the character's own, or a stranger's."""
    strangers = () if talk.part.gentle else (card.text for card in pack(talk.language, "lines"))
    return choose((*talk.part.feeds, *strangers), talk, random)


PURPOSES: dict[str, Callable[[Talk, Random], str | None]] = {
    "greet": _greet,
    "react": _react,
    "ease": _ease,
    "topic": _topic,
    "play": move,
    "feed": _feed,
    "bye": _bye,
}
