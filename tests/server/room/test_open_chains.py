from __future__ import annotations

from msgspec.structs import replace

from games.parts import Earlier
from games.round import Prompt, Round, RoundClosed, Take
from server.room.open_chains import CHAINS_KEPT, Memory, with_round, without

MOSS = Prompt("p", "Moss")
OPEN = RoundClosed("r", "done", stays_open=True)
OVER = RoundClosed("r", "done")


def played(id_: str = "r", *clips: str, chain: str = "", earlier: tuple[str, ...] = ()) -> Round:
    """Return a round with links of earlier visits, and its own."""
    takes = [Take(clip, "anna", 0, 700, 0, 0) for clip in earlier]
    takes += [Take(clip, "bela", 1, 800, 0, 0) for clip in clips]
    return Round(id_, "word_association", "snap", 0, MOSS, takes=tuple(takes), chain=chain)


def test_a_chain_is_known_by_its_first_round_and_grows_until_it_is_over() -> None:
    memory = with_round((), played("r", "a"), OPEN, 10)
    assert memory[0].links == (Earlier("a", "bela", 800),)
    assert (memory[0].id, memory[0].at_ms, memory[0].is_over) == ("r", 10, False)

    memory = with_round(memory, played("r2", "b", chain="r", earlier=("a",)), OVER, 20)
    (chain,) = memory
    assert ([link.clip for link in chain.links], chain.at_ms, chain.is_over) == (["a", "b"], 20, True)
    assert chain.voices == {"bela"}


def test_a_visit_without_a_link_neither_ends_it_nor_makes_it_younger() -> None:
    memory = with_round((), played("r", "a"), OPEN, 10)
    (chain,) = with_round(memory, played("r2", chain="r", earlier=("a",)), OVER, 20)
    assert (chain.at_ms, chain.is_over) == (10, False)


def test_what_is_no_link_neither_ends_it_nor_is_in_it() -> None:
    before = with_round((), played("r", "a"), OPEN, 10)
    visit = played("r2", "b", chain="r", earlier=("a",))
    written = replace(visit, takes=(*visit.takes[:1], replace(visit.takes[1], written=True)))

    assert with_round(before, written, OVER, 20) == before
    assert with_round(before, visit, OVER, 20, is_machine={"bela"}.__contains__) == before
    assert not with_round(before, visit, RoundClosed("r2", "again"), 20)[0].is_over


def test_a_link_that_was_hidden_while_others_went_on_is_in_it_still() -> None:
    memory = with_round((), played("r", "a", "b"), OPEN, 10)
    (chain,) = with_round(memory, played("r2", "c", chain="r", earlier=("a",)), OPEN, 20)
    assert [link.clip for link in chain.links] == ["a", "b", "c"]


def test_what_is_no_chain_is_not_remembered_and_the_latest_are() -> None:
    assert with_round((), played("r", "a"), OVER, 10) == ()
    assert with_round((), played("r"), OPEN, 10) == ()
    memory: Memory = ()
    for number in range(CHAINS_KEPT + 2):
        memory = with_round(memory, played(f"r{number}", f"a{number}"), OPEN, number)
    assert len(memory) == CHAINS_KEPT
    assert memory[0].id == "r2"


def test_a_forgotten_link_is_out_of_its_chain_and_a_chain_without_links_is_gone() -> None:
    memory = with_round((), played("r", "b", chain="r", earlier=("a",)), OPEN, 10)
    (left,) = without(memory, "a")
    assert [link.clip for link in left.links] == ["b"]
    assert without((left,), "b") == ()
    assert without(memory, MOSS.id) == ()
    assert without(memory, "other") is memory
