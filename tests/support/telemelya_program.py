"""telemelya, a Bot API that others wrote, in a process of its own: prints its address, ends with its input.

It keeps what happens in Redis, here in its own memory, and media in S3, which nothing asks for.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from types import ModuleType
from typing import Any

KEY = "k" * 32
# It gives a webhook 10 s, which a busy machine needs; a test has 60 s.
PATIENT_S = 50.0


class NoStore:
    """Stands where its store of media would be."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    async def connect(self) -> None:
        """Connect to nothing."""

    async def close(self) -> None:
        """Close nothing."""


def main() -> None:
    """Serve until the input ends."""
    os.environ.update(AUTH_KEYS=KEY, STRICT_EDIT="true")
    for name in ("aiobotocore", "botocore"):
        sys.modules[name] = ModuleType(name)
    sys.modules["aiobotocore.session"] = session = ModuleType("aiobotocore.session")
    sys.modules["botocore.config"] = config = ModuleType("botocore.config")
    vars(session)["get_session"], vars(config)["Config"] = lambda: None, NoStore

    import aiohttp
    import uvicorn
    from fakeredis.aioredis import FakeRedis
    from telemelya.server import app, webhook

    patient = ModuleType("aiohttp")
    vars(patient).update(vars(aiohttp))
    vars(patient)["ClientTimeout"] = lambda **_: aiohttp.ClientTimeout(total=PATIENT_S)
    vars(webhook)["aiohttp"] = patient
    app.media_manager = NoStore()
    app.state_manager._redis = FakeRedis(decode_responses=True)
    app.state_manager.connect = NoStore().connect

    async def set_my_commands() -> dict[str, bool]:  # it has none
        return {"ok": True, "result": True}

    app.app.post("/bot{token}/setMyCommands")(set_my_commands)
    server = uvicorn.Server(uvicorn.Config(app.app, log_level="warning", lifespan="on"))
    listening = socket.create_server(("127.0.0.1", 0))

    def end() -> None:
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=end, daemon=True).start()
    print(f"at http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    server.run(sockets=[listening])


if __name__ == "__main__":
    main()
