from __future__ import annotations

from server.rtc.certificate import Identity


def test_one_context_serves_every_peer_under_one_fingerprint() -> None:
    identity = Identity()

    algorithm, value = identity.fingerprint.split()

    assert algorithm == "sha-256"
    assert len(value) == 32 * 3 - 1


def test_two_processes_are_two_identities() -> None:
    assert Identity().fingerprint != Identity().fingerprint
