"""Offers read and answers written (RFC 8866, 8839, 8842, 9429), as an ICE-lite DTLS server.

Only the few attributes we obey are looked at. Candidates are never read: we answer checks and
send none, so an offer cannot point us at anybody.
"""

from __future__ import annotations

import re

from aiortc.sdp import grouplines
from msgspec import Struct

from server.rtc.media import BadOffer, Role

LONGEST_OFFER_BYTES = 16_384
# Chromium's audio offer has 40 lines; a hundred candidates more are still harmless.
MOST_LINES = 600
# RFC 8445: the preference of a host candidate, component 1.
HOST_PRIORITY = 2_130_706_431

SETUPS = ("actpass", "active")
DIGESTS = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
WANTED = {"speaker": ("sendonly", "sendrecv"), "listener": ("recvonly", "sendrecv")}
GIVEN = {"speaker": "recvonly", "listener": "sendonly"}

_MEDIA = re.compile(r"m=(\w{1,16}) (\d{1,5}) (UDP/TLS/RTP/SAVPF?|[A-Z/]{1,24}) ([\w. -]{1,400})", re.ASCII)
_RTPMAP = re.compile(r"(\d{1,3}) opus/48000/2", re.ASCII | re.IGNORECASE)
_TOKEN = re.compile(r"[\w!#$%&'*+.^`{|}~-]{1,64}", re.ASCII)
_ICE = re.compile(r"[A-Za-z0-9+/]{4,256}")
_FINGERPRINT = re.compile(r"(sha-\d{3}) ((?:[0-9A-Fa-f]{2}:){31,63}[0-9A-Fa-f]{2})")


class Section(Struct, frozen=True):
    """One m-line: kind, transport profile, formats, and its attributes."""

    kind: str
    profile: str
    formats: str
    attributes: dict[str, list[str]]


class Offer(Struct, frozen=True):
    """What we need of an offer."""

    ufrag: str
    fingerprints: tuple[tuple[str, str], ...]
    payload_type: int
    audio: int
    sections: tuple[Section, ...]
    reduced: bool = False  # reports may come alone (RFC 5506)


class Ours(Struct, frozen=True):
    """Our side of one session."""

    ufrag: str
    password: str
    fingerprint: str
    addresses: tuple[str, ...]
    port: int
    ssrc: int
    name: str


def read(text: str, role: Role) -> Offer:
    """Return what an offer says. Raises `BadOffer` with a sentence."""
    if len(text) > LONGEST_OFFER_BYTES or text.count("\n") > MOST_LINES:
        raise BadOffer("The offer is too long.")
    session, media = grouplines(text)
    if not session or session[0].strip() != "v=0":
        raise BadOffer("The offer is not a session description.")
    if len(media) > 2:
        raise BadOffer("The offer has too many m-lines: one for audio is wanted.")
    shared = _attributes(session)
    sections = tuple(_section(lines, shared) for lines in media)
    audio = _audio(sections, role)
    return _read_audio(sections, audio, role)


def _attributes(lines: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("a="):
            name, _, value = line[2:].strip().partition(":")
            found.setdefault(name, []).append(value)
    return found


def _section(lines: list[str], shared: dict[str, list[str]]) -> Section:
    parts = _MEDIA.fullmatch(lines[0].strip())
    if parts is None:
        raise BadOffer("The offer has an m-line that cannot be read.")
    kind, _, profile, formats = parts.groups()
    return Section(kind, profile, formats, {**shared, **_attributes(lines[1:])})


def _audio(sections: tuple[Section, ...], role: Role) -> int:
    """Return the index of the one audio m-line.

    Most players ask for a video, too, without knowing what there is: it will be declined. A
    speaker's would be sent for nothing.
    """
    kinds = [section.kind for section in sections]
    declined = ("video",) if role == "listener" else ()
    if kinds.count("audio") != 1 or any(kind not in ("audio", *declined) for kind in kinds):
        raise BadOffer("The offer must have exactly one m-line for audio, and no other.")
    return kinds.index("audio")


def _read_audio(sections: tuple[Section, ...], at: int, role: Role) -> Offer:
    section = sections[at]
    if not section.profile.startswith("UDP/TLS/RTP/SAVP") or "rtcp-mux" not in section.attributes:
        raise BadOffer("The offer must use UDP/TLS/RTP/SAVPF and rtcp-mux.")
    if _only(section, "setup", "actpass") not in SETUPS:
        raise BadOffer("The offer must let us be the passive side of DTLS (setup:actpass).")
    if _direction(section) not in WANTED[role]:
        raise BadOffer(f"A {role}'s offer must be {' or '.join(WANTED[role])}.")
    ufrag = _only(section, "ice-ufrag", "")
    if not _ICE.fullmatch(ufrag):
        raise BadOffer("The offer has no usable ice-ufrag.")
    for each in sections:
        _check_mid(each)
    reduced = "rtcp-rsize" in section.attributes
    return Offer(ufrag, _fingerprints(section), _payload_type(section), at, sections, reduced)


def _only(section: Section, name: str, default: str) -> str:
    return section.attributes.get(name, [default])[0]


def _direction(section: Section) -> str:
    names = ("sendrecv", "sendonly", "recvonly", "inactive")
    return next((name for name in names if name in section.attributes), "sendrecv")


def _check_mid(section: Section) -> None:
    mid = section.attributes.get("mid")
    if mid is not None and not _TOKEN.fullmatch(mid[0]):
        raise BadOffer("The offer has a mid that is not a token.")


def _fingerprints(section: Section) -> tuple[tuple[str, str], ...]:
    """Return the certificate fingerprints that are strong enough; every one must match later."""
    found = []
    for value in section.attributes.get("fingerprint", []):
        parts = _FINGERPRINT.fullmatch(value.strip())
        if parts and DIGESTS.get(parts[1].lower(), 0) * 3 == len(parts[2]) + 1:
            found.append((parts[1].lower(), parts[2].upper()))
    if not 1 <= len(found) <= 8:
        raise BadOffer("The offer has no SHA-256 certificate fingerprint.")
    return tuple(found)


def _payload_type(section: Section) -> int:
    """Return the payload type of Opus (RFC 7587: always 48000/2)."""
    offered = section.formats.split()
    for value in section.attributes.get("rtpmap", []):
        parts = _RTPMAP.fullmatch(value.strip())
        # 72 to 76 would read as RTCP (RFC 5761 4).
        if parts and parts[1] in offered and (35 <= int(parts[1]) < 64 or 96 <= int(parts[1]) < 128):
            return int(parts[1])
    raise BadOffer("The offer has no Opus.")


def answer(offer: Offer, role: Role, ours: Ours) -> str:
    """Return our answer: passive, ICE-lite, one port, Opus alone."""
    lines = ["v=0", f"o=- {ours.ssrc} 1 {_network(ours.addresses[0])}", "s=-", "t=0 0", "a=ice-lite"]
    mid = _only(offer.sections[offer.audio], "mid", "")
    if mid:
        lines.append(f"a=group:BUNDLE {mid}")
    if role == "listener":
        lines.append(f"a=msid-semantic:WMS {ours.name}")
    for at, section in enumerate(offer.sections):
        lines += _accepted(offer, section, role, ours) if at == offer.audio else _declined(section)
    return "\r\n".join(lines) + "\r\n"


def _network(address: str) -> str:
    return f"IN IP{6 if ':' in address else 4} {address}"


def _mid(section: Section) -> list[str]:
    return [f"a=mid:{mid}"] if (mid := _only(section, "mid", "")) else []


def _declined(section: Section) -> list[str]:
    """Decline an m-line: port 0 (RFC 9429 5.3.1)."""
    first = f"m={section.kind} 0 {section.profile} {section.formats}"
    return [first, "c=IN IP4 0.0.0.0", *_mid(section), "a=inactive"]


def _accepted(offer: Offer, section: Section, role: Role, ours: Ours) -> list[str]:
    return [
        f"m=audio {ours.port} {section.profile} {offer.payload_type}",
        f"c={_network(ours.addresses[0])}",
        *_mid(section),
        f"a={GIVEN[role]}",
        "a=rtcp-mux",
        *(["a=rtcp-rsize"] if offer.reduced else []),
        f"a=rtpmap:{offer.payload_type} opus/48000/2",
        *_sound(offer.payload_type, role, ours),
        f"a=ice-ufrag:{ours.ufrag}",
        f"a=ice-pwd:{ours.password}",
        f"a=fingerprint:{ours.fingerprint}",
        "a=setup:passive",
        *(
            f"a=candidate:{n} 1 udp {HOST_PRIORITY - n} {address} {ours.port} typ host"
            for n, address in enumerate(ours.addresses, 1)
        ),
        "a=end-of-candidates",
    ]


def _sound(payload_type: int, role: Role, ours: Ours) -> list[str]:
    """Ask a speaker for mono, 20 ms and DTX; name the stream to a listener."""
    if role == "speaker":
        wish = "minptime=10;useinbandfec=1;usedtx=1;maxaveragebitrate=32000;stereo=0"
        return [f"a=fmtp:{payload_type} {wish}", "a=ptime:20"]
    return [
        f"a=fmtp:{payload_type} minptime=10;useinbandfec=1",
        # Nobody offers it for audio; Chromium obeys it, others ignore it.
        f"a=rtcp-fb:{payload_type} nack",
        f"a=msid:{ours.name} {ours.name}",
        f"a=ssrc:{ours.ssrc} cname:{ours.name}",
    ]
