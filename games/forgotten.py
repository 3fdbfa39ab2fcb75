"""What a round repeats of a visitor's words, and how it is taken out when they are forgotten."""

from __future__ import annotations

from msgspec.structs import replace

from games.round import Prompt, Round, Take, TurnGiven, VerdictGiven
from games.words import tokens

# Longer words say something; of the shorter ones only a last word is taken up by others.
SMALL_WORD_CHARACTERS = 3


def without(round_: Round, item: str) -> Round:
    """Take a take or the topic out of a round, and its words wherever they are repeated: it was forgotten."""
    topic = round_.prompt is not None and round_.prompt.id == item
    return replace(
        round_,
        prompt=Prompt("", "") if topic else round_.prompt,
        takes=tuple(take for take in round_.takes if take.clip != item),
        turns=tuple(
            _without_words(turn) if item in repeated(round_, turn) else turn for turn in round_.turns
        ),
        verdicts=tuple(fact for fact in round_.verdicts if item not in repeated(round_, fact)),
        challenges=tuple(fact for fact in round_.challenges if fact.clip != item),
    )


def _without_words(turn: TurnGiven) -> TurnGiven:
    return replace(turn, prompt="")


def repeated(round_: Round, fact: TurnGiven | VerdictGiven) -> list[str]:
    """Return whose words a fact repeats: the ids of takes, and of the prompt when it is in there."""
    text = fact.prompt if isinstance(fact, TurnGiven) else fact.text
    words = set(tokens(text))
    found = [take.clip for take in round_.takes if not words.isdisjoint(_telling(take))]
    if isinstance(fact, VerdictGiven):
        found.append(fact.clip)
    if round_.prompt is not None and round_.prompt.text and round_.prompt.text in text:
        found.append(round_.prompt.id)
    return found


def _telling(take: Take) -> set[str]:
    """Return the words of a take that others may take up."""
    words = take.words or ()
    return {*words[-1:], *(word for word in words if len(word) > SMALL_WORD_CHARACTERS)}
