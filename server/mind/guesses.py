"""Moves in games in which one knows and the others guess."""

from __future__ import annotations

from random import Random

from games.prompts import pack
from games.same_line import parted
from games.words import same_word, tokens
from server.mind.keywords import quoted
from server.mind.talk import Talk, choices, choose

# A feeling is written by signs, for a machine's voice has none.
STYLES = ("{line} …", "… {line}", "{line}!", "{dotted}")


def forbidden_word(talk: Talk, random: Random) -> str | None:
    """Describe the secret without its words; without a secret, guess."""
    return _clue(talk, random) if talk.secret else _guess(talk, random)


def _clue(talk: Talk, random: Random) -> str | None:
    head, _, rest = talk.secret.replace(":", ".").partition(".")
    word = head.strip()
    forbidden = tokens(word) + tokens(rest.rpartition(".")[2])
    known = talk.lore.plays.clues.get(word, "")
    letters = {"first": word[:1].upper(), "last": word[-1:].upper()}
    lines = [known] if known else []
    lines += choices(talk.lore.plays.letters, talk, random, **letters)
    return next((line for line in lines if line not in talk.said and _keeps(line, forbidden)), None)


def _keeps(line: str, forbidden: tuple[str, ...]) -> bool:
    return not any(same_word(said, word) for said in tokens(line) for word in forbidden)


def _guess(talk: Talk, random: Random) -> str | None:
    """Guess the word that shares most with what was told; any of them where none does."""
    said = set(tokens(talk.prompt or talk.last)) - talk.lore.small
    scored: list[tuple[float, str]] = []
    for card in pack(talk.language, "forbidden"):
        word = card.text.partition(":")[0].strip()
        about = {*tokens(card.text), *tokens(talk.lore.plays.clues.get(word, ""))} - talk.lore.small
        about |= {other.casefold() for other in talk.lore.associated(word)}
        shared = sum(any(same_word(one, other) for other in about) for one in said)
        scored.append((shared + random.random() / 2, word))
    return choose(talk.lore.plays.whats, talk, random, word=max(scored)[1])


def same_line(talk: Talk, random: Random) -> str | None:
    """Say the line in the secret feeling, by signs; without a secret, guess a feeling."""
    if not talk.secret:
        feelings = [parted(card.text)[1] for card in pack(talk.language, "feelings")]
        return choose([f"{feeling}." for feeling in feelings], talk, random)
    line = quoted(talk.rule) or quoted(talk.prompt)
    bare = line.rstrip(".!?…")
    style = random.choice(STYLES)
    return style.format(line=bare, dotted=". ".join(bare.split()) + ".") if bare else None
