"""What asking a server of language models came to, and what it cost."""

from __future__ import annotations

from collections import Counter
from typing import Literal

# What came of a request. `cut`: time was up, and whole sentences had come. `unfit`: what came is nothing
# to say in a room. `resting`: the breaker is open.
Outcome = Literal["written", "cut", "unfit", "failed", "slow", "resting"]
MILLION = 1_000_000
# Where a server does not count them (an answer that was cut off): letters that are a token, rather too few.
TOKEN_LETTERS = 3


class Tally:
    """Counts since the start; prices are hundredths of a currency for a million tokens."""

    def __init__(self, *, prompt_cents: int = 0, answer_cents: int = 0) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        self.prompt_tokens = self.answer_tokens = 0
        self._prompt_cents, self._answer_cents = prompt_cents, answer_cents

    @property
    def cents(self) -> float:
        """Return what all tokens cost."""
        spent = self.prompt_tokens * self._prompt_cents + self.answer_tokens * self._answer_cents
        return spent / MILLION

    def ended(self, outcome: Outcome) -> None:
        """Count a request."""
        self.outcomes[outcome] += 1

    def spent(self, prompt_tokens: int, answer_tokens: int) -> None:
        """Count tokens; a server that says nonsense is not believed."""
        self.prompt_tokens += min(MILLION, max(0, prompt_tokens))
        self.answer_tokens += min(MILLION, max(0, answer_tokens))
