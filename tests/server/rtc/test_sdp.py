"""Offers of real browsers and GStreamer, and what hostile ones become (H2)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given, settings
from hypothesis import strategies as st

from server.rtc import sdp
from server.rtc.media import BadOffer, Role
from tests.support.shape import ROOT

OFFERS = {
    path.stem: path.read_bytes().decode() for path in sorted(Path(__file__).parent.glob("offers/*.sdp"))
}
OURS = sdp.LocalDescription("ufrag", "password" * 4, "sha-256 AA:BB", ("203.0.113.9",), 8081, 42, "wonder")
CHROMIUM = OFFERS["chromium-whip"]
VIDEO = "\r\n".join(
    [
        *("m=video 9 UDP/TLS/RTP/SAVPF 96 97", "c=IN IP4 0.0.0.0", "a=mid:1"),
        *("a=sendonly", "a=rtpmap:96 VP8/90000", ""),
    ]
)


def role_of(name: str) -> Role:
    return "listener" if name.endswith("whep") else "speaker"


def answer(offer: str, role: Role) -> str:
    return sdp.answer(sdp.read(offer, role), role, OURS)


@pytest.mark.parametrize("name", OFFERS)
def test_a_real_offer_is_answered(name: str) -> None:
    text = answer(OFFERS[name], role_of(name))

    (media,) = SessionDescription.parse(text).media
    assert (media.kind, media.port, media.profile) == ("audio", 8081, "UDP/TLS/RTP/SAVPF")
    assert media.dtls is not None
    assert media.dtls.role == "server"
    assert media.ice is not None
    assert media.ice.iceLite
    assert media.rtcp_mux
    assert media.direction == ("sendonly" if role_of(name) == "listener" else "recvonly")
    assert [(codec.name, codec.payloadType in media.fmt) for codec in media.rtp.codecs] == [("opus", True)]
    assert f"a=mid:{media.rtp.muxId}" in OFFERS[name]


def test_the_one_candidate_is_the_advertised_address() -> None:
    """P13, P14: no private address of this machine is told."""
    (media,) = SessionDescription.parse(answer(CHROMIUM, "speaker")).media

    assert [(each.ip, each.port, each.type) for each in media.ice_candidates] == [
        ("203.0.113.9", 8081, "host")
    ]
    assert media.ice_candidates_complete


def test_a_speaker_is_asked_for_short_mono_packets_and_silence_unsent() -> None:
    text = answer(CHROMIUM, "speaker")

    assert "a=ptime:20\r\n" in text
    assert "usedtx=1;maxaveragebitrate=32000;stereo=0" in text
    assert "useinbandfec=1" in text


def test_candidates_are_not_even_read() -> None:
    """P6, P10, H7: an offer cannot name anybody to send to."""
    victims = "".join(f"a=candidate:1 1 udp 1 {host} 53 typ host\r\n" for host in ("127.0.0.1", "x", ""))

    assert "127.0.0.1" not in answer(CHROMIUM + victims + "a=end-of-candidates\r\n", "speaker")


BEGIN, _, TAIL = CHROMIUM.partition("m=audio")
AUDIO = re.sub(r" \d+", "m=audio 9", TAIL, count=1)
DATA = (
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\na=sctp-port:5000\r\n"
)
OFF = AUDIO.replace("m=audio 9 ", "m=audio 0 ").replace("a=mid:0", "a=mid:3")


def lines_of(offer: str) -> list[tuple[str, str]]:
    """Return kind and mid of each m-line."""
    return [(part.split(" ")[0], mid_of(part)) for part in offer.split("\r\nm=")[1:]]


def mid_of(part: str) -> str:
    return next((line.removeprefix("a=mid:") for line in part.splitlines() if line.startswith("a=mid:")), "")


@pytest.mark.parametrize("role", ["speaker", "listener"])
@pytest.mark.parametrize(
    "parts",
    [
        *([VIDEO, AUDIO], [AUDIO, VIDEO], [AUDIO, DATA], [DATA, AUDIO], [OFF, AUDIO], [AUDIO, OFF]),
        *([VIDEO, OFF, DATA, AUDIO], [AUDIO, VIDEO, DATA, OFF, VIDEO.replace("mid:1", "mid:4")]),
    ],
)
def test_what_is_beside_the_audio_is_declined_in_its_place(parts: list[str], role: Role) -> None:
    """RFC 9429 5.3.1: as many m-lines as the offer has, in its order; RFC 8843 7.3.3: out of the group."""
    at, offer = parts.index(AUDIO), BEGIN + "".join(parts)

    text = answer(offer, role)

    media = SessionDescription.parse(text).media
    assert [each.port for each in media] == [8081 if n == at else 0 for n in range(len(parts))]
    assert lines_of(text) == lines_of(offer)
    assert "a=group:BUNDLE 0\r\n" in text
    assert text.count("a=ice-ufrag:") == text.count("a=candidate:") == 1


def test_of_several_audios_the_first_that_can_be_taken_is() -> None:
    telephone = AUDIO.replace("opus/48000/2", "PCMU/8000").replace("a=mid:0", "a=mid:9")

    media = SessionDescription.parse(answer(BEGIN + telephone + AUDIO + AUDIO, "speaker")).media

    assert [each.port for each in media] == [0, 8081, 0]


def test_an_audio_that_leaves_its_transport_to_the_first_of_its_group_is_taken() -> None:
    """RFC 8843 6 and 7.1.3: port 0 with bundle-only is no refusal, and one section speaks for all."""
    of_all = ("a=ice-", "a=fingerprint", "a=setup", "a=rtcp-mux")
    lines = AUDIO.replace("m=audio 9 ", "m=audio 0 ").splitlines(keepends=True)
    own = "".join(line for line in lines if not line.startswith(of_all)) + "a=bundle-only\r\n"
    shared = "".join(line for line in lines if line.startswith(of_all))
    begin = BEGIN.replace("BUNDLE 0", "BUNDLE 1 0")

    offer = sdp.read(begin + VIDEO + shared + own, "speaker")

    assert (offer.ufrag, offer.fingerprints) == (
        sdp.read(CHROMIUM, "speaker").ufrag,
        sdp.read(CHROMIUM, "speaker").fingerprints,
    )


def test_a_group_is_answered_only_where_one_was_offered() -> None:
    assert "BUNDLE" not in answer(CHROMIUM.replace("a=group:BUNDLE 0\r\n", ""), "speaker")
    assert "BUNDLE" not in answer(CHROMIUM.replace("a=group:BUNDLE 0", "a=group:LS 0"), "speaker")
    assert "BUNDLE 0\r\n" in answer(CHROMIUM.replace("a=group:BUNDLE 0", "a=group:BUNDLE 0 1"), "speaker")


CASES = {path.stem: path.read_bytes().decode() for path in sorted((ROOT / "tests/cases/sdp").glob("*.sdp"))}


@pytest.mark.parametrize("name", CASES)
def test_an_offer_as_seen_in_the_wild_is_answered(name: str) -> None:
    text = answer(CASES[name], "speaker")

    media = SessionDescription.parse(text).media
    assert [each.kind for each in media if each.port] == ["audio"]
    assert lines_of(text) == lines_of(CASES[name])
    assert ("a=setup:active" in text) is ("a=setup:passive" in CASES[name])


@pytest.mark.parametrize(
    ("setup", "ours"),
    [("actpass", "passive"), ("active", "passive"), ("passive", "active"), ("PASSIVE", "active")],
)
def test_who_waits_for_dtls_is_met_by_its_active_side(setup: str, ours: str) -> None:
    assert f"a=setup:{ours}\r\n" in answer(CHROMIUM.replace("setup:actpass", f"setup:{setup}"), "speaker")


def at_the_top(offer: str, *names: str) -> str:
    """Move attributes from the section to the session."""
    lines = offer.splitlines(keepends=True)
    moved = [line for line in lines if line.startswith(tuple(f"a={name}" for name in names))]
    rest = [line for line in lines if line not in moved]
    at = next(index for index, line in enumerate(rest) if line.startswith("m="))
    return "".join(rest[:at] + moved + rest[at:])


@pytest.mark.parametrize(
    "offer",
    [
        CHROMIUM.replace("\r\n", "\n"),
        CHROMIUM.replace("\r\n", "\r"),
        CHROMIUM.rstrip("\r\n"),
        "\r\n" + CHROMIUM + "\r\n\r\n",
        "\ufeff" + CHROMIUM,
        at_the_top(CHROMIUM, "fingerprint"),
        at_the_top(CHROMIUM, "setup", "ice-ufrag", "ice-pwd"),
        at_the_top(CHROMIUM, "fingerprint", "setup", "ice-ufrag", "ice-pwd", "rtcp-mux", "sendonly"),
        CHROMIUM.replace("t=0 0\r\n", "t=0 0\r\na=inactive\r\na=ice-lite\r\n"),
        CHROMIUM + "a=candidate:1 1 udp 1 0d5d1f6e-1e1c.local 9 typ host\r\n",
        CHROMIUM.replace("a=fingerprint:sha-256 ", "a=fingerprint:SHA-256  "),
        CHROMIUM.replace("a=fingerprint:", "a=fingerprint:sha-1 AA:BB\r\na=fingerprint:"),
        BEGIN + AUDIO.replace("m=audio 9 ", "m=audio 9/1 "),
        CHROMIUM.replace("UDP/TLS/RTP/SAVPF", "RTP/SAVPF"),
        CHROMIUM.replace("UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP"),
    ],
)
def test_an_offer_of_another_form_says_the_same(offer: str) -> None:
    plain, found = sdp.read(CHROMIUM, "speaker"), sdp.read(offer, "speaker")

    assert (found.ufrag, found.fingerprints, found.payload_type, found.passive) == (
        plain.ufrag,
        plain.fingerprints,
        plain.payload_type,
        plain.passive,
    )
    assert "m=audio 8081 " in answer(offer, "speaker")


def test_the_direction_of_the_audio_counts_before_that_of_the_session() -> None:
    """RFC 8866 6.7: Firefox says sendrecv for all."""
    bind_address = CHROMIUM.replace("a=sendrecv", "a=recvonly").replace("a=sendonly", "a=recvonly")

    with pytest.raises(BadOffer, match="must be sendonly"):
        answer(bind_address.replace("t=0 0\r\n", "t=0 0\r\na=sendrecv\r\n"), "speaker")


def test_of_several_fingerprints_those_of_the_strongest_digest_count() -> None:
    """RFC 8122 5: they may be of several certificates, of which one is shown."""
    first, second = ":".join(["AA"] * 32), ":".join(["BB"] * 32)
    strong = ":".join(["CC"] * 64)
    several = f"a=fingerprint:sha-256 {first}\r\na=fingerprint:SHA-256 {second.lower()}\r\na=x-"

    two = sdp.read(CHROMIUM.replace("a=fingerprint:", several), "speaker")
    three = sdp.read(
        CHROMIUM.replace("a=fingerprint:", f"a=fingerprint:sha-512 {strong}\r\n{several}"), "speaker"
    )

    assert two.fingerprints == (("sha-256", first), ("sha-256", second))
    assert three.fingerprints == (("sha-512", strong),)


def test_an_offer_names_few_certificates() -> None:
    one = f"a=fingerprint:sha-256 {':'.join(['AA'] * 32)}\r\n"
    most = CHROMIUM.replace("a=fingerprint:", one * (sdp.MOST_FINGERPRINTS - 1) + "a=fingerprint:")

    assert len(sdp.read(most, "speaker").fingerprints) == sdp.MOST_FINGERPRINTS
    with pytest.raises(BadOffer, match="too many fingerprints"):
        sdp.read(most.replace(one, one * 2, 1), "speaker")


@pytest.mark.parametrize("coding", ["opus/48000", "opus/48000/1", "OPUS/48000/2"])
def test_opus_is_answered_with_the_channels_that_it_was_offered_with(coding: str) -> None:
    """A browser knows a codec again by name, clock and channels."""
    text = answer(CHROMIUM.replace("opus/48000/2", coding), "speaker")

    assert f"a=rtpmap:111 {coding.lower()}\r\n" in text


@pytest.mark.parametrize(
    ("offer", "sentence"),
    [
        ("", "not a session description"),
        ("hello", "not a session description"),
        ("v=0\r\n", "no m-line for audio"),
        (BEGIN + VIDEO + DATA, "no m-line for audio"),
        (BEGIN + OFF, "off: its port is 0"),
        (BEGIN + OFF + "a=bundle-only\r\n", "off: its port is 0"),
        ("v=0\r\na=mid:0 1\r\n" + VIDEO.replace("a=mid:1\r\n", "") + AUDIO, "mid"),
        (CHROMIUM + "m=application\r\n", "m-line"),
        (CHROMIUM.replace("UDP/TLS/RTP/SAVPF", "UDP/MPRTP"), "UDP/TLS/RTP/SAVPF"),
        (CHROMIUM.replace("opus/48000/2", "PCMU/8000"), "no Opus"),
        (CHROMIUM.replace("a=setup:actpass", "a=setup:holdconn"), "actpass, active or passive"),
        (
            CHROMIUM.replace("a=sendrecv", "a=recvonly").replace("a=sendonly", "a=recvonly"),
            "must be sendonly",
        ),
        (CHROMIUM.replace("sha-256", "sha-1"), "fingerprint"),
        (CHROMIUM.replace("a=ice-ufrag:", "a=ice-ufrag:a b"), "ice-ufrag"),
        (CHROMIUM.replace("a=rtcp-mux\r\n", ""), "rtcp-mux"),
        (CHROMIUM.replace("a=mid:0", "a=mid:0 1"), "mid"),
        (CHROMIUM + "a=x:" + "y" * 17_000, "too long"),
        (CHROMIUM + "a=\n" * 1_000, "too long"),
        ("v=0\r\n" + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" * 200, "too many m-lines"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_sentence(offer: str, sentence: str) -> None:
    with pytest.raises(BadOffer, match=sentence) as refused:
        answer(offer, "speaker")

    assert str(refused.value).endswith(".")


def test_a_listener_may_not_send() -> None:
    with pytest.raises(BadOffer, match="listener"):
        answer(CHROMIUM.replace("a=sendrecv", "a=sendonly"), "listener")


LINES = sorted({line for offer in OFFERS.values() for line in offer.splitlines()})
PIECES = st.one_of(
    st.sampled_from(LINES),
    st.text(max_size=40),
    st.sampled_from(
        ["m=audio 0 UDP/TLS/RTP/SAVPF 0", "a=rtpmap:", "a=fmtp:1", "m=", "a=fingerprint:sha-256 ", "a=mid:"]
    ),
)


@settings(deadline=None)
@given(st.data())
def test_a_mutated_offer_is_answered_or_refused_and_nothing_else(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(OFFERS)))
    lines = OFFERS[name].splitlines()
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.integers(0, 3)):
            case 0:
                lines[at] = data.draw(PIECES)
            case 1:
                lines.insert(at, data.draw(PIECES))
            case 2 if len(lines) > 1:
                del lines[at]
            case _:
                cut = data.draw(st.integers(0, max(0, len(lines[at]) - 1)))
                lines[at] = lines[at][:cut] + data.draw(st.text(max_size=3)) + lines[at][cut + 1 :]

    text = answered("\r\n".join(lines), role_of(name))

    assert text.startswith("v=0") or text.endswith(".")


def answered(offer: str, role: Role) -> str:
    """Return the answer, which is a session with one audio and nothing else open, or the refusal."""
    try:
        text = answer(offer, role)
    except BadOffer as refused:
        return str(refused)
    media = SessionDescription.parse(text).media
    assert [each.kind for each in media if each.port].count("audio") == 1
    assert len(media) <= sdp.MOST_SECTIONS
    return text


@settings(deadline=None)
@given(st.text(max_size=400), st.sampled_from(["speaker", "listener"]))
def test_any_text_is_answered_or_refused(text: str, role: Role) -> None:
    assert answered("v=0\r\n" + text, role)


def test_reduced_reports_are_agreed_to_where_they_are_offered() -> None:
    plain = CHROMIUM.replace("a=rtcp-rsize\r\n", "")
    with_them = plain.replace("a=rtcp-mux\r\n", "a=rtcp-mux\r\na=rtcp-rsize\r\n")

    assert not sdp.read(plain, "speaker").reduced
    assert sdp.read(with_them, "speaker").reduced
