import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { set } from '../../../static/js/lib/preferences.js';
import { ANNA, at, BELA, ended, modelOf, running, take } from '../support/stage.js';
import { FakeTimers } from '../support/timers.js';

/** @type {string[]} */
let said = [];
/** @type {number[][]} */
let shaken = [];
/** @type {string[]} */
let gestures = [];
const region = { set textContent(/** @type {string} */ text) { said.push(text); } };
Object.assign(globalThis, {
  document: { addEventListener: (/** @type {string} */ name) => gestures.push(name), getElementById: () => region, querySelectorAll: () => [] },
  matchMedia: () => ({ matches: true }), CSS: { escape: (/** @type {string} */ text) => text },
});
Object.defineProperty(globalThis, 'navigator', { value: { languages: ['en'], vibrate: (/** @type {number[]} */ ms) => shaken.push(ms) }, configurable: true });
const { StageSigns } = await import('../../../static/js/views/stage-signs.js');

/** A page with signs: its time stands until it is told to pass. */
class Page {
  timers = new FakeTimers().install();
  /** @type {[string, number, number][]} which cue, how loud, and when */ played = [];
  /** @type {any[]} */ notices = [];

  constructor() {
    said = [];
    shaken = [];
    gestures = [];
    const page = this;
    const cues = { prepare() {}, play: (/** @type {string} */ cue, /** @type {number} */ volume) => page.played.push([cue, volume, page.now_ms]) };
    this.session = {
      id: 'x',
      model: /** @type {any} */ (null),
      clock: { until_ms: (/** @type {number} */ ms) => ms - page.now_ms, get server_ms() { return page.now_ms; } },
      round: { get status() { return at(page.session.model, page.now_ms); } },
      notices: { pass: (/** @type {any} */ notice) => page.notices.push(notice) },
    };
    this.signs = new StageSigns(/** @type {any} */ (this.session), /** @type {any} */ (cues));
  }

  get now_ms() {
    return this.timers.now_ms;
  }

  /** @param {any} seen */
  see(seen) {
    this.session.model = { speaking: 'off', wantsSound: true, joined: true, undo: null, ...modelOf(seen), ...seen.page };
    this.signs.update(this.session.model);
  }
}

beforeEach(() => {
  set('sounds', true);
  set('vibration', true);
  set('volume', 1);
});

test('one\'s turn is counted in with its numbers, and its cue is over 120 ms before "go"', () => {
  const page = new Page();
  const round = running({ voice: 'anna', go_at_ms: 3_500, closes_at_ms: 8_000 });
  const counted = () => at(modelOf({ round }), page.now_ms).count;
  page.see({ round });
  page.timers.run(4_000);

  const ticks = page.played.filter(([cue]) => cue === 'tick').map(([, , ms]) => ms);
  assert.equal(ticks.length, 2);
  for (const [number, ms] of ticks.entries()) assert.equal(at(modelOf({ round }), ms).count, 3 - number);
  assert.deepEqual(page.played.at(-1)?.filter((part) => part !== 1), ['turn', 3_200]);
  assert.deepEqual(shaken, [[40, 60, 40]]);
  assert.equal(counted(), 0);
});

test('where the radio counts in there are no ticks, but the tone that says "you"', () => {
  const page = new Page();
  const round = running({ voice: 'anna', go_at_ms: 3_500, closes_at_ms: 8_000 });
  page.see({ round, page: { room: { ...modelOf({}).room, voice: true }, hearing: 'radio' } });
  page.timers.run(4_000);

  assert.deepEqual(page.played, [['turn', 1, 3_200]]);
});

test('for another\'s turn there is a tick for each number and nothing else', () => {
  const page = new Page();
  page.see({ round: running({ voice: 'bela', go_at_ms: 3_500, closes_at_ms: 8_000 }) });
  page.timers.run(4_000);

  assert.deepEqual(page.played.map(([cue]) => cue), ['tick', 'tick', 'tick']);
  assert.deepEqual(shaken, []);
});

test('a turn for all has the cue for those who play along', async () => {
  const heard = (/** @type {boolean} */ playing) => {
    const page = new Page();
    page.see({ round: running({ go_at_ms: 400, closes_at_ms: 5_000 }), page: { playing } });
    page.timers.run(500);
    return page.played.map(([cue]) => cue);
  };

  assert.deepEqual([heard(true), heard(false)].map((cues) => cues.includes('turn')), [true, false]);
});

test('a turn that is handed on quickly has the cue alone; one that is as good as begun has none', async () => {
  const page = new Page();
  page.see({ round: running({ voice: 'anna', go_at_ms: 400, closes_at_ms: 5_000 }) });
  page.timers.run(500);
  assert.deepEqual(page.played.filter(([cue]) => cue === 'turn').map(([, , ms]) => ms), [100]);

  const late = new Page();
  late.see({ round: running({ voice: 'anna', go_at_ms: 150, closes_at_ms: 5_000 }) });
  late.timers.run(500);
  assert.deepEqual(late.played.filter(([cue]) => cue === 'turn'), []);
});

test('a turn that changes takes its cues along', async () => {
  const page = new Page();
  page.see({ round: running({ voice: 'anna', go_at_ms: 3_500, closes_at_ms: 8_000 }) });
  page.see({ round: null });
  page.timers.run(4_000);

  assert.deepEqual(page.played, []);
});

test('nothing sounds or shakes into an open microphone', () => {
  for (const speaking of ['opening', 'live']) {
    const page = new Page();
    page.see({ page: { speaking } });
    page.signs.sign('winner');
    assert.deepEqual([page.played, shaken], [[], []], speaking);
  }
});

test('sounds and shaking are switched off each by itself; the volume is the visitor\'s', () => {
  const page = new Page();
  page.see({});
  set('volume', 0.25);
  page.signs.sign('next');
  set('sounds', false);
  page.signs.sign('next');
  set('vibration', false);
  page.signs.sign('next');

  assert.deepEqual(page.played, [['next', 0.25, 0]]);
  assert.deepEqual(shaken, [[20], [20]]);
});

test('who has switched the room off hears no signs of it', () => {
  const page = new Page();
  page.see({ page: { wantsSound: false } });
  page.signs.sign('next');

  assert.deepEqual(page.played, []);
});

test('who is next is told once', () => {
  const page = new Page();
  const round = running({ voice: 'bela', next: 'anna', go_at_ms: -10, closes_at_ms: 5_000 });
  page.see({ round });
  page.see({ round });

  assert.deepEqual(page.played.map(([cue]) => cue), ['next']);
});

test('an end has its fanfare while it is new: a winner, a tie, or a curtain', async () => {
  const heard = (/** @type {string[]} */ winners, at_ms = 0) => {
    const page = new Page();
    const last_round = ended(running({}, { takes: [take('a', ANNA), take('b', BELA)] }), { winners, at_ms });
    page.see({ state: { last_round } });
    page.see({ state: { last_round } });
    return page.played.map(([cue]) => cue);
  };

  assert.deepEqual([heard(['a']), heard(['a', 'b']), heard([])], [['winner'], ['tie'], ['curtain']]);
  assert.deepEqual(heard(['a'], -5_000), []);
});

test('one\'s own clip is told when it is in the room', () => {
  const page = new Page();
  page.see({ page: { undo: 'c' } });
  page.see({ page: { undo: 'c' } });

  assert.deepEqual(page.played.map(([cue]) => cue), ['landed']);
});

test('a laugh ripples at its place whenever the clip sounds, and at once while it sounds', async () => {
  const page = new Page();
  const clips = new Map([['c', { clip: 'c', by: BELA }]]);
  const ripples = (/** @type {number[]} */ ...places) => new Map([['c', places]]);
  page.see({ state: { clips, ripples: ripples(300, 700) }, onAir: 'c' });
  page.timers.run(500);
  page.see({ state: { clips, ripples: ripples(300, 700, 500) }, onAir: 'c' });
  page.timers.run(500);
  assert.deepEqual(page.played.map(([cue, , ms]) => [cue, ms]), [['ripple', 300], ['ripple', 500], ['ripple', 700]]);

  page.see({ state: { clips, ripples: ripples(300, 700, 500) }, replaying: 'c' });
  page.see({ state: { clips, ripples: ripples(300, 700, 500) } });
  page.timers.run(1_000);
  assert.equal(page.played.length, 3); // it was stopped before the first of them
});

test('who comes back is told how often others reacted meanwhile', async () => {
  const kept = new Map();
  Object.assign(globalThis, { localStorage: { getItem: (/** @type {string} */ key) => kept.get(key) ?? null, setItem: (/** @type {string} */ key, /** @type {string} */ value) => kept.set(key, value) } });
  const clips = new Map([['c', { clip: 'c', by: ANNA }], ['d', { clip: 'd', by: BELA }]]);
  const given = (/** @type {string[]} */ ...voices) => new Map([['c', new Map([['😂', voices]])], ['d', new Map([['😂', ['cleo']]])]]);
  const come = async (/** @type {any} */ reactions) => {
    const page = new Page();
    page.see({ state: { clips, reactions } });
    page.timers.run(3_001);
    return page;
  };

  assert.deepEqual((await come(given('bela', 'anna'))).notices.map(({ values }) => values.n), ['1']); // not one's own
  assert.deepEqual((await come(given('bela', 'anna'))).notices, []);
  const page = await come(given('bela', 'cleo', 'dora'));
  assert.deepEqual(page.notices.map(({ code, values }) => [code, values.n]), [['laughed', '2']]);
  page.see({ state: { clips, reactions: given('bela', 'cleo', 'dora', 'eva') } }); // seen while here
  assert.deepEqual((await come(given('bela', 'cleo', 'dora', 'eva'))).notices, []);
});

test('the first touch lets the page sound', () => {
  assert.ok(new Page());
  assert.deepEqual(gestures, ['pointerdown', 'keydown']);
});
