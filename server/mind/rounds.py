"""What a round asks of a player: what they see, what it stands on, what only they were told."""

from __future__ import annotations

from msgspec import Struct

from games.round import Round


class Asked(Struct, frozen=True):
    """See `Request` of the text engines, which takes these as they are."""

    game: str
    rule: str = ""
    prompt: str = ""
    secret: str = ""
    words: int = 0


def asked(round_: Round, voice: str) -> Asked | None:
    """Return what the running turn asks of a voice, None when it is not theirs."""
    turn = round_.turn
    if turn is None or not turn.is_for(voice):
        return None
    secret = next((fact.text for fact in round_.roles if fact.voice == voice and fact.text), "")
    return Asked(round_.game, turn.prompt, _before(round_), secret, turn.max_words)


def _before(round_: Round) -> str:
    """Return the line before, where one speaks after another, else what the round is about."""
    turn = round_.turn
    is_chain = turn is not None and (turn.voice is not None or turn.voices or turn.besides is not None)
    spoken = [take.text for take in round_.takes if take.text and not take.hidden]
    about = round_.scene or (round_.prompt.text if round_.prompt else "")
    return spoken[-1] if is_chain and spoken else about
