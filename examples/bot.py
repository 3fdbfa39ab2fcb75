"""A bot for a room: it answers lines that begin with a slash, and plays word association in writing.

    python examples/bot.py http://localhost:8080/r/wonder [KEY]

Needs aiohttp alone. A KEY of 22 to 86 characters of base64url keeps it the same voice; see docs/bots.md.
"""

import asyncio
import json
import random
import secrets
import sys
import time
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse

JOKES = ["I would tell you a joke about UDP, but you might not get it.", "404: punchline not found."]
WORDS = ["kettle", "moon", "sock", "thunder", "spoon", "pigeon", "jelly", "ladder", "trumpet", "cheese"]
COMMANDS = {"/joke": JOKES, "/coin": ["heads", "tails"]}


class Bot:
    """One voice in one room. It says that it is a machine, and answers no other machine."""

    def __init__(self, ws: ClientWebSocketResponse) -> None:
        self.ws, self.me, self.head, self.ahead_ms, self.round = ws, "", 0, 0.0, ""

    async def send(self, kind: str, **fields: Any) -> None:
        """Send a message; its id is new, so that nothing is taken for a repeat."""
        await self.ws.send_str(json.dumps({"type": kind, "id": secrets.token_hex(12), **fields}))

    async def hear(self, message: dict[str, Any]) -> None:
        """Take one message of the server. What is older than oneself was answered, or not."""
        if message["type"] == "welcome":
            self.me, self.head = message["you"]["id"], message["head"]
            self.ahead_ms = message["server_ms"] - time.time() * 1000
            await self.send("here", machine=True, speaker=True)
        elif message["type"] == "event" and message["seq"] > self.head:
            await self.react(message["kind"], message["data"], message["by"] or {})

    async def react(self, kind: str, data: dict[str, Any], by: dict[str, Any]) -> None:
        """Answer what people write, and take turns."""
        if kind == "text.said" and data and not by.get("machine"):
            if answers := COMMANDS.get(data["text"].split()[0]):
                await self.send("say", text=random.choice(answers))
        elif kind == "round.opened" and data["game"] == "word_association":
            self.round = data["round"]
            await self.send("round.join")  # refused when it was drawn in already: that harms nobody
        elif kind == "turn.given" and data["round"] == self.round and data["voice"] == self.me:
            await asyncio.sleep(max(0.0, data["go_at_ms"] - time.time() * 1000 - self.ahead_ms) / 1000)
            await self.send("answer", round=data["round"], text=random.choice(WORDS))


async def main(page: str, key: str) -> None:
    """Stay in a room until it sends the bot away."""
    url, headers = page.replace("/r/", "/api/rooms/") + "/ws", {"Authorization": f"Bearer {key}"}
    async with ClientSession() as session, session.ws_connect(url, headers=headers) as ws:
        bot = Bot(ws)
        async for frame in ws:
            messages = json.loads(frame.data)
            for message in messages if isinstance(messages, list) else [messages]:
                await bot.hear(message)


asyncio.run(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else secrets.token_urlsafe(24)))
