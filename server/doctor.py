"""`wonder doctor`: can this machine serve the space, and if not, what to do."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import apsw
import av
import msgspec
import numpy as np
from msgspec import Struct

from games import characters
from server import tls
from server.blobs.base import Denied
from server.clip_storage import is_remote, open_remote
from server.clock import EARLIEST_MS
from server.config import TOKEN_CHARACTERS, BadSetting, Config
from server.engines import models
from server.engines.open import NOTHING_SPEAKS, described, open_speech
from server.engines.open_text import EXTRA, open_openai
from server.engines.speech import Speech
from server.engines.tally import Tally
from server.engines.text import Request
from server.engines.worker import EngineFailed
from server.log.base import Damaged, Unusable
from server.log.schema import SQLITE_AT_LEAST
from server.log_storage import weaknesses
from server.places import nats
from server.rtc import discover, udp

State = Literal["fine", "doubtful", "broken"]
# Below this new clips may soon not be kept; a clip is about 20 KB.
FREE_LEAST_BYTES, FREE_GOOD_BYTES = 100_000_000, 1_000_000_000
FILES_GOOD = 1_024
MODELS_TOLD = 5  # of those that a server names
_MARKS: dict[State, str] = {"fine": "ok  ", "doubtful": "hm  ", "broken": "NO  "}


class Check(Struct, frozen=True):
    """One thing looked at: how it is, and what to do when it is not fine."""

    name: str
    state: State
    found: str
    advice: str = ""


def examine(config: Config) -> list[Check]:
    """Look at everything and return what was found."""
    return [check(config) for check in _CHECKS]


def as_text(checks: list[Check]) -> str:
    """Return the checks as lines for people."""
    lines = []
    for check in checks:
        lines.append(f"{_MARKS[check.state]}{check.name}: {check.found}")
        if check.advice:
            lines.append(f"      -> {check.advice}")
    broken = sum(check.state == "broken" for check in checks)
    lines.append("All is well." if not broken else f"{broken} of {len(checks)} must be put right first.")
    return "\n".join(lines)


def as_json(checks: list[Check]) -> str:
    """Return the checks as JSON for programs."""
    return msgspec.json.encode({"checks": checks}).decode()


def _python(_: Config) -> Check:
    return Check("Python", "fine", ".".join(map(str, sys.version_info[:3])))


def _tcp_port(config: Config) -> Check:
    return _port(config.host, config.port, socket.SOCK_STREAM, "TCP port", "--port")


def _udp_port(config: Config) -> Check:
    """Try the ports of all media workers, on the address where the server listens for voices."""
    host = udp.bind_address(config.host)
    numbers = range(max(1, config.media_workers)) if config.udp_port else (0,)
    ports = (config.udp_port + number for number in numbers)
    checks = [_port(host, port, socket.SOCK_DGRAM, "UDP port", "--udp-port") for port in ports]
    return next((check for check in checks if check.state != "fine"), checks[0])


def _port(host: str, port: int, kind: socket.SocketKind, name: str, flag: str) -> Check:
    try:
        family, *_, address = min(
            socket.getaddrinfo(host, port, type=kind), key=lambda entry: entry[0] != socket.AF_INET
        )
        with socket.socket(family, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        sentence = f"{host}:{port} cannot be had ({error.strerror or error})"
        advice = f"Choose another one with {flag}, or 0 for any; check --host."
        if error.errno == errno.EADDRINUSE:
            advice = (
                f"If that is this server, it runs already; else choose another one with {flag}, or 0 for any."
            )
        return Check(name, "broken", sentence, advice)
    return Check(name, "fine", f"{host}:{port} is free" if port else "any free one")


def _udp(_: Config) -> Check:
    """Send a datagram to ourselves, as large as media packets get."""
    sent = os.urandom(1_200)
    try:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
        ):
            one.bind(("127.0.0.1", 0))
            one.settimeout(2)
            other.sendto(sent, one.getsockname())
            passed = one.recv(2_048) == sent
    except OSError:
        passed = False
    if passed:
        return Check("UDP", "fine", "datagrams pass on this machine")
    return Check("UDP", "broken", "datagrams do not pass even on this machine", "Look at its firewall.")


def _public_address(config: Config) -> Check:
    name, addresses = "Address for voices", tls.lan_addresses()
    if config.public_ip == discover.AUTO:
        return _found_address(config)
    if config.public_ip:
        return Check(name, "fine", f"{config.public_ip} (--public-ip)")
    if config.host in ("127.0.0.1", "::1", "localhost"):
        return Check(
            name, "fine", _own(udp.bind_address(config.host)), "For others start with --host 0.0.0.0."
        )
    if not addresses:
        return Check(name, "doubtful", "none is known", "Say it with --public-ip.")
    if ip_address(addresses[0]).is_private:
        advice = "If visitors come from the internet, say your public address with --public-ip."
        return Check(name, "doubtful", f"{addresses[0]} is reached in your own network only", advice)
    return Check(name, "fine", addresses[0])


def _own(host: str) -> str:
    """Say who reaches the port of a server whose pages are for this machine only."""
    if ip_address(host).is_loopback:
        return "this machine only"
    return f"{host}, for browsers on this machine; others on your network reach the port, and get no answer"


def _found_address(config: Config) -> Check:
    """Look for the address as the server would, the STUN server included."""
    name = "Address for voices"
    if not config.stun_server:
        found = asyncio.run(discover.public_ip(config.host, discover.AUTO))
        advice = (
            "Visitors from the internet reach it only if no router translates it; else name a --stun-server."
        )
        state: State = "fine" if found and not ip_address(found.split(",")[0]).is_private else "doubtful"
        return Check(
            name, state, f"{found or 'none'} (this machine's own)", "" if state == "fine" else advice
        )
    said = asyncio.run(discover.ask(*discover.split(config.stun_server)))
    if not said:
        advice = "Name another --stun-server, let UDP out, or say the address with --public-ip."
        return Check(name, "broken", f"{config.stun_server} says none", advice)
    return Check(name, "fine", f"{','.join(said)} (said by {config.stun_server})")


def _disk(config: Config) -> Check:
    if config.log == "memory":
        return Check("Disk", "fine", "not used: all is forgotten at the end (--log memory)")
    try:
        config.data.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=config.data) as file:
            file.write(b"wonder")
            file.flush()
            os.fsync(file.fileno())
        free_bytes = shutil.disk_usage(config.data).free
    except OSError as error:
        sentence = f"{config.data} cannot be written ({error.strerror})"
        return Check("Disk", "broken", sentence, "Make that folder writable, or choose one with --data.")
    return _space(config.data, free_bytes)


def _space(folder: Path, free_bytes: int) -> Check:
    sentence = f"{free_bytes / 1e9:.1f} GB free in {folder}"
    if free_bytes < FREE_LEAST_BYTES:
        return Check("Disk", "broken", sentence, "Make room: new clips could not be kept.")
    if free_bytes < FREE_GOOD_BYTES:
        return Check("Disk", "doubtful", sentence, "Make room soon: a clip takes about 20 KB.")
    return Check("Disk", "fine", sentence)


def _codecs(_: Config) -> Check:
    try:
        frames = _through_opus()
        av.codec.Codec("aac", "w")
    except (av.error.FFmpegError, ValueError, OSError) as error:
        advice = "Install the wheel of the package `av` anew; it brings Opus and AAC along."
        return Check("Codecs", "broken", f"Opus or AAC do not work ({error})", advice)
    if not frames:
        return Check("Codecs", "broken", "Opus gives no sound", "Install the package `av` anew.")
    return Check("Codecs", "fine", f"Opus and AAC, PyAV {av.__version__}")


def _through_opus() -> int:
    """Encode and decode 100 ms of a tone; return how many samples came back."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "s16"
    decoder = av.CodecContext.create("opus", "r")
    assert isinstance(decoder, av.AudioCodecContext)
    tone = (np.sin(np.arange(960) * 0.1) * 9_000).astype(np.int16).reshape(1, -1)
    packets = []
    for number in range(5):
        frame = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, number * 960
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return sum(frame.samples for packet in packets for frame in decoder.decode(packet))


def _sqlite(_: Config) -> Check:
    version = apsw.sqlite_lib_version()
    if tuple(map(int, version.split("."))) < SQLITE_AT_LEAST:
        return Check("SQLite", "broken", f"{version} can lose data", "Install a newer package `apsw`.")
    return Check("SQLite", "fine", version)


def _log(config: Config) -> Check:
    """Open the log where it is in NATS, and look what that cannot promise."""
    if nats(config.log) is None:
        return Check("Log", "fine", config.log)
    try:
        weak = asyncio.run(weaknesses(config))
    except Unusable as unusable:
        return Check("Log", "broken", str(unusable))
    if weak:
        state: State = "broken" if config.strict == "on" else "doubtful"
        return Check("Log", state, " ".join(weak), "What was acknowledged may be lost like this.")
    return Check("Log", "fine", "in NATS, which keeps what is promised")


def _clips(config: Config) -> Check:
    """Store, read and delete something where clips go."""
    if not is_remote(config):
        return Check("Clips", "fine", "in the log")
    try:
        doubts = asyncio.run(_kept(config))
    except Unusable as unusable:
        return Check("Clips", "broken", str(unusable))
    except (Denied, Damaged) as why:
        return Check("Clips", "broken", str(why), "The server does not start like this.")
    except OSError as away:
        advice = "Until it does, new clips wait on the disk, and old ones are not heard."
        return Check("Clips", "doubtful", str(away), advice)
    if doubts:
        return Check("Clips", "doubtful", "; ".join(doubts), "Change that in the storage of clips.")
    return Check("Clips", "fine", f"stored, read and deleted in {config.blobs}")


async def _kept(config: Config) -> list[str]:
    remote = await open_remote(config)
    try:
        return await remote.check()
    finally:
        await remote.close()


def _clock(_: Config) -> Check:
    now = datetime.now(UTC)
    if now.timestamp() * 1000 < EARLIEST_MS:
        return Check(
            "Clock", "broken", f"it shows {now:%Y-%m-%d}", "Set the clock; a time service keeps it right."
        )
    before, wall_s = time.monotonic(), time.time()
    time.sleep(0.05)
    drift_s = abs((time.time() - wall_s) - (time.monotonic() - before))
    if drift_s > 0.02:
        advice = "Something sets the clock right now; look again in a minute."
        return Check("Clock", "doubtful", f"it jumped by {drift_s * 1000:.0f} ms", advice)
    return Check("Clock", "fine", f"{now:%Y-%m-%d %H:%M} UTC")


def _files(_: Config) -> Check:
    import resource  # noqa: PLC0415 - not on every platform

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < FILES_GOOD:
        advice = "Raise the limit (`ulimit -n`): every visitor takes one."
        return Check("Open files", "doubtful", f"at most {hard}", advice)
    return Check("Open files", "fine", "no limit" if hard == resource.RLIM_INFINITY else f"up to {hard}")


def _tls(config: Config) -> Check:
    if config.tls == "off":
        if config.host in ("127.0.0.1", "::1", "localhost") or config.public_url.startswith("https:"):
            return Check("TLS", "fine", "off, and not needed here")
        advice = "Browsers give no microphone to http pages of other machines: --tls self-signed, or a proxy."
        return Check("TLS", "doubtful", "off", advice)
    try:
        tls.context(config)
        if config.tls == "self-signed":
            return Check("TLS", "fine", "self-signed; browsers will warn once")
        days = (tls.expiry(Path(config.tls.split(",")[0])) - datetime.now(UTC)).days
    except (BadSetting, OSError, ValueError, ssl.SSLError) as error:
        return Check("TLS", "broken", str(error), "Give the files of a certificate and its key as CERT,KEY.")
    return _lasting(days)


def _lasting(days: int) -> Check:
    if days < 0:
        return Check("TLS", "broken", "the certificate is no longer valid", "Renew it.")
    if days < tls.RENEW_DAYS:
        return Check("TLS", "doubtful", f"the certificate ends in {days} days", "Renew it soon.")
    return Check("TLS", "fine", f"the certificate is good for {days} days")


def _captions(config: Config) -> Check:
    if config.captions == "off":
        return Check("Captions", "fine", "off")
    try:
        model = models.find(config.captions, config.data)
    except models.NoModel as missing:
        return Check("Captions", "doubtful", f"off, for {missing.found}", missing.advice)
    spoken = "English" if model.languages == {"en"} else f"{len(model.languages)} languages"
    return Check("Captions", "fine", f"{model.name}, {model.bytes / 1e6:.0f} MB, reads {spoken}")


def _speech(config: Config) -> Check:
    """Let the engine say a word, as the server would."""
    if config.speech == "off":
        return Check("Speech", "fine", "off: rooms are not spoken to")
    advice = "Rooms work without it; `make run` brings eSpeak NG along, or choose another --speech."
    engine = open_speech(config.speech)
    if engine is None:
        return Check("Speech", "doubtful", f"off: {NOTHING_SPEAKS}", advice)
    try:
        said_ms = asyncio.run(_said_ms(engine))
    except EngineFailed as failed:
        return Check("Speech", "doubtful", f"{config.speech} does not speak: {failed}", advice)
    return Check("Speech", "fine", f"{described(config.speech)} says a word in {said_ms} ms")


async def _said_ms(engine: Speech) -> int:
    begun_s = time.monotonic()
    try:
        if await engine.say("Wonder", "en") is None and await engine.say("Wunder", "de") is None:
            raise EngineFailed("it has neither an English nor a German voice.")
    finally:
        await engine.close()
    return round((time.monotonic() - begun_s) * 1000)


def _host(config: Config) -> Check:
    """Let the model write a line, as the server would."""
    if config.host_engine != "openai":
        found = (
            "off: no room has a character" if config.host_engine == "off" else "embedded: no model is asked"
        )
        return Check("Host", "fine", found)
    try:
        found, advice = asyncio.run(_written(config))
    except EngineFailed as failed:
        advice = "Until it does, `embedded` writes. Look at --host-url, --host-model and --host-key."
        if "not installed" in str(failed):
            advice = f"Until then `embedded` writes. {EXTRA}"
        return Check("Host", "doubtful", f"{config.host_model} does not write: {failed}", advice)
    return Check("Host", "doubtful" if advice else "fine", f"{config.host_model} {found}", advice)


async def _written(config: Config) -> tuple[str, str]:
    """Return what came of a line, and advice where it may be better. Raises `EngineFailed`."""
    engine = open_openai(config.host_url, config.host_model, config.host_key, Tally())
    begun_s = time.monotonic()
    try:
        line = await engine.write(Request("greet", characters.of_kind("wonder"), "en", name="Violet Otter"))
        took_ms = round((time.monotonic() - begun_s) * 1000)
        if line is None:
            there = ", ".join((await engine.models())[:MODELS_TOLD])
            return "writes nothing that may be said", f"Take one that chats, of {there or 'another server'}."
    finally:
        await engine.close()
    is_read = config.host_url.startswith("http:") and not _is_near(urlsplit(config.host_url).hostname or "")
    advice = "What is said in rooms, and the key, can be read on its way: take https." if is_read else ""
    return f"writes a line in {took_ms} ms", advice


# Names that no public network knows.
NEAR_SUFFIXES = (".local", ".lan", ".internal", ".home.arpa", ".localhost")


def _is_near(host: str) -> bool:
    """Return whether a host is on this machine or in its network."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.rstrip(".").endswith(NEAR_SUFFIXES)


def _push(config: Config) -> Check:
    if config.push == "off":
        return Check("Push", "fine", "off: nobody is woken")
    if config.push == "private":
        advice = "--push on, unless this is a test: visitors may name machines of your own network."
        return Check("Push", "doubtful", "on, for push services of private networks too", advice)
    if not config.push_contact and not config.public_url.startswith("https:"):
        advice = "Say --push-contact mailto:YOU or an https --public-url: Apple wakes nobody without."
        return Check("Push", "fine", "on, without an address of yours", advice)
    return Check("Push", "fine", "on: visitors may ask to be woken")


def _admin(config: Config) -> Check:
    if config.admin_token and len(config.admin_token) < TOKEN_CHARACTERS:
        advice = f"Take {TOKEN_CHARACTERS} random characters or more."
        return Check("Admin token", "doubtful", "short enough to be guessed", advice)
    return Check("Admin token", "fine", "set" if config.admin_token else "none: nobody is admin")


_CHECKS: tuple[Callable[[Config], Check], ...] = (
    _python,
    _tcp_port,
    _udp_port,
    _udp,
    _public_address,
    _disk,
    _codecs,
    _sqlite,
    _log,
    _clips,
    _clock,
    _files,
    _tls,
    _captions,
    _speech,
    _host,
    _push,
    _admin,
)
