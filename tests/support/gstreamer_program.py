"""A WebRTC peer that is no browser. Arguments: publish|play SOUND.wav URL KEY.

It publishes to the end of the sound, and plays until its standard input is closed.
"""

# mypy: ignore-errors
# It runs under another Python than the project's, the one that has GStreamer's bindings.

import sys
import urllib.request
from urllib.parse import urljoin

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402 - versions come first

OPUS = "application/x-rtp,media=audio,encoding-name=OPUS,payload=96,clock-rate=48000"
SEND = (
    "webrtcbin name=peer bundle-policy=max-bundle filesrc location={sound} ! wavparse ! audioconvert"
    " ! audioresample ! audio/x-raw,rate=48000,channels=1 ! opusenc frame-size=20 bitrate=32000"
    " ! rtpopuspay pt=96 ! " + OPUS + " ! peer."
)
RECEIVE = (
    "rtpopusdepay ! opusdec plc=true ! audioconvert ! audioresample"
    " ! audio/x-raw,format=S16LE,rate=48000,channels=1 ! wavenc"
    " ! filesink buffer-mode=unbuffered location={sound}"
)


class Session:
    """One exchange with a WHIP or WHEP endpoint."""

    def __init__(self, role, sound, url, key):
        self.url, self.key, self.location = url, key, None
        if role == "publish":
            self.pipeline = Gst.parse_launch(SEND.format(sound=sound))
            self.peer = self.pipeline.get_by_name("peer")
            self.peer.connect("on-negotiation-needed", lambda _: self.offer())
        else:
            self.receiver(sound)
        self.peer.connect("notify::ice-gathering-state", self.gathered)

    def receiver(self, sound):
        """Build a pipeline that writes what comes."""
        self.pipeline = Gst.Pipeline.new("play")
        self.peer = Gst.ElementFactory.make("webrtcbin", "peer")
        self.peer.set_property("bundle-policy", "max-bundle")
        self.pipeline.add(self.peer)
        caps = Gst.Caps.from_string(OPUS + ",encoding-params=(string)2")
        self.peer.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, caps)

        def padded(_, pad):
            sink = Gst.parse_bin_from_description(RECEIVE.format(sound=sound), True)
            self.pipeline.add(sink)
            sink.sync_state_with_parent()
            pad.link(sink.get_static_pad("sink"))

        self.peer.connect("pad-added", padded)

    def offer(self):
        """Make an offer; the reply must live while its offer is used."""

        def made(promise, *_):
            promise.wait()
            reply = promise.get_reply()
            self.peer.emit("set-local-description", reply.get_value("offer"), Gst.Promise.new())

        self.peer.emit("create-offer", None, Gst.Promise.new_with_change_func(made, None, None))

    def gathered(self, *_):
        """Post the offer once all candidates are in it, and take the answer."""
        state = self.peer.get_property("ice-gathering-state")
        if state != GstWebRTC.WebRTCICEGatheringState.COMPLETE or self.location:
            return
        sdp = self.peer.get_property("local-description").sdp.as_text()
        with self.ask("POST", self.url, sdp.encode()) as answer:
            self.location = urljoin(self.url, answer.headers["Location"])
            _, message = GstSdp.SDPMessage.new_from_text(answer.read().decode())
        description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
        self.peer.emit("set-remote-description", description, Gst.Promise.new())

    def ask(self, method, url, body=None):
        """Send one request."""
        headers = {"Content-Type": "application/sdp", "Authorization": f"Bearer {self.key}"}
        return urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method))


def main(role, sound, url, key):
    """Run one session."""
    Gst.init(None)
    session = Session(role, sound, url, key)
    loop = GLib.MainLoop()

    def stop(*_):
        GLib.timeout_add(500, loop.quit)

    def over(_, told):
        if told.get_event().type == Gst.EventType.EOS:  # all before it is sent: it waits for its time
            stop()
        return Gst.PadProbeReturn.OK

    if role == "play":
        GLib.timeout_add(50, session.offer)
        GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, 0, GLib.IOCondition.HUP, stop)
    else:
        session.peer.get_static_pad("sink_0").add_probe(Gst.PadProbeType.EVENT_DOWNSTREAM, over)
    session.pipeline.set_state(Gst.State.PLAYING)
    loop.run()
    session.pipeline.set_state(Gst.State.NULL)
    session.ask("DELETE", session.location).close()


if __name__ == "__main__":
    main(*sys.argv[1:])
