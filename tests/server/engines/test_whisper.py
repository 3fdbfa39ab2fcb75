"""What is made of Whisper's tokens: text that lies within the clip, and words with their times."""

from __future__ import annotations

from server.engines.whisper import joined, said

TIMESTAMPS, END = 1_000, 900


def test_what_begins_behind_the_clip_is_invented() -> None:
    tokens = [TIMESTAMPS, 1, 2, TIMESTAMPS + 40, TIMESTAMPS + 60, 3, 4]
    assert said(tokens, TIMESTAMPS, END, seconds=1.0) == [1, 2]
    assert said(tokens, TIMESTAMPS, END, seconds=2.0) == [1, 2, 3, 4]


def test_what_is_neither_text_nor_time_is_left_out() -> None:
    assert said([1, END, END + 5, 2], TIMESTAMPS, END, seconds=1.0) == [1, 2]


def test_marks_and_hyphens_stay_with_their_words() -> None:
    timed = [(" Rather", 0, 20), (" cold", 20, 30), ("-hearted", 30, 50), (",", 50, 52), (" isn't", 52, 60)]
    assert joined(timed, 5_000) == (
        ("Rather", 0, 400),
        ("cold-hearted,", 400, 1_040),
        ("isn't", 1_040, 1_200),
    )


def test_words_without_spaces_between_them_stay_apart() -> None:
    assert [word for word, *_ in joined([("今日", 0, 5), ("は", 5, 9), ("。", 9, 9)], 5_000)] == [
        "今日",
        "は。",
    ]


def test_times_never_go_back_nor_beyond_the_clip() -> None:
    timed = [(" one", 10, 30), (" two", 20, 25), (" three", 40, 90), (" ", 90, 90)]
    assert joined(timed, 1_000) == (("one", 200, 600), ("two", 600, 600), ("three", 800, 1_000))
