"""Folds of what governs a room: proposals, reports, what is hidden, who has to wait. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from heapq import nlargest

from msgspec import Struct
from msgspec.structs import replace

from games.round import Prompt, Tempo
from server.room.events import (
    ClipHidden,
    ClipReported,
    ClipRestored,
    Event,
    NetworkMuted,
    ProposalAgreed,
    ProposalClosed,
    ProposalMade,
    ProposalWish,
    TextHidden,
    TextReported,
    TextRestored,
)
from server.room.held_facts import ClipHeld, ClipPassed, PassGiven
from server.room.hook_facts import HookMade, HookRemoved

# Clips and texts that a room remembers as reported; of each, the newest reports and reporters.
REPORTED_KEPT = 500
REPORTS_KEPT, REPORTERS_KEPT = 20, 32
# A room hides no more than this many things at once.
WITHHELD_MOST = 500
# A voice proposes once in this time; who did lately is remembered for as long.
PROPOSING_EVERY_MS = 60_000
# How long ago a text or a take matters to a slow room.
SLOW_REMEMBERED_MS = 20_000
NETWORKS_MUTED = 200

GovernedFact = (
    ProposalMade
    | ProposalAgreed
    | ProposalClosed
    | ClipHidden
    | ClipRestored
    | TextHidden
    | TextRestored
    | ClipReported
    | TextReported
    | NetworkMuted
    | ClipHeld
    | ClipPassed
    | PassGiven
    | HookMade
    | HookRemoved
)
FACTS: tuple[type[GovernedFact], ...] = GovernedFact.__args__


class Proposal(Struct, frozen=True):
    """What a player would like, and who said yes or no to it: voice ids, `yes` begins with their own."""

    id: str
    voice: str
    wish: ProposalWish
    game: str
    tempo: Tempo | None
    until_ms: int
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    clip: str = ""
    prompt: Prompt | None = None


class Reports(Struct, frozen=True):
    """What was reported of one thing: the seqs of the reports, and the seats that made them.

    `settled` are the seats whose reports were decided about: they count no more for this.
    """

    seqs: tuple[int, ...] = ()
    seats: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()


class HeldClip(Struct, frozen=True):
    """A clip that a filter holds: what was found, by which event, and the seats that said yes and no.

    `language` and `by` are those of its caption, which is told again when it passes.
    """

    filter: str
    seq: int
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    language: str = ""
    by: str = ""


class Governed(Struct, frozen=True):
    """What a room is governed by; each part is bounded.

    `withheld` maps what is hidden for all until somebody decided (a clip by its id, a text by the seq of
    its event, as text) to the seq of the event that hid it; `held` are those that a filter holds. The rest
    the server keeps for itself:
    `reports` are by the same names, `proposed` is when voices proposed lately, `said` and `spoke` when they
    wrote and spoke lately in a slow room, `networks` until when each is muted, `hooks` when each was made.
    """

    withheld: dict[str, int] = {}
    proposal: Proposal | None = None
    reports: dict[str, Reports] = {}
    proposed: dict[str, int] = {}
    said: dict[str, int] = {}
    spoke: dict[str, int] = {}
    networks: dict[str, int] = {}
    keeper_seen_ms: int = 0
    held: dict[str, HeldClip] = {}
    hooks: dict[str, int] = {}


def apply(kept: Governed, event: Event, fact: GovernedFact) -> Governed:
    """Fold one fact into what a room is governed by."""
    match fact:
        case ProposalMade():
            return _proposed(kept, event, fact)
        case ProposalAgreed() | ProposalClosed():
            return _answered(kept, fact)
        case ClipHidden(clip=clip):
            return replace(kept, withheld={**kept.withheld, clip: event.seq})
        case TextHidden(target=target):
            return replace(kept, withheld={**kept.withheld, str(target): event.seq})
        case ClipRestored(clip=clip):
            return _settled(kept, clip)
        case TextRestored(target=target):
            return _settled(kept, str(target))
        case ClipReported() | TextReported():
            return _reported(kept, event, fact)
        case NetworkMuted():
            return _network_muted(kept, event, fact)
        case ClipHeld() | ClipPassed() | PassGiven():
            return _filtered(kept, event, fact)
        case HookMade(hook=hook):
            return replace(kept, hooks={**kept.hooks, hook: event.at_ms})
        case HookRemoved(hook=gone):
            return replace(kept, hooks={hook: at for hook, at in kept.hooks.items() if hook != gone})


def _filtered(kept: Governed, event: Event, fact: ClipHeld | ClipPassed | PassGiven) -> Governed:
    """Fold what a filter holds, and what is said about that."""
    clip, before = fact.clip, kept.held.get(fact.clip)
    match fact:
        case ClipHeld(clip=""):  # somebody else's, still hidden from who folds this
            return kept
        case ClipHeld():
            held = before or HeldClip(fact.filter, event.seq)
            withheld = {**kept.withheld, clip: kept.withheld.get(clip, held.seq)}
            return replace(kept, held={**kept.held, clip: held}, withheld=withheld)
        case PassGiven() if before is not None:
            return replace(kept, held={**kept.held, clip: _voted(before, fact)})
        case ClipPassed() if before is not None:
            return _passed(kept, clip, before)
        case _:
            return kept


def _voted(held: HeldClip, fact: PassGiven) -> HeldClip:
    """Note what a seat said; what it said last counts."""
    said = fact.seat or fact.voice
    yes, no = (_without(seats, said) for seats in (held.yes, held.no))
    if fact.value is None or not said:
        return replace(held, yes=yes, no=no)
    return replace(held, yes=(*yes, said), no=no) if fact.value else replace(held, yes=yes, no=(*no, said))


def _passed(kept: Governed, clip: str, held: HeldClip) -> Governed:
    """Let go of what a filter held; what was hidden for another reason stays so."""
    rest = replace(kept, held={key: each for key, each in kept.held.items() if key != clip})
    return _shown(rest, clip) if kept.withheld.get(clip) == held.seq else rest


def is_hidden(kept: Governed, target: str) -> bool:
    """Tell whether something is hidden by reports, by whoever decides here, or by a room on hold."""
    held = kept.held.get(target)
    return target in kept.withheld and (held is None or kept.withheld[target] != held.seq)


def captioned(kept: Governed, clip: str, language: str, by: str) -> Governed:
    """Note by whom, and in which language, a held clip got its words."""
    held = kept.held.get(clip)
    if held is None:
        return kept
    return replace(kept, held={**kept.held, clip: replace(held, language=language, by=by)})


def rested(kept: Governed) -> Governed:
    """Forget the proposal: its round has ended."""
    return kept if kept.proposal is None else replace(kept, proposal=None)


def _proposed(kept: Governed, event: Event, fact: ProposalMade) -> Governed:
    """Note a proposal, and who made it: they say yes."""
    voice = event.by.id if event.by else ""
    wish = fact.wish, fact.game, fact.tempo, fact.until_ms
    made = Proposal(fact.proposal, voice, *wish, (voice,), clip=fact.clip, prompt=fact.prompt)
    return replace(kept, proposal=made, proposed=_lately(kept.proposed, event, PROPOSING_EVERY_MS))


def _answered(kept: Governed, fact: ProposalAgreed | ProposalClosed) -> Governed:
    if kept.proposal is None or kept.proposal.id != fact.proposal:
        return kept
    if isinstance(fact, ProposalClosed):
        return replace(kept, proposal=None)
    return replace(kept, proposal=agreed(kept.proposal, fact))


def agreed(proposal: Proposal, fact: ProposalAgreed) -> Proposal:
    """Note a yes or a no; another one before is taken back."""
    yes, no = (_without(voices, fact.voice) for voices in (proposal.yes, proposal.no))
    if fact.value:
        return replace(proposal, yes=(*yes, fact.voice), no=no)
    return replace(proposal, yes=yes, no=(*no, fact.voice))


def _without(voices: Iterable[str], voice: str) -> tuple[str, ...]:
    return tuple(each for each in voices if each != voice)


def paced(kept: Governed, event: Event, *, take: bool) -> Governed:
    """Note who wrote or spoke in a slow room, and when."""
    if take:
        return replace(kept, spoke=_lately(kept.spoke, event, SLOW_REMEMBERED_MS))
    return replace(kept, said=_lately(kept.said, event, SLOW_REMEMBERED_MS))


def _lately(when: dict[str, int], event: Event, span_ms: int) -> dict[str, int]:
    lately = {voice: at_ms for voice, at_ms in when.items() if event.at_ms < at_ms + span_ms}
    return lately | {event.by.id: event.at_ms} if event.by else lately


def _reported(kept: Governed, event: Event, fact: ClipReported | TextReported) -> Governed:
    """Count a report; one seat counts once."""
    key = fact.clip if isinstance(fact, ClipReported) else str(fact.target)
    before = kept.reports.get(key, Reports())
    seats = (*(seat for seat in before.seats if seat != fact.seat), fact.seat)
    if not fact.seat or fact.seat in before.settled:
        seats = before.seats
    after = replace(before, seqs=(*before.seqs, event.seq)[-REPORTS_KEPT:], seats=seats[-REPORTERS_KEPT:])
    others = {id_: reports for id_, reports in kept.reports.items() if id_ != key}
    return replace(kept, reports={**_heard(others), key: after})


def _heard(reports: dict[str, Reports]) -> dict[str, Reports]:
    """Make room when it is full: the oldest of whoever reports most go, so no flood drives out others."""
    if len(reports) < REPORTED_KEPT:
        return reports
    counts = Counter(seat for each in reports.values() for seat in each.seats)

    def flooded(key: str) -> int:
        return min((counts[seat] for seat in reports[key].seats), default=1)

    out = set(nlargest(REPORTED_KEPT // 10, reports, key=flooded))
    return {key: each for key, each in reports.items() if key not in out}


def _settled(kept: Governed, target: str) -> Governed:
    """Show a thing, as somebody decided that it stays: who reported it has had their say."""
    kept = _shown(kept, target)
    if target in kept.held:
        kept = replace(kept, withheld={**kept.withheld, target: kept.held[target].seq})
    before = kept.reports.get(target)
    if before is None:
        return kept
    had = (*before.settled, *(seat for seat in before.seats if seat not in before.settled))
    return replace(kept, reports={**kept.reports, target: Reports(before.seqs, (), had[-REPORTERS_KEPT:])})


def _shown(kept: Governed, target: str) -> Governed:
    if target not in kept.withheld:
        return kept
    return replace(kept, withheld={key: seq for key, seq in kept.withheld.items() if key != target})


def dropped(kept: Governed, target: str) -> Governed:
    """Forget that something was hidden or reported: it is gone."""
    kept = _shown(kept, target)
    if target in kept.held:
        kept = replace(kept, held={key: each for key, each in kept.held.items() if key != target})
    if target not in kept.reports:
        return kept
    return replace(kept, reports={key: reports for key, reports in kept.reports.items() if key != target})


def unasked(kept: Governed, item: str) -> Governed:
    """Take a prompt that was forgotten out of what is proposed: then the game is, on another one."""
    proposal = kept.proposal
    if proposal is None or proposal.prompt is None or proposal.prompt.id != item:
        return kept
    return replace(kept, proposal=replace(proposal, prompt=None))


def _network_muted(kept: Governed, event: Event, fact: NetworkMuted) -> Governed:
    """Note until when a network is muted, and drop those whose time is over."""
    muted = {
        each: ends for each, ends in kept.networks.items() if ends > event.at_ms and each != fact.network
    }
    if fact.until_ms > event.at_ms:
        muted[fact.network] = fact.until_ms
    return replace(kept, networks=muted)
