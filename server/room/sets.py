"""A room's set of rounds: five, the last of which is for all and names the line that was liked best.

Also who was not staged when the room voted last. All of it is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from games.round import Round, RoundClosed, TurnGiven

SET_ROUNDS = 5
# After so long without a round a set is over: who comes then begins another.
SET_PAUSE_MS = 30 * 60_000
# What is kept of a set: the takes that somebody liked, of each the first who did, and who was not staged.
LIKED_TAKES = 200
LIKERS_KEPT = 100
MISSED_KEPT = 64
# What says that a line was liked, without skin tones and the mark that asks for a picture. Whatever else is
# said to it, a thumb that points down or a yawn, makes no line the best one.
PRAISE = frozenset("❤🧡💛💚💙💜🤎🖤🤍💖💗💓💕💘💝😍🥰🤩🥹😂🤣😆😹😅😄😁👏🙌🔥✨💫🎉🥳👍💯🏆👑🌈🦄")
_TONES = re.compile("[\ufe0f\U0001f3fb-\U0001f3ff]")


class PlayedRound(Struct, frozen=True):
    """A round of the set."""

    round: str
    game: str
    closed_at_ms: int


class Liked(Struct, frozen=True):
    """A take of the set, and the seats that gave it a heart or a laugh; each counts once."""

    round: str
    voices: tuple[str, ...]


class RoundSet(Struct, frozen=True):
    """The rounds of the running set in their order, what was liked in them, and who was not staged."""

    rounds: tuple[PlayedRound, ...] = ()
    liked: dict[str, Liked] = {}
    missed: tuple[str, ...] = ()

    def next_place(self, now_ms: int) -> int:
        """Return the place that the next round takes in its set, from 1."""
        last = self.rounds[-1] if self.rounds else None
        is_over = last is None or len(self.rounds) >= SET_ROUNDS or now_ms > last.closed_at_ms + SET_PAUSE_MS
        return 1 if is_over else len(self.rounds) + 1

    def liked_best(self, round_: str, is_there: Callable[[str], bool]) -> str:
        """Return the take that most voices liked, of the set and the round that ends it; "" for none.

        Of several the newest.
        """
        ids = {round_, *(played.round for played in self.rounds)}
        among = {clip: it for clip, it in self.liked.items() if it.round in ids and is_there(clip)}
        most = max((len(it.voices) for it in among.values()), default=0)
        return next((clip for clip in reversed(among) if len(among[clip].voices) == most), "")

    def with_round(self, round_: Round, closed: RoundClosed, at_ms: int) -> RoundSet:
        """Count a round that closed; the first of a set forgets the set before."""
        if not closed.set_place:
            return self
        played = PlayedRound(round_.id, round_.game, at_ms)
        if closed.set_place > 1:
            return replace(self, rounds=(*self.rounds, played)[-SET_ROUNDS:])
        liked = {clip: it for clip, it in self.liked.items() if it.round == round_.id}
        return replace(self, rounds=(played,), liked=liked)

    def with_like(self, clip: str, round_: str, voice: str) -> RoundSet:
        """Note that a voice likes a take."""
        voices = self.liked[clip].voices if clip in self.liked else ()
        if voice in voices or len(voices) >= LIKERS_KEPT:
            return self
        liked = {**self.liked, clip: Liked(round_, (*voices, voice))}
        if len(liked) > LIKED_TAKES:
            del liked[min(liked, key=lambda each: len(liked[each].voices))]
        return replace(self, liked=liked)

    def with_stage(self, round_: Round, turn: TurnGiven) -> RoundSet:
        """Note whose takes are not staged in a vote, before those who were missed in others."""
        if turn.act != "vote" or not turn.clips:
            return self
        missed = dict.fromkeys(take.voice for take in round_.takes if take.clip not in turn.clips)
        played = {take.voice for take in round_.takes}
        before = (voice for voice in self.missed if voice not in played)
        return replace(self, missed=(*missed, *before)[:MISSED_KEPT])

    def without(self, clip: str) -> RoundSet:
        """Forget a take."""
        if clip not in self.liked:
            return self
        return replace(self, liked={each: it for each, it in self.liked.items() if each != clip})


def is_praise(emoji: str) -> bool:
    """Tell whether an emoji says that something was liked: a heart, a laugh, applause."""
    return _TONES.sub("", emoji) in PRAISE


NO_SET = RoundSet()
