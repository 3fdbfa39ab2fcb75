from __future__ import annotations

from typing import NamedTuple

import pytest
from msgspec.structs import replace

from bench.pace import VOICES, PacedRound
from games import forgotten
from games.characters import CHARACTERS
from games.game import Game
from games.pace import SPOKEN
from games.registry import BY_ID, GAMES
from games.round import (
    Prompt,
    RoleGiven,
    RoundClosed,
    RoundOpened,
    RoundRevealed,
    TurnGiven,
    VerdictGiven,
)
from server.room import lines
from server.room.commands import Caption, Command, Tick
from server.room.context import Context
from server.room.decide import decide
from server.room.events import ClipLanded, Draft, RoomChanged, TextSaid, Voice, numbered
from server.room.lines import GUARD_MS, Announcement, Announcements, Part, speaks
from server.room.state import EMPTY, apply

ANNA, BELA = VOICES[0].id, VOICES[1].id
NAMES = {voice.id: voice.name for voice in VOICES}
SOUND_MS = 500
# What all said at once is still heard when the duel begins, and clips go before words.
UNHEARD = {("insult_duel", 2)}


def spoken_ms(text: str, _language: str = "en") -> int:
    return 400 + 60 * len(text)


def length_ms(part: Part) -> int:
    return (SOUND_MS if part.sound else 0) + (spoken_ms(part.text) if part.text else 0)


class Aired(NamedTuple):
    """Something that the radio said, and when."""

    from_ms: int
    to_ms: int
    part: Part


class SpokenRound(PacedRound):
    """A round on a radio that says what it can between the clips."""

    def __init__(self, game: Game) -> None:
        self.lines = Announcements()
        self.said: list[Aired] = []
        self.air_ms = 0
        self.turns: list[tuple[int, TurnGiven, str]] = []
        super().__init__(game)
        self.state = replace(self.state, voices={voice.id: voice for voice in VOICES})

    def _context(self) -> Context:
        return replace(super()._context(), spoken_ms=spoken_ms)

    def _do(self, command: Command, by: Voice | None = None) -> None:
        if isinstance(command, Tick):
            self._say(until_ms=self.now_ms)
        events = []
        for draft in decide(self.state, command, by, self._context()):
            if isinstance(draft.data, TurnGiven) and self.state.round is not None:
                needed = lines.needed(self.state.round, draft.data, self.state)
                self.turns.append((self.now_ms, draft.data, needed))
            events.append(numbered(draft, self.state.head + 1, self.state.head))
            self.state = apply(self.state, events[-1])
            self.facts.append((self.now_ms, draft.data))
            if isinstance(draft.data, TurnGiven):
                self._plan(draft.data)
        for event in events:
            match event.data:
                case ClipLanded(hidden=False, duration_ms=duration_ms):
                    self.air_ms = max(self.air_ms, self.now_ms) + duration_ms
                case RoundRevealed(takes=takes):
                    self.air_ms = max(self.air_ms, self.now_ms) + sum(take.duration_ms for take in takes)
            self.lines.read(event, self.state, lambda voice: NAMES[voice])
        self._say()

    def _say(self, until_ms: int | None = None) -> None:
        """Say what fits as soon as there is air, and count in when that is due."""
        at_ms = max(self.now_ms if until_ms is None else 0, self.air_ms)
        for _ in range(20):
            context = replace(self._context(), now_ms=at_ms)
            chosen = self.lines.next(self.state, context, length_ms)
            if chosen is None:
                begins_at_ms = self.lines.begins_at_ms()
                if begins_at_ms is None or begins_at_ms <= at_ms or until_ms is not None:
                    return
                at_ms = begins_at_ms
                continue
            line, part = chosen
            self.lines.done(line)
            self.said.append(Aired(at_ms, at_ms + length_ms(part), part))
            self.air_ms = at_ms = at_ms + length_ms(part)


class EchoingRound(SpokenRound):
    """A round in which everybody says the same words, and the room knows them."""

    def __init__(self, game: Game) -> None:
        super().__init__(game)
        self.captions = True

    def _do(self, command: Command, by: Voice | None = None) -> None:
        if isinstance(command, Caption):
            command = Caption(replace(command.caption, text="bus"))
        super()._do(command, by)


def played(game: Game) -> SpokenRound:
    round_ = SpokenRound(game)
    round_.play()
    return round_


@pytest.mark.parametrize("game", GAMES, ids=lambda game: game.id)
def test_who_hears_only_the_radio_knows_what_to_do_before_it_is_their_turn(game: Game) -> None:
    round_ = played(game)

    assert [turn for _, turn, _ in round_.turns if turn.act in SPOKEN]
    for given_ms, turn, needed in round_.turns:
        if turn.act not in SPOKEN or not needed or (game.id, turn.turn) in UNHEARD:
            continue
        before = [said.part.text for said in round_.said if given_ms <= said.from_ms < turn.go_at_ms]
        assert needed in before, (turn, before)
    first = round_.turns[0]
    assert game.id == "first_thing" or game.names["en"] in first[2]
    assert first[1].prompt.rstrip(".") in first[2]


@pytest.mark.parametrize("game", GAMES, ids=lambda game: game.id)
def test_nothing_is_said_into_an_open_window(game: Game) -> None:
    round_ = played(game)

    for _, turn, _ in round_.turns:
        for said in round_.said:
            is_late = said.from_ms < turn.go_at_ms < said.to_ms + (0 if said.part.beat_ms else GUARD_MS)
            assert turn.act not in SPOKEN or not is_late, (turn, said)


@pytest.mark.parametrize("game", GAMES, ids=lambda game: game.id)
def test_no_secret_is_said_while_it_is_one(game: Game) -> None:
    round_ = played(game)

    closed_ms = next(at_ms for at_ms, fact in round_.facts if isinstance(fact, RoundClosed))
    said = [said.part.text for said in round_.said if said.from_ms < closed_ms]
    secrets = {fact.text for _, fact in round_.facts if isinstance(fact, RoleGiven)}
    secrets |= {fact.answer for _, fact in round_.facts if isinstance(fact, RoundOpened)}
    for secret in filter(None, secrets):
        for part in (secret, secret.partition(":")[0]):
            assert not [text for text in said if part in text], part


def test_a_rule_is_said_to_whoever_has_not_played_by_it_this_evening() -> None:
    game = BY_ID["word_association"]
    first, again = SpokenRound(game), SpokenRound(game)
    first.play()
    again.state = replace(again.state, taught=first.state.taught)
    again.play()

    (_, _, known), (_, _, told) = again.turns[0], first.turns[0]
    assert told.startswith(f"{game.names['en']}. {game.short['en']}.")
    assert known.startswith(f"{game.names['en']}. ")
    assert game.short["en"] not in known
    waits = [each.turns[0][1].go_at_ms - each.turns[0][0] for each in (again, first)]
    assert waits[0] + spoken_ms(game.short["en"]) - spoken_ms("") < waits[1]


def test_words_in_turn_keep_their_pace() -> None:
    silent, spoken = PacedRound(BY_ID["word_association"]), SpokenRound(BY_ID["word_association"])

    assert spoken.play().turn_s == silent.play().turn_s < 2.3


def test_a_word_that_was_wrong_is_told_before_the_next_one_and_costs_no_more_than_that() -> None:
    round_ = EchoingRound(BY_ID["word_association"])
    round_.play()

    verdicts = [(at_ms, fact.text) for at_ms, fact in round_.facts if isinstance(fact, VerdictGiven)]
    said = [(aired.from_ms, aired.part.text) for aired in round_.said]
    told = [next((at for at, text in said if text == wrong and at >= at_ms), 0) for at_ms, wrong in verdicts]
    assert len(told) == 7  # "bus" again
    assert all(0 <= at - at_ms < 1_000 for at, (at_ms, _) in zip(told, verdicts, strict=True)), round_.said
    for at_ms, turn, _ in round_.turns[2:]:
        (text,) = [wrong for given_ms, wrong in verdicts if given_ms == at_ms]
        most_ms = lines.START_MS + lines.SIGN_MS + spoken_ms(text) + GUARD_MS + 100
        assert turn.go_at_ms - at_ms <= most_ms


def test_a_count_in_is_heard_exactly_before_the_first_go() -> None:
    round_ = played(BY_ID["word_association"])
    _, turn, _ = round_.turns[0]

    ticks = [said for said in round_.said if said.part.beat_ms]

    assert [(said.from_ms, said.part.beat_ms) for said in ticks] == [(turn.go_at_ms - 1_800, 600)]


def test_without_listeners_for_it_a_round_begins_as_always() -> None:
    silent, spoken = PacedRound(BY_ID["yes_and"]), SpokenRound(BY_ID["yes_and"])
    silent.play(), spoken.play()

    went = [
        next(fact.go_at_ms - at_ms for at_ms, fact in each.facts if isinstance(fact, TurnGiven))
        for each in (silent, spoken)
    ]

    assert went[0] < went[1]
    assert not speaks(replace(EMPTY, voice=False))
    assert speaks(EMPTY)


def test_a_room_that_wants_no_words_is_as_quick_as_before() -> None:
    round_ = SpokenRound(BY_ID["yes_and"])
    round_.state = apply(round_.state, numbered(Draft(RoomChanged(voice=False), 1), 99, 98))
    round_.play()

    assert round_.turns[0][1].go_at_ms - round_.turns[0][0] == 1_800


# --- lines by themselves


def at(now_ms: int, **more: object) -> Context:
    return replace(PacedRound(BY_ID["thanks"])._context(), now_ms=now_ms, **more)


def read(*facts: object, now_ms: int = 1_000) -> tuple[Announcements, SpokenRound]:
    """Return what is to be said of facts in a round that has just begun."""
    round_ = SpokenRound(BY_ID["thanks"])
    round_.lines = Announcements()
    for number, fact in enumerate(facts, 1):
        event = numbered(Draft(fact, now_ms), number, number - 1)  # type: ignore[arg-type]
        round_.state = apply(round_.state, event)
        round_.lines.read(event, round_.state, lambda voice: NAMES.get(voice, voice))
    return round_.lines, round_


def test_a_verdict_is_said_while_nobody_may_speak_and_never_late() -> None:
    lines_, round_ = read(VerdictGiven("r", "c", "slow", "Too slow.", "fault"))

    assert lines_.next(round_.state, at(1_000, speaking=("x",)), length_ms) is None
    chosen = lines_.next(round_.state, at(2_000), length_ms)
    assert chosen is not None
    assert chosen[1] == Part("Too slow.", "refused")
    assert lines_.next(round_.state, at(1_000 + lines.VERDICT_WITHIN_MS), length_ms) is None
    assert not lines_


def test_a_verdict_is_said_before_the_turn_that_follows_where_there_is_time_for_both() -> None:
    opened = RoundOpened("r", "story_die", "snap", players=(ANNA,))
    turn = TurnGiven("r", 1, "Go!", 9_000, 14_000, ANNA)
    told = VerdictGiven("r", "c", "slow", "Too slow.", "fault")
    lines_, round_ = read(opened, turn, told)
    (asked, verdict) = (line.choices[0] for line in lines_._lines if not line.begins_at_ms)
    both_ms = length_ms(asked) + length_ms(verdict)
    counts_ms = 9_000 - 1_800

    cases = ((counts_ms - both_ms, verdict), (counts_ms - both_ms + 1, Part(sound="refused")))
    for now_ms, first in cases:
        chosen = lines_.next(round_.state, at(now_ms), length_ms)
        assert chosen is not None
        assert chosen[1] == first
    hoped = lines_.next(round_.state, at(counts_ms - both_ms), length_ms, lambda part: 2 * length_ms(part))
    assert hoped is not None
    assert hoped[1] == asked  # which may yet prove longer


def test_the_last_verdict_is_said_before_the_result_and_none_about_a_take_before_it() -> None:
    lines_, round_ = read(VerdictGiven("r", "c", "slow", "Too slow.", "fault"))
    for draft in (
        Draft(VerdictGiven("r", "d", "slow", "Slower.", "fault"), 1_500),
        Draft(RoundClosed("r", "done", met=True), 1_600),
    ):
        lines_.read(numbered(draft, 2, 1), round_.state, str)

    assert [line.choices[0].text for line in lines_._lines] == ["Slower.", "One mind!"]


def test_the_room_says_nothing_that_nobody_may_write_in_it() -> None:
    called = "“0171 5550123” has been here before."
    lines_, round_ = read(VerdictGiven("r", "c", "repeat", called, "fault"))
    heard = lines_.next(round_.state, at(1_000), length_ms)
    asked, turned = read(
        RoundOpened("r", "story_die", "snap"),
        TurnGiven("r", 1, "Go on from “0171 5550123”", 9_000, 14_000, "voice-anna"),
    )
    told = asked.next(turned.state, at(1_000), length_ms)

    assert heard is not None
    assert heard[1] == Part("", "refused")
    assert told is not None
    assert "0171" not in told[1].text
    assert NAMES.get("voice-anna", "voice-anna") in told[1].text


def test_what_cannot_be_said_gives_way_to_the_next_choice() -> None:
    opened, turn = RoundOpened("r", "story_die", "snap"), TurnGiven("r", 1, "Go!", 4_000, 9_000, "voice-anna")
    lines_, round_ = read(opened, turn)

    chosen = lines_.next(round_.state, at(1_000), lambda part: 0 if part.text else SOUND_MS)

    assert chosen is not None
    assert chosen[1] == Part(sound="turn")


@pytest.mark.parametrize(
    ("game", "short"), [("first_thing", "What is in the box?"), ("five_things", "What is in the box?")]
)
def test_what_is_asked_of_all_goes_before_whom_it_is_asked(game: str, short: str) -> None:
    opened = RoundOpened("r", game, "snap")
    lines_, round_ = read(opened, TurnGiven("r", 1, short, 9_000, 14_000))
    asked: list[str] = []

    def fits(part: Part) -> int:
        asked.append(part.text)
        return SOUND_MS if part.text == short else 0

    chosen = lines_.next(round_.state, at(1_000), fits)

    assert chosen is not None
    assert chosen[1].text == short
    assert any("Everybody." in text for text in asked) == (game != "first_thing")


def test_results_name_who_won_and_end_with_the_next_round() -> None:
    lines_, round_ = read(RoundClosed("r", "done", answer="moon", coach="Faster!", met=True))
    chosen = lines_.next(round_.state, at(1_100), length_ms)

    assert chosen is not None
    assert chosen[1] == Part("One mind! It was: moon. Faster!", "applause")
    lines_.read(numbered(Draft(RoundOpened("s", "thanks", "slow"), 2_000), 9, 8), round_.state, str)
    assert not lines_
    stopped, _ = read(RoundClosed("r", "stopped"))
    assert not stopped


def test_words_tell_whom_they_name() -> None:
    opened = RoundOpened("r", "story_die", "snap", players=(ANNA, BELA))
    lines_, _ = read(opened, TurnGiven("r", 1, "Go!", 20_000, 29_000, ANNA, next=BELA))
    (said, _) = lines_._lines

    assert [part.named for part in said.choices] == [(ANNA, BELA), (ANNA, BELA), (ANNA, BELA), (), ()]
    assert [part.texts for part in said.choices[1:3]] == [
        ("Go!", "Anna, it's you. Then Bela."),
        ("Anna, it's you. Then Bela.",),
    ]
    every, _ = read(RoundOpened("r", "five_things", "snap"), TurnGiven("r", 1, "Go!", 20_000, 29_000))
    assert {part.named for line in every._lines for part in line.choices} == {()}


def test_what_was_taken_back_is_said_no_more() -> None:
    topic = Prompt("topic", "Elephants on ice?")
    opened, turn = (
        RoundOpened("r", "first_thing", "snap", topic),
        TurnGiven("r", 1, topic.text, 20_000, 29_000),
    )
    lines_, round_ = read(opened, turn)
    assert lines_.next(round_.state, at(1_000), length_ms) is not None
    assert round_.state.round is not None
    forgotten_ = replace(round_.state, round=forgotten.without(round_.state.round, "topic"))

    assert lines_.next(forgotten_, at(1_000), length_ms) is None


def test_a_verdict_on_a_clip_that_is_gone_or_hidden_is_not_said() -> None:
    take = ClipLanded("c", 900, 0, 0, -16.0, (), round="r", turn=1)
    told = VerdictGiven("r", "c", "key_lost", "We lost the elephants on the way.", "fault")
    opened, turn = RoundOpened("r", "story_die", "snap"), TurnGiven("r", 1, "Go!", 900, 950)
    for hide in (False, True):
        lines_, round_ = read(opened, turn, take, told)
        lines_._lines = lines_._lines[-1:]
        state = round_.state
        assert state.round is not None
        governed = replace(state.governed, withheld={"c": 4}) if hide else state.governed
        without = state.round if hide else forgotten.without(state.round, "c")

        assert lines_.next(replace(state, governed=governed, round=without), at(2_000), length_ms) is None
        assert not lines_


def test_lines_are_bounded() -> None:
    many = [VerdictGiven("r", str(number), "slow", str(number), "fault") for number in range(99)]
    lines_, _ = read(*many)

    assert len(lines_._lines) == lines.LINES_KEPT
    lines_.done(Announcement((), 1))


def talk(text: str, by: Voice, *, now_ms: int = 1_000) -> tuple[Announcements, SpokenRound]:
    """Return what is to be said when somebody writes a line in a room that has a character."""
    round_ = SpokenRound(BY_ID["thanks"])
    round_.lines = Announcements()
    event = numbered(Draft(TextSaid(text), now_ms, by=by), 1, 0)
    round_.lines.read(event, round_.state, lambda voice: NAMES.get(voice, voice))
    return round_.lines, round_


# Of the room of `SpokenRound`, which heals.
HOST = Voice("voice-host", CHARACTERS["giraffe"].names["en"], "#123456", machine=True)


def test_what_the_rooms_character_writes_is_said_at_once_or_never() -> None:
    lines_, round_ = talk("Attention! Red Fox has arrived.", HOST)
    heard = lines_.next(round_.state, at(1_000), length_ms)
    assert heard is not None
    assert heard[1] == Part("Attention! Red Fox has arrived.", named=(HOST.id,))
    assert lines_.next(round_.state, at(1_000 + lines.TALK_WITHIN_MS), length_ms) is None


@pytest.mark.parametrize("by", [VOICES[0], replace(HOST, name="Some Bot"), replace(HOST, machine=False)])
def test_what_people_and_other_machines_write_is_not_said(by: Voice) -> None:
    lines_, _ = talk("Attention!", by)
    assert not lines_


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Attention! Amazed Clock has arrived. The floor may go on.", "Attention! Amazed Clock has arrived."),
        ("Red Fox! I have one volume. You have just met it. It is this one.", "Red Fox! I have one volume."),
        ("x" * 90, "x" * 90),
    ],
)  # fmt: skip
def test_of_a_long_line_whole_sentences_are_said(text: str, said: str) -> None:
    lines_, round_ = talk(text, HOST)
    heard = lines_.next(round_.state, at(1_000), length_ms)
    assert heard is not None
    assert heard[1].text == said
