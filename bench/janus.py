"""Debian's Janus as a peer to compare with: its streaming plugin, fed with the same RTP packets.

One event loop, ICE-lite, no other plugin; spoken to over its Unix socket. CPU is that of its process.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from server.rtc import rtp
from server.rtc.broadcast import packets

PAYLOAD_TYPE = 111
STARTING_S = 30.0
LARGEST_REPLY_BYTES = 65_536


def installed() -> bool:
    """Tell whether there is a Janus to compare with."""
    return shutil.which("janus") is not None


def cpu_s(pid: int) -> float:
    """Return the CPU time a process has used, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _configure(folder: Path, port: int) -> None:
    """Write a configuration that leaves everything off but the streaming plugin."""
    (folder / "janus.jcfg").write_text(
        "general: { debug_level = 1  event_loops = 1  session_timeout = 0 }\n"
        "nat: { ice_lite = true  full_trickle = false }\n"
        "media: { ipv6 = false }\n"
        'transports: { disable = "libjanus_http.so,libjanus_websockets.so,libjanus_mqtt.so,'
        'libjanus_nanomsg.so,libjanus_rabbitmq.so" }\n'
        'plugins: { disable = "libjanus_audiobridge.so,libjanus_duktape.so,libjanus_echotest.so,'
        "libjanus_lua.so,libjanus_nosip.so,libjanus_recordplay.so,libjanus_sip.so,libjanus_textroom.so,"
        'libjanus_videocall.so,libjanus_videoroom.so,libjanus_voicemail.so" }\n'
    )
    (folder / "janus.transport.pfunix.jcfg").write_text(
        f'general: {{ enabled = true  json = "compact"  path = "{folder}/api"  type = "SOCK_SEQPACKET" }}\n'
        "admin: { admin_enabled = false }\n"
    )
    (folder / "janus.plugin.streaming.jcfg").write_text(
        f'radio: {{ type = "rtp"  id = 1  description = "radio"  audio = true  video = false  '
        f'audioport = {port}  audiopt = {PAYLOAD_TYPE}  audiocodec = "opus" }}\n'
    )


class Janus:
    """A running Janus with one audio stream; `answer` connects a listener as our media plane does."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, port: int) -> None:
        self._process = process
        self._folder = folder
        self._port = port
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setblocking(False)
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._number = 0
        self._session = 0
        self._reader: asyncio.Task[None] | None = None
        self.pid = process.pid

    @classmethod
    async def start(cls) -> Janus:
        """Start it in a folder of its own and open a session. Raises OSError or TimeoutError."""
        folder, port = Path(tempfile.mkdtemp(prefix="janus-")), _free_udp_port()
        _configure(folder, port)
        process = await asyncio.create_subprocess_exec(
            *("janus", "-F", str(folder), "-C", str(folder / "janus.jcfg")),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        made = cls(process, folder, port)
        try:
            async with asyncio.timeout(STARTING_S):
                while not await made._reached():  # noqa: ASYNC110 - its socket tells nobody when it is there
                    await asyncio.sleep(0.1)
        except TimeoutError:
            await made.close()
            raise
        made._reader = asyncio.ensure_future(made._read())
        made._session = (await made._ask({"janus": "create"}))["data"]["id"]
        return made

    async def _reached(self) -> bool:
        try:
            await asyncio.get_running_loop().sock_connect(self._socket, str(self._folder / "api"))
        except OSError:
            return False
        return True

    async def _read(self) -> None:
        """Give each reply to who asked; an acknowledgement alone is none yet."""
        loop = asyncio.get_running_loop()
        while body := await loop.sock_recv(self._socket, LARGEST_REPLY_BYTES):
            reply = json.loads(body)
            waiting = self._waiting.get(reply.get("transaction", ""))
            if waiting is not None and not waiting.done() and reply["janus"] != "ack":
                waiting.set_result(reply)

    async def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        name = str(self._number)
        self._waiting[name] = asyncio.get_running_loop().create_future()
        if self._session:
            message["session_id"] = self._session
        await asyncio.get_running_loop().sock_sendall(
            self._socket, json.dumps({**message, "transaction": name}).encode()
        )
        try:
            return await asyncio.wait_for(self._waiting[name], STARTING_S)
        finally:
            del self._waiting[name]

    async def answer(self, room: str, role: str, offer: str, *, address: str) -> tuple[str, str]:
        """Let a listener in: Janus offers and the peer answers, so both are turned round."""
        attached = await self._ask({"janus": "attach", "plugin": "janus.plugin.streaming"})
        handle = attached["data"]["id"]
        body = {"request": "watch", "id": 1, "offer_video": False}
        theirs: str = (await self._ask({"janus": "message", "handle_id": handle, "body": body}))["jsep"][
            "sdp"
        ]
        mid = theirs.split("a=mid:", 1)[1].split("\r\n", 1)[0]
        ours = offer.replace("a=setup:actpass", "a=setup:active").replace("a=mid:0", f"a=mid:{mid}")
        ours = ours.replace("a=group:BUNDLE 0", f"a=group:BUNDLE {mid}")
        jsep = {"type": "answer", "sdp": ours}
        await self._ask({"janus": "message", "handle_id": handle, "body": {"request": "start"}, "jsep": jsep})
        return str(handle), theirs

    async def feed(self, clip: Sequence[bytes], frames: int, seconds: float) -> int:
        """Send the clip over and over, packed and paced as our broadcast does; return packets sent."""
        loop, sent, timestamp = asyncio.get_running_loop(), 0, 0
        packed = packets(clip, frames)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as feeder:
            start_s = loop.time()
            while loop.time() < start_s + seconds:
                head = bytearray(rtp.header(marker=sent == 0, timestamp=timestamp, ssrc=7))
                head[1] |= PAYLOAD_TYPE
                head[2:4] = (sent & 0xFFFF).to_bytes(2, "big")
                feeder.sendto(bytes(head) + packed[sent % len(packed)], ("127.0.0.1", self._port))
                sent += 1
                timestamp += frames * 960
                await asyncio.sleep(max(0.0, start_s + sent * frames * 0.02 - loop.time()))
        return sent

    async def close(self) -> None:
        """End it."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        self._socket.close()
        self._process.kill()
        await self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
