"""The HTTP side, for every test of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.web_app import Site, running_site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as made:
        yield made
