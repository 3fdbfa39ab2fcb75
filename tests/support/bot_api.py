"""A small real Bot API: what the bot asks of Telegram, over HTTP, with files, and with Telegram's faults.

Written after core.telegram.org/bots/api. It checks what Telegram checks of the requests that the bot makes.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from tests.support.actors import until

TOKEN = "42:TEST-token-of-a-bot"
NAME = "space_test_bot"
LONGEST_TEXT, LONGEST_CAPTION, LONGEST_PRESS_BYTES = 4_096, 1_024, 64

LONGEST_WAIT_S = 30.0

Json = dict[str, Any]


class Fault(Exception):
    """An answer that is an error, as Telegram sends it."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status, self.description, self.parameters = status, description, parameters


def flood(pause_s: int = 1) -> Fault:
    return Fault(429, f"Too Many Requests: retry after {pause_s}", retry_after=pause_s)


def blocked() -> Fault:
    return Fault(403, "Forbidden: bot was blocked by the user")


def no_chat() -> Fault:
    return Fault(400, "Bad Request: chat not found")


class BotApi:
    """The server: `person(...)` is somebody with the app, `sent` is what the bot sent, in order."""

    def __init__(self) -> None:
        self.updates: list[Json] = []  # not yet confirmed
        self.sent: list[tuple[str, Json]] = []
        self.files: dict[str, bytes] = {}
        self.fetched: Counter[str] = Counter()
        self.commands: dict[str, list[Json]] = {}
        self.webhook: Json | None = None
        self.faults: dict[str, list[Fault]] = {}  # by method, each answers one request
        self.gone: dict[int, Callable[[], Fault]] = {}
        self.is_down = False
        self.refused = 0  # requests that were answered with an error
        self.url = ""
        self.polls = 0
        self._update_id = 1_000
        self._message_id = 0
        self._came = asyncio.Event()

    # --- people

    def deliver(self, update: Json) -> Json:
        """Let an update come to the bot, in the order of the calls."""
        self.updates.append(update)
        self._came.set()
        return update

    def update(self, **content: Any) -> Json:
        """Return an update of the next id that is not delivered yet."""
        self._update_id += 1
        return {"update_id": self._update_id, **content}

    def message(self, person: Person, **content: Any) -> Json:
        self._message_id += 1
        return {
            "message_id": self._message_id,
            "date": 1_700_000_000,
            "chat": {"id": person.id, "type": person.chat_type, "first_name": person.name},
            "from": {
                "id": person.id,
                "is_bot": False,
                "first_name": person.name,
                "username": person.name.lower(),
                "language_code": person.language,
            },
            **content,
        }

    def file(self, body: bytes) -> str:
        """Keep a file; return its id."""
        name = f"file-{len(self.files)}"
        self.files[name] = body
        return name

    @property
    def voices(self) -> list[bytes]:
        """The voice messages that the bot sent, in order."""
        return [asked["voice"] for method, asked in self.sent if method == "sendVoice"]

    # --- the server

    async def _answer(self, request: web.Request) -> web.Response:
        answer = await self._reply(request)
        self.refused += answer.status != 200
        return answer

    async def _reply(self, request: web.Request) -> web.Response:
        token, method = request.match_info["token"], request.match_info["method"]
        if self.is_down:
            return web.Response(status=502, text="<html>Bad Gateway</html>")
        if token != TOKEN:
            return _failed(Fault(401, "Unauthorized"))
        asked = await _fields(request)
        try:
            if waiting := self.faults.get(method):
                raise waiting.pop(0)
            return web.json_response(
                {"ok": True, "result": await getattr(self, f"_do_{method.lower()}")(asked)}
            )
        except Fault as fault:
            return _failed(fault)
        except AttributeError:
            return _failed(Fault(404, "Not Found"))

    async def _do_getme(self, asked: Json) -> Json:
        return {"id": 42, "is_bot": True, "first_name": "Space", "username": NAME}

    async def _do_getupdates(self, asked: Json) -> list[Json]:
        if self.webhook:
            raise Fault(409, "Conflict: can't use getUpdates method while webhook is active")
        offset = int(asked.get("offset", 0))
        self.updates = [update for update in self.updates if update["update_id"] >= offset]
        self.polls += 1
        if not self.updates:
            self._came.clear()
            try:
                await asyncio.wait_for(self._came.wait(), float(asked.get("timeout", 0)) or 0.01)
            except TimeoutError:
                return []
        return self.updates[: int(asked.get("limit", 100))]

    async def _do_setwebhook(self, asked: Json) -> bool:
        if not asked["url"].startswith("https://"):
            raise Fault(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        self.webhook = asked
        return True

    async def _do_deletewebhook(self, asked: Json) -> bool:
        self.webhook = None
        return True

    async def _do_setmycommands(self, asked: Json) -> bool:
        self.commands[asked.get("language_code", "")] = asked["commands"]
        return True

    async def _do_sendmessage(self, asked: Json) -> Json:
        return self._sends("sendMessage", asked, text=_text(asked["text"], LONGEST_TEXT))

    async def _do_sendvoice(self, asked: Json) -> Json:
        _text(asked.get("caption") or "-", LONGEST_CAPTION)
        body = asked["voice"]
        assert isinstance(body, bytes), "a file that Telegram has already"
        made = {"file_id": self.file(body), "file_unique_id": "u", "duration": 1, "file_size": len(body)}
        return self._sends("sendVoice", asked, voice=made)

    async def _do_sendchataction(self, asked: Json) -> bool:
        self._find(asked)
        return True

    async def _do_editmessagetext(self, asked: Json) -> Json:
        return self._sends("editMessageText", asked, text=_text(asked["text"], LONGEST_TEXT))

    async def _do_editmessagereplymarkup(self, asked: Json) -> Json:
        return self._sends("editMessageReplyMarkup", asked, text="-")

    async def _do_answercallbackquery(self, asked: Json) -> bool:
        self.sent.append(("answerCallbackQuery", asked))
        return True

    async def _do_getfile(self, asked: Json) -> Json:
        body = self.files.get(asked["file_id"])
        if body is None:
            raise Fault(400, "Bad Request: invalid file_id")
        return {"file_id": asked["file_id"], "file_unique_id": "u", "file_path": f"voice/{asked['file_id']}"}

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        self.fetched[name] += 1
        if self.is_down or name not in self.files:
            return web.Response(status=404)
        return web.Response(body=self.files[name])

    def _sends(self, method: str, asked: Json, **content: Any) -> Json:
        self._find(asked)
        for row in asked.get("reply_markup", {}).get("inline_keyboard", []):
            for button in row:
                if not 1 <= len(button["callback_data"].encode()) <= LONGEST_PRESS_BYTES:
                    raise Fault(400, "Bad Request: BUTTON_DATA_INVALID")
        self.sent.append((method, asked))
        self._message_id += 1
        chat = {"id": int(asked["chat_id"]), "type": "private"}
        return {"message_id": self._message_id, "date": 1_700_000_000, "chat": chat, **content}

    def _find(self, asked: Json) -> None:
        if why := self.gone.get(int(asked["chat_id"])):
            raise why()


class Person:
    """Somebody with the app, in a chat with the bot."""

    def __init__(self, api: BotApi, id_: int, *, language: str = "en", name: str = "Zoe") -> None:
        self.id, self.language, self.name = id_, language, name
        self.chat_type = "private"
        self._api = api

    def write(self, text: str, **more: Any) -> Json:
        """Send a text or a command."""
        return self._api.deliver(self._api.update(message=self._api.message(self, text=text, **more)))

    def speak(self, body: bytes, *, duration: int = 2, kind: str = "voice", **more: Any) -> Json:
        """Send a voice message, or an `audio` file, or a `video_note`."""
        return self._api.deliver(self.spoken(body, duration=duration, kind=kind, **more))

    def spoken(
        self, body: bytes, *, duration: int = 2, kind: str = "voice", size: int | None = None, **more: Any
    ) -> Json:
        """Return such a message that is not delivered yet; `size` is what Telegram says of it."""
        sound = {"file_id": self._api.file(body), "file_unique_id": "u", "duration": duration}
        sound["file_size"] = len(body) if size is None else size
        sound |= (
            {"length": 240} if kind == "video_note" else {"mime_type": more.pop("mime_type", "audio/ogg")}
        )
        return self._api.update(message=self._api.message(self, **{kind: sound}, **more))

    def press(self, label: str) -> Json:
        """Press the newest button of this label."""
        for _, asked in reversed(self._api.sent):
            for row in asked.get("reply_markup", {}).get("inline_keyboard", []):
                for button in row:
                    if button["text"] == label and int(asked["chat_id"]) == self.id:
                        return self.press_data(button["callback_data"])
        raise AssertionError(f"no button {label}: {self.heard}")

    def press_data(self, data: str) -> Json:
        """Press a button that says this."""
        message = self._api.message(self, text="buttons")
        query = {"id": "q", "from": message["from"], "chat_instance": "c", "data": data, "message": message}
        return self._api.deliver(self._api.update(callback_query=query))

    @property
    def heard(self) -> list[str]:
        """What the bot told this person: texts, and captions of voice messages."""
        told = [asked for method, asked in self._api.sent if method in _TELLING]
        return [
            each.get("text") or each.get("caption", "") for each in told if int(each["chat_id"]) == self.id
        ]

    async def hears(self, part: str, times: int = 1) -> str:
        """Wait until the bot has told this person something with a part, and return the whole."""

        def found() -> list[str]:
            return [each for each in self.heard if part in each]

        try:
            await until(lambda: len(found()) >= times, LONGEST_WAIT_S)
        except TimeoutError:
            raise AssertionError(f"{part!r} was not said {times} times: {self.heard}") from None
        return found()[-1]


_IN_JSON = ("reply_markup", "commands", "allowed_updates", "link_preview_options")
_TELLING = ("sendMessage", "sendVoice", "editMessageText")


def _text(text: str, longest: int) -> str:
    if not text.strip():
        raise Fault(400, "Bad Request: message text is empty")
    if len(text) > longest:
        raise Fault(400, "Bad Request: message is too long")
    return text


async def _fields(request: web.Request) -> Json:
    """Return the fields of a form, files as bytes and what is JSON decoded."""
    found: Json = {}
    files: dict[str, bytes] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = value.file.read()
        elif name in _IN_JSON:
            found[name] = json.loads(str(value))
        else:
            found[name] = value
    for name, value in found.items():
        if isinstance(value, str) and value.startswith("attach://"):
            found[name] = files[value.removeprefix("attach://")]
    return found


def _failed(fault: Fault) -> web.Response:
    told = {"ok": False, "error_code": fault.status, "description": fault.description}
    if fault.parameters:
        told["parameters"] = fault.parameters
    return web.json_response(told, status=fault.status)


@asynccontextmanager
async def bot_api() -> AsyncIterator[BotApi]:
    """Run one on a free port."""
    made = BotApi()
    app = web.Application(client_max_size=64_000_000)
    app.router.add_post("/bot{token}/{method}", made._answer)
    app.router.add_get("/file/bot{token}/voice/{name}", made._file)
    async with TestServer(app) as server:
        made.url = str(server.make_url("")).rstrip("/")
        try:
            yield made
        finally:
            made._came.set()


async def send_to_webhook(api: BotApi, update: Json, *, to: str, secret: str | None = None) -> int:
    """Send an update as Telegram would, and return the status of the answer; `to` is where the server is."""
    assert api.webhook is not None
    path = "/" + api.webhook["url"].split("/", 3)[3]
    headers = {"X-Telegram-Bot-Api-Secret-Token": api.webhook["secret_token"] if secret is None else secret}
    async with ClientSession() as http, http.post(to + path, json=update, headers=headers) as answer:
        return answer.status
