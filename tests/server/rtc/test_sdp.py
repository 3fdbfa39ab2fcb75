"""Offers of real browsers and GStreamer, and what hostile ones become (H2)."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given, settings
from hypothesis import strategies as st

from server.rtc import sdp
from server.rtc.media import BadOffer, Role

OFFERS = {
    path.stem: path.read_bytes().decode() for path in sorted(Path(__file__).parent.glob("offers/*.sdp"))
}
OURS = sdp.Ours("ufrag", "password" * 4, "sha-256 AA:BB", ("203.0.113.9",), 8081, 42, "wonder")
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


@pytest.mark.parametrize("first", [True, False])
def test_a_video_that_a_listener_asks_for_is_declined(first: bool) -> None:
    start, _, audio = CHROMIUM.partition("m=audio")
    parts = [VIDEO, "m=audio" + audio] if first else ["m=audio" + audio, VIDEO]

    text = answer(start + "".join(parts), "listener")

    media = SessionDescription.parse(text).media
    assert [each.kind for each in media] == (["video", "audio"] if first else ["audio", "video"])
    assert [each.port for each in media] == ([0, 8081] if first else [8081, 0])
    assert "a=group:BUNDLE 0\r\n" in text


@pytest.mark.parametrize(
    ("offer", "sentence"),
    [
        ("", "not a session description"),
        ("hello", "not a session description"),
        ("v=0\r\n", "exactly one m-line"),
        (CHROMIUM + VIDEO + VIDEO, "too many m-lines"),
        (CHROMIUM + VIDEO, "exactly one m-line"),
        (CHROMIUM + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", "m-line"),
        (CHROMIUM + CHROMIUM[CHROMIUM.index("m=audio") :], "exactly one m-line"),
        (CHROMIUM.replace("opus/48000/2", "PCMU/8000"), "no Opus"),
        (CHROMIUM.replace("a=setup:actpass", "a=setup:passive"), "passive side"),
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
    """P23: no second media line, no data channel, no video decoder."""
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
    assert len(media) <= 2
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
