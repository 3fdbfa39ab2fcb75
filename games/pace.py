"""When turns and votes end, and who is done in them: functions of a round alone."""

from __future__ import annotations

from collections.abc import Collection

from games.round import Round, Take, Tempo, TurnGiven

# In such turns people speak.
SPOKEN = ("speak", "guess")
# How long a turn waits after its window when nobody speaks in it: the room knows who does, from the wish
# to speak until the take has landed, so this is for a wish on its way. One voice is told sooner than many.
QUIET_GRACE_MS: dict[Tempo, int] = {"snap": 400, "slow": 800}
LONE_GRACE_MS = 200
# And when somebody does: for takes still spoken and uploaded (a room that allows longer ones adds to it).
USUAL_TAKE_MS = 7_000
SPEAKING_GRACE_MS = USUAL_TAKE_MS + 5_000
# A round in which nothing came for this many turns is asleep.
SILENT_TURNS = 2
# How long a turn that words decide waits for them after its last take landed. A recogniser is to know
# them within half a second; a count-in is as long as this, so the rhythm is kept when none come.
WORDS_WAIT_MS = 3_000
# A vote is over so long after its last voter; when half have voted, the others have a moment.
VOTED_MS = 500
HALF_VOTED_MS = 3_000


def turn_ends_ms(turn: TurnGiven, speaking: bool, pace: float = 1.0, tempo: Tempo = "snap") -> int:
    """Return when a turn is over for good, in epoch ms; a slower pace has a longer window."""
    more_ms = round((turn.closes_at_ms - turn.go_at_ms) * (pace - 1.0))
    quiet_ms = LONE_GRACE_MS if turn.voice and tempo == "snap" else QUIET_GRACE_MS[tempo]
    return turn.closes_at_ms + more_ms + (SPEAKING_GRACE_MS if speaking else quiet_ms)


def votes_end_ms(round_: Round, turn: TurnGiven, voters: Collection[str]) -> int:
    """Return when a vote is over, in epoch ms: soon after the last who may vote did, or at its end."""
    if turn.role != "judge" and len(round_.votes) < len(voters) // 2:
        return turn.closes_at_ms
    first: dict[str, int] = {}
    last_ms, given = 0, 0
    for cast, at_ms in zip(round_.votes, round_.voted_at_ms, strict=False):
        if at_ms >= turn.go_at_ms and cast.voice in voters:  # hearts that were given before are no part of it
            first.setdefault(cast.voice, at_ms)
            last_ms, given = at_ms, given + 1
    if not first:
        return turn.closes_at_ms
    if turn.role == "judge":  # one alone, about all that is staged
        return min(turn.closes_at_ms, last_ms + (VOTED_MS if given >= len(turn.clips) else HALF_VOTED_MS))
    voted = sorted(first.values())
    half = (len(voters) + 1) // 2
    if len(voted) >= len(voters):
        return min(turn.closes_at_ms, voted[-1] + VOTED_MS)
    if len(voted) >= half:
        return min(turn.closes_at_ms, voted[half - 1] + HALF_VOTED_MS)
    return turn.closes_at_ms


def is_asleep(round_: Round, silent_turns: int = SILENT_TURNS) -> bool:
    """Tell whether nothing came in the last turns in which somebody might have spoken, not even a pass."""
    spoken = [turn for turn in round_.turns if turn.act in SPOKEN][-silent_turns:]
    return len(spoken) == silent_turns and all(not done_in(round_, turn) for turn in spoken)


def done_in(round_: Round, turn: TurnGiven) -> set[str]:
    """Return the voices that spoke in a turn, or passed it on."""
    spoke = {take.voice for take in round_.takes_of(turn.turn)}
    return spoke | {passed.voice for passed in round_.passed if passed.turn == turn.turn}


def is_unjudged(round_: Round, take: Take) -> bool:
    """Tell whether a take is the first of a voice that came late."""
    own = (each.clip for each in round_.takes if each.voice == take.voice)
    return take.voice in round_.late and next(own, take.clip) == take.clip


def words_by_ms(round_: Round) -> int:
    """Return until when the running turn waits for words, in epoch ms; then it goes on without."""
    return round_.heard_at_ms + WORDS_WAIT_MS
