"""Messages between nodes come out as they went in, and junk is refused."""

from __future__ import annotations

import msgspec
import pytest

from games.round import Prompt
from server.cluster import messages
from server.cluster.members import Beat
from server.cluster.messages import (
    CHANGES_MOST,
    MESSAGE_BYTES,
    VERSION,
    Compare,
    Different,
    Done,
    Doubted,
    Failed,
    Follow,
    Followed,
    Frame,
    Heard,
    Junk,
    Leave,
    MoreHolds,
    Packed,
    Refusal,
    Send,
    Signalled,
    Stored,
    Taken,
    Tell,
    Wake,
    Woken,
    decode_answer,
    decode_beat,
    decode_frame,
    decode_query,
    encode,
    pack,
    pack_events,
    unpack,
    unpack_events,
)
from server.room.commands import (
    Asked,
    Caption,
    Change,
    Command,
    Land,
    MuteNetwork,
    Open,
    Oversee,
    Pass,
    Remove,
    RoundStart,
    Say,
    Tick,
    Vote,
)
from server.room.events import ClipCaptioned, ClipLanded, Draft, RoomOpened, TextSaid, numbered
from server.rooms import changes
from server.rooms.changes import (
    CameBy,
    Coloured,
    Consented,
    MachineMarked,
    Moved,
    TakeBegun,
    TakeEnded,
    Worn,
)
from server.rooms.presence import SPEAKER, PresenceState
from tests.support.actors import ANNA, BELA

NODE = "a-0123456789abcdef"
LANDED = ClipLanded("clip", 1_000, 10, 5, -16.0, tuple(range(64)), source="upload", mask="robot")
WORDS = (("words", 1, 2),)
EVENT = numbered(Draft(TextSaid("Größe"), 5, ANNA), 2, 1)
CHANGES: list[changes.Change] = [
    Moved("v", None, SPEAKER),
    Moved("v", PresenceState(pace=1.5, listening="radio"), None),
    Consented("v"),
    Worn("v", None),
    CameBy("v", "net"),
    MachineMarked("v"),
    Coloured("v", "#aabbcc"),
    TakeBegun("v", "t", 99),
    TakeEnded("v", "t"),
]


@pytest.mark.parametrize(
    "command",
    [
        Say("a"),
        Tick(),
        Open(RoomOpened("wonder", "Room", public=True), house=True, character="fox"),
        Land(LANDED, 7, None, let_in=True),
        Caption(ClipCaptioned("clip", "words", "en", words=WORDS)),
        RoundStart("chain", clip="c", asked=Asked(Prompt("p", "why"), "chain", 7)),
        Vote("r", "c", 3),
        Oversee(Change(name="New", slow=True), "a note"),
        Oversee(Remove("clip", "moderated", is_text=True)),
        Oversee(MuteNetwork("v", 5, network="n")),
        Oversee(Pass("clip", value=None), "again"),
    ],
)
def test_commands_come_out_as_they_went_in(command: Command) -> None:
    sent = Send("room", NODE, 5, pack(command), ANNA, "key", b"\0salt\xff", quiet=True)
    arrived = decode_query(encode(sent))
    assert arrived == sent
    assert isinstance(arrived, Send)
    assert unpack(arrived.command) == command


def test_every_command_can_be_sent() -> None:
    assert set(messages._COMMANDS) == set(messages._decoders) | {"Oversee"}
    inner = Oversee.__annotations__["command"]
    for name in str(inner).replace("\n", " ").replace("(", " ").replace(")", " ").split("|"):
        assert name.strip() in messages._decoders


@pytest.mark.parametrize(
    "query",
    [
        Wake("room", NODE),
        Follow("room", NODE, CHANGES, 3),
        Tell(
            "room",
            NODE,
            4,
            [*CHANGES, Heard("v", on=True), MoreHolds(-2), Signalled(None, msgspec.Raw(b"{}"))],
        ),
        Leave("room", NODE),
        Taken("room"),
        Doubted(),
        Compare(NODE, [("room", 3, 7)]),
    ],
)
def test_queries_come_out_as_they_went_in(query: messages.Query) -> None:
    assert decode_query(encode(query)) == query


@pytest.mark.parametrize(
    "answer",
    [
        Stored(pack_events([EVENT])),
        Refusal("slow_down", "Slow down.", 500),
        Failed("elsewhere"),
        Woken(7),
        Followed(2, 5, 7, True, CHANGES),
        Different(["room"]),
        Done(),
    ],
)
def test_answers_come_out_as_they_went_in(answer: messages.Answer) -> None:
    assert decode_answer(encode(answer)) == answer


def test_frames_and_beats_come_out_as_they_went_in() -> None:
    signals = [(None, msgspec.Raw(b'{"a":1}')), (BELA.id, msgspec.Raw(b"{}"))]
    theirs = [(NODE, change) for change in CHANGES]
    frame = Frame("room", NODE, 3, 9, True, 1, 2, pack_events([EVENT]), signals, theirs)
    arrived = decode_frame(encode(frame))
    assert arrived == frame
    assert unpack_events(arrived.events) == [EVENT]
    beat = Beat(NODE, 5, "eu", 0.5, leaving=True)
    assert decode_beat(encode(beat)) == beat


@pytest.mark.parametrize(
    "body",
    [
        b"",
        VERSION,
        VERSION + b"{}",
        VERSION + b"null",
        VERSION + b'{"type":"nothing"}',
        b"w2" + encode(Wake("room", NODE))[2:],
        encode(Wake("room", NODE))[2:],
        encode(Wake("room.*", NODE)),
        encode(Wake("", NODE)),
        encode(Wake("r" * 65, NODE)),
        encode(Wake("room", "a.b-0123456789abcdef")),
        encode(Tell("room", NODE, -1, [])),
        encode(Tell("room", NODE, 0, [MoreHolds(1)] * (CHANGES_MOST + 1))),
        encode(Send("room", NODE, 5, pack(Say("a" * MESSAGE_BYTES)))),
        b"\xff" * 50,
    ],
)
def test_junk_is_refused(body: bytes) -> None:
    for decode in (decode_query, decode_answer, decode_frame, decode_beat):
        with pytest.raises(Junk):
            decode(body)


@pytest.mark.parametrize(
    "packed",
    [
        Packed("Nothing", msgspec.Raw(b"{}")),
        Packed("Say", msgspec.Raw(b"{}")),
        Packed("Say", msgspec.Raw(b'{"text":5}')),
        Packed("Oversee", msgspec.Raw(b"{}"), "Change"),
        Packed("Oversee", msgspec.Raw(b'{"command":{}}'), "Oversee"),
        Packed("Oversee", msgspec.Raw(b'{"command":{}}')),
    ],
)
def test_so_are_commands_that_are_none(packed: Packed) -> None:
    with pytest.raises(Junk):
        unpack(packed)
    with pytest.raises(Junk):
        unpack_events([msgspec.Raw(b"{}")])


def test_what_is_too_long_for_one_message_comes_in_parts() -> None:
    told = [Coloured(f"v{number}", "x" * (number % 7) * 400) for number in range(5_000)]
    parts = messages.in_parts(told)
    assert [change for part in parts for change in part] == told
    assert len(parts) > 3
    for part in parts:
        assert len(part) <= CHANGES_MOST
        assert len(encode(Follow("r", "a-0123456789abcdef", part))) < messages.PART_BYTES + 1_000
    assert messages.in_parts([]) == [[]]
    assert messages.fitting([Signalled(None, msgspec.Raw(b'"' + b"x" * 2_000_000 + b'"'))] * 2) == 1
