"""The composition root: the only file that names concrete classes and joins them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Self

from msgspec import Struct, field
from prometheus_client import Histogram

from server import tls
from server.blobs.unreduced import Unreduced
from server.clip_storage import ClipStorage, open_clips
from server.clock import Clock
from server.config import Config, parts
from server.engines import models
from server.engines.embedded import Embedded
from server.engines.open import NOTHING_SPEAKS, open_speech
from server.engines.open_text import open_openai, open_text
from server.engines.speech import Speech
from server.engines.tally import Tally
from server.engines.text import TextEngine
from server.engines.transcriber import Transcriber, WhisperTranscriber
from server.engines.utterances import Utterances
from server.engines.worker import EngineFailed
from server.http.app_keys import LIMITS
from server.http.limits import FloodLimits, Limits
from server.http.tcp_server import Listening, listen
from server.log.base import Damaged, Log
from server.log.memory import MemoryLog
from server.log_storage import open_log
from server.metrics.metrics import Metrics, commit_times
from server.metrics.registry import Registry
from server.push.opening import open_service
from server.push.service import PushService
from server.push.subscriptions import Subscriptions
from server.radio_of_takes import RadioOfTakes
from server.readers.announcer import Speakers
from server.readers.base import Reader
from server.readers.captions import Captions
from server.readers.care import Care
from server.readers.closing import Closing
from server.readers.eraser import Eraser
from server.readers.expiry import Expiry
from server.readers.host import Host
from server.readers.host_voice import HostVoice
from server.readers.moderation import Moderation
from server.readers.push import Push
from server.readers.radio import Radio
from server.readers.runner import Readers
from server.readers.search import Search
from server.room.house import HOUSE
from server.rooms.base import NoSuchRoom
from server.rooms.registry import RoomRegistry
from server.rtc import discover
from server.rtc.local import LocalMedia
from server.rtc.media import Media
from server.rtc.remote import RemoteMedia
from server.rtc.settings import Settings
from server.site import make_app
from server.socket.endpoint import SOCKETS
from server.takes.finisher import Finisher
from server.takes.landing import Landings
from server.takes.spool import Spool
from server.takes.takes import Takes
from server.together import settled
from server.web.app_keys import CDN, UPLOAD_BUDGET
from server.web.health import HEALTH
from server.web.push import PUSH
from server.web.telegram import TELEGRAM
from server.web.transcodes import TRANSCODES

if TYPE_CHECKING:
    from server.engines.openai_text import OpenAiText  # of an extra
    from server.telegram.bot import TelegramBot

logger = logging.getLogger("wonder")

SPOOL = "spool"
SEARCH_INDEX = "search.db"
# Of the time for draining so much is kept for telling the sockets: their last answers, and 1012.
GOODBYE_MS = 3_000

SpokenMs = Callable[[str, str], int]


class Engines(Struct, frozen=True):
    """What is optional: what speaks, writes the words of clips (else why nothing does), and writes lines."""

    utterances: Utterances
    transcriber: Transcriber | None = None
    captions_off: Mapping[str, str] = field(default_factory=lambda: models.OFF)
    text: TextEngine | None = None
    model: OpenAiText | None = None  # that `text` asks
    push: PushService | None = None


class Services:
    """All that a running server is made of, in the order in which it is let go."""

    def __init__(
        self,
        config: Config,
        log: Log,
        clips: ClipStorage,
        registry: RoomRegistry,
        media: Media,
        *,
        engines: Engines,
        commits: Histogram,
    ) -> None:
        self.config, self.log = config, log
        self.clips, self.blobs = clips, clips.blobs
        self.registry, self.media = registry, media
        self.unreduced = Unreduced()
        self.finisher = Finisher(workers=config.finish_workers, counts_speech=engines.transcriber is not None)
        self.utterances, self.transcriber = engines.utterances, engines.transcriber
        speech = Speakers(self.utterances, self._wants_speech, self._name_of)
        self.radio = Radio(log, self.blobs, media, SystemRandom(), audience=self.audience, speech=speech)
        self.figures = Metrics(Registry(), registry, media, commits)
        self.captions = self._captions(engines.transcriber) if engines.transcriber else None
        self.search = self._search()
        self.push = self._push(engines.push) if engines.push else None
        self.readers = Readers(log, self._durable(), clock=registry.clock)
        self.figures.follow(self.readers.runners)
        self.spool = self._spool()
        self.takes = Takes(
            registry,
            media,
            self.finisher,
            blobs=self.blobs,
            lands=self.spool,
            clock=registry.clock,
            longest_ms=config.clip_longest_ms,
            live_delay_ms=config.live_delay_ms,
            unreduced=self.unreduced,
            observers=(self.figures, RadioOfTakes(self.radio, self._audience_changed)),
        )
        self.app = make_app(
            config=config,
            log=log,
            blobs=self.blobs,
            registry=registry,
            media=media,
            finisher=self.finisher,
            takes=self.takes,
            figures=self.figures,
            limits=Limits(on=config.limits == "on", floods=flood_limits(config)),
            listening=self._audience_changed,
            utterances=self.utterances,
            find=self.search.find,
        )
        if clips.cdn is not None:
            self.app[CDN] = clips.cdn
        self.app[HEALTH].captions_off = engines.captions_off
        self.sockets = self.app[SOCKETS]
        self.closing = Closing(self.takes.end_room)
        self.host = self._host(engines.text, engines.model) if engines.text else None
        self._register_readers()

    def _durable(self) -> list[Reader]:
        """Return the readers that follow all rooms, those of optional parts where there are such."""
        registry, remote = self.registry, self.clips.remote
        eraser = Eraser(registry, remote, registry.clock) if remote else None
        optional = [reader for reader in (eraser, self.captions, self.push) if reader]
        return [Expiry(registry, self.log, registry.clock), Moderation(self.log), self.search, *optional]

    def _spool(self) -> Spool | None:
        """Return where takes wait for a storage of clips that may be away."""
        if self.clips.remote is None:
            return None
        landings = Landings(self.registry, self.blobs)
        made = Spool(landings, self.config.data / SPOOL, self.config.spool_bytes)
        self.figures.follow_spool(lambda: made.waiting)
        return made

    def _register_readers(self) -> None:
        """Attach what reads rooms to those that wake, and what is asked by visitors to the site."""
        if self.push:
            self.app[PUSH].offer(self.push.subscriptions, self.push.service)
        for reader in (self.radio, self.closing, Care(), self.app[TRANSCODES]):
            self.registry.register(reader)
        if self.host:
            self.registry.register(self.host)

    def _search(self) -> Search:
        """Return the reader of words, with its index beside a log on disk."""
        index = None if isinstance(self.log, MemoryLog) else Path(self.config.data) / SEARCH_INDEX
        return Search(self.log, index, self.registry.clock)

    def _host(self, engine: TextEngine, model: OpenAiText | None) -> Host:
        """Return the reader that keeps lonely visitors company; follow the model that it asks."""
        if model is not None:
            self.figures.follow_model(model.tally, lambda: model.breaker.is_open)
        voice = HostVoice(self.utterances, self.takes.upload, self._wants_speech)
        return Host(engine, SystemRandom(), self.registry.machine, name_of=self._name_of, say=voice.say)

    def _push(self, service: PushService) -> Push:
        """Return the reader that wakes visitors who are not here."""
        return Push(Subscriptions(self.log, self.registry.clock), self.registry, service)

    def _captions(self, engine: Transcriber) -> Captions:
        """Return the reader that writes the words of clips, with its figures."""
        made = Captions(
            self.registry,
            self.log,
            self.blobs,
            engine,
            self.registry.clock,
            workers=self.config.caption_workers,
            unreduced=self.unreduced,
            told=self.figures.caption_ended,
        )
        self.figures.follow_captions(lambda: made.waiting)
        return made

    def _audience_changed(self, room_id: str) -> None:
        """Let the radio of a room play on; a room that sleeps wakes for whoever listens."""
        if self.registry.awake(room_id) is None and self.audience(room_id):
            self.registry.rouse(room_id)
        self.radio.wake(room_id)

    def _wants_speech(self, room_id: str) -> bool:
        """Tell whether somebody who listens wants to hear words of the radio itself."""
        return self.sockets.wants_speech(room_id, self.media.listeners(room_id))

    def _name_of(self, room_id: str, voice_id: str) -> str:
        return self.sockets.name_of(room_id, voice_id)

    def spoken_ms(self, room_id: str) -> SpokenMs | None:
        """Return how long it takes to say a text in a room; None where nobody would hear it."""
        if not self.utterances.is_on or not self._wants_speech(room_id):
            return None
        return self.utterances.length_ms

    def audience(self, room_id: str) -> int:
        """Return how many listen in a room, by WebRTC or to the files."""
        counts = self.sockets.counts(room_id)
        return self.media.listeners(room_id) + counts.listeners + counts.screens


class Running:
    """A server that serves; made by `start`."""

    def __init__(
        self,
        services: Services,
        listening: Listening,
        broken: asyncio.Event,
        bot: TelegramBot | None,
    ) -> None:
        self.services, self.broken, self.bot = services, broken, bot
        services.app[TELEGRAM].bot = bot
        self.registry, self.takes, self.media = services.registry, services.takes, services.media
        self.url, self.http_port = listening.url, listening.port
        _, self.udp_port = services.media.endpoint()
        self._listening = listening
        services.readers.start()
        if bot is not None:
            bot.start()
        self._lag = asyncio.ensure_future(services.figures.lag.watch())
        self._closing: asyncio.Task[None] | None = None

    async def drain(self) -> None:
        """Answer 503 on /readyz, finish running takes, and send the sockets away, in the time there is."""
        self.services.app[HEALTH].draining = True
        within_ms = self.services.config.drain_timeout_ms
        ending = [self.takes.drain(within_ms - min(GOODBYE_MS, within_ms // 2))]
        await settled(ending if self.bot is None else [*ending, self.bot.close()])
        await self.services.sockets.drain()

    async def close(self) -> None:
        """Let go of everything; may be called again, all wait for the one end."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        if self.bot is not None:
            await self.bot.close()
        self._lag.cancel()
        await asyncio.gather(self._lag, return_exceptions=True)
        await self.services.readers.close()
        await self.services.sockets.close()
        await self._listening.close()
        await _let_go(self.services)

    async def __aenter__(self) -> Self:
        """Serve inside a `with`."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Drain nothing, close everything."""
        await self.close()


async def start(config: Config, *, transcriber: Transcriber | None = None) -> Running:
    """Start a server, with what writes captions.

    Raises `BadSetting`, and `Unusable` for a log that cannot be opened.
    """
    broken = asyncio.Event()
    async with AsyncExitStack() as unstarted:
        commits = commit_times()
        log = await open_log(config, broken, commits.observe)
        unstarted.push_async_callback(log.close)
        clips = await open_clips(config, log)
        unstarted.push_async_callback(clips.close)
        clock = Clock(await _newest_ms(log))
        media = await _open_media(config, clock)
        unstarted.push_async_callback(media.close)
        captions_off: Mapping[str, str] = {}
        if transcriber is None:
            transcriber, captions_off = transcriber_of(config)
        utterances = Utterances(speech_of(config), clock=clock)
        model = model_of(config)

        def spoken_ms(room_id: str) -> SpokenMs | None:
            return services.spoken_ms(room_id)

        may_speak = spoken_ms if utterances.is_on else None
        registry = await _registry(config, clips.log, clock, transcriber, may_speak)
        text = open_text(config.host_engine, model, Embedded())
        push = open_service(config, await log.secret(), clock)
        engines = Engines(utterances, transcriber, captions_off, text, model, push)
        services = Services(config, log, clips, registry, media, engines=engines, commits=commits)
        unstarted.push_async_callback(_let_go, services)
        await services.finisher.start()
        if services.spool is not None:
            await services.spool.start()
        await _house_rooms(services.registry, config)
        bot = telegram_bot(config, services)
        listening = await listen(services.app, config, tls.context(config))
        running = Running(services, listening, broken, bot)
        unstarted.pop_all()
    return running


def flood_limits(config: Config) -> FloodLimits:
    """Return what networks and rooms may do, as the settings have it."""
    return FloodLimits(**{name: getattr(config, name) for name in FloodLimits.__struct_fields__})


async def _newest_ms(log: Log) -> int:
    """Return when the newest event of all rooms happened, 0 when there is none."""
    try:
        newest = [*await log.rooms(1, public=True), *await log.rooms(1, public=False)]
    except Damaged:  # the room is told of when somebody asks for it
        return 0
    return max((listing.last_at_ms for listing in newest), default=0)


def transcriber_of(config: Config) -> tuple[WhisperTranscriber | None, Mapping[str, str]]:
    """Return what writes captions, or None and what visitors are told; the operator's log says more."""
    if config.captions == "off":
        return None, models.OFF
    try:
        model = models.find(config.captions, config.data)
    except models.NoModel as missing:
        logger.warning("captions are off: %s. %s", missing.found, missing.advice)
        return None, models.LACKING
    return WhisperTranscriber(model, workers=config.caption_workers), {}


def model_of(config: Config) -> OpenAiText | None:
    """Return the language model that hosts ask, None for none; the operator's log says when it is lacking."""
    if config.host_engine != "openai":
        return None
    tally = Tally(prompt_cents=config.host_prompt_cents, answer_cents=config.host_answer_cents)
    try:
        return open_openai(config.host_url, config.host_model, config.host_key, tally)
    except EngineFailed as failed:
        logger.warning("hosts ask no model, the embedded engine writes: %s", failed)
        return None


def speech_of(config: Config) -> Speech | None:
    """Return what speaks on the radio, or None; the operator's log says when nothing that could is there."""
    engine = open_speech(config.speech)
    if engine is None and config.speech != "off":
        logger.info("rooms are not spoken to: %s", NOTHING_SPEAKS)
    return engine


async def _registry(
    config: Config,
    log: Log,
    clock: Clock,
    transcriber: Transcriber | None,
    spoken_ms: Callable[[str], SpokenMs | None] | None,
) -> RoomRegistry:
    secret = await log.secret()
    return RoomRegistry(
        log,
        clock=clock,
        random=SystemRandom(),
        secret=secret,
        idle_ms=config.room_idle_ms,
        captions=transcriber is not None,
        languages=getattr(transcriber, "languages", ("en", "de")),
        spoken_ms=spoken_ms,
    )


async def _open_media(config: Config, clock: Clock) -> Media:
    settings = Settings(peers=config.peers, peers_per_address=config.peers_per_address)
    public_ip = await discover.public_ip(config.host, config.public_ip, config.stun_server)
    where = config.host, config.udp_port, public_ip, settings
    if config.media_workers:
        return await RemoteMedia.open(*where, workers=config.media_workers, clock=clock)
    return await LocalMedia.open(*where, clock=clock)


async def _house_rooms(registry: RoomRegistry, config: Config) -> None:
    """Open the public rooms that a fresh install has, one for each language that is set."""
    for room in (HOUSE[language] for language in HOUSE if language in parts(config.house_rooms)):
        try:
            await registry.wake(room.id)
        except NoSuchRoom:
            await registry.open(room.opened, None, id=room.id)


def telegram_bot(config: Config, services: Services) -> TelegramBot | None:
    """Return the bot, None where no token is set, or where its library is not installed."""
    if not config.telegram_token:
        return None
    try:
        from server.telegram.opening import open_bot  # noqa: PLC0415 - optional, and it takes seconds
    except ModuleNotFoundError:
        logger.warning("the Telegram bot is off: its library is missing. `make extras` installs it.")
        return None
    return open_bot(
        config.telegram_token,
        api_url=config.telegram_api,
        webhook=config.telegram_webhook,
        registry=services.registry,
        takes=services.takes,
        log=services.log,
        blobs=services.blobs,
        limits=services.app[LIMITS],
        budget=services.app[UPLOAD_BUDGET],
        longest_clip_ms=config.clip_longest_ms,
    )


async def _let_go(services: Services) -> None:
    await services.readers.close()
    await services.search.close()
    if services.push is not None:
        await services.push.close()
    if services.captions is not None:
        await services.captions.close()
    if services.transcriber is not None:
        await services.transcriber.close()
    if services.host is not None:
        await services.host.close()
    await services.radio.close()
    await services.utterances.close()
    await services.media.close()
    await services.takes.close()
    if services.spool is not None:
        await services.spool.close()
    await services.finisher.close()
    await services.registry.close()
    await services.clips.close()
    await services.log.close()
