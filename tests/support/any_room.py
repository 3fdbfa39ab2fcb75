"""Rooms in which anything happens, drawn by hypothesis: for whatever must hold of every log."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from games.registry import offered
from server.room.commands import (
    Again,
    Agree,
    Answer,
    Caption,
    Change,
    Command,
    Forget,
    Hide,
    Pass,
    React,
    Refused,
    Remove,
    Report,
    Restore,
    RoundJoin,
    RoundLeave,
    RoundStart,
    RoundStop,
    Say,
    Suggest,
    Throw,
    TurnHelp,
    TurnPass,
    Vote,
    WantTopic,
)
from server.room.events import ClipCaptioned, KeeperGiven, RoomChanged, RoomClosed, Voice, VoiceMuted
from server.room.kinds import KINDS
from tests.support.golden_scenes import SentRoom
from tests.support.rooms import ANNA, BELA, CLEO

VOICES = (ANNA, BELA, CLEO)
# Few words, so that takes, prompts and verdicts repeat each other; some are small, some have forms.
WORDS = (
    "moon",
    "cheese",
    "the",
    "a",
    "Straße",
    "STRASSE",
    "don’t",
    "don't",
    "umbrella",
    "umbrellas",
    "ja",
    "und",
)

voices = st.sampled_from(VOICES)
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
Step = Callable[[SentRoom], object]


def _pick(ids: list[str], at: int) -> str:
    return ids[at % len(ids)] if ids else "nothing"


def _clip(room: SentRoom, at: int) -> str:
    return _pick(list(room.state.clips), at)


def _round(room: SentRoom) -> str:
    running = room.state.round or room.state.last_round
    return running.id if running else "none"


def _land(room: SentRoom, by: Voice, duration_ms: int) -> object:
    if room.state.round and room.state.round.turn:
        room.now_ms = max(room.now_ms, room.turn().go_at_ms)
    return room.land(f"c{room.state.head}", by, duration_ms=duration_ms)


def _game(room: SentRoom, at: int) -> str:
    return _pick([game.id for game in offered(room.state.kind)], at)


def _done(command: Callable[[SentRoom, int], Command]) -> st.SearchStrategy[Step]:
    """Return steps in which a voice asks for something about the n-th of what there is."""

    def step(by: Voice | None, at: int) -> Step:
        return lambda room: room.do(command(room, at), by)

    return st.builds(step, voices, st.integers(0, 40))


def _kept(command: Callable[[SentRoom, int], Command]) -> st.SearchStrategy[Step]:
    """Return steps in which the admin does something about the n-th of what there is."""
    return st.integers(0, 40).map(lambda at: lambda room: room.do(command(room, at)))


def _present(here: list[Voice]) -> Step:
    def step(room: SentRoom) -> None:
        ids = [voice.id for voice in here]
        room.left = {gone: room.now_ms for gone in (*room.here, *room.left) if gone not in ids}
        room.here = room.speakers = ids

    return step


def _text(room: SentRoom, at: int) -> int:
    seqs = [*room.state.texts, *room.state.written]
    return seqs[at % len(seqs)] if seqs else 1


def _proposal(room: SentRoom) -> str:
    proposal = room.state.governed.proposal
    return proposal.id if proposal else "none"


def _said(command: Callable[[SentRoom, str], Command]) -> st.SearchStrategy[Step]:
    def step(by: Voice, text: str) -> Step:
        return lambda room: room.do(command(room, text), by)

    return st.builds(step, voices, texts)


def _captioned(at: int, text: str) -> Step:
    return lambda room: room.do(
        Caption(ClipCaptioned(_clip(room, -1 - at), text, "de", hidden=_is_hidden(room, at)))
    )


def _is_hidden(room: SentRoom, at: int) -> bool:
    clip = room.state.clips.get(_clip(room, -1 - at))
    return clip is not None and clip.hidden


def _landed(by: Voice, duration_ms: int) -> Step:
    return lambda room: _land(room, by, duration_ms)


# Rooms end and their words change seldom, rounds are started and spoken in often.
seldom: st.SearchStrategy[Step] = st.one_of(
    st.builds(lambda text: lambda room: room.happen(RoomChanged(name=text, live=True)), texts),
    st.just(lambda room: room.happen(RoomChanged())),
    st.just(lambda room: room.happen(RoomClosed("quiet"))),
    st.builds(lambda by: lambda room: room.happen(VoiceMuted(by.id, room.now_ms)), voices),
    _done(lambda _room, _at: RoundStop()),
    _done(lambda room, at: Report(_clip(room, at), "noise")),
    _kept(lambda room, at: Remove(_clip(room, at), "moderated")),
    _kept(lambda room, at: Remove("", "moderated", _text(room, at))),
    _kept(lambda room, at: Hide(_clip(room, at))),
    _kept(lambda room, at: Hide(seq=_text(room, at))),
    _kept(lambda room, at: Restore(_clip(room, at))),
    _kept(lambda room, at: Restore(seq=_text(room, at))),
    _kept(lambda _room, at: Change(hold=at % 2 == 0, slow=at % 3 == 0)),
    _done(lambda room, at: Report("", "rude", seq=_text(room, at))),
    _done(lambda room, at: Pass(_clip(room, at), (True, True, False, None)[at % 4])),
    st.builds(_captioned, st.integers(0, 5), texts.map(lambda text: f"{text} 0171 2345678")),
    _done(lambda room, at: Agree(_proposal(room), value=at % 3 > 0)),
    st.builds(_present, st.lists(voices, max_size=3, unique=True)),
    st.builds(lambda by: lambda room: room.happen(KeeperGiven(by.id)), voices),
    _done(lambda _room, _at: Forget(everything=True)),
    _done(lambda _room, _at: WantTopic()),
    _said(lambda _room, text: Say(text)),
    st.just(lambda room: room.do(Say("/roll 2d6+1"), ANNA)),
)
often: st.SearchStrategy[Step] = st.one_of(
    _done(lambda _room, _at: Throw()),
    _done(lambda room, at: RoundStart(_game(room, at))),
    _done(lambda _room, _at: RoundJoin()),
    _done(lambda _room, _at: Again()),
    _done(lambda _room, _at: RoundLeave()),
    _done(lambda _room, _at: TurnPass()),
    _done(lambda _room, _at: TurnHelp()),
    _said(lambda room, text: Answer(_round(room), text)),
    _said(lambda _room, text: Suggest(text)),
    _done(lambda room, at: Vote(_round(room), _clip(room, at), 1 - at % 3)),
    _done(lambda room, at: React(_clip(room, at), "😀")),
    _done(lambda room, at: Forget(_clip(room, at))),
    *[st.builds(_landed, voices, st.integers(300, 6_000))] * 3,
    *[st.builds(_captioned, st.integers(0, 2), texts)] * 2,
    st.just(lambda room: room.pass_time()),
)
steps = st.integers(0, 11).flatmap(lambda chance: seldom if chance == 11 else often)


@st.composite
def any_room(draw: st.DrawFn) -> SentRoom:
    """Draw a room after a number of steps; what its rules refuse does not happen."""
    room = SentRoom(draw(st.sampled_from(sorted(KINDS))), seed=draw(st.integers(0, 2**16)), language="de")
    for step in draw(st.lists(steps, min_size=15, max_size=60)):
        try:
            step(room)
        except Refused:
            room.now_ms += 100
    return room
