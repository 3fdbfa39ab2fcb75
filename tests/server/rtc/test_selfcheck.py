from __future__ import annotations

import re
from types import SimpleNamespace

import aiortc.rtcdtlstransport
import pytest

from server.rtc import selfcheck
from tests.support.shape import ROOT


def test_what_is_installed_is_what_was_tried() -> None:
    selfcheck.run()


def test_the_constraints_install_what_was_tried() -> None:
    pinned = dict(re.findall(r"^([\w-]+)==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    assert {name: pinned[name] for name in selfcheck.PINNED} == selfcheck.PINNED


@pytest.mark.parametrize("name", sorted(selfcheck.PINNED))
def test_another_version_is_refused_with_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    installed = {**selfcheck.PINNED, name: "99.0"}
    monkeypatch.setattr(selfcheck, "version", installed.__getitem__)

    with pytest.raises(RuntimeError, match=rf"^{name} \S+ is needed for voices, and 99\.0 is installed\.$"):
        selfcheck.run()


@pytest.mark.parametrize("part", selfcheck.USED_OF_DTLS)
def test_a_part_that_is_missing_is_noticed(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    monkeypatch.delattr(aiortc.rtcdtlstransport.RTCDtlsTransport, part)

    with pytest.raises(RuntimeError, match="not as expected"):
        selfcheck.run()


@pytest.mark.parametrize("code", [0, 7], ids=["says yes and does nothing", "says no"])
def test_a_library_that_does_not_protect_in_place_is_noticed(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(selfcheck, "lib", SimpleNamespace(srtp_protect=lambda *_: code))

    with pytest.raises(RuntimeError, match=r"^pylibsrtp is not as expected: .*\.$"):
        selfcheck.run()
