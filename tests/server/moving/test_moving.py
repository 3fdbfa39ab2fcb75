"""A move begins where nothing can be mixed up, goes on, and is finished once."""

from __future__ import annotations

import pytest

from server.log.base import Damaged, Unusable
from server.moving import moving
from server.moving.ends import MOVER
from tests.support.houses import memory_end, quiet, two_ends, whole
from tests.support.log_contract import opened, said


async def test_a_move_and_the_way_back() -> None:
    async with two_ends() as (source, target):
        there = await moving.move(source, target, quiet)
        home = memory_end("home again")
        back = await moving.move(target, home, quiet)
        assert there.comparison.chain == back.comparison.chain
        assert await whole(home.log, home.blobs) == await whole(source.log, source.blobs)
        assert MOVER not in await target.log.readers()


async def test_a_target_with_rooms_is_refused_and_nothing_is_changed_there() -> None:
    async with two_ends() as (source, target):
        await target.log.append("theirs", [opened("theirs")])
        secret = await target.log.secret()
        with pytest.raises(Unusable, match="the new house holds the rooms of another installation"):
            await moving.move(source, target, quiet)
        assert await target.log.secret() == secret
        assert [room async for room in target.log.all_rooms()] == ["theirs"]


async def test_a_move_that_is_finished_is_not_begun_again_but_compared() -> None:
    async with two_ends() as (source, target):
        await moving.move(source, target, quiet)
        with pytest.raises(Unusable, match="holds these rooms already: `--check` compares"):
            await moving.move(source, target, quiet)
        assert not (await moving.compare(source, target, quiet)).differences
        await target.log.append("chain-0", [said("we live here now")])
        assert (await moving.compare(source, target, quiet)).differing == 1


async def test_a_move_that_differs_at_its_end_is_not_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    async with two_ends() as (source, target):
        found = await moving.move(source, target, quiet)
        await target.log.advance(MOVER, 1, expect=0)
        await target.log.append("chain-0", [said("too much")])
        assert not found.comparison.differing
        assert (await moving.move(source, target, quiet)).comparison.differing == 1
        assert await target.log.cursor(MOVER) > 0


async def test_the_half_of_a_move_is_no_source() -> None:
    async with two_ends() as (source, target):
        await source.log.advance(MOVER, 9, expect=0)
        with pytest.raises(Unusable, match="the old house is the target of a move that is not finished"):
            await moving.move(source, target, quiet)


async def test_an_empty_house_gives_its_secret() -> None:
    source, target = memory_end("old"), memory_end("new")
    await moving.move(source, target, quiet)
    assert await source.log.secret() == await target.log.secret()


@pytest.mark.parametrize("damaged", [False, True])
async def test_clips_that_are_elsewhere_are_asked_for_before_anything_is_moved(
    damaged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with two_ends() as (source, target):

        async def info(_clip: str) -> None:
            if damaged:
                raise Damaged("a blob is damaged")

        monkeypatch.setattr(source.blobs, "info", info)
        if damaged:
            await moving.move(source, target, quiet)
            return
        with pytest.raises(
            Unusable, match="of the old house are not at the old house: say where with --from"
        ):
            await moving.move(source, target, quiet)
        assert [room async for room in target.log.all_rooms()] == []
