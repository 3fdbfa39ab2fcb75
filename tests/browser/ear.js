// Runs before the page's own scripts: keeps every sample that the page plays, and remembers when it opened
// the microphone. The text of ear-processor.js is put in where its name stands.
(() => {
  const PROCESSOR = /* processor */ '';
  const kept = [];
  const attached = new WeakMap(); // what is heard -> its node
  let began;

  async function begin() {
    const context = new AudioContext({ sampleRate: 48000 });
    const blob = URL.createObjectURL(new Blob([PROCESSOR], { type: 'text/javascript' }));
    const isFirefox = navigator.userAgent.includes('Firefox');
    await context.audioWorklet.addModule(isFirefox ? '/tests/ear-processor.js' : blob);
    const ear = new AudioWorkletNode(context, 'ear', { numberOfOutputs: 0, channelCount: 1, channelCountMode: 'explicit' });
    ear.port.onmessage = ({ data }) => kept.push(data);
    await context.resume();
    return { context, ear };
  }

  async function hear(element) {
    const { context, ear } = await (began ??= begin());
    const stream = element.srcObject ?? (element.captureStream ?? element.mozCaptureStream).call(element);
    if (!stream.getAudioTracks().length || attached.get(element)?.stream === stream) return;
    attached.get(element)?.node.disconnect();
    const source = context.createMediaStreamSource(stream);
    const node = new GainNode(context);
    const follow = () => (node.gain.value = element.muted ? 0 : 1); // as a loudspeaker has it
    follow();
    if (!attached.has(element)) element.addEventListener('volumechange', () => attached.get(element).follow());
    source.connect(node).connect(ear);
    attached.set(element, { stream, node, follow });
  }

  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    // Without a network the worklet does not come: the next sound tries again.
    this.addEventListener('playing', () => hear(this).catch(() => (began = undefined)), { once: true });
    return play.call(this);
  };

  window.__heard = () => {
    const samples = new Int16Array(kept.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of kept) {
      samples.set(part, at);
      at += part.length;
    }
    const bytes = new Uint8Array(samples.buffer);
    let text = '';
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return btoa(text);
  };
})();

// When the page opened the microphone.
(() => {
  const devices = navigator.mediaDevices;
  const ask = devices?.getUserMedia?.bind(devices);
  if (ask) {
    devices.getUserMedia = async (constraints) => {
      const stream = await ask(constraints);
      window.__microphone_opened_ms = performance.now();
      return stream;
    };
  }
})();
