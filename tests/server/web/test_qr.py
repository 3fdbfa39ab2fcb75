"""The code of a room's address."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import segno

from server.web.qr import BORDER_MODULES, svg
from tests.support.web_app import Site


async def test_a_room_has_a_code_and_a_room_that_is_not_has_none(site: Site) -> None:
    async with site.ask("GET", "/api/rooms/wonder/qr.svg") as answer:
        assert (answer.status, answer.content_type) == (200, "image/svg+xml")
        plain = await answer.read()
    async with site.ask("GET", "/api/rooms/wonder/qr.svg?same=room") as answer:
        assert await answer.read() not in (plain, b"")
    assert await site.status("GET", "/api/rooms/nowhere/qr.svg") == 404


def test_the_code_is_an_image_of_any_size_with_a_border_of_its_own() -> None:
    address = "https://wonder.example/r/kitchen-table?same=room"
    root = ET.fromstring(svg(address))
    width = segno.make(address, error="m").symbol_size(border=BORDER_MODULES)[0]
    assert root.get("viewBox") == f"0 0 {width} {width}"
    assert root.get("width") is None
    assert "#fff" in svg(address).decode()
