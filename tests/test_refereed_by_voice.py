"""The referee judges what recorded people say: from the upload through finish, Opus and a real recogniser."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from games.round import Round
from server.app import Running
from server.room.commands import RoundJoin, RoundStart
from server.room.events import Language
from tests.support import spoken
from tests.support.listening import SpokenRoom, listening, stage

pytestmark = pytest.mark.timeout(180)

WEASELS, WRONG = "weasels have eaten our phone system", "something is terribly wrong"
DIAL, CIRCUITS = "please check the number and dial again", "all circuits are busy now"
WEEK = "monday tuesday wednesday thursday friday"

WRONG_STARTS = ((1, "start_with"), (2, "start_with"))


class Played(NamedTuple):
    """A game, what is said in it in turn, and the verdicts on that: number of the line, and code."""

    kind: str
    game: str
    lines: tuple[str, ...]
    verdicts: tuple[tuple[int, str], ...]


ENGLISH = (
    Played("arena", "word_association", ("seven", "monday", "seven"), ((3, "repeat"),)),
    Played("humour", "questions_only", (WRONG,), ((1, "statement"),)),
    Played("humour", "fortunately", ("fortunately there was a parachute", WEASELS), ((2, "start_with"),)),
    Played("roleplay", "yes_and", (DIAL, "yes but we have no money"), ((1, "start_with"),)),
    Played("wonder", "mind_meld", ("seven", "seven"), ((2, "matched"),)),
    Played(
        "language",
        "last_word_first",
        (WEASELS, CIRCUITS, "now I know"),
        ((1, "start_with"), (2, "start_with")),
    ),
    Played("wonder", "five_things", (WEEK, "onion"), ((1, "full"), (2, "too_few"))),
    Played("humour", "half_life", (WEASELS, WRONG), ((2, "key_lost"),)),
    Played("humour", "new_choice", (WRONG, WRONG), ((2, "same_choice"),)),
    Played("roleplay", "expert_hot_seat", ("I do not know",), ((1, "unknowing"),)),
)
# One German word alone is not judged, so each of them says several.
GERMAN = (
    Played("wonder", "five_things", ("Auto Zug Fahrrad Rakete Satellit",), ((1, "full"),)),
    Played("humour", "half_life", ("Rakete Planet Stern", "Ananas Pyramide"), ((2, "key_lost"),)),
    Played("humour", "new_choice", ("Rakete Planet Stern", "Rakete Planet Stern"), ((2, "same_choice"),)),
)


async def test_ten_games_reach_their_verdicts_from_what_is_said_in_english(tmp_path: Path) -> None:
    async with listening(spoken.tiny_en(), tmp_path) as running:
        for played in ENGLISH:
            await _play(running, played, "en")


async def test_three_games_reach_their_verdicts_from_what_is_said_in_german(tmp_path: Path) -> None:
    async with listening(spoken.base(), tmp_path) as running:
        for played in GERMAN:
            await _play(running, played, "de")


async def _play(running: Running, played: Played, language: Language) -> None:
    room = await stage(running, played.kind, language)
    # A busy machine takes its time to write down a word: whose turn it is has 12 s, not 3.
    await room.room.send(RoundStart(played.game, "slow"), by=room.voices[0])
    await room.room.send(RoundJoin(), by=room.voices[1])
    clips = [await _speak(room, line) for line in played.lines]
    for clip in clips:
        await room.words_of(clip)

    round_ = await _round(room)
    number = {clip: at for at, clip in enumerate(clips, 1)}
    told = tuple((number[given.clip], given.code) for given in round_.verdicts)
    heard = [take.text for take in round_.takes]
    assert told == played.verdicts, (played.game, heard)


async def _round(room: SpokenRoom) -> Round:
    state = await room.room.awake()
    round_ = state.round or state.last_round
    assert round_ is not None
    return round_


async def _speak(room: SpokenRoom, line: str) -> str:
    """Let whose turn it is say a line, and wait for its words where the turn is nobody else's too."""
    round_ = await _round(room)
    turn = round_.turn
    assert turn is not None
    done = {take.voice for take in round_.takes_of(turn.turn)}
    voice = next(each for each in room.voices if turn.is_for(each.id) and each.id not in done)
    clip = await room.say(voice, line)
    if not turn.hidden:
        await room.words_of(clip)
    return clip
