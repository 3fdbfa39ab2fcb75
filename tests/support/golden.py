"""Golden logs: what happened in a room, and the state that every fold must reach.

`python -m tests.support.golden` writes them anew; each file is one event a line as the wire
has it (seen by everybody), and a last line with the state.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from games.round import Round
from server.room.commands import (
    Again,
    Answer,
    Caption,
    Forget,
    React,
    RoundJoin,
    RoundStart,
    RoundStop,
    Say,
    Suggest,
    Throw,
    Vote,
)
from server.room.events import ClipCaptioned, decode, encode
from server.room.state import EMPTY, RoomState, apply
from server.room.view import view
from tests.support.rooms import ANNA, BELA, CLEO, PureRoom

FOLDER = Path(__file__).parent.parent / "golden"


def chat() -> PureRoom:
    """Texts, reactions, and somebody who takes all back."""
    room = PureRoom("topic", seed=11)
    for voice, text in ((ANNA, "hello"), (BELA, "Grüße 🌍"), (ANNA, "again"), (CLEO, "me too")):
        room.now_ms += 700
        room.do(Say(text), voice)
    room.do(React("2", "😀"), CLEO)
    room.do(Forget(everything=True), ANNA)
    return room


def thrown() -> PureRoom:
    """A prompt that two answer and vote on, a silent one, a free clip, and one taken back."""
    room = PureRoom(seed=12)
    room.do(Throw(), ANNA)
    room.land("clip-a", ANNA, onset_ms=640)
    room.land("clip-b", BELA, onset_ms=1_900)
    room.do(Caption(ClipCaptioned("clip-a", "a wet umbrella", "en")))
    room.do(Vote(room.turn().round, "clip-b", 3), ANNA)
    room.pass_time()
    room.do(Throw())
    room.pass_time()
    room.land("clip-c", CLEO)
    room.do(React("clip-c", "❤️"), ANNA)
    room.do(Forget("clip-a"), ANNA)
    return room


def chain() -> PureRoom:
    """A chain of words, started again once, that is still running."""
    room = PureRoom("language", seed=13, language="de")
    room.do(RoundStart("word_association"), ANNA)
    room.do(RoundJoin(), BELA)
    room.land("w1", ANNA, duration_ms=4_200)
    room.do(Again(), BELA)
    room.land("w2", ANNA, duration_ms=600)
    room.now_ms = room.turn().go_at_ms
    room.land("w3", BELA, duration_ms=700)
    return room


def meld() -> PureRoom:
    """Two hidden takes that are revealed together, one captioned before, one written; then one stopped."""
    room = PureRoom(seed=14)
    room.do(RoundStart("mind_meld"), ANNA)
    room.do(RoundJoin(), BELA)
    room.do(Again(), ANNA)
    room.land("m1", ANNA, duration_ms=500)
    room.do(Caption(ClipCaptioned("m1", "moon", "en")))
    room.land("m2", BELA, duration_ms=600)
    room.now_ms = room.turn().go_at_ms
    room.do(Answer(room.turn().round, "cheese"), ANNA)
    room.land("m3", BELA, duration_ms=650)
    room.land("m4", ANNA, duration_ms=700)
    room.do(RoundStop(), BELA)
    return room


def duel() -> PureRoom:
    """A duel with a fault that votes overrule, a topic suggested, dice, and a replay at the end."""
    room = PureRoom("arena", seed=15)
    room.do(Suggest("Two left socks"), CLEO)
    room.do(Say("/roll 2d6+1"), CLEO)
    room.do(RoundStart("insult_duel"), ANNA)
    room.do(RoundJoin(), BELA)
    for number in range(1, 7):
        room.now_ms = room.turn().go_at_ms
        room.land(f"d{number}", (ANNA, BELA)[(number - 1) % 2])
    for clip in ("d1", "d3"):
        room.do(Caption(ClipCaptioned(clip, "your hat is a soup bowl", "en")))
    for voice in (BELA, CLEO):
        room.do(Vote(room.turn().round, "d3", 5), voice)
    room.pass_time()
    return room


def spoken() -> PureRoom:
    """Words that come after their takes: a chain that waits for one, and one mind that ends a round."""
    room = PureRoom(seed=16)
    room.captions = True
    room.do(RoundStart("word_association"), ANNA)
    room.do(RoundJoin(), BELA)
    room.land("s1", ANNA, duration_ms=600)
    room.do(Caption(ClipCaptioned("s1", "rain", "en")))
    room.now_ms = room.turn().go_at_ms
    room.land("s2", BELA, duration_ms=700)
    room.pass_time()
    room.do(RoundStop(), ANNA)
    room.do(Caption(ClipCaptioned("s2", "rain", "en")))
    room.do(RoundStart("mind_meld"), ANNA)
    room.do(RoundJoin(), BELA)
    room.do(Again(), ANNA)
    room.now_ms = room.turn().go_at_ms
    room.land("s3", ANNA, duration_ms=500)
    room.land("s4", BELA, duration_ms=500)
    room.do(Caption(ClipCaptioned("s4", "moon", "en")))
    room.do(Caption(ClipCaptioned("s3", "moon", "en")))
    return room


SCENES: dict[str, Callable[[], PureRoom]] = {
    "chat": chat,
    "thrown": thrown,
    "chain": chain,
    "games/meld": meld,
    "games/duel": duel,
    "games/spoken": spoken,
}


def expected(state: RoomState) -> dict[str, Any]:
    """Return what a fold in any language must agree on."""
    return {
        "head": state.head,
        "kind": state.kind,
        "name": state.name,
        "language": state.language,
        "clips": {
            clip.clip: {"by": clip.by.id if clip.by else None, "round": clip.round, "caption": clip.caption}
            for clip in state.clips.values()
        },
        "texts": {str(seq): voice for seq, voice in state.texts.items()},
        "round": _round(state.round),
        "last_round": _round(state.last_round),
        "more": {
            "hidden": [clip.clip for clip in state.clips.values() if clip.hidden],
            "suggestions": {topic: waiting.text for topic, waiting in state.suggestions.items()},
            "round": _more(state.round),
            "last_round": _more(state.last_round),
        },
    }


def _more(round_: Round | None) -> dict[str, Any] | None:
    """Return what folds may know beside; a fold that does not yet leaves it out."""
    if round_ is None:
        return None
    return {
        "hidden": round_.hidden,
        "acts": [turn.act for turn in round_.turns],
        "written": [take.clip for take in round_.takes if take.written],
        "overruled": [fact.code for fact in round_.overruled],
    }


def _round(round_: Round | None) -> dict[str, Any] | None:
    if round_ is None:
        return None
    return {
        "id": round_.id,
        "game": round_.game,
        "players": list(round_.players),
        "turns": [turn.turn for turn in round_.turns],
        "takes": [take.clip for take in round_.takes],
        "votes": len(round_.votes),
        "verdicts": [verdict.code for verdict in round_.verdicts],
    }


def lines(room: PureRoom) -> list[bytes]:
    """Return the lines of a golden log: every event as everybody sees it, then the state."""
    return [
        *(encode(view(event, None)) for event in room.events),
        msgspec.json.encode({"state": expected(room.state)}),
    ]


def folded(log: list[bytes]) -> RoomState:
    """Fold the event lines of a golden log."""
    state = EMPTY
    for line in log:
        state = apply(state, decode(line))
    return state


if __name__ == "__main__":
    (FOLDER / "games").mkdir(parents=True, exist_ok=True)
    for name, scene in SCENES.items():
        (FOLDER / f"{name}.jsonl").write_bytes(b"\n".join(lines(scene())) + b"\n")
