"""One or more facts of every kind, and how each is stored and sent.

`python -m tests.support.facts` writes the golden lines anew. That they change is a change of the protocol
and of every log there is: old logs must still be read.
"""

from __future__ import annotations

from pathlib import Path

from games.parts import Duet, Earlier, OpenChallenge, Secret
from games.round import (
    AnswerGiven,
    ChallengeMade,
    HelpGiven,
    Prompt,
    RevealedTake,
    RoleGiven,
    RoundClosed,
    RoundJoined,
    RoundLeft,
    RoundOpened,
    RoundPaused,
    RoundRevealed,
    TurnGiven,
    TurnPassed,
    VerdictGiven,
    VerdictOverruled,
    VoteCast,
)
from server.room.events import (
    AdminActed,
    ClipCaptioned,
    ClipHidden,
    ClipLanded,
    ClipRemoved,
    ClipReported,
    ClipRestored,
    DiceRolled,
    Draft,
    Event,
    Fact,
    KeeperGiven,
    KeeperSeen,
    NetworkMuted,
    ProposalAgreed,
    ProposalClosed,
    ProposalMade,
    ReactionGiven,
    RoomChanged,
    RoomClosed,
    RoomOpened,
    TextHidden,
    TextRemoved,
    TextReported,
    TextRestored,
    TextSaid,
    TopicSuggested,
    TopicThrown,
    TopicWanted,
    Voice,
    VoiceMuted,
    encode,
    numbered,
)
from server.room.held_facts import ClipHeld, ClipPassed, PassGiven
from server.room.hook_facts import HookMade, HookRemoved

FILE = Path(__file__).parent.parent / "wire" / "facts.jsonl"
ANNA = Voice("voice-anna", 'Zany "Kettle" 🫖', "#ffaa00")
FACTS: list[Fact] = [
    RoomOpened("wonder", "A room"),
    RoomOpened("local", "Ein Raum", "Thema", "Wörter", "de", "slow", public=True, place="u33d", live=True),
    RoomChanged(),
    RoomChanged("name", "theme", "", "de", "snap", live=False),
    RoomClosed("closed"),
    TextSaid('a "text" with \\ and 🌍'),
    TextRemoved(3),
    TextRemoved(3, "moderated"),
    ClipLanded("clip-0001", 1_200, -80, 0, -16.0, (0, 100)),
    ClipLanded(
        "clip-0001", 1_200, 80, 5, -15.95, (0, 50, 100), masked=True, source="upload", round="r", turn=2,
        reaction_ms=420, hidden=True,
    ),
    ClipCaptioned("clip-0001", "words", "en"),
    ClipCaptioned("clip-0001", "words", "de", hidden=True),
    ClipRemoved("clip-0001"),
    ClipRemoved("clip-0001", "admin", hidden=True),
    ClipReported("clip-0001", "noise"),
    ClipReported("clip-0001", "noise", "very loud"),
    ReactionGiven("clip-0001", "😀"),
    TopicThrown(Prompt("p1", "A wet umbrella")),
    TopicSuggested("t1", "Two left socks"),
    TopicWanted("voice-anna"),
    RoundOpened("r1", "first_thing", "snap"),
    RoundOpened("r1", "riddle", "slow", Prompt("p", "?"), ("a", "b"), hidden=True, scene="s", answer="x"),
    RoundJoined("r1", "a"),
    RoundJoined("r1", "a", "king"),
    RoundJoined("r1", "a", late=True),
    RoundLeft("r1", "a", "silent"),
    RoundPaused("r1", 1_700_000_000_000),
    RoleGiven("r1", "a"),
    RoleGiven("r1", "a", "spy", "You know nothing."),
    TurnGiven("r1", 1, "?", 1, 2),
    TurnGiven(
        "r1", 1, "?", 1, 2, "a", "guess", ("a", "b"), "c", "role", 1, 2, 3, 4, bell=True, steps=("x", "y"),
        hidden=True,
    ),
    TurnGiven("r1", 1, "?", 1, 2, "a", one_word=True, next="b", number=3, of=8),
    TurnPassed("r1", 1, "a"),
    HelpGiven("r1", 1, "a", "cheese"),
    AnswerGiven("r1", 1, "a1", "cheese"),
    AnswerGiven("r1", 1, "a1", "cheese", hidden=True),
    RoundRevealed("r1"),
    RoundRevealed("r1", (RevealedTake("c", "a", 1), RevealedTake("d", "b", 1, 9, -8, 7, -16.5, (1,), True))),
    VoteCast("r1", "c", -1, "a"),
    VerdictGiven("r1", "c", "late", "Too late."),
    VerdictGiven("r1", "c", "matched", "One word!", "praise"),
    VerdictOverruled("r1", "c", "late"),
    RoundClosed("r1", "done"),
    RoundClosed("r1", "stopped", ("c",), ("c",), "cheese", "Breathe."),
    RoundClosed(
        "r1", "done", ("c", "d"), ("c", "d"), "", "", "secrets", ("c", "d"), (Secret("a", "king", "A hat."),),
        met=True, set_place=5, line="c", next_at_ms=1_700_000_000_000, undecided=(OpenChallenge("c", "b"),),
    ),
    TurnGiven("r1", 2, "?", 3, 4, act="vote", clips=("c", "d")),
    ChallengeMade("r1", "c", "b"),
    DiceRolled("2d6+1", (3, 4), 8),
    VoiceMuted("voice-anna", 1_700_000_000_000),
    RoomChanged(locked=True, slow=False, hold=True),
    ClipReported("clip-0001", "noise", "very loud", "n1"),
    TextReported(3, "rude"),
    TextReported(3, "rude", "to me", "n1"),
    ClipHidden("clip-0001"),
    ClipRestored("clip-0001"),
    TextHidden(3),
    TextRestored(3),
    TopicWanted("voice-anna", "n1"),
    VoteCast("r1", "c", 1, "a", "n1"),
    NetworkMuted("n1", 1_700_000_000_000),
    KeeperGiven("voice-anna"),
    KeeperGiven(""),
    KeeperSeen("voice-anna"),
    ProposalMade("p1", "stop", 1_700_000_000_000),
    ProposalMade("p1", "start", 1_700_000_000_000, "mind_meld", "slow"),
    ProposalAgreed("p1", "voice-anna", value=True),
    ProposalClosed("p1", accepted=False),
    AdminActed("remove"),
    AdminActed("mute", "voice-anna", "twice rude"),
    ClipLanded("clip-0001", 1_200, -80, 0, -16.0, (0, 100), masked=True, mask="mouse", speech_ms=640),
    RoundOpened("r1", "first_thing", "snap", mask="mouse"),
    RoundOpened("r1", "first_thing", "snap", company=("c0",), duet=Duet(1_600_000_000_000, machine=True)),
    RoundOpened("r1", "word_association", "snap", chain="r0", earlier=(Earlier("c0", "voice-bela", 700),)),
    RoundClosed("r1", "done", ("c0", "c"), ("c0", "c"), ending="chain", stays_open=True),
    RoomChanged(mask="giant"),
    RoomChanged(mask=""),
    ClipHeld("clip-0001", "contacts"),
    ClipHeld("clip-0001", "slurs", hidden=True),
    ClipPassed("clip-0001"),
    PassGiven("clip-0001", "voice-anna", value=True, yes=1, needed=3),
    PassGiven("clip-0001", "voice-anna", value=None, yes=0, needed=2, seat="n1"),
    RoomChanged(character="megaphone"),
    RoomChanged(character=""),
    HookMade("hook-0001"),
    HookRemoved("hook-0001"),
]  # fmt: skip


def events() -> list[Event]:
    """Return an event of each fact, every other one by nobody."""
    return [
        numbered(Draft(fact, 1_700_000_000_000 + i, ANNA if i % 2 else None), i + 1, i)
        for i, fact in enumerate(FACTS)
    ]


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_bytes(b"\n".join(map(encode, events())) + b"\n")
