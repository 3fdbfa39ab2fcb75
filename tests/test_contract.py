"""The protocol is said three times, for people and for programs, and each time as the code has it."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from server import settings_page
from server.api import asyncapi, openapi
from server.http.problems import STATUSES
from server.room.events import KINDS
from server.socket.messages import TYPES
from server.web import clips, previews, rooms
from tests.support.shape import ROOT
from tests.support.web_app import running_site

PROTOCOL = (ROOT / "docs" / "protocol.md").read_text("utf-8")
CODE = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "server").rglob("*.py")))


async def registered() -> set[tuple[str, str]]:
    """Return method and path of every route of a running server; GET stands for HEAD, too."""
    async with running_site() as site:
        routes = [(route.method, route.resource) for route in site.app.router.routes()]
    found = {(method, resource.canonical) for method, resource in routes if resource is not None}
    return {(method, path) for method, path in found if method not in ("HEAD", "OPTIONS")}


def described() -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode((ROOT / "docs/api/openapi.json").read_bytes())
    return found


def test_the_descriptions_on_disk_are_those_of_the_code() -> None:
    hint = (
        "run: wonder describe openapi > docs/api/openapi.json; wonder describe asyncapi > docs/asyncapi.json"
    )
    assert (ROOT / "docs/api/openapi.json").read_bytes() == openapi.page(), hint
    assert (ROOT / "docs/asyncapi.json").read_bytes() == asyncapi.page(), hint


def test_the_settings_page_is_that_of_the_code() -> None:
    assert (ROOT / "docs/settings.md").read_text("utf-8") == settings_page.table(), (
        "run: wonder settings > docs/settings.md"
    )


async def test_every_route_is_described_and_every_description_is_a_route() -> None:
    paths = described()["paths"]
    said = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert said == await registered()


async def test_every_route_is_in_the_protocol() -> None:
    said = set(re.findall(r"^\| `([A-Z]+) (/[^`?]*)`", PROTOCOL, re.MULTILINE))
    assert said == await registered()


def test_every_code_is_in_the_protocol_with_its_status() -> None:
    said = {}
    for status, codes in re.findall(r"^\| (\d{3}) \| ((?:`\w+` ?)+)\|", PROTOCOL, re.MULTILINE):
        said.update(dict.fromkeys(re.findall(r"\w+", codes), int(status)))
    assert said == STATUSES


def test_every_event_and_message_is_described_and_in_the_protocol() -> None:
    messages = asyncapi.describe()["components"]["messages"]
    kinds = {name.removeprefix("event.") for name in messages if name.startswith("event.")}
    types = {name.removeprefix("client.") for name in messages if name.startswith("client.")}
    assert (kinds, types) == (set(KINDS), set(TYPES))
    events, _, rest = PROTOCOL.partition("### Events")[2].partition("### What a client says")
    assert set(re.findall(r"`([a-z]+\.[a-z]+)`", events)) - {"text.said"} == set(KINDS) - {"text.said"}
    said = rest.partition("### Signals")[0]
    assert set(re.findall(r"^\| `([a-z.]+)` \|", said, re.MULTILINE)) == set(TYPES)


def test_every_field_of_a_message_is_in_its_row_of_the_protocol() -> None:
    for name, kind in TYPES.items():
        row = re.search(rf"^\| `{re.escape(name)}` \|([^|]*)\|", PROTOCOL, re.MULTILINE)
        assert row is not None
        said = set(re.findall(r"`(\w+)", row[1]))
        assert said == set(kind.__struct_fields__) - {"id"}


def test_every_signal_the_code_sends_is_described_and_in_the_protocol() -> None:
    sent = set(re.findall(r"signal\(\s*\"([a-z]+)\"", CODE))
    assert sent == set(asyncapi.SIGNALS)
    said = PROTOCOL.partition("### Signals")[2].partition("### How it ends")[0]
    assert set(re.findall(r"^\| `([a-z]+)` \|", said, re.MULTILINE)) == set(asyncapi.SIGNALS)


def test_every_close_code_is_in_the_protocol() -> None:
    said = PROTOCOL.partition("### How it ends")[2]
    assert set(map(int, re.findall(r"^\| (\d{4}) \|", said, re.MULTILINE))) == set(asyncapi.CLOSE_CODES)


@pytest.mark.parametrize("shown", [rooms.RoomShown, rooms.RoundShown, clips.ClipShown, previews.PreviewShown])
def test_every_field_that_is_sent_is_in_the_protocol(shown: type[msgspec.Struct]) -> None:
    for field in shown.__struct_fields__:
        assert re.search(rf"\b{field}\b", PROTOCOL), field


def test_every_reference_in_the_descriptions_leads_somewhere() -> None:
    for found in (described(), asyncapi.describe()):
        for reference in set(re.findall(r'"(#/[^"]+)"', msgspec.json.encode(found).decode())):
            place: Any = found
            for step in reference.removeprefix("#/").split("/"):
                place = place[step]
            assert place
