"""The dashboard asks for figures that the server shows, and shows every one of ours."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from aiohttp import ClientSession

from tests.support.crowd import Crowd, Plan, figures
from tests.support.server import Server
from tests.support.shape import ROOT
from tests.support.web_app import OFFER, bearer, running_site

DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana.json").read_text())
NAME = re.compile(r"\b(?:wonder|process)_[a-z0-9_]+")


def asked() -> set[str]:
    return {
        name
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
        for name in NAME.findall(target["expr"])
    }


async def shown() -> dict[str, str]:
    """Return the family of every sample name of a server that has had every kind of visitor."""
    async with running_site() as site:
        await site.clip()
        headers = bearer(**{"Content-Type": "application/sdp"})
        await site.status("POST", "/api/rooms/wonder/whep", data=OFFER, headers=headers)
        site.media.observers.connected("peer-1")
        site.figures.follow_captions(lambda: 0)
        site.figures.caption_ended("words", 0.3)
        async with site.ask("GET", "/metrics") as answer:
            text = await answer.text()
    families: dict[str, str] = {}
    family = ""
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            family = line.split()[2]
        elif not line.startswith("#"):
            families[re.split(r"[{ ]", line, maxsplit=1)[0]] = family
    return {name: family for name, family in families.items() if not name.endswith("_created")}


async def test_dashboard_and_server_know_the_same_figures() -> None:
    families = await shown()
    assert not sorted(asked() - set(families))
    ours = {
        family
        for family in families.values()
        if family.startswith("wonder_") and not family.endswith("_created")
    }
    assert not sorted(ours - {families[name] for name in asked()})


def test_panels_do_not_cover_each_other_and_take_their_source_from_the_variable() -> None:
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in DASHBOARD["panels"]]
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(places)) == len(places)
    assert len(set(ids)) == len(ids)
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {"${source}"}


async def test_a_running_server_feeds_the_figures_that_its_parts_tell(server: Server) -> None:
    async with ClientSession() as session:
        await Crowd(server.url, session, Plan(0, 0, 0, 1.0)).upload("k" * 43)
        async with asyncio.timeout(10):
            while (found := await figures(session, server.url))["wonder_loop_lag_max_seconds"] == 0:
                await asyncio.sleep(0.05)
    assert found["wonder_commit_seconds_count"] > 0
    assert found["wonder_finish_seconds_count"] == 1
    assert found["process_open_fds"] > 0
