/**
 * Hear with more patience where packets get lost: what is sent again takes the way there and back,
 * and a browser's own buffer is often shorter than that (docs/radio.md).
 */

export const LOOK_MS = 3_000;
export const LOST_SHARE = 0.01;
export const PATIENT_MS = 400;

/** @typedef {{ received: number, missing: number }} Tally */

/**
 * Whether enough went missing between two looks, out of enough packets to tell.
 * @param {Tally} before @param {Tally} now
 */
export function isLossy(before, now) {
  const received = now.received - before.received;
  const missing = now.missing - before.missing;
  return received + missing >= 20 && missing > LOST_SHARE * (received + missing);
}

/** @param {RTCStatsReport} report @returns {Tally} */
export function tally(report) {
  for (const stat of report.values()) {
    if (stat.type !== 'inbound-rtp') continue;
    return { received: stat.packetsReceived ?? 0, missing: Math.max(stat.packetsLost ?? 0, stat.nackCount ?? 0) };
  }
  return { received: 0, missing: 0 };
}

/**
 * Watch a receiver for as long as its peer lives; once patient, it stays so.
 * @param {RTCPeerConnection} pc @param {RTCRtpReceiver} receiver
 */
export function watch(pc, receiver) {
  let before = { received: 0, missing: 0 };
  const timer = setInterval(async () => {
    if (pc.connectionState === 'closed') return clearInterval(timer);
    const now = tally(await receiver.getStats());
    if (isLossy(before, now)) {
      /** @type {RTCRtpReceiver & { jitterBufferTarget?: number }} */ (receiver).jitterBufferTarget = PATIENT_MS;
      clearInterval(timer);
    }
    before = now;
  }, LOOK_MS);
}
