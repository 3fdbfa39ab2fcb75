/** Joins what is needed to speak: the microphone, a way for it, takes and turns. Fetched when one comes in. */
import { Meter } from '../audio/meter.js';
import { Microphone } from '../audio/microphone.js';
import { Refused } from '../wire/protocol.js';
import { Awake } from './awake.js';
import { answerHeadphones } from './headphones.js';
import { limitOf } from './model.js';
import { OwnVoice } from './own-voice.js';
import { Route } from './route.js';
import { Speaker } from './speaker.js';
import { Turns } from './turns.js';

/**
 * @typedef {object} Devices
 * @property {(raw: boolean, changed: () => void) => Microphone} microphone
 * @property {() => Meter} meter
 * @property {() => Pick<Awake, 'keep'>} awake
 * @property {(room: string, request: import('./model.js').Request, lost: () => void) => Promise<import('./route.js').Path>} live
 * @property {(room: string, request: import('./model.js').Request) => Promise<import('./route.js').Path>} recorded
 *
 * @typedef {object} Wanted
 * @property {string} room
 * @property {boolean} files  this page sends no live sound
 * @property {boolean} raw    the microphone's sound as it is
 * @property {import('../room/clock.js').Clock} clock
 * @property {import('./model.js').Reader} read
 * @property {import('./own-voice.js').VoiceParts['set']} set
 * @property {import('./notices.js').Notices} notices
 * @property {import('./model.js').Request} request
 * @property {import('./own-voice.js').VoiceParts['openTurn']} openTurn
 * @property {import('./own-voice.js').VoiceParts['played']} played
 * @property {import('./own-voice.js').VoiceParts['duck']} duck
 */

/** @type {Devices} */
export const BROWSER = {
  microphone: (raw, changed) => new Microphone({ raw, changed }),
  meter: () => new Meter(),
  awake: () => new Awake(),
  live: async (room, request, lost) => {
    const { RtcPath } = await fetched(import('./rtc-path.js'));
    return new RtcPath(room, request, lost);
  },
  recorded: async (room, request) => {
    const { FilePath } = await fetched(import('./file-path.js'));
    if (!FilePath.isSupported) throw new Refused('no_recorder', '');
    return new FilePath(room, request);
  },
};

/** @template T @param {Promise<T>} module @returns {Promise<T>} */
function fetched(module) {
  return module.catch(() => {
    throw new Refused('offline', '');
  });
}

/** @param {Wanted} wanted @param {Devices} [devices] */
export function openSpeaking({ room, files, raw, clock, read, set, notices, request, openTurn, played, duck }, devices = BROWSER) {
  const meter = devices.meter();
  const awake = devices.awake();
  const microphone = devices.microphone(raw, () => voice.microphoneChanged());
  const route = new Route({
    files,
    live: (lost) => devices.live(room, request, lost),
    recorded: () => devices.recorded(room, request),
    fellBack: (why) => voice.fellBack(why),
    lost: () => speaker.lost(),
  });
  const voice = new OwnVoice(() => parts);
  const speaker = new Speaker({ microphone, meter, route, clock, observer: voice });
  const turns = new Turns({ speaker, clock, limit_ms: (turn) => limitOf(read(), turn), pace: () => read().pace, stepBack: () => voice.stepBack() });
  /** @type {import('./own-voice.js').VoiceParts} */
  const parts = {
    read, set, notices, speaker, microphone, route, turns, openTurn, duck,
    played: (playing) => (awake.keep(playing), played(playing)),
  };
  set({ mic: microphone.state });
  answerHeadphones({ read, clock, talk: (command) => voice.talk(command) });
  return { voice, speaker, turns, route, meter, microphone };
}
