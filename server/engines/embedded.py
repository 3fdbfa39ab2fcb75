"""The engine that is always there: lines by rules and data, offline, the same under a seed."""

from __future__ import annotations

from server.engines.text import LINE_LIMIT_CHARACTERS, Request, heard, tidied
from server.mind.compose import compose
from server.mind.talk import LINES_LIMIT, Talk


class Embedded:
    """Answers at once, and keeps nothing."""

    name = "embedded"

    async def write(self, request: Request) -> str | None:
        """Return one line, or None for nothing to say."""
        return written(request)

    async def close(self) -> None:
        """Do nothing: there is nothing to let go of."""


def written(request: Request) -> str | None:
    """Return the line that is wanted, as it may be said."""
    if request.language not in request.character.parts:
        return None
    lines = request.lines[-LINES_LIMIT:]
    talk = Talk(
        purpose=request.purpose,
        character=request.character,
        language=request.language,
        lines=tuple(line.text[:LINE_LIMIT_CHARACTERS] for line in lines),
        heard=tuple(text[:LINE_LIMIT_CHARACTERS] for text in heard(lines)),
        name=request.name,
        game=request.game,
        rule=request.rule[:LINE_LIMIT_CHARACTERS],
        prompt=request.prompt[:LINE_LIMIT_CHARACTERS],
        secret=request.secret,
        words=request.words,
        counts=request.counts,
        said=request.said[-LINES_LIMIT:],
        seed=request.seed,
    )
    line = compose(talk)
    return None if line is None else tidied(line, request)
