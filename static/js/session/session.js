/**
 * One visit to one room: joins the parts, gives each of them its own fields of the model to write, and
 * offers the views what a visitor can do. Everything a view shows is in `store.model`.
 */
import { Player } from '../audio/player.js';
import { get, subscribe } from '../lib/preferences.js';
import { recall } from '../lib/storage.js';
import { Store } from '../lib/store.js';
import { Clock } from '../room/clock.js';
import { own } from '../wire/key.js';
import { command } from '../wire/protocol.js';
import { hasLiveSound } from '../wire/rtc.js';
import { RoomSocket } from '../wire/socket.js';
import { Connection } from './connection.js';
import { Hidden } from './hidden.js';
import { Inbox } from './inbox.js';
import { LateSpeaking } from './late-speaking.js';
import { Lines } from './lines.js';
import { Listener } from './listener.js';
import { BLANK, isCalm, limitOf } from './model.js';
import { Notices } from './notices.js';
import { Outcomes } from './outcomes.js';
import { OwnClips } from './own-clips.js';
import { followPage } from './page-life.js';
import { OwnPresence } from './presence.js';
import { RoundClock } from './round-clock.js';
import { OnAir, Replay } from './sounds.js';

/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('../wire/protocol.js').Signal} Signal */
/** @typedef {import('../wire/protocol.js').Event} RoomEvent */
/** @typedef {typeof import('./speaking.js').openSpeaking} Open */
/**
 * @typedef {object} Edges  what a test, or another page than a room's, has of its own
 * @property {() => Promise<{openSpeaking: Open}>} [speaking]
 * @property {boolean} [screen] many look at this page, and it is nobody in the room
 * @property {Player} [player]
 * @property {() => number} [now]
 * @property {ConstructorParameters<typeof Listener>[0]['connect']} [connect]
 */

const ENDINGS = new Set(['cut', 'landed', 'refused']);

export class Session {
  /** @param {string} room @param {HTMLAudioElement} audio @param {URLSearchParams} query @param {Edges} [edges] */
  constructor(room, audio, query, edges = {}) {
    const isTold = query.get('rtc') === 'off';
    this.lacksLiveSound = !isTold && !hasLiveSound();
    this.files = isTold || this.lacksLiveSound;
    this.raw = query.get('mic') === 'raw';
    this.id = room;
    this.isBesideScreen = query.get('same') === 'room';
    const answer = query.get('answer') ?? ''; // a clip that is heard after one's own answer
    const hidden = [...recall(`hidden.${room}`, []), ...(answer ? [answer] : [])];
    this.store = new Store(/** @type {Model} */ ({ ...BLANK, wantsSound: !this.isBesideScreen, hidden, path: this.files ? 'files' : 'webrtc', pace: recall('pace', 1) }));
    const read = () => this.model;
    const set = (/** @type {Partial<Model>} */ changes) => this.store.set(changes);
    this.set = set;
    this.edges = edges;
    this.clock = new Clock(edges.now ?? (() => performance.now()));
    this.notices = new Notices(read, set);
    this.player = edges.player ?? new Player(audio, {
      blocked: () => this.notices.tell({ code: 'tap-to-hear', action: () => this.player.unlock() }),
      playing: () => this.notices.clear('tap-to-hear'),
      failed: () => this.notices.pass({ code: 'unplayable' }),
    });
    this.socket = this.#socket(room);
    /** @type {import('./model.js').Request} */
    this.request = (message, options) => this.socket.request(message, options);
    this.inbox = new Inbox(read, set);
    this.lines = new Lines(read, set, this.request);
    this.presence = new OwnPresence(room, read, set, this.request);
    if (answer || query.has('daily')) this.presence.before = async () => (await import('./answering.js')).answering(this, answer);
    this.round = new RoundClock(read, set, this.clock);
    this.hidden = new Hidden(room, read, set);
    this.outcomes = new Outcomes(room, read, this.notices, (clip) => this.forget(clip));
    this.clips = new OwnClips(read, set, (type, fields) => this.ask(type, fields));
    this.onAir = new OnAir({ read, set, clock: this.clock, hidden: this.hidden, player: this.player });
    this.replay = new Replay(read, set, this.player, own);
    this.speaking = new LateSpeaking(() => this.#openSpeaking(), () => {
      this.#fetching(false);
      this.notices.pass({ code: 'refused', values: { code: 'offline', message: '' } });
    });
    const ask = () => fetch(this.socket.url.replace('ws', 'http'), { method: 'OPTIONS' });
    this.connection = new Connection({ read, set, notices: this.notices, ask, close: () => this.socket.close() });
    this.listener = new Listener({ room, files: this.files, player: this.player, clock: this.clock, observer: this.#hearing(set), isCalm: () => isCalm(this.model), connect: edges.connect });
  }

  get model() {
    return this.store.model;
  }

  /** Go to the room. */
  open() {
    this.store.watch(() => this.onAir.follow());
    this.socket.open();
    let spoken = get('spoken');
    subscribe((wanted) => {
      if (wanted.spoken === spoken) return;
      spoken = wanted.spoken;
      this.presence.send();
    });
    followPage(this);
  }

  // --- what the room tells

  /** @param {string} room */
  #socket(room) {
    const url = new URL(`/api/rooms/${encodeURIComponent(room)}/ws${this.edges.screen ? '?screen=1' : ''}`, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    return new RoomSocket(url.href, {
      welcome: (welcome) => {
        this.clock.hint(welcome.server_ms);
        this.inbox.welcome(welcome);
        this.#plan();
      },
      events: (events) => this.#events(events),
      signal: (signal) => this.#signal(signal),
      pong: (t, server_ms) => {
        this.clock.pong(t, server_ms);
        this.round.update();
        this.speaking.here?.turns.reschedule();
      },
      reset: () => (this.inbox.reset(), this.lines.restart()),
      status: (status, code) => this.#status(status, code),
    }, { now: this.edges.now });
  }

  /** @param {'open'|'closed'|'refused'} status @param {number} code */
  #status(status, code) {
    if (status === 'refused') return this.connection.refused();
    if (status === 'closed') return this.connection.lost(code);
    if (this.connection.opened()) this.listener.reconnect();
    this.speaking.here?.route.check();
    this.presence.send();
  }

  /** @param {RoomEvent[]} events */
  #events(events) {
    this.outcomes.events(events);
    this.inbox.events(events);
    this.lines.settle();
    this.#plan();
    for (const event of events) this.clips.heard(event, this.clock.server_ms);
  }

  /** @param {Signal} signal */
  #signal({ kind, data }) {
    if (kind === 'cue' || kind === 'cut') return this.#cue(kind, data);
    if (kind === 'take' || kind === 'care') return kind === 'care' ? this.outcomes.care() : this.#take(data);
    this.inbox.signal(kind, data);
  }

  /** The server cut a take by itself, perhaps that of another tab. @param {{state: string, peer: string, clip?: string}} take */
  #take({ state, peer, ...take }) {
    if (state === 'landed') this.clips.endPreview(take.clip); // kept, perhaps in another tab
    if (state === 'preview') this.clips.offerPreview(/** @type {any} */ (take));
    const speaking = this.speaking.here;
    if (peer && peer === speaking?.route.peer && ENDINGS.has(state)) speaking.speaker.ended();
  }

  /** A clip begins, or ends before its time. @param {'cue'|'cut'} kind @param {import('../wire/protocol.js').Cue} cue */
  #cue(kind, cue) {
    const until_ms = cue.names?.some((id) => this.hidden.has(id)) ? (cue.names_at_ms ?? 0) : undefined;
    const isWanted = cue.clip ? !this.hidden.has(cue.clip) : kind === 'cut' || (get('spoken') && until_ms !== 0);
    if (isWanted) this.listener[kind]({ ...cue, until_ms });
    this.onAir[kind](cue);
  }

  /** The round, the pace or who plays has changed. */
  #plan() {
    this.round.update();
    this.speaking.here?.turns.plan(this.round.playedTurn);
  }

  // --- being here

  /** The join tap: call it in the gesture, for it unlocks the sound. @param {boolean} playing */
  join(playing) {
    this.player.unlock();
    this.presence.join();
    if (this.lacksLiveSound) this.notices.tell({ code: 'no-live-sound' });
    if (this.model.wantsSound) this.listener.on();
    else if (this.isBesideScreen) this.notices.tell({ code: 'same-room' });
    if (playing) this.play(true);
    else this.speaking.need().catch(() => {}); // so that it is here with the first press
    this.presence.send();
  }

  /** @param {number} pace how much more time than others */
  pace(pace) {
    this.presence.setPace(pace);
    this.#plan();
  }

  /** @param {boolean} wantsSound */
  sound(wantsSound) {
    /** @type {import('./model.js').Setter<'wantsSound'>} */
    const set = this.set;
    set({ wantsSound });
    if (!wantsSound) return this.listener.off();
    this.player.unlock();
    this.listener.on();
  }

  /** @param {import('./model.js').Setter<'hearing'>} set @returns {import('./listener.js').ListenerObserver} */
  #hearing(set) {
    return {
      became: (hearing) => {
        set({ hearing });
        if (hearing !== 'connecting') this.presence.send();
      },
      fellBack: () => this.speaking.ask(({ route, voice }) => (route.expectFiles(), voice.fellBack('udp-blocked'))),
      recovered: () => this.speaking.ask(({ voice }) => voice.recovered()),
    };
  }

  // --- one's own voice

  /** The talk button. @param {'start'|'stop'} command */
  talk(command) {
    if (!this.speaking.here) this.#fetching(command === 'start');
    return this.speaking.ask(({ voice }) => (this.#fetching(false), voice.talk(command)));
  }

  /** @param {boolean} fetching */
  #fetching(fetching) {
    /** @type {import('./model.js').Setter<'fetching'>} */
    const set = this.set;
    if (fetching !== this.model.fetching) set({ fetching });
  }

  /** Play along, or step back. @param {boolean} playing */
  play(playing) {
    return this.speaking.ask(({ voice }) => voice.play(playing && !this.model.state.closed));
  }

  /** When "go" was seen, for a reaction time on one's own clocks. @param {import('../wire/protocol.js').Turn} turn */
  sawGo(turn) {
    if (this.speaking.here) this.speaking.here.speaker.go = { name: `${turn.round} ${turn.turn}`, shown_ms: this.clock.now() };
  }

  /** How loud the open microphone is, 0 to 1. */
  get level() {
    return this.speaking.here?.meter.level ?? 0;
  }

  /** @param {import('../wire/protocol.js').Turn|null} turn */
  limitOf(turn) {
    return limitOf(this.model, turn);
  }

  async #openSpeaking() {
    const { openSpeaking } = await (this.edges.speaking ?? (() => import('./speaking.js')))();
    const speaking = openSpeaking({
      room: this.id, files: this.files, raw: this.raw, clock: this.clock, read: () => this.model, set: this.set, notices: this.notices, request: this.request,
      openTurn: () => this.round.openTurn,
      played: () => (this.presence.send(), this.#plan()),
      duck: (on) => this.player.duck(on),
    });
    speaking.turns.plan(this.round.playedTurn);
    return speaking;
  }

  // --- what else a visitor asks for

  /** Send a command; a refusal is told in a passing notice. @param {string} type @param {Record<string, unknown>} [fields] @returns {Promise<string>} '', or the code of the refusal */
  async ask(type, fields = {}) {
    try {
      await this.request(command(type, fields), { resend: true });
      return '';
    } catch (why) {
      this.notices.complain(why);
      return /** @type {import('../wire/protocol.js').Refused} */ (why).code ?? 'other';
    }
  }

  /** Send a command; tells whether it was granted. @param {string} type @param {Record<string, unknown>} [fields] */
  async send(type, fields = {}) {
    return (await this.ask(type, fields)) === '';
  }

  /** @param {string} target @param {string} emoji @param {number} [at_ms] how far into a clip */
  react(target, emoji, at_ms) {
    return this.send('react', { target, emoji, ...(at_ms ? { at_ms } : {}) });
  }

  /** @param {string} clip */
  async forget(clip) {
    return (await this.clips.forget(clip)) === '';
  }
}
