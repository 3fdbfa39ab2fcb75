"""The command line: `wonder serve`, and what else is done from a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click
import segno
import uvloop

from server import config as settings
from server import options, settings_page, streams, tls
from server.config import BadSetting, Config
from server.log.base import Unusable
from server.options import with_settings, with_some_settings

logger = logging.getLogger("wonder")

BAD_SETTING, BROKEN = 2, 1
# A terminal that is closed says SIGHUP: running takes are finished then too.
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# Everything after SIGTERM: draining, then closing what is open.
CLOSE_TIMEOUT_S = 4.0
FILES_WANTED = 65_536
# An option of a command, which is no setting.
_option = partial(click.option, allow_from_autoenv=False)
WHEN = click.DateTime(("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"))


@click.group(help="A voice-first, anonymous improvisation space that anyone can host.")
def wonder() -> None:
    """Hold the commands together."""


@with_settings
@wonder.command()
def serve(config: Config) -> None:
    """Serve the space until told to stop (SIGTERM, SIGHUP or Ctrl+C)."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("aioice").setLevel(logging.WARNING)
    _warn(config)
    _raise_file_limit()
    _leave_no_core()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(config))


@with_settings
@wonder.command()
@click.option("--json", "as_json", is_flag=True, allow_from_autoenv=False, help="Print the checks as JSON.")
def doctor(config: Config, as_json: bool) -> None:
    """Check whether this machine can serve the space, and say what to do."""
    from server import doctor as examination  # noqa: PLC0415 - loads codecs, which serving does elsewhere

    checks = examination.examine(config)
    click.echo(examination.as_json(checks) if as_json else examination.as_text(checks))
    if any(check.state == "broken" for check in checks):
        raise SystemExit(BROKEN)


@wonder.command("settings")
def show_settings() -> None:
    """Print all settings as a Markdown page."""
    click.echo(settings_page.table(), nl=False)


@wonder.command()
@click.argument("what", type=click.Choice(["openapi", "asyncapi"]))
def describe(what: str) -> None:
    """Print the description of the HTTP side or of the socket, as JSON."""
    from server.api import asyncapi, openapi  # noqa: PLC0415 - not needed to serve

    click.echo(openapi.page() if what == "openapi" else asyncapi.page(), nl=False)


@wonder.group()
def captions() -> None:
    """Fetch and try models that write captions."""


@with_settings
@captions.command()
@click.argument("model")
def download(config: Config, model: str) -> None:
    """Fetch a model (tiny, base, small, ...) into the data folder."""
    from server.engines import downloading  # noqa: PLC0415 - not needed to serve

    folder = _fetched(downloading.download, model, config.data)
    click.echo(f"{folder} is there: start with --captions {model}.")


def _fetched(fetch: Callable[..., Path], name: str, data: Path) -> Path:
    """Fetch what has a name into the data folder under a bar, and return where it is. Raises `Unusable`."""
    from server.engines.models import NoModel  # noqa: PLC0415 - not needed to serve

    with click.progressbar(length=1, label=name, file=sys.stderr) as bar:

        def show(there: int, total: int) -> None:
            bar.length = max(1, total)
            bar.update(there - bar.pos)

        try:
            return fetch(name, data, show)
        except NoModel as missing:
            raise Unusable(f"{missing.found}. {missing.advice}") from None


@with_settings
@captions.command("test")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--language", default="en", show_default=True, allow_from_autoenv=False)
def try_captions(config: Config, file: Path, language: str) -> None:
    """Print what is said in a recording, with times, and how fast it was read."""
    from server import hearing  # noqa: PLC0415 - loads codecs

    click.echo(asyncio.run(hearing.report(config, file, language)))


@wonder.group()
def speech() -> None:
    """Fetch voices, and try what speaks in rooms."""


@with_settings
@speech.command("download")
@click.argument("voice")
def download_voice(config: Config, voice: str) -> None:
    """Fetch a voice for Piper (en_US-lessac-medium, de_DE-thorsten-medium, ...) into the data folder."""
    from server.engines import voices  # noqa: PLC0415 - not needed to serve

    folder = _fetched(voices.download, voice, config.data)
    click.echo(f"{voice} is in {folder}: start with --speech piper:{folder}.")


@with_settings
@speech.command("test")
@click.argument("text")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--language", default="en", show_default=True, allow_from_autoenv=False)
def try_speech(config: Config, text: str, file: Path | None, language: str) -> None:
    """Say a TEXT, into a FILE (.wav or .ogg) if one is named, and print what spoke and how fast."""
    from server import speaking  # noqa: PLC0415 - loads codecs

    click.echo(asyncio.run(speaking.report(config, text, file, language)))


@with_settings
@wonder.command()
@click.argument("room")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--round", "round_", help="The clips of this round alone.", allow_from_autoenv=False)
@click.option("--from", "from_", type=WHEN, help="The clips from then on, by this machine's clock.")
@click.option("--to", type=WHEN, help="The clips until then.")
@click.option("--url", help="Where the server is.  [default: --host and --port]", allow_from_autoenv=False)
def export(
    config: Config,
    room: str,
    file: Path,
    *,
    round_: str | None,
    from_: datetime | None,
    to: datetime | None,
    url: str | None,
) -> None:
    """Write an evening of a room into a FILE (.ogg, .m4a or, its captions, .vtt): the newest, or a part."""
    from server import exporting  # noqa: PLC0415 - not needed to serve

    times = {"from_ms": from_, "to_ms": to}
    query = {name: str(round(time.timestamp() * 1000)) for name, time in times.items() if time is not None}
    query |= {"round": round_} if round_ else {}
    where = url or f"{'http' if config.tls == 'off' else 'https'}://{_bracketed(config.host)}:{config.port}"
    with click.progressbar(length=1, label=file.name, file=sys.stderr) as bar:

        def show(there_ms: int, total_ms: int) -> None:
            bar.length = max(1, total_ms)
            bar.update(max(0, there_ms - bar.pos))

        offer = asyncio.run(exporting.export(where, room, file, query, show))
    minutes, seconds = divmod(round(offer.duration_ms / 1000), 60)
    click.echo(f"{file}: {offer.clips} clips, {minutes}:{seconds:02} min.")


@with_some_settings("s3_endpoint", "s3_region", "s3_key", "s3_secret", "strict")
@wonder.command()
@_option("--from", "from_", required=True, help="Where all is: sqlite:FOLDER or nats://HOST:PORT.")
@_option("--to", required=True, help="Where it goes, the same; an empty one.")
@_option("--from-blobs", default="log", show_default=True, help="Where clips are: log or s3://BUCKET.")
@_option("--blobs", default="log", show_default=True, help="Where they go: log, nats or s3://BUCKET.")
@_option("--check", is_flag=True, help="Compare the two, and change nothing.")
def move(config: Config, *, from_: str, to: str, from_blobs: str, blobs: str, check: bool) -> None:
    """Move all rooms, clips and the secret from one storage to another; said again, it goes on."""
    from server import move as house  # noqa: PLC0415 - not needed to serve

    source, target = house.Place("--from", from_, from_blobs), house.Place("--to", to, blobs)
    bars: dict[str, Any] = {}
    with contextlib.ExitStack() as shown:

        def show(stage: str, there: int, total: int) -> None:
            if stage not in bars:
                made = click.progressbar(length=1, label=stage, file=sys.stderr)
                bars[stage] = shown.enter_context(made)
            bar = bars[stage]
            bar.length = max(1, total)
            bar.update(max(0, there - bar.pos))

        told = asyncio.run((house.check if check else house.move)(config, source, target, show))
    click.echo(told)


async def _serve(config: Config) -> None:
    from server import app  # noqa: PLC0415 - what a bad option ends needs no imports

    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in ENDING:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup's wish
            loop.add_signal_handler(number, told.set)
    try:
        running = await app.start(config)
    except OSError as error:
        raise BadSetting(_why(config, error)) from None
    # What was made for the start stays: to look through it again takes 18 ms, which would be heard.
    gc.collect()
    gc.freeze()
    host, port = running.media.endpoint()
    streams.say(f"ready {running.url} udp {_bracketed(host)}:{port}")
    if config.tls == "self-signed":
        _show_lan(config, running.http_port)
    waits = [asyncio.ensure_future(event.wait()) for event in (told, running.broken)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    await asyncio.wait(waits)
    logger.info("stopping")
    await _stop(running, config)
    if running.broken.is_set():
        raise SystemExit(BROKEN)  # whoever watches over the process starts it anew


def _why(config: Config, error: OSError) -> str:
    """Return which setting a start failed at: the files of the data folder, or the address of the voices."""
    if error.errno is None:
        return f"--data {config.data}: {error}. Restore it from a backup."
    if error.filename is not None:
        return f"--data {config.data}: this folder cannot be used ({error.strerror})."
    if error.errno == errno.EADDRINUSE:
        return f"--udp-port {config.udp_port}: another program uses this port; choose another one, or 0."
    if error.errno == errno.EACCES:
        return f"--udp-port {config.udp_port}: this port needs more rights; choose one above 1023."
    return f"--host {config.host}: this machine cannot serve on that address."


async def _stop(running: Any, config: Config) -> None:
    """Finish what runs, then close, each within its time."""
    try:
        async with asyncio.timeout(config.drain_timeout_ms / 1000):
            await running.drain()
    except TimeoutError:
        logger.warning("some takes were not finished in time")
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await running.close()
    except TimeoutError:
        logger.warning("not everything closed in time")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _show_lan(config: Config, port: int) -> None:
    """Show the address for phones in the same network, as text and as a QR code."""
    addresses = tls.lan_addresses()
    if config.host in ("127.0.0.1", "::1", "localhost") or not addresses:
        print("For phones in the same network start with --host 0.0.0.0.", file=sys.stderr)
        return
    host = config.host if config.host in addresses else addresses[0]
    url = f"https://{host}:{port}/"
    print(f"\nOn a phone in the same network open {url}", file=sys.stderr)
    print("(its browser will warn once, for the certificate was made here)\n", file=sys.stderr)
    segno.make(url, error="m").terminal(out=sys.stderr, compact=True)
    sys.stderr.flush()


def _warn(config: Config) -> None:
    if links := options.service_links(os.environ):
        logger.info("%s tell of services of Kubernetes and are no settings", ", ".join(links))
    for variable in options.unknown_variables(os.environ):
        logger.warning("the variable %s is no setting and has no effect", variable)
    if 0 < len(config.admin_token) < settings.TOKEN_CHARACTERS:
        logger.warning(
            "--admin-token is short enough to be guessed; take %s or more", settings.TOKEN_CHARACTERS
        )


def _raise_file_limit() -> None:
    """Take as many open files as this process may have: a connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, FILES_WANTED)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _leave_no_core() -> None:
    """Keep memory off the disk when this process or a child breaks: it holds voices without their masks."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command; what the operator got wrong is said in one sentence, with exit code 2."""
    streams.hold()
    try:
        code = wonder.main(arguments, prog_name="wonder", standalone_mode=False)
    except BadSetting as error:
        _end(str(error), BAD_SETTING)
    except click.ClickException as error:
        _end(error.format_message(), BAD_SETTING)
    except Unusable as error:
        _end(str(error), BROKEN)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _end(sentence: str, code: int) -> NoReturn:
    print(f"wonder: {sentence}", file=sys.stderr)
    sys.exit(code)
