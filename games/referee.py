"""The referee: judges a take's sound and words by one short verdict, or none.

Every function here is pure. A verdict is soft: votes can overrule it, and rooms that score
nothing hear notes only.
"""

from __future__ import annotations

from random import Random

from games.ballots import balance
from games.endings import crowned, staged
from games.game import GameContext
from games.language.de import GERMAN
from games.language.en import ENGLISH
from games.language.tongue import Tongue
from games.language.verdicts import COACHING, VERDICTS
from games.round import Round, RoundFact, Take, Tempo, Tone, VerdictGiven, VerdictOverruled, VoteCast
from games.words import likeness, repeated, same_word, tokens

TONGUES: dict[str, Tongue] = {"en": ENGLISH, "de": GERMAN}
# A silence inside a take that everybody hears (Story, Story, Die is lost by less on a stage).
HESITATION_MS = 700
# Two guesses are one from here on; two lines are the same old joke.
SAME_GUESS = 0.72
SAME_LINE = 0.55
# This many more must say yes to a take than no, and at least two, to overrule the referee.
OVERRULING_VOTES = 2


def tongue(context: GameContext) -> Tongue:
    """Return the language of a room."""
    return TONGUES.get(context.language, ENGLISH)


def verdict(
    round_: Round, take: Take, context: GameContext, code: str, tone: Tone = "fault", **words: object
) -> list[RoundFact]:
    """Return a verdict in one of its wordings; none where nothing is judged, notes aside."""
    if not context.scored and tone != "note":
        return []
    wordings = VERDICTS.get(context.language, VERDICTS["en"])[code]
    text = context.random.choice(wordings).format(**words)
    return [VerdictGiven(round_.id, take.clip, code, text, tone)]


def hesitation(round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
    """Fault a pause inside a take."""
    return verdict(round_, take, context, "hesitated") if take.gap_ms > HESITATION_MS else []


def counted(round_: Round, take: Take, context: GameContext, wanted: int) -> list[RoundFact]:
    """Fault a take that has not exactly the given number of words."""
    said = len(take.words or ())
    if said == wanted:
        return []
    name = tongue(context).name_words
    return verdict(round_, take, context, "word_count", said=name(said), wanted=wanted)


def at_least(round_: Round, take: Take, context: GameContext, wanted: int) -> list[RoundFact]:
    """Praise a list that is complete, count one that is not; small words count for nothing."""
    small = tongue(context).small | tongue(context).fillers
    said = sum(len(word) > 2 and word not in small for word in take.words or ())
    if said >= wanted:
        return verdict(round_, take, context, "full", "praise")
    return verdict(round_, take, context, "too_few", said=said, wanted=wanted)


def repetition(round_: Round, take: Take, context: GameContext, free: str = "") -> list[RoundFact]:
    """Fault a word that comes twice in a take, small words and those of the subject aside."""
    word = repeated(take.words or (), but=tongue(context).small | set(tokens(free)))
    return verdict(round_, take, context, "repeat", word=word) if word else []


def said_before(round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
    """Fault a take whose only word came in an earlier take."""
    before = {word for other in round_.before(take) for word in other.words or ()}
    word = next((word for word in take.words or () if word in before), None)
    return verdict(round_, take, context, "repeat", word=word) if word else []


def forbidden(
    round_: Round, take: Take, context: GameContext, words: tuple[str, ...], code: str = "forbidden"
) -> list[RoundFact]:
    """Fault a take that says one of some words, in any form."""
    said = next((said for said in take.words or () if any(same_word(said, word) for word in words)), None)
    return verdict(round_, take, context, code, word=said) if said else []


def old_joke(round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
    """Fault a line that somebody said a moment ago."""
    before = (other.text for other in round_.before(take) if other.text)
    is_old = any(likeness(take.text or "", text) >= SAME_LINE for text in before)
    return verdict(round_, take, context, "old_joke") if is_old else []


def is_same_guess(a: str, b: str) -> bool:
    """Tell whether two guesses mean one thing: a word in common in some form, or all but the same text."""
    words = [word for word in tokens(b) if len(word) > 2]
    shared = any(same_word(x, y) for x in tokens(a) for y in words)
    return shared or likeness(a, b) >= SAME_GUESS


def loved(round_: Round, context: GameContext) -> list[RoundFact]:
    """Praise the take that the votes like best, when one stands out."""
    best = crowned(round_, staged(round_))
    take = round_.take(best[0]) if len(best) == 1 else None
    return verdict(round_, take, context, "favourite", "praise") if take else []


def thumbed(round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
    """Fault a take that the others say broke its rule, where nobody knows the words."""
    if balance(round_.votes, take.clip) > -OVERRULING_VOTES or round_.faults_of(take.clip):
        return []
    told = any(given.clip == take.clip and given.code == "thumbs" for given in round_.verdicts)
    return [] if told else verdict(round_, take, context, "thumbs")


def overruled(round_: Round, vote: VoteCast) -> list[RoundFact]:
    """Return the faults of a clip that its votes wash away, this one included."""
    if balance((*round_.votes, vote), vote.clip) < OVERRULING_VOTES:
        return []
    waived = {(fact.clip, fact.code) for fact in round_.overruled}
    faults = [given for given in round_.verdicts if given.clip == vote.clip and given.tone == "fault"]
    codes = dict.fromkeys(given.code for given in faults if (given.clip, given.code) not in waived)
    return [VerdictOverruled(round_.id, vote.clip, code) for code in codes]


def coaching(language: str, tempo: Tempo, random: Random) -> str:
    """Return a word of coaching for the gap between two rounds."""
    return random.choice(COACHING.get(language, COACHING["en"])[tempo])
