"""The plainest chat in aiohttp, to compare with: `send_str` for each connection in turn, nothing stored."""

from __future__ import annotations

import asyncio
import json

import uvloop
from aiohttp import WSMsgType, web

MEMBERS: web.AppKey[set[web.WebSocketResponse]] = web.AppKey("members")


async def serve(request: web.Request) -> web.WebSocketResponse:
    """Tell every connection what one says."""
    ws = web.WebSocketResponse(compress=False)
    await ws.prepare(request)
    connections = request.app[MEMBERS]
    await ws.send_str('{"type":"welcome"}')
    connections.add(ws)
    try:
        async for message in ws:
            if message.type is WSMsgType.TEXT:
                told = json.dumps({"type": "event", "text": json.loads(message.data)["text"]})
                for connection in tuple(connections):
                    await connection.send_str(told)
    finally:
        connections.discard(ws)
    return ws


async def run() -> None:
    """Serve on a free port of loopback, say on which, and stay until ended."""
    app = web.Application()
    app[MEMBERS] = set()
    app.router.add_get("/api/rooms/{room}/ws", serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"ready http://127.0.0.1:{runner.addresses[0][1]} ", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(run())
