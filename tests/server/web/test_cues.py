"""Captions as WebVTT, whatever was said and whenever."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from games.round import Word
from server.web.cues import CUE_CHARACTERS, cue, cues, timestamp, webvtt

WORDS = st.lists(
    st.tuples(st.text(min_size=1, max_size=12), st.integers(0, 30_000), st.integers(0, 30_000)).map(
        lambda word: (word[0], min(word[1:]), max(word[1:]))
    ),
    max_size=20,
).map(lambda words: tuple(sorted(words, key=lambda word: word[1])))
TIME = re.compile(r"(\d\d):(\d\d):(\d\d)\.(\d\d\d)")


def ms(time: str) -> int:
    hours, minutes, seconds, rest = map(int, TIME.fullmatch(time).groups())  # type: ignore[union-attr]
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest


def test_each_word_has_its_time_and_a_pause_ends_a_line() -> None:
    words = (("It", 40, 120), ("was", 130, 400), ("a", 1_500, 1_550), ("<wombat>", 1_600, 2_000))
    assert webvtt("It was a <wombat>", words, 2_100).splitlines() == [
        "WEBVTT",
        "",
        "00:00:00.040 --> 00:00:00.800",
        "It <00:00:00.130>was",
        "",
        "00:00:01.500 --> 00:00:02.100",
        "a <00:00:01.600>&lt;wombat&gt;",
    ]


def test_without_times_there_is_one_cue_and_without_words_none() -> None:
    assert webvtt("a  wet\numbrella", (), 61_500) == (
        "WEBVTT\n\n00:00:00.000 --> 00:01:01.500\na wet umbrella\n"
    )
    assert webvtt("", (), 900) == webvtt(None, (), 900) == "WEBVTT\n"
    assert timestamp(3_723_004) == "01:02:03.004"


def test_cues_of_a_clip_in_a_recording_are_as_much_later_as_it_begins() -> None:
    words = (("a", 100, 300), ("wombat", 1_600, 1_900))
    assert cues("a wombat", words, 2_000, 3_600_000) == [
        "01:00:00.100 --> 01:00:00.700\na\n",
        "01:00:01.600 --> 01:00:02.000\nwombat\n",
    ]
    assert cues("a wombat", (), 900, 500) == ["00:00:00.500 --> 00:00:01.400\na wombat\n"]
    assert cues(None, (), 900, 500) == []
    assert cue(0, 900, "<b>\n--> &") == "00:00:00.000 --> 00:00:00.900\n&lt;b&gt; --&gt; &amp;\n"


@given(WORDS)
def test_cues_follow_one_another_and_times_grow_within_them(words: tuple[Word, ...]) -> None:
    made = webvtt("words", words, 30_000)
    blocks = [block for block in made.split("\n\n")[1:] if block]
    before_ms = 0
    for block in blocks:
        times, line = block.strip("\n").split("\n")
        start_ms, end_ms = map(ms, times.split(" --> "))
        assert before_ms <= start_ms < end_ms
        before_ms = start_ms
        inner = [ms(found) for found in re.findall(r"<([\d:.]+)>", line)]
        assert inner == sorted(set(inner))
        assert all(start_ms < at_ms < end_ms for at_ms in inner)
        assert "-->" not in line
        assert len(re.sub(r"<[\d:.]+>|&(amp|lt|gt);", "", line)) <= CUE_CHARACTERS + 12
