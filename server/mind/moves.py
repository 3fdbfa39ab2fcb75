"""Play in a round: a move for each game that keeps its rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from random import Random

from msgspec import Struct

from games.characters import CHARACTERS
from games.fortunately import ASK as LUCK
from games.gibberish import ASK as NONSENSE
from games.insult_duel import ACCEPT
from games.jackal_giraffe import GIRAFFE
from games.prompts import pack
from games.referee import SAME_LINE
from games.words import likeness, tokens
from games.yes_and import ASK as YES
from server.mind import guesses, single
from server.mind.keywords import is_rude, is_touching, is_unfit, quoted
from server.mind.lore import Plays
from server.mind.talk import Talk, choices, choose

# Lines that a new one must not be like.
LIKE_LINES = 12
LIKENESSES = THINGS = 5
LIVES = ("8", "4", "2", "1")
# In these games what a player sees tells how, not of what.
PLAIN_RULES = frozenset(
    {
        "questions_only",
        "yes_and",
        "fortunately",
        "word_ration",
        "story_die",
        "new_choice",
        "scene",
        "gibberish",
    }
)
# In these it tells of what, whatever was said before.
THEMED_RULES = frozenset({"thanks", "first_thing"})
_NUMBER = re.compile(r"\d+")
_LIFE = re.compile(r"\s*In \d+ s!\s*$")


class Turn(Struct, frozen=True):
    """A turn of the character's: what is known of it, and a word that it is about."""

    talk: Talk
    random: Random
    word: str
    other: str

    @property
    def plays(self) -> Plays:
        """Return what is said in games."""
        return self.talk.lore.plays

    def line(self, templates: Iterable[str], **values: str) -> str | None:
        """Return one of some templates that is like nothing said just now."""
        before = (*self.talk.lines[-LIKE_LINES:], *self.talk.said[-LIKE_LINES:])
        values = {"word": self.word, "other": self.other, **values}
        found = choices(templates, self.talk, self.random, **values)
        return next((line for line in found if all(likeness(line, old) < SAME_LINE for old in before)), None)


def move(talk: Talk, random: Random) -> str | None:
    """Return a move in a game, None in one that the character cannot play or has nothing new for."""
    play = MOVES.get(talk.game)
    if play is None:
        return None
    word = _word(talk) or random.choice(talk.lore.plays.nouns)
    other = talk.associated(word, random) or random.choice(talk.lore.plays.nouns)
    return play(Turn(talk, random, word, other))


def _word(talk: Talk) -> str:
    """Return the word that a turn is about, unless it is one that nobody plays with."""
    rule = "" if talk.game in PLAIN_RULES else talk.rule
    texts = (rule, talk.prompt) if talk.game in THEMED_RULES else (talk.prompt, rule, talk.last)
    fit = (text for text in texts if text and not is_unfit(text) and not is_rude(text, talk.lore))
    return talk.keyword(*(text for text in fit if not is_touching(text, talk.lore, talk.language)))


def _list(turn: Turn, wanted: int) -> str:
    """Return things, none like another."""
    things = list(turn.plays.things)
    turn.random.shuffle(things)
    chosen: list[str] = []
    for thing in things:
        if len(chosen) < wanted and all(likeness(thing, other) < SAME_LINE for other in chosen):
            chosen.append(thing)
    line = ", ".join(chosen) + "."
    return line[0].upper() + line[1:]


def _luck(turn: Turn) -> str | None:
    is_bad = turn.talk.rule.endswith(LUCK[turn.talk.language][1])
    return turn.line(turn.plays.unfortunately if is_bad else turn.plays.fortunately)


def _yes(turn: Turn) -> str | None:
    is_and = turn.talk.rule.endswith(YES[turn.talk.language][1])
    return turn.line(turn.plays.ands if is_and else turn.plays.buts)


def _last_first(turn: Turn) -> str | None:
    said = tokens(turn.talk.prompt)
    word = quoted(turn.talk.rule) or (said[-1] if said else "")
    lore = turn.talk.lore
    fits = word and not (is_unfit(word) or is_rude(word, lore) or is_touching(word, lore, turn.talk.language))
    return turn.line(turn.plays.last_first, word=word) if fits else None


def _ration(turn: Turn) -> str | None:
    number = _NUMBER.search(turn.talk.rule)
    wanted = int(number[0]) if number else turn.talk.words or 1
    return turn.line(turn.plays.rations[wanted - 1]) if 0 < wanted <= len(turn.plays.rations) else None


def _story(turn: Turn) -> str | None:
    last = tokens(turn.talk.prompt)[-1:]
    line = turn.line(line for line in turn.plays.story if tokens(line)[:1] != last)
    return line[:1].lower() + line[1:] if line else None


def _nonsense(turn: Turn) -> str | None:
    if turn.talk.rule.strip() == NONSENSE[turn.talk.language][1]:
        return turn.line(turn.plays.translations)
    syllables = turn.plays.syllables.split()
    words = ["".join(turn.random.choices(syllables, k=turn.random.randint(2, 3))) for _ in range(6)]
    return f"{words[0].capitalize()} {' '.join(words[1:4])}, {' '.join(words[4:])}!"


def _half_life(turn: Turn) -> str | None:
    life = _NUMBER.findall(turn.talk.rule)[-1:]
    if not life or life[0] not in LIVES:
        return None
    key = turn.talk.keyword(_LIFE.sub("", turn.talk.rule)) or turn.plays.nouns[0]  # the same in each life
    return turn.plays.half_lives[LIVES.index(life[0])].format(word=key)


def _expert(turn: Turn) -> str | None:
    if turn.talk.rule.startswith(("Ask ", "Frag:")):
        return turn.line(card.text for card in pack(turn.talk.language, "expert_questions"))
    return turn.line(turn.plays.answers)


def _duel(turn: Turn) -> str | None:
    is_answer = turn.talk.rule.strip() == ACCEPT[turn.talk.language]
    openers = CHARACTERS["loudspeaker"].parts[turn.talk.language].feeds
    return turn.line(turn.plays.insults if is_answer else openers)


def _jackal(turn: Turn) -> str | None:
    if turn.talk.rule.endswith(GIRAFFE[turn.talk.language]):
        return turn.line(turn.plays.giraffes)
    return turn.line(card.text for card in pack(turn.talk.language, "complaints"))


def _talk(turn: Turn) -> str | None:
    theme = turn.talk.rule.partition(":")[2] or turn.talk.prompt
    return turn.line(turn.plays.talks, word=turn.talk.keyword(theme) or turn.word)


def _why(turn: Turn) -> str | None:
    line = quoted(turn.talk.rule) or turn.talk.prompt
    return choose(turn.plays.whys, turn.talk, turn.random, word=line) if line and not is_unfit(line) else None


def _from(name: str) -> Callable[[Turn], str | None]:
    return lambda turn: turn.line(getattr(turn.plays, name))


def _single(say: Callable[[Talk, Random], str | None]) -> Callable[[Turn], str | None]:
    return lambda turn: say(turn.talk, turn.random)


MOVES: dict[str, Callable[[Turn], str | None]] = {
    "first_thing": _from("firsts"),
    "word_association": _single(single.associate),
    "wrong_names": _single(single.misname),
    "five_things": lambda turn: _list(turn, THINGS),
    "five_likenesses": lambda turn: _list(turn, LIKENESSES),
    "word_at_a_time": _single(single.go_on),
    "fortunately": _luck,
    "story_die": _story,
    "last_word_first": _last_first,
    "word_ration": _ration,
    "questions_only": _from("questions"),
    "forbidden_word": _single(guesses.forbidden_word),
    "new_choice": _single(single.choose_anew),
    "half_life": _half_life,
    "mind_meld": _single(single.meld),
    "walk_into_a_bar": _from("bar"),
    "world_worst": _from("worst"),
    "yes_and": _yes,
    "expert_hot_seat": _expert,
    "gibberish": _nonsense,
    "insult_duel": _duel,
    "jackal_giraffe": _jackal,
    "same_line": _single(guesses.same_line),
    "just_ten_seconds": _talk,
    "two_second_sound": _from("sounds"),
    "cyborg_line": _why,
    "thanks": _from("thanks"),
    "scene": _from("scenes"),
}
