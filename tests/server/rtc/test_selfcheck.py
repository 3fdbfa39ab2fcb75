from __future__ import annotations

import aiortc.rtcdtlstransport
import pytest

from server.rtc import selfcheck


def test_the_pinned_versions_pass() -> None:
    selfcheck.run()


def test_another_version_is_refused_with_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(selfcheck.PINNED, "aiortc", "0.9")

    with pytest.raises(RuntimeError, match=r"^aiortc 0\.9 is needed .* is installed\.$"):
        selfcheck.run()


def test_a_part_that_is_missing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(aiortc.rtcdtlstransport.RTCDtlsTransport, "_set_state")

    with pytest.raises(RuntimeError, match="not as expected"):
        selfcheck.run()


def test_a_packet_that_cannot_be_protected_in_place_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selfcheck, "_protects", lambda: False)

    with pytest.raises(RuntimeError, match="pylibsrtp"):
        selfcheck.run()
