/** Which browser this is, only where behaviour differs and cannot be asked for. */

const agent = globalThis.navigator?.userAgent ?? '';
const touchMac = /Macintosh/.test(agent) && (globalThis.navigator?.maxTouchPoints ?? 0) > 1;

export const isIOS = /iPhone|iPad|iPod/.test(agent) || touchMac;
export const isSafari = isIOS || (/Safari\//.test(agent) && !/Chrom(e|ium)|Android/.test(agent));
export const isFirefox = /Firefox\//.test(agent);
export const isAndroid = /Android/.test(agent);

const IN_APP = /FBA[NV]|Instagram|Line\/|MicroMessenger|TikTok|musical_ly|Snapchat|Twitter|LinkedInApp|; wv\)|GSA\//;

/** A browser inside another app seldom gets the microphone. */
export function isInApp(text = agent) {
  return IN_APP.test(text) || 'TelegramWebviewProxy' in globalThis;
}

/** Which of our descriptions tells how to allow the microphone here. */
export function allowanceKey() {
  if (isIOS) return 'allow.ios';
  if (isAndroid) return 'allow.android';
  if (isFirefox) return 'allow.firefox';
  return isSafari ? 'allow.safari' : 'allow.chromium';
}
