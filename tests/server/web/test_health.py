"""Health: alive, ready, and figures for those who may see them."""

from __future__ import annotations

import pytest

from server.http import security
from server.log.base import StorageFull
from server.web import health
from server.web.health import Health
from tests.support.web_app import ADMIN, Site, bearer


async def test_a_fresh_server_is_alive_and_ready(site: Site) -> None:
    assert await site.json("GET", "/healthz") == {"status": "alive"}
    assert await site.json("GET", "/readyz") == {"status": "ready", "storage": "ok", "captions_off": ""}


async def test_a_draining_server_is_alive_and_not_ready(site: Site) -> None:
    site.health.draining = True
    assert await site.status("GET", "/healthz") == 200
    assert await site.problem("GET", "/readyz") == (503, "restarting")


@pytest.mark.parametrize(("error", "status"), [(StorageFull(), 200), (OSError("gone"), 503)])
async def test_a_full_disk_is_told_and_a_broken_one_is_not_ready(
    site: Site, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    async def check() -> None:
        raise error

    monkeypatch.setattr(site.log, "check", check)
    assert await site.status("GET", "/readyz") == status


async def test_the_storage_is_asked_at_most_once_a_second(
    monkeypatch: pytest.MonkeyPatch, site: Site
) -> None:
    asked = []

    async def check() -> None:
        asked.append(1)

    monkeypatch.setattr(site.log, "check", check)
    now_s = [100.0]
    monkeypatch.setattr("server.web.health.time.monotonic", lambda: now_s[0])
    fresh = Health()
    for now_s[0] in (100.0, 100.5, 101.5):
        await fresh.storage(site.log)
    assert len(asked) == 2


async def test_figures_are_for_this_machine_and_the_admin(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.status("GET", "/api/rooms/wonder")
    async with site.ask("GET", "/metrics") as answer:
        text = await answer.text()
        assert answer.content_type == "text/plain"
    assert 'wonder_http_requests_total{method="GET",route="/api/rooms/{room}",status="200"} 1.0' in text
    for name in ("wonder_rooms_awake", "wonder_sockets", "wonder_listeners", "wonder_connections"):
        assert f"\n{name} " in text
    assert "127.0.0.1" not in text
    monkeypatch.setattr(security, "is_local", lambda _: False)
    monkeypatch.setattr(health, "is_local", lambda _: False)
    assert await site.problem("GET", "/metrics") == (403, "not_allowed")
    assert await site.problem("GET", "/metrics", headers=bearer("k" * 43)) == (403, "not_allowed")
    assert await site.status("GET", "/metrics", headers=bearer(ADMIN)) == 200


async def test_figures_never_hold_what_visitors_send(site: Site) -> None:
    await site.status("GET", "/secret-path-of-somebody")
    await site.status("BREW", "/api/rooms")
    async with site.ask("GET", "/metrics") as answer:
        text = await answer.text()
    assert "secret" not in text
    assert "BREW" not in text
