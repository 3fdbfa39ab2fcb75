"""Offers read and answers written (RFC 8866, 8839, 8842, 8843, 9429), as an ICE-lite agent.

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
# OBS offers two, a browser that also shares its screen three; each is mirrored in the answer.
MOST_SECTIONS = 16
MOST_FINGERPRINTS = 8
# RFC 8445: the preference of a host candidate, component 1.
HOST_PRIORITY = 2_130_706_431

# Who is the client of DTLS (RFC 8842 5.3): whoever offers to be passive waits for us.
SETUPS = ("actpass", "active", "passive")
# The stronger ones last.
DIGESTS = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
WANTED = {"speaker": ("sendonly", "sendrecv"), "listener": ("recvonly", "sendrecv")}
GIVEN = {"speaker": "recvonly", "listener": "sendonly"}
# What bundled sections may leave to the first of their group (RFC 8843 7.1.3 and 9).
OF_A_GROUP = ("ice-ufrag", "fingerprint", "setup", "rtcp-mux", "rtcp-rsize")

_MEDIA = re.compile(r"m=([\w-]{1,32}) (\d{1,5})(?:/\d{1,5})? ([\w/.+-]{1,32}) ([!-~][ -~]{0,400})", re.ASCII)
# Each of these names means SRTP keyed by DTLS (RFC 9429 5.1.2), for without a fingerprint there is no answer.
_PROFILE = re.compile(r"(?:UDP/TLS/|TCP/DTLS/)?RTP/S?AVPF?", re.ASCII)
# RFC 7587 wants two channels named; offers without them are in the wild, and Opus is the same either way.
_RTPMAP = re.compile(r"(\d{1,3})\s+opus(/48000(?:/[12])?)", re.ASCII | re.IGNORECASE)
_TOKEN = re.compile(r"[\w!#$%&'*+.^`{|}~-]{1,64}", re.ASCII)
_ICE = re.compile(r"[A-Za-z0-9+/]{4,256}")
# Names of digests are the same in any case (RFC 8122 5).
_FINGERPRINT = re.compile(r"(sha-\d{3})\s+((?:[0-9A-F]{2}:){31,63}[0-9A-F]{2})", re.ASCII | re.IGNORECASE)


class Section(Struct, frozen=True):
    """One m-line: kind, port, transport profile, formats, and its attributes."""

    kind: str
    port: int
    profile: str
    formats: str
    attributes: dict[str, list[str]]

    def only(self, name: str, default: str = "") -> str:
        """Return the first value of an attribute."""
        return self.attributes.get(name, [default])[0].strip()


class Offer(Struct, frozen=True):
    """What we need of an offer."""

    ufrag: str
    fingerprints: tuple[tuple[str, str], ...]  # of its strongest digest: one of them must match later
    payload_type: int
    audio: int  # the index of the section that is taken
    sections: tuple[Section, ...]
    coding: str = "opus/48000/2"  # as offered, for an answer that names another is another
    reduced: bool = False  # reports may come alone (RFC 5506)
    passive: bool = False  # the peer waits for us to begin DTLS
    bundled: bool = False  # its audio is in a BUNDLE group


class LocalDescription(Struct, frozen=True):
    """Our side of one session."""

    ufrag: str
    password: str
    fingerprint: str
    addresses: tuple[str, ...]
    port: int
    ssrc: int
    name: str


def read(text: str, role: Role) -> Offer:
    """Return what an offer says: of its sections the first audio that can be taken. Raises `BadOffer`."""
    if len(text) > LONGEST_OFFER_BYTES or text.count("\n") > MOST_LINES:
        raise BadOffer("The offer is too long.")
    session, media = grouplines(text.lstrip("\ufeff\r\n"))
    if not session or session[0].strip() != "v=0":
        raise BadOffer("The offer is not a session description: it must begin with v=0.")
    if len(media) > MOST_SECTIONS:
        raise BadOffer(f"The offer has too many m-lines: at most {MOST_SECTIONS} are read.")
    shared = _attributes(session)
    sections = tuple(_section(lines, shared) for lines in media)
    group = _group(shared)
    refusals = []
    for at, section in enumerate(sections):
        if section.kind == "audio":
            try:
                return _read_audio(sections, at, group, role)
            except BadOffer as refusal:
                refusals.append(refusal)
    raise refusals[0] if refusals else BadOffer("The offer has no m-line for audio.")


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
    own = _attributes(lines[1:])
    if any(name in own for name in DIRECTIONS):
        shared = {name: values for name, values in shared.items() if name not in DIRECTIONS}
    section = Section(parts[1], int(parts[2]), parts[3], parts[4], {**shared, **own})
    if "mid" in section.attributes and not _TOKEN.fullmatch(section.only("mid")):
        raise BadOffer("The offer has a mid that is not a token.")
    return section


def _group(shared: dict[str, list[str]]) -> list[str]:
    """Return the mids of the BUNDLE group, the one that speaks for all first."""
    groups = (value.split() for value in shared.get("group", []))
    return next((mids for kind, *mids in filter(None, groups) if kind == "BUNDLE"), [])


def _read_audio(sections: tuple[Section, ...], at: int, group: list[str], role: Role) -> Offer:
    """Read one audio section. Raises `BadOffer` with what it lacks."""
    section, bundled = sections[at], sections[at].only("mid") in group
    if not section.port and not (bundled and "bundle-only" in section.attributes):
        raise BadOffer("The offer's m-line for audio is off: its port is 0.")
    if bundled:
        section = _grouped(section, sections, group[0])
    if not _PROFILE.fullmatch(section.profile):
        raise BadOffer("The offer's audio must use UDP/TLS/RTP/SAVPF.")
    if "rtcp-mux" not in section.attributes:
        raise BadOffer("The offer has no rtcp-mux: there is one port for all.")
    if _direction(section) not in WANTED[role]:
        raise BadOffer(f"A {role}'s offer must be {' or '.join(WANTED[role])}.")
    setup = section.only("setup", "actpass").lower()
    if setup not in SETUPS:
        raise BadOffer(f"The offer's setup must be {', '.join(SETUPS[:-1])} or {SETUPS[-1]}.")
    ufrag = section.only("ice-ufrag")
    if not _ICE.fullmatch(ufrag):
        raise BadOffer("The offer has no usable ice-ufrag.")
    payload_type, coding = _opus(section)
    return Offer(
        ufrag,
        _fingerprints(section),
        payload_type,
        at,
        sections,
        coding,
        reduced="rtcp-rsize" in section.attributes,
        passive=setup == "passive",
        bundled=bundled,
    )


def _grouped(section: Section, sections: tuple[Section, ...], first: str) -> Section:
    """Return a bundled section with what it leaves to the first of its group."""
    head = next((each.attributes for each in sections if each.only("mid") == first), {})
    lent = {name: head[name] for name in OF_A_GROUP if name in head}
    return Section(
        section.kind, section.port, section.profile, section.formats, {**lent, **section.attributes}
    )


def _direction(section: Section) -> str:
    return next((name for name in DIRECTIONS if name in section.attributes), "sendrecv")


def _fingerprints(section: Section) -> tuple[tuple[str, str], ...]:
    """Return the certificate fingerprints of the strongest digest there is (RFC 8122 5)."""
    found = []
    for value in section.attributes.get("fingerprint", []):
        parts = _FINGERPRINT.fullmatch(value.strip())
        if parts and DIGESTS.get(parts[1].lower(), 0) * 3 == len(parts[2]) + 1:
            found.append((parts[1].lower(), parts[2].upper()))
    if not found:
        raise BadOffer("The offer has no SHA-256 certificate fingerprint.")
    if len(found) > MOST_FINGERPRINTS:
        raise BadOffer(f"The offer has too many fingerprints: at most {MOST_FINGERPRINTS} are read.")
    strongest = max((name for name, _ in found), key=list(DIGESTS).index)
    return tuple(each for each in found if each[0] == strongest)


def _opus(section: Section) -> tuple[int, str]:
    """Return the payload type of Opus and its coding as offered."""
    offered = section.formats.split()
    for value in section.attributes.get("rtpmap", []):
        parts = _RTPMAP.fullmatch(value.strip())
        # 72 to 76 would read as RTCP (RFC 5761 4).
        if parts and parts[1] in offered and (35 <= int(parts[1]) < 64 or 96 <= int(parts[1]) < 128):
            return int(parts[1]), f"opus{parts[2]}"
    raise BadOffer("The offer has no Opus.")


def answer(offer: Offer, role: Role, local: LocalDescription) -> str:
    """Return our answer: ICE-lite, one port, Opus alone; sections in the order of the offer."""
    lines = ["v=0", f"o=- {local.ssrc} 1 {_network(local.addresses[0])}", "s=-", "t=0 0", "a=ice-lite"]
    if offer.bundled:
        lines.append(f"a=group:BUNDLE {offer.sections[offer.audio].only('mid')}")
    if role == "listener":
        lines.append(f"a=msid-semantic:WMS {local.name}")
    for at, section in enumerate(offer.sections):
        lines += _accepted(offer, section, role, local) if at == offer.audio else _declined(section)
    return "\r\n".join(lines) + "\r\n"


def _network(address: str) -> str:
    return f"IN IP{6 if ':' in address else 4} {address}"


def _mid(section: Section) -> list[str]:
    return [f"a=mid:{mid}"] if (mid := section.only("mid")) else []


def _declined(section: Section) -> list[str]:
    """Decline an m-line: port 0, out of every group (RFC 9429 5.3.1, RFC 8843 7.3.3)."""
    first = f"m={section.kind} 0 {section.profile} {section.formats}"
    return [first, "c=IN IP4 0.0.0.0", *_mid(section), "a=inactive"]


def _accepted(offer: Offer, section: Section, role: Role, local: LocalDescription) -> list[str]:
    return [
        f"m=audio {local.port} {section.profile} {offer.payload_type}",
        f"c={_network(local.addresses[0])}",
        *_mid(section),
        f"a={GIVEN[role]}",
        "a=rtcp-mux",
        *(["a=rtcp-rsize"] if offer.reduced else []),
        f"a=rtpmap:{offer.payload_type} {offer.coding}",
        *_sound(offer.payload_type, role, local),
        f"a=ice-ufrag:{local.ufrag}",
        f"a=ice-pwd:{local.password}",
        f"a=fingerprint:{local.fingerprint}",
        f"a=setup:{'active' if offer.passive else 'passive'}",
        *(
            f"a=candidate:{n} 1 udp {HOST_PRIORITY - n} {address} {local.port} typ host"
            for n, address in enumerate(local.addresses, 1)
        ),
        "a=end-of-candidates",
    ]


def _sound(payload_type: int, role: Role, local: LocalDescription) -> list[str]:
    """Ask a speaker for mono, 20 ms and DTX; name the stream to a listener."""
    if role == "speaker":
        wish = "minptime=10;useinbandfec=1;usedtx=1;maxaveragebitrate=32000;stereo=0"
        return [f"a=fmtp:{payload_type} {wish}", "a=ptime:20"]
    return [
        f"a=fmtp:{payload_type} minptime=10;useinbandfec=1",
        # Nobody offers it for audio; Chromium obeys it, others ignore it.
        f"a=rtcp-fb:{payload_type} nack",
        f"a=msid:{local.name} {local.name}",
        f"a=ssrc:{local.ssrc} cname:{local.name}",
    ]
