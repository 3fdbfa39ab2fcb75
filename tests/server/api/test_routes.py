"""The descriptions as a client gets them."""

from __future__ import annotations

from server.api import openapi
from tests.support.web_app import Site


async def test_the_description_of_the_api_is_served(site: Site) -> None:
    async with site.ask("GET", "/api/openapi.json") as answer:
        assert await answer.read() == openapi.page()
