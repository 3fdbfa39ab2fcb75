"""A site of another origin with WHIP and WHEP clients that others wrote, used as their authors show."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from tests.support.programs import IN_CI
from tests.support.shape import ROOT

ESBUILD = ROOT / "node_modules/.bin/esbuild"
KEY = "s" * 43
IMPORTS = """
import player from '@eyevinn/webrtc-player';
export { WHIPClient as OtherWhip } from '@eyevinn/whip-web-client';
export { WHIPClient } from 'whip-whep/whip.js';
export { WHEPClient } from 'whip-whep/whep.js';
export const { WebRTCPlayer } = player;
"""
PAGE = """<!doctype html><title>Stranger</title><video autoplay></video><script type="module">
import * as clients from '/clients.js';
Object.assign(window, clients, {ready: true});
</script>"""

# Each begins with the endpoint and the key and leaves `window.end` behind.
RAW = "{audio: {echoCancellation: false, noiseSuppression: false, autoGainControl: false}}"
PUBLISH = {
    "whip-whep": f"""async ([url, key]) => {{
        const pc = new RTCPeerConnection();
        const stream = await navigator.mediaDevices.getUserMedia({RAW});
        for (const track of stream.getTracks()) pc.addTransceiver(track, {{direction: 'sendonly'}});
        const client = new WHIPClient();
        await client.publish(pc, url, key);
        window.end = () => client.stop();
    }}""",
    "@eyevinn/whip-web-client": f"""async ([url, key]) => {{
        const client = new OtherWhip({{endpoint: url, opts: {{authkey: key, iceServers: []}}}});
        await client.ingest(await navigator.mediaDevices.getUserMedia({RAW}));
        window.end = () => client.destroy();
    }}""",
}
PLAY = {
    "whip-whep": """async ([url]) => {
        const pc = new RTCPeerConnection();
        pc.addTransceiver('audio', {direction: 'recvonly'});
        pc.ontrack = ({streams, track}) => {
            const video = document.querySelector('video');
            video.srcObject = streams[0] ?? new MediaStream([track]);
            video.play();
        };
        const client = new WHEPClient();
        await client.view(pc, url);
        window.end = () => client.stop();
    }""",
    "@eyevinn/webrtc-player": """async ([url]) => {
        const video = document.querySelector('video');
        const options = {video, type: 'whep', iceServers: [], mediaConstraints: {audioOnly: true}};
        const client = new WebRTCPlayer({...options, statsTypeFilter: '^inbound-rtp'});
        await client.load(new URL(url));
        client.unmute();
        video.play();
        window.end = () => client.destroy();
    }""",
}


def bundle(folder: Path) -> bytes:
    """Bundle the clients as they are into one module; needs the packages of package.json."""
    if not ESBUILD.exists():
        reason = "the npm packages are not installed: `make test` does it"
        pytest.fail(reason) if IN_CI else pytest.skip(reason)
    out = folder / "clients.js"
    command = [str(ESBUILD), "--bundle", "--format=esm", "--log-level=error", f"--outfile={out}"]
    subprocess.run(command, input=IMPORTS.encode(), cwd=ROOT, check=True)
    return out.read_bytes()


@asynccontextmanager
async def stranger_site(script: bytes) -> AsyncIterator[str]:
    """Serve the page with the clients at an address of its own; yields that address."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def module(_: web.Request) -> web.Response:
        return web.Response(body=script, content_type="text/javascript")

    app = web.Application()
    app.add_routes([web.get("/", page), web.get("/clients.js", module)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()
