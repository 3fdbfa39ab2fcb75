"""Every error has one form and one status; nothing of our inside is told."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import msgspec
import pytest

from audio.take import Unfit
from server.blobs.base import Away
from server.http.problems import STATUSES, Problem, problem_of, respond
from server.log.base import Damaged, StorageFull
from server.room.commands import BROKEN, RESTARTING, Refused
from server.rooms.base import NoSuchRoom
from server.rtc.media import BadOffer, Busy
from tests.support.web_app import Site

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Refused("muted", "You are muted.", 10), 403, "muted"),
        (Refused("never_heard_of", "No."), 409, "never_heard_of"),
        (Unfit("silent", "We heard nothing."), 422, "silent"),
        (BadOffer("No audio."), 400, "bad_offer"),
        (Busy(), 503, "busy"),
        (StorageFull(), 507, "storage_full"),
        (Away("secret"), 503, "storage_away"),
        (NoSuchRoom(), 404, "no_such_room"),
        (Damaged("secret"), 500, "damaged"),
        (KeyError("secret"), 500, "broken"),
    ],
)
def test_an_error_is_told_by_blame(error: Exception, status: int, code: str) -> None:
    problem = problem_of(error)
    answer = respond(problem)
    assert isinstance(answer.body, bytes)
    told = msgspec.json.decode(answer.body)
    assert (answer.status, told["code"], answer.content_type) == (status, code, "application/problem+json")
    assert "secret" not in told["detail"]
    assert ("Retry-After" in answer.headers) == (status in (429, 503, 507))


def test_what_has_two_names_is_sent_by_one() -> None:
    known = {"server/http/problems.py", "server/http/problem_page.py"}  # both are understood
    older = re.compile(r"""["'](internal|draining)["']""")
    sources = {
        str(path.relative_to(ROOT)): path.read_text("utf-8") for path in (ROOT / "server").rglob("*.py")
    }
    assert {name for name, text in sources.items() if older.search(text)} == known
    assert {STATUSES[code] for code in ("internal", BROKEN)} == {500}
    assert {STATUSES[code] for code in ("draining", RESTARTING)} == {503}


def test_come_back_is_told_in_whole_seconds() -> None:
    for retry_after_ms, seconds in ((1, "1"), (1_500, "2"), (None, "5")):
        answer = respond(Problem("too_fast", "Slowly.", retry_after_ms=retry_after_ms))
        assert answer.headers["Retry-After"] == seconds


def test_every_code_that_is_refused_anywhere_is_in_the_table() -> None:
    found = set()
    for path in (ROOT / "server").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Refused", "Problem", "Unfit"):
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    found.add(first.value)
    unknown = found - set(STATUSES) - {"bad_message"}
    assert not unknown, "give them a status in errors.STATUSES and a place in docs/protocol.md"


async def test_what_aiohttp_refuses_has_our_form(site: Site) -> None:
    assert await site.problem("GET", "/nothing/here") == (404, "no_such_page")
    async with site.ask("PUT", "/api/rooms") as answer:
        assert answer.status == 405
        assert set(answer.headers["Allow"].split(",")) >= {"GET", "POST"}
        assert (await answer.json(content_type=None))["code"] == "method_not_allowed"


async def test_people_get_a_page_and_programs_get_json(site: Site) -> None:
    async with site.ask("GET", "/r/nowhere", headers={"Accept": "text/html,*/*"}) as answer:
        assert (answer.status, answer.content_type) == (404, "text/html")
        page = await answer.text()
        assert "There is no such room (any more)." in page
        assert "/static/css/clip.css" in page
    headers = {"Accept": "text/html", "Accept-Language": "de-AT,en;q=0.5"}
    async with site.ask("GET", "/c/nowhere99", headers=headers) as answer:
        page = await answer.text()
        assert '<html lang="de">' in page
        assert "Dieser Clip ist nicht (mehr) hier." in page
    headers |= {"Cookie": "wonder_language=en; wonder_theme=light"}
    async with site.ask("GET", "/c/nowhere99", headers=headers) as answer:
        page = await answer.text()
        assert '<html lang="en" data-theme="light">' in page
        assert "This clip is not here (any more)." in page
    assert await site.problem("GET", "/r/nowhere") == (404, "no_such_room")
    headers = {"Accept": "text/html"}
    assert await site.problem("GET", "/api/rooms/nowhere", headers=headers) == (404, "no_such_room")
