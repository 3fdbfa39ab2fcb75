"""Golden logs: what happened in a room, and the state that every fold must reach.

`python -m tests.support.golden` writes them anew; each file is one event a line as the wire
has it (seen by everybody), and a last line with the state. Of each room there are two: its
events as they were sent, and (`*.stored`) as its log keeps them, what was forgotten blanked.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import fields

from games.round import (
    Round,
    Take,
    VoteCast,
)
from server.room.clips import ClipRef
from server.room.events import (
    Event,
    decode,
    encode,
)
from server.room.state import EMPTY, RoomState, apply
from server.room.view import view
from tests.support.golden_scenes import SCENES

FOLDER = Path(__file__).parent.parent / "golden"

# What the server alone keeps, for deciding and forgetting. On every other field both folds must agree.
SERVERS_OWN: dict[type[msgspec.Struct], set[str]] = {
    RoomState: {
        *("thrown", "rested_from_ms", "silent_rounds", "voices", "voices_language", "chains"),
        *("governed", "wanted_seats", "set_rounds", "asked_seq", "answered", "removed_seq", "taught"),
    },
    ClipRef: {"caption_seq", "reveal_seq", "repeats", "asked_seq"},
    Round: {"answer", "heard_at_ms", "overruled", "voted_at_ms", "quiet"},
    Take: {"words", "masked"},
    VoteCast: {"seat"},
}  # fmt: skip
LOGS = [f"{name}{form}" for name in SCENES for form in ("", ".stored")]


def shared(state: RoomState) -> dict[str, Any]:
    """Return all that the folds of Python and JavaScript both know of a room, as JSON has it."""
    known = _known(state) | {
        "withheld": state.governed.withheld,
        "held": {clip: held.filter for clip, held in state.governed.held.items()},
        "proposal": state.governed.proposal,
        "clips": {id_: _known(clip) for id_, clip in state.clips.whole.items()},
        "texts": {str(seq): voice for seq, voice in state.texts.items()},
        "written": {str(seq): text.id for seq, text in state.written.items() if text.id},
        "round": _round(state.round),
        "last_round": _round(state.last_round),
    }
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(known))
    return plain


def _known(value: msgspec.Struct) -> dict[str, Any]:
    """Return the fields of a struct but for those that the server keeps for itself."""
    names = {field.name for field in fields(value)} - SERVERS_OWN.get(type(value), set())
    return {name: getattr(value, name) for name in sorted(names)}


def _round(round_: Round | None) -> dict[str, Any] | None:
    """Return a round, in which a verdict that was overruled says so itself."""
    if round_ is None:
        return None
    overruled = {(fact.clip, fact.code) for fact in round_.overruled}
    return _known(round_) | {
        "turns": [_known(turn) for turn in round_.turns],
        "takes": [_known(take) for take in round_.takes],
        "votes": [_known(vote) for vote in round_.votes],
        "verdicts": [_known(v) | {"overruled": (v.clip, v.code) in overruled} for v in round_.verdicts],
        "roles": [_known(role) for role in round_.roles],
    }


def wire(events: Iterable[Event], voice: str | None = None) -> list[bytes]:
    """Return events as a voice gets them, None as everybody does."""
    return [encode(view(event, voice)) for event in events]


def folded(log: Iterable[bytes]) -> RoomState:
    """Fold events as they are on the wire."""
    state = EMPTY
    for line in log:
        state = apply(state, decode(line))
    return state


def write(name: str, events: list[Event]) -> None:
    """Write a golden log: its events, then the state that they fold to."""
    log = wire(events)
    last = msgspec.json.encode({"state": shared(folded(log))})
    (FOLDER / f"{name}.jsonl").write_bytes(b"\n".join([*log, last]) + b"\n")


if __name__ == "__main__":
    (FOLDER / "games").mkdir(parents=True, exist_ok=True)
    for name, scene in SCENES.items():
        room = scene()
        write(name, room.sent)
        write(f"{name}.stored", room.events)
