"""The doctor: what it finds, and what it says to do."""

from __future__ import annotations

import asyncio
import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import msgspec
import pytest

from server import doctor, tls
from server.config import Config
from server.engines import espeak
from server.engines.open import NOTHING_SPEAKS
from server.rtc import discover
from server.rtc.udp import bind_address, open_socket, own_address
from tests.support import model_files, spoken
from tests.support.language_models import saying, served


def found(config: Config, name: str) -> doctor.Check:
    return next(check for check in doctor.examine(config) if check.name == name)


def test_a_healthy_machine_is_found_well(tmp_path: Path) -> None:
    checks = doctor.examine(Config(port=0, udp_port=0, data=tmp_path / "new"))
    assert {check.state for check in checks} == {"fine"}
    assert doctor.as_text(checks).endswith("All is well.")
    told = msgspec.json.decode(doctor.as_json(checks))["checks"]
    assert {"name", "state", "found", "advice"} == set(told[0])
    assert {"TCP port", "UDP port", "UDP", "Disk", "Codecs", "SQLite", "Clock", "TLS", "Captions"} <= {
        check["name"] for check in told
    }


def test_captions_say_what_they_lack_and_what_to_do(tmp_path: Path) -> None:
    def captions(named: str) -> doctor.Check:
        return found(Config(port=0, udp_port=0, log="memory", captions=named, data=tmp_path), "Captions")

    assert captions("off").found == "off"
    assert (captions("base").state, captions("base").advice[:36]) == (
        "doubtful",
        "Run `wonder captions download base`,",
    )
    model = model_files.made(tmp_path / "models/base")
    assert captions("base").found == "base, 0 MB, reads 3 languages"
    (model / "model.bin").write_bytes(b"")
    assert "model.bin ends too early" in captions("base").found


def test_ports_in_use_are_found(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as tcp, open_socket(bind_address("127.0.0.1"), 0) as udp:
        config = Config(port=tcp.getsockname()[1], udp_port=udp.getsockname()[1], data=tmp_path)
        for name, flag in (("TCP port", "--port"), ("UDP port", "--udp-port")):
            check = found(config, name)
            assert check.state == "broken"
            assert flag in check.advice
    assert "must be put right" in doctor.as_text([check])


def test_the_ports_of_all_media_workers_are_looked_at() -> None:
    with open_socket(bind_address("127.0.0.1"), 0) as last:
        first = last.getsockname()[1] - 1
        assert found(Config(udp_port=first, media_workers=2), "UDP port").found.startswith(
            f"{bind_address('127.0.0.1')}:{first + 1} cannot be had"
        )


def test_who_reaches_the_port_of_voices_is_told() -> None:
    assert found(Config(port=0, udp_port=0, log="memory"), "Address for voices").found.startswith(
        own_address()
    )
    assert doctor._own("127.0.0.1") == "this machine only"


def test_an_engine_that_does_not_speak_is_found_and_the_rest_goes_on() -> None:
    check = found(Config(speech="http://127.0.0.1:9/v1/audio/speech"), "Speech")

    assert (check.state, "does not answer" in check.found) == ("doubtful", True)
    assert found(Config(speech="off"), "Speech").state == "fine"


def test_what_speaks_by_default_is_named_and_where_nothing_does_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoken.need_extra(espeak.WHEEL)
    check = found(Config(), "Speech")
    assert (check.state, check.found.split(" says a word")[0]) == ("fine", espeak.source())

    monkeypatch.setattr(espeak, "source", lambda: "")
    check = found(Config(), "Speech")
    assert (check.state, check.found) == ("doubtful", f"off: {NOTHING_SPEAKS}")
    assert "make run" in check.advice


def test_a_folder_that_cannot_be_written_is_found(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    check = found(Config(port=0, udp_port=0, data=tmp_path / "file" / "data"), "Disk")
    assert (check.state, "--data" in check.advice) == ("broken", True)
    assert "not used" in found(Config(port=0, udp_port=0, log="memory"), "Disk").found


@pytest.mark.parametrize(
    ("free_bytes", "state"), [(10, "broken"), (500_000_000, "doubtful"), (10**10, "fine")]
)
def test_little_room_is_found(free_bytes: int, state: str) -> None:
    assert doctor._space(Path("data"), free_bytes).state == state


def test_an_old_sqlite_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.40.1")
    assert doctor._sqlite(Config()).state == "broken"


def test_silent_codecs_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_through_opus", lambda: 0)
    assert doctor._codecs(Config()).state == "broken"

    def missing() -> int:
        raise ValueError("no codec")

    monkeypatch.setattr(doctor, "_through_opus", missing)
    assert doctor._codecs(Config()).state == "broken"


def test_microphones_need_tls_on_other_machines() -> None:
    check = doctor._tls(Config(host="0.0.0.0"))
    assert (check.state, "--tls self-signed" in check.advice) == ("doubtful", True)
    assert doctor._tls(Config(host="0.0.0.0", public_url="https://wonder.example")).state == "fine"


@pytest.mark.parametrize(("age_days", "state"), [(0, "fine"), (350, "doubtful"), (400, "broken")])
def test_a_certificate_that_ends_is_found(tmp_path: Path, age_days: int, state: str) -> None:
    certificate, key = tls.make(["localhost"], datetime.now(UTC) - timedelta(days=age_days))
    for name, body in (("cert", certificate), ("key", key)):
        (tmp_path / name).write_bytes(body)
    config = Config(tls=f"{tmp_path / 'cert'},{tmp_path / 'key'}")
    assert doctor._tls(config).state == state
    os.truncate(tmp_path / "key", 10)
    assert doctor._tls(config).state == "broken"


def test_an_address_for_voices_is_asked_for_where_none_can_be_known(monkeypatch: pytest.MonkeyPatch) -> None:
    for addresses, state in (([], "doubtful"), (["192.168.1.7"], "doubtful"), (["8.8.8.8"], "fine")):
        monkeypatch.setattr(tls, "lan_addresses", lambda found=addresses: found)
        assert doctor._public_address(Config(host="0.0.0.0")).state == state
    assert doctor._public_address(Config(host="0.0.0.0", public_ip="8.8.8.8")).state == "fine"


def test_the_address_for_voices_is_looked_for_as_the_server_would(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask(host: str, port: int) -> tuple[str, ...]:
        return ("203.0.113.7",) if host == "stun.example" else ()

    monkeypatch.setattr(discover, "ask", ask)
    for routes, state in (((), "doubtful"), (("192.168.1.7",), "doubtful"), (("8.8.8.8",), "fine")):
        monkeypatch.setattr(discover, "route_addresses", lambda found=routes: found)
        assert doctor._public_address(Config(host="0.0.0.0", public_ip="auto")).state == state
    for server, state in (("stun.example:3478", "fine"), ("silent.example:3478", "broken")):
        assert doctor._public_address(Config(public_ip="auto", stun_server=server)).state == state


def test_a_wrong_clock_and_a_short_token_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "EARLIEST_MS", (datetime.now(UTC) + timedelta(days=1)).timestamp() * 1000)
    assert doctor._clock(Config()).state == "broken"
    assert doctor._admin(Config(admin_token="short")).state == "doubtful"
    assert doctor._admin(Config(admin_token="x" * 22)).state == "fine"


def test_a_model_that_does_not_write_is_found_and_another_engine_is_named() -> None:
    def host(**given: str) -> doctor.Check:
        return found(Config(**given), "Host")  # type: ignore[arg-type]

    check = host(host_engine="openai", host_url="http://127.0.0.1:9/v1", host_model="m", host_key="sk-secret")
    assert (check.state, "cannot be reached" in check.found) == ("doubtful", True)
    assert "`embedded` writes" in check.advice
    assert "secret" not in repr(check)
    assert (host(host_engine="off").state, host().found) == ("fine", "embedded: no model is asked")


@pytest.mark.parametrize(
    ("said", "state", "told"),
    [
        ("The moon barked.", "fine", "m writes a line in "),
        ("{}", "doubtful", "m writes nothing that may be said"),
    ],
)
async def test_a_model_is_asked_for_a_line(said: str, state: str, told: str) -> None:
    async with served(saying(said)) as url:
        config = Config(host_engine="openai", host_url=url, host_model="m")
        check = await asyncio.to_thread(found, config, "Host")
    assert (check.state, check.found[: len(told)]) == (state, told)


def test_who_is_woken_and_what_that_lacks_is_told() -> None:
    near = doctor._push(Config(push="private"))
    nameless = doctor._push(Config())
    named = [doctor._push(Config(push_contact="mailto:me@wonder.example")), doctor._push(Config(push="off"))]
    assert (near.state, "--push on" in near.advice) == ("doubtful", True)
    assert (nameless.state, "--push-contact" in nameless.advice) == ("fine", True)
    assert [(check.state, check.advice) for check in named] == [("fine", "")] * 2


def test_what_is_near_is_told_from_what_goes_over_a_network() -> None:
    assert [doctor._is_near(host) for host in ("localhost", "127.0.0.1", "10.0.0.7", "::1", "ollama")] == [
        True
    ] * 5
    assert all(
        map(doctor._is_near, ("models.local", "gpu.lan", "llm.default.svc.cluster.internal", "a.local."))
    )
    assert not any(map(doctor._is_near, ("models.example", "lan.example", "local.example")))
    assert not doctor._is_near("8.8.8.8")
