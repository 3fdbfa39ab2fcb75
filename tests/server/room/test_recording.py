"""What is heard when in a recording, in which order, and of what nothing is told."""

from __future__ import annotations

import pytest

from games.round import AnswerGiven, Prompt, RoundClosed, RoundOpened, TurnGiven
from server.room.events import ClipCaptioned, ClipLanded, Erased, Event, Fact
from server.room.recording import GAP_MS, SOUND_MS, RecordingPlan, StretchFacts, Visible, grouped
from server.room.state import RoomState

STATE = RoomState(kind="wonder", language="en")
ALL = Visible(lambda _: True, lambda _: True)


def landed(clip: str, round_: str | None = None, turn: int | None = None) -> ClipLanded:
    return ClipLanded(clip, 1_000, 0, 0, -16.0, (1, 2), round=round_, turn=turn)


def opened(round_: str, game: str = "first_thing", prompt: str = "A wet sock") -> RoundOpened:
    return RoundOpened(round_, game, "snap", Prompt(f"prompt-{round_}", prompt))


def turn(round_: str, number: int, prompt: str, *steps: str) -> TurnGiven:
    return TurnGiven(round_, number, prompt, 0, 0, steps=steps)


def told(*facts: Fact | Erased, with_words: bool = False) -> StretchFacts:
    found = StretchFacts(with_words=with_words)
    for seq, fact in enumerate(facts, 1):
        found.read(Event(seq, seq - 1, seq, None, "test", fact))
    return found


def recording(
    found: StretchFacts, *clips: str, visible: Visible = ALL, spoken_ms: int = 0, state: RoomState = STATE
) -> RecordingPlan:
    return found.recording(clips, state, visible, lambda _: spoken_ms)


def texts(found: RecordingPlan) -> list[str]:
    return [piece.text for piece in found.pieces if piece.text]


ROUND = (opened("r"), turn("r", 1, "A wet sock"), landed("a", "r", 1), landed("b", "r", 1))


def test_clips_follow_each_other_with_a_pause_and_a_chapter_begins_with_a_sound() -> None:
    found = recording(told(*ROUND), "a", "b")
    assert [(piece.start_ms, piece.duration_ms, piece.clip) for piece in found.pieces] == [
        (0, SOUND_MS, ""),
        (SOUND_MS, 1_000, "a"),
        (SOUND_MS + 1_000 + GAP_MS, 1_000, "b"),
    ]
    assert found.duration_ms == SOUND_MS + 2 * (1_000 + GAP_MS)
    assert [(chapter.start_ms, chapter.title, chapter.round) for chapter in found.chapters] == [
        (0, "A wet sock", "r")
    ]
    assert found.clips == 2


def test_what_a_turn_asks_for_is_spoken_once_before_its_first_take() -> None:
    found = recording(told(*ROUND), "a", "b", spoken_ms=2_000)
    assert [(piece.text, piece.duration_ms) for piece in found.pieces] == [
        ("A wet sock", 2_000 + GAP_MS), ("", 1_000), ("", 1_000),
    ]  # fmt: skip
    assert found.pieces[1].start_ms == 2_000 + GAP_MS


def test_a_game_is_named_and_what_was_said_before_is_not_said_again() -> None:
    scene = "Two cats in a lift."
    facts = (
        opened("r", "forbidden_word", scene),
        turn("r", 1, scene),
        landed("a", "r", 1),
        turn("r", 2, f"{scene} Go on", "now", "then"),
        landed("b", "r", 2),
        turn("r", 3, scene),
        landed("c", "r", 3),
    )
    found = recording(told(*facts), "a", "b", "c", spoken_ms=1)
    first, second = texts(found)
    assert first.endswith(scene)
    assert first.startswith("Forbidden words.")
    assert second == "Go on now, then."
    assert found.chapters[0].title == f"Forbidden words: {scene}"


@pytest.mark.parametrize("gone", ["a", "prompt-r", "answer"])
def test_nothing_is_told_of_a_round_of_which_something_is_not_for_everybody(gone: str) -> None:
    found = told(*ROUND, AnswerGiven("r", 1, "answer", "Sock!"))
    visible = Visible(lambda clip: clip != gone, lambda text: text != gone)
    made = recording(found, "b", visible=visible, spoken_ms=1)
    assert texts(made) == []
    assert [chapter.title for chapter in made.chapters] == ["Out of turn"]
    assert not found.may_be_told("r", visible)
    assert found.may_be_told("r", ALL)
    assert found.may_be_told(None, visible)


def test_what_was_erased_is_not_heard_and_leaves_no_hole() -> None:
    found = recording(told(*ROUND[:2], Erased(), ROUND[3]), "a", "b")
    assert [piece.clip for piece in found.pieces] == ["", "b"]


def test_words_are_kept_where_they_are_wanted_alone() -> None:
    words = (("sock", 100, 400),)
    facts = (*ROUND, ClipCaptioned("b", "sock", "en", words=words), ClipCaptioned("other", "no", "en"))
    with_words = recording(told(*facts, with_words=True), "a", "b")
    assert [(piece.caption, piece.words) for piece in with_words.pieces][1:] == [("", ()), ("sock", words)]
    assert not any(piece.words for piece in recording(told(*facts), "a", "b").pieces)


def test_what_was_said_out_of_turn_comes_after_the_round_in_a_chapter_of_its_own() -> None:
    clips = [landed("a", "r"), landed("x"), landed("b", "r"), landed("y"), landed("c", "s"), landed("z")]
    found = [(round_, [clip.clip for clip in group]) for round_, group in grouped(clips, {})]
    assert found == [("r", ["a", "b"]), (None, ["x", "y"]), ("s", ["c"]), (None, ["z"])]


def test_a_chain_is_heard_in_the_order_of_its_replay_and_the_rest_as_it_landed() -> None:
    facts = (
        opened("r"), landed("a", "r", 1), landed("b", "r", 2), landed("c", "r", 3),
        RoundClosed("r", "done", ("a", "b", "c"), replay=("c", "a")),
    )  # fmt: skip
    found = recording(told(*facts), "a", "b", "c")
    assert [piece.clip for piece in found.pieces if piece.clip] == ["c", "a", "b"]


def test_titles_are_in_the_language_of_the_room_and_of_one_line() -> None:
    facts = (opened("r", "yes_and", "x" * 200), landed("a", "r", 1), landed("b"))
    found = recording(told(*facts), "a", "b", state=RoomState(kind="wonder", language="de"))
    first, second = found.chapters
    assert len(first.title) == 80
    assert first.title.endswith("x…")
    assert second.title == "Zwischendurch"


def test_a_round_that_began_long_before_is_a_chapter_without_a_prompt() -> None:
    found = recording(told(landed("a", "r", 1)), "a", spoken_ms=1)
    assert [(chapter.title, chapter.round) for chapter in found.chapters] == [("Out of turn", "r")]
