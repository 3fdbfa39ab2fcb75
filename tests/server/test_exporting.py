"""`wonder export` against a server: a whole file, its progress, and a sentence for whatever goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from audio import m4a
from server import exporting
from server.config import BadSetting
from server.exporting import export, heard_ms
from server.log.base import Unusable
from tests.support import long_evening
from tests.support.recorded import recorded
from tests.support.web_app import Site, running_site


@pytest.fixture
async def long(site: Site) -> Site:
    """Return a site with an evening of 8 clips."""
    await long_evening.tell(site.log, "long", rounds=2)
    site.finisher.transcode = m4a.from_ogg
    return site


def quiet(_there_ms: int, _total_ms: int) -> None:
    """Show nothing."""


@pytest.mark.parametrize("ending", ["ogg", "m4a"])
async def test_an_evening_becomes_a_file_and_the_bar_gets_to_its_end(
    long: Site, tmp_path: Path, ending: str
) -> None:
    shown, file = list[tuple[int, int]](), tmp_path / f"evening.{ending}"
    offer = await export(long.url, "long", file, {}, lambda *told: shown.append(told))
    found = recorded(file.read_bytes())
    assert offer.clips == 8
    assert len(found.chapters) == 2
    assert abs(len(found.sound) / 48 - offer.duration_ms) <= 30
    assert shown[-1] == (offer.duration_ms, offer.duration_ms)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


async def test_a_round_and_its_captions(long: Site, tmp_path: Path) -> None:
    file = tmp_path / "round.vtt"
    offer = await export(f"{long.url}/", "long", file, {"round": "round-0001"}, quiet)
    assert offer.query == {"round": "round-0001"}
    assert offer.clips == file.read_text().count("umbrella") == 4


async def test_what_a_server_refuses_is_said_in_its_words(long: Site, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="There is no such room"):
        await export(long.url, "nowhere", tmp_path / "a.ogg", {}, quiet)
    with pytest.raises(Unusable, match="There is no clip"):
        await export(long.url, "long", tmp_path / "a.ogg", {"from_ms": "1", "to_ms": "2"}, quiet)
    with pytest.raises(Unusable, match="There is nothing at this address"):
        await export(f"{long.url}/static", "long", tmp_path / "a.ogg", {}, quiet)
    assert not list(tmp_path.iterdir())


async def test_a_name_that_says_no_form_a_folder_that_is_not_there_and_no_server(
    long: Site, tmp_path: Path
) -> None:
    with pytest.raises(BadSetting, match=r"must end in \.ogg, \.m4a, \.vtt"):
        await export(long.url, "long", tmp_path / "a.mp3", {}, quiet)
    with pytest.raises(Unusable, match="cannot be written"):
        await export(long.url, "long", tmp_path / "no" / "a.ogg", {}, quiet)
    with pytest.raises(Unusable, match="did not come"):
        await export("http://127.0.0.1:1", "long", tmp_path / "a.ogg", {}, quiet)
    with pytest.raises(Unusable, match="did not come"):
        await export("no address", "long", tmp_path / "a.ogg", {}, quiet)


async def test_what_is_cut_off_leaves_nothing_and_what_was_there_stays(tmp_path: Path) -> None:
    file = tmp_path / "evening.m4a"
    file.write_bytes(b"the one before")
    async with running_site() as site:
        await long_evening.tell(site.log, "long", rounds=1)  # its transcoder makes what is no MP4
        with pytest.raises(Unusable, match="did not come as a whole"):
            await export(site.url, "long", file, {}, quiet)
    assert file.read_bytes() == b"the one before"
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_part_tells_how_much_sound_has_come_where_it_can() -> None:
    page = b"OggS\0\0" + (96_000).to_bytes(8, "little") + bytes(13)
    assert heard_ms(".ogg", b"xx" + page) == 2_000
    assert heard_ms(".ogg", page[:9]) == heard_ms(".vtt", page) == heard_ms(".ogg", b"") == 0
    assert heard_ms(".m4a", b"tfdt\1\0\0\0" + (48_000).to_bytes(8, "big") + bytes(9)) == 1_000
    assert exporting.UNFINISHED not in exporting.ENDINGS
