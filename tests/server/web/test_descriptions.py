"""The descriptions as a client gets them."""

from __future__ import annotations

from server.api import asyncapi, openapi
from tests.support.web_app import Site


async def test_the_descriptions_of_both_sides_are_served(site: Site) -> None:
    for path, page in (("/api/openapi.json", openapi.page()), ("/api/asyncapi.json", asyncapi.page())):
        async with site.ask("GET", path) as answer:
            assert answer.content_type == "application/json"
            assert await answer.read() == page
