"""Word association: hear the last word, say one word, without a thought (Jung 1904; game 1)."""

from __future__ import annotations

from games.first_thing import EVERYWHERE
from games.game import Scene, Setup, TurnOrder, closing, turn_ends_ms
from games.measures import is_one_word_long, last_word
from games.round import Round, RoundFact, RoundOpened, Take, Tempo, TurnGiven, VerdictGiven

CHAIN_TAKES = 8
SILENT_TURNS = 2
# A chain goes on by ear: the clip before is heard first, then this much air.
BREATH_MS = 900
HEARD = {
    "en": "Say the first word for what you just heard.",
    "de": "Sag das erste Wort zu dem, was du hörst.",
}
TOO_LONG = {"en": "One word, not a speech!", "de": "Ein Wort, keine Rede!"}


class WordAssociation:
    """A chain of single words through all players, in turn."""

    id = "word_association"
    names = {"en": "Word association", "de": "Wortkette"}
    rules = {
        "en": "You hear a word. Say one word: the first that comes. Never think.",
        "de": "Du hörst ein Wort. Sag ein Wort: das erste, das kommt. Denk nie nach.",
    }
    turns: TurnOrder = "chain"
    tempo: Tempo = "snap"
    kinds: tuple[str, ...] = EVERYWHERE

    def begin(self, setup: Setup) -> list[RoundFact]:
        """Give the first player a word to start from; without players anyone may answer."""
        prompt = setup.draw("word_association")
        go_at_ms = setup.now_ms + setup.count_in_ms
        first = setup.players[0] if setup.players else None
        return [
            RoundOpened(setup.round, self.id, setup.tempo, prompt, setup.players),
            TurnGiven(setup.round, 1, prompt.text, go_at_ms, go_at_ms + setup.window_ms, first),
        ]

    def judge(self, round_: Round, take: Take, scene: Scene) -> list[RoundFact]:
        """Tease whoever said more than a word, and pass the chain on."""
        facts: list[RoundFact] = []
        if not is_one_word_long(take, round_.tempo):
            facts.append(VerdictGiven(round_.id, take.clip, "too_long", TOO_LONG[scene.language]))
        if len(round_.takes) >= CHAIN_TAKES:
            return [*facts, closing(round_)]
        return [*facts, _next_turn(round_, scene, last_word(take), take.duration_ms + BREATH_MS)]

    def due(self, round_: Round, speaking: bool) -> int | None:
        """Return the end of the running turn."""
        return turn_ends_ms(round_.turns[-1], speaking) if round_.turns else round_.opened_at_ms

    def advance(self, round_: Round, scene: Scene) -> list[RoundFact]:
        """Pass on a turn in which nothing came; end when the chain is asleep."""
        silent = [turn for turn in round_.turns[-SILENT_TURNS:] if not round_.takes_of(turn.turn)]
        if len(silent) >= SILENT_TURNS or not round_.turns:
            return [closing(round_)]
        return [_next_turn(round_, scene, None, BREATH_MS)]


def _next_turn(round_: Round, scene: Scene, word: str | None, after_ms: int) -> TurnGiven:
    number = round_.turns[-1].turn + 1
    player = round_.players[(number - 1) % len(round_.players)] if round_.players else None
    prompt = word or (HEARD[scene.language] if round_.takes else round_.turns[-1].prompt)
    go_at_ms = scene.now_ms + after_ms
    return TurnGiven(round_.id, number, prompt, go_at_ms, go_at_ms + scene.window_ms, player)
