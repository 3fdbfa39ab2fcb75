"""All settings in one frozen value: their names, defaults and bounds, and what makes a bad one.

Where values come from is in `options.py`.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import msgspec
from msgspec import Meta, Struct

from audio.take import LONGEST_CLIP_MS
from server.places import is_stun, wrong, wrong_log, wrong_model, wrong_site

HOUSE_LANGUAGES = ("en", "de")
TOKEN_CHARACTERS = 22  # 128 bits in base64url


class BadSetting(ValueError):
    """A setting is wrong or unknown; the sentence names it."""


_MS = {"unit": "ms"}


def _meta(sentence: str) -> Meta:
    return Meta(description=sentence, extra={"unit": ""})


def _port(sentence: str) -> Meta:
    return Meta(description=sentence, extra={"unit": ""}, ge=0, le=65_535)


def _bytes(sentence: str) -> Meta:
    return Meta(description=sentence, extra={"unit": "bytes"}, ge=1)


def _ms(sentence: str) -> Meta:
    return Meta(description=sentence, extra=_MS, ge=1)


def _count(sentence: str) -> Meta:
    return Meta(description=sentence, extra={"unit": ""}, ge=1)


def _cents(sentence: str) -> Meta:
    return Meta(description=sentence, extra={"unit": "cents"}, ge=0)


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set, with its default."""

    host: Annotated[str, _meta("Address on which pages and the API are served.")] = "127.0.0.1"
    port: Annotated[int, _port("TCP port of pages and API; 0 picks a free one.")] = 8080
    udp_port: Annotated[int, _port("UDP port of all voices; 0 picks a free one.")] = 8081
    public_ip: Annotated[
        str,
        _meta(
            "Addresses, by comma, that browsers send their voice to; `auto` asks `--stun-server` or the "
            "machine's own routes; empty takes the one served on."
        ),
    ] = ""
    stun_server: Annotated[
        str, _meta("HOST:PORT of the STUN server that `--public-ip auto` asks; empty asks nobody.")
    ] = ""
    public_url: Annotated[
        str, _meta("Address of the site as visitors see it, behind a proxy; empty takes each request's own.")
    ] = ""
    data: Annotated[Path, _meta("Folder of log, clips and self-signed certificate.")] = Path("data")
    log: Annotated[
        str,
        _meta(
            "Where events go: `sqlite` (in the data folder), `memory`, or servers of NATS, "
            "`nats://HOST:PORT[,HOST:PORT][?monitor=http://HOST:PORT]`, which need `make extras`."
        ),
    ] = "sqlite"
    strict: Annotated[
        str, _meta("`on` refuses a log in NATS that cannot keep what is promised, `off` warns of it.")
    ] = "off"
    blobs: Annotated[
        str,
        _meta(
            "Where clips go: `log` (committed with their events; if those are in NATS, `nats`), `memory` "
            "(with `--log memory`), `nats`, or `s3://BUCKET[/PREFIX]`; the last two need `make extras`."
        ),
    ] = "log"
    s3_endpoint: Annotated[str, _meta("Address of the S3 server of `--blobs`; empty is Amazon's.")] = ""
    s3_region: Annotated[str, _meta("Region of that bucket; empty is `us-east-1`.")] = ""
    s3_key: Annotated[str, _meta("Access key of that bucket; empty asks the machine's own role.")] = ""
    s3_secret: Annotated[str, _meta("Secret of that key.")] = ""
    blobs_url: Annotated[str, _meta("Address of a CDN before that bucket, for clips of public rooms.")] = ""
    spool_bytes: Annotated[int, _bytes("Disk for clips whose storage is away; more get 503.")] = 64_000_000
    tls: Annotated[str, _meta("`off`, `self-signed`, or the files `CERT,KEY` (PEM).")] = "off"
    house_rooms: Annotated[
        str, _meta("Languages, by comma (`en`, `de`), that have a public room from the start; empty is none.")
    ] = "en,de"
    captions: Annotated[
        str,
        _meta("Model that writes captions: `off`, a name (`tiny`, `base`) or a folder; needs `make extras`."),
    ] = "off"
    caption_workers: Annotated[
        int,
        Meta(
            description="Processes that write captions, one core and the memory of a model each.",
            extra={"unit": ""},
            ge=1,
            le=16,
        ),
    ] = 1
    speech: Annotated[
        str,
        _meta(
            "What speaks on the radio: `auto` (eSpeak NG if it is there, else nothing), `off`, `espeak`, "
            "`piper:DIR` (a folder of voices; needs `make extras`), or the URL of a server's "
            "`/v1/audio/speech`."
        ),
    ] = "auto"
    telegram_token: Annotated[
        str,
        _meta("Token of the Telegram bot, from @BotFather; empty means no bot. Needs `make extras`."),
    ] = ""
    telegram_webhook: Annotated[
        str,
        _meta(
            "Address (https) of this server to which Telegram sends what the bot gets; empty polls, which "
            "needs no public address."
        ),
    ] = ""
    telegram_api: Annotated[
        str, _meta("Address of the Bot API; empty is Telegram's own (for tests, and servers of one's own).")
    ] = ""
    host_engine: Annotated[
        str,
        _meta(
            "What writes the lines of a room's character: `off`, `embedded` (needs nothing), or `openai`, a "
            "server with OpenAI's interface (needs `make extras`); where that has no line, `embedded` writes."
        ),
    ] = "embedded"
    host_url: Annotated[
        str,
        _meta(
            "With `--host-engine openai`: address of its interface, as in `http://127.0.0.1:11434/v1`. What "
            "is said in rooms with a character is sent there."
        ),
    ] = ""
    host_model: Annotated[
        str, _meta("With `--host-engine openai`: name of the model; one that answers without thinking first.")
    ] = ""
    host_key: Annotated[str, _meta("With `--host-engine openai`: its key; empty where it needs none.")] = ""
    host_prompt_cents: Annotated[
        int, _cents("Price of a million tokens that are sent to the model; 0 counts no cost.")
    ] = 0
    host_answer_cents: Annotated[
        int, _cents("Price of a million tokens that the model writes; 0 counts no cost.")
    ] = 0
    push: Annotated[
        str,
        _meta(
            "Whether visitors may be woken by Web Push when somebody speaks: `on`, `off`, or `private`, "
            "which also asks push services of private networks, and by http (for tests)."
        ),
    ] = "on"
    push_contact: Annotated[
        str, _meta("Address (`mailto:`, `https:`) of the host, for push services; empty: `--public-url`.")
    ] = ""
    admin_token: Annotated[
        str, _meta("Bearer token of the admin, at least 22 characters; empty means no admin.")
    ] = ""
    trusted_proxies: Annotated[
        str,
        _meta("Addresses or networks, by comma, whose `X-Forwarded-*` and `Forwarded` headers are believed."),
    ] = ""
    upload_bytes: Annotated[int, _bytes("Largest upload of a clip.")] = 1_000_000
    sdp_bytes: Annotated[int, _bytes("Largest offer.")] = 16_384
    json_bytes: Annotated[int, _bytes("Largest JSON body.")] = 16_384
    header_timeout_ms: Annotated[
        int, _ms("Time for a request to complete its headers, else its connection is closed.")
    ] = 10_000
    idle_timeout_ms: Annotated[
        int,
        _ms("Time for which an idle connection is kept; longer than any proxy in front keeps its own."),
    ] = 150_000
    body_timeout_ms: Annotated[int, _ms("Time for a request to complete its body.")] = 10_000
    connections: Annotated[
        int,
        _count("Most TCP connections at once (the open-files limit counts too); more get 503."),
    ] = 20_000
    sockets: Annotated[int, _count("Most WebSockets at once.")] = 10_000
    sockets_per_address: Annotated[int, _count("Most WebSockets from one address.")] = 1_500
    peers: Annotated[int, _count("Most WebRTC peers at once.")] = 8_000
    peers_per_address: Annotated[int, _count("Most WebRTC peers from one address.")] = 200
    media_workers: Annotated[
        int,
        Meta(
            description="Processes that own the peers, on `udp_port` and the ports after it; 0 keeps them in"
            " the main process.",
            extra={"unit": ""},
            ge=0,
            le=64,
        ),
    ] = 0
    live_delay_ms: Annotated[
        int,
        Meta(
            description="In rooms that are heard live: how far behind the speaker.",
            extra=_MS,
            ge=20,
            le=2_000,
        ),
    ] = 100
    limits: Annotated[
        str, _meta("`on`, or `off` for load tests: how much one voice and one address may ask for.")
    ] = "on"
    rooms_per_hour: Annotated[int, _count("Rooms that one network may open in an hour.")] = 30
    joins_per_minute: Annotated[int, _count("Sockets that one network may open in a minute.")] = 1_800
    asides_per_minute: Annotated[
        int, _count("Takes that a voice may begin out of turn in a minute; a network three times as many.")
    ] = 3
    lines_per_minute: Annotated[
        int, _count("Lines of chat in a room in a minute; when more come, it is slow for 30 s.")
    ] = 60
    reactions_per_minute: Annotated[int, _count("Reactions in a room in a minute.")] = 600
    mask_previews_per_minute: Annotated[
        int, _count("How often a visitor may try a mask in a minute; a network 30 times as often.")
    ] = 20
    clip_longest_ms: Annotated[int, _ms("Longer takes are cut, also where the room's kind allows more.")] = (
        LONGEST_CLIP_MS
    )
    room_idle_ms: Annotated[
        int, _ms("A room in which nothing happens falls asleep after this time, also under open sockets.")
    ] = 60_000
    drain_timeout_ms: Annotated[
        int, Meta(description="Time for running takes to finish at the end.", extra=_MS, ge=1, le=15_000)
    ] = 15_000
    finish_workers: Annotated[int, _count("Processes that finish takes.")] = 1
    recordings: Annotated[int, _count("Evenings written as one file at once; more get 503.")] = 4
    m4a_cache_bytes: Annotated[int, _bytes("Memory for clips that were turned into AAC.")] = 8_000_000

    def __repr__(self) -> str:
        """Return all settings but the secrets: this may stand in a trace."""
        shown = ((name, "..." if name in SECRETS else getattr(self, name)) for name in NAMES)
        return f"Config({', '.join(f'{name}={value!r}' for name, value in shown)})"


NAMES: tuple[str, ...] = Config.__struct_fields__
_HINTS: dict[str, Any] = get_type_hints(Config, include_extras=True)
# What is better read from a file than left in the environment.
SECRETS = ("admin_token", "telegram_token", "host_key", "s3_key", "s3_secret")
DEFAULTS: dict[str, Any] = dict(zip(NAMES, Config.__struct_defaults__, strict=True))


def meta(name: str) -> Meta:
    """Return what is known of a setting: description, bounds, `extra['unit']`."""
    found: Meta = get_args(_HINTS[name])[1]
    return found


def flag(name: str) -> str:
    """Return the command line's form of a setting's name, as in `--udp-port`."""
    return "--" + name.replace("_", "-")


def unit(name: str) -> str:
    """Return in what a setting is counted, as in `ms`; empty when it is not."""
    return str((meta(name).extra or {})["unit"])


def convert(name: str, value: object, source: str, *, strict: bool = False) -> Any:
    """Return a setting's value from a text or, if `strict`, from a value of its type; raises `BadSetting`."""
    if isinstance(value, str):
        value = value.strip()
    try:
        return msgspec.convert(value, _HINTS[name], strict=strict, dec_hook=_path)
    except msgspec.ValidationError:
        raise BadSetting(f"A bad value in {source}: it must be {_expected(name)}.") from None


def _expected(name: str) -> str:
    found = meta(name)
    if found.ge is None:
        return "a text" if isinstance(DEFAULTS[name], str) else "the name of a folder"
    return f"a whole number from {found.ge}" + (f" to {found.le}" if found.le is not None else "")


def _path(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str) and value and "\0" not in value:
        try:
            os.fsencode(value)
        except UnicodeEncodeError:  # the locale lacks a letter of a name in our file, which is UTF-8
            return Path(os.fsdecode(value.encode("utf-8", "surrogateescape")))
        return Path(value)
    raise ValueError("expected the name of a folder")


def check(config: Config) -> None:
    """Look whether the values fit, each by itself and together. Raises `BadSetting`."""
    for name, find in _CHECKS.items():
        sentence = find(config)
        if sentence:
            given = str(getattr(config, name))
            value = "" if name in SECRETS or "@" in given else f" {given}"
            raise BadSetting(f"{flag(name)}{value}: {sentence}")


def _host(config: Config) -> str:
    fits = (config.host and not set(config.host) & set(" /:@")) or _is_address(config.host)
    return "" if fits else "is not an address to serve on."


def _public_ip(config: Config) -> str:
    if config.public_ip in ("", "auto"):
        return ""
    fits = all(map(_is_address, map(str.strip, config.public_ip.split(","))))
    return "" if fits else "is neither `auto` nor an IP address, or several by comma."


def _stun_server(config: Config) -> str:
    if config.stun_server and not is_stun(config.stun_server):
        return "must look like stun.example:3478."
    unused = config.stun_server and config.public_ip != "auto"
    return "has an effect with --public-ip auto only." if unused else ""


def _public_url(config: Config) -> str:
    url = config.public_url
    fits = not url or (
        url.startswith(("http://", "https://")) and url.count("/") == 2 and not url.endswith("/")
    )
    return "" if fits else "must look like https://wonder.example, without a path."


def _one_of(name: str, *values: str) -> Callable[[Config], str]:
    """Return what looks whether a setting is one of a few words."""
    sentence = f"must be {', '.join(values[:-1])} or {values[-1]}."
    return lambda config: "" if getattr(config, name) in values else sentence


def _tls(config: Config) -> str:
    if config.tls in ("off", "self-signed"):
        return ""
    cert, comma, key = config.tls.partition(",")
    if not comma or not cert or not key:
        return "must be off, self-signed or CERT,KEY."
    missing = [name for name in (cert, key) if not Path(name).is_file()]
    return f"the file {missing[0]} is not there." if missing else ""


def _house_rooms(config: Config) -> str:
    unknown = set(parts(config.house_rooms)) - set(HOUSE_LANGUAGES)
    return f"must be of {', '.join(HOUSE_LANGUAGES)}, by comma." if unknown else ""


def _captions(config: Config) -> str:
    fits = config.captions and config.captions.isprintable()
    return "" if fits else "must be off, the name of a model, or a folder with one."


def _speech(config: Config) -> str:
    kind, _, where = config.speech.partition(":")
    if config.speech in ("auto", "off", "espeak") or (kind in ("http", "https") and where.startswith("//")):
        return ""
    if kind == "piper" and where:
        return "" if Path(where).is_dir() else f"the folder {where} is not there."
    return "must be auto, off, espeak, piper:DIR or a URL."


def _host_engine(config: Config) -> str:
    if config.host_engine not in ("off", "embedded", "openai"):
        return "must be off, embedded or openai."
    lacks = config.host_engine == "openai" and not (config.host_url and config.host_model)
    return "needs --host-url and --host-model." if lacks else ""


def _host_url(config: Config) -> str:
    return wrong_model(config.host_url)


def _host_model(config: Config) -> str:
    return "" if config.host_model.isprintable() else "must be the name of a model."


def _admin_token(config: Config) -> str:
    return "" if _is_plain(config.admin_token) else "must be printable ASCII without spaces."


def _host_key(config: Config) -> str:
    return "" if _is_plain(config.host_key) else "must be printable ASCII without spaces."


def _is_plain(secret: str) -> bool:
    return secret.isascii() and secret.isprintable() and " " not in secret


def _telegram_token(config: Config) -> str:
    number, colon, secret = config.telegram_token.partition(":")
    is_secret = secret.isascii() and secret.isprintable() and not set(secret) & set(" :/")
    fits = number.isascii() and number.isdigit() and colon and secret and is_secret
    return "" if fits or not config.telegram_token else "must look like 123456:ABC, as @BotFather gives it."


def _telegram_webhook(config: Config) -> str:
    if config.telegram_webhook and not config.telegram_token:
        return "has an effect with --telegram-token only."
    return wrong_site(config.telegram_webhook, "https://")


def _telegram_api(config: Config) -> str:
    return wrong_site(config.telegram_api, "https://", "http://")


def _push_contact(config: Config) -> str:
    kind, colon, rest = config.push_contact.partition(":")
    fits = kind in ("mailto", "https") and colon and rest and _is_plain(rest)
    return "" if fits or not config.push_contact else "must look like mailto:me@wonder.example."


def _trusted_proxies(config: Config) -> str:
    try:
        networks(config.trusted_proxies)
    except ValueError:
        return "must be addresses or networks, by comma."
    return ""


def _media_workers(config: Config) -> str:
    fits = not config.udp_port or config.udp_port + config.media_workers <= 65_536
    return "" if fits else f"there are not enough ports after {config.udp_port}."


_CHECKS: dict[str, Callable[[Config], str]] = {
    "host": _host,
    "public_ip": _public_ip,
    "stun_server": _stun_server,
    "public_url": _public_url,
    "log": lambda config: wrong_log(config.log),
    "strict": _one_of("strict", "on", "off"),
    "blobs": wrong,
    "tls": _tls,
    "house_rooms": _house_rooms,
    "captions": _captions,
    "speech": _speech,
    "host_engine": _host_engine,
    "host_url": _host_url,
    "host_model": _host_model,
    "host_key": _host_key,
    "admin_token": _admin_token,
    "telegram_token": _telegram_token,
    "telegram_webhook": _telegram_webhook,
    "telegram_api": _telegram_api,
    "push": _one_of("push", "on", "off", "private"),
    "push_contact": _push_contact,
    "trusted_proxies": _trusted_proxies,
    "limits": _one_of("limits", "on", "off"),
    "media_workers": _media_workers,
}


@lru_cache(maxsize=8)
def networks(text: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Return the networks in a comma-separated list. Raises `ValueError`."""
    return tuple(ipaddress.ip_network(part, strict=False) for part in parts(text))


def parts(text: str) -> tuple[str, ...]:
    """Return what stands in a comma-separated list."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
