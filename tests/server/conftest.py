"""The HTTP side, for every test of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.web_app import Site, running_site

if TYPE_CHECKING:
    from tests.support.s3_server import S3Server  # of an extra


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as made:
        yield made


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One server of buckets: it needs seconds to start. Each test has a folder of its own in the bucket."""
    from tests.support.s3_server import running_s3

    with running_s3(tmp_path_factory.mktemp("s3")) as running:
        yield running
