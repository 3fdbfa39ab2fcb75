import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockLength } from '../../../static/js/lib/format.js';
import { t } from '../../../static/js/lib/text.js';
import { evenings, recording } from '../../../static/js/wire/evenings.js';
import '../support/visit.js';

const { Chooser } = await import('../../../static/js/views/evening-sheet.js');

const NOON_MS = new Date(2026, 10, 27, 12, 0).getTime();
const HOUR_MS = 3_600_000;
const round = (/** @type {string} */ id, /** @type {number} */ takes) => ({ id, takes: new Array(takes).fill({}) });
const file = (/** @type {number} */ clips) => ({ clips, duration_ms: 65_000, chapters: [], media: { ogg: 'o', m4a: 'm', vtt: 'v' } });

/** A chooser whose answers the test gives. @param {any[]|Error} [found] */
function chooser(found = [{ from_ms: NOON_MS - HOUR_MS, to_ms: NOON_MS, clips: 3 }]) {
  /** @type {{which: Record<string, string>, resolve: (found: any) => void, reject: (why: unknown) => void}[]} */
  const asked = [];
  /** @type {[number|undefined, string][]} */
  const shown = [];
  const wire = {
    evenings: async () => { if (found instanceof Error) throw found; return found; },
    recording: (/** @type {string} */ _room, /** @type {any} */ which) => new Promise((resolve, reject) => asked.push({ which, resolve, reject })),
  };
  return { asked, shown, made: new Chooser('x', (one, words) => shown.push([one?.clips, words]), /** @type {any} */ (wire)) };
}

/** Begin, and answer what is asked first. @param {ReturnType<typeof chooser>} one @param {any} state */
async function begun({ asked, made }, state) {
  const beginning = made.begin(state, NOON_MS);
  await new Promise((resolve) => setImmediate(resolve));
  asked[0]?.resolve(file(3));
  return beginning;
}

test('the newest evening is told first, and the round that runs can be chosen when something was said in it', async () => {
  const one = chooser();
  const parts = await begun(one, { round: round('now', 2), last_round: round('old', 1) });

  assert.deepEqual(one.asked[0].which, { from_ms: String(NOON_MS - HOUR_MS), to_ms: String(NOON_MS) });
  assert.deepEqual(one.shown, [[3, `${t('evening.clips.other', { n: 3 })} · ${t('evening.length', { length: '1:05' })}`]]);
  assert.deepEqual(parts.map(({ which }) => which.round), [undefined, 'now']);
  assert.equal(parts[1].words, t('evening.round'));
});

test('while nothing was said in a round the one before stands for it, and none where nothing was either', async () => {
  const last = await begun(chooser(), { round: round('now', 0), last_round: round('old', 1) });
  assert.deepEqual([last[1].words, last[1].which], [t('evening.last'), { round: 'old' }]);
  assert.equal((await begun(chooser(), { round: null, last_round: null })).length, 1);
  assert.equal((await begun(chooser(), { round: null, last_round: round('old', 0) })).length, 1);
});

test('where nothing was said yet, or a server refuses, it is said and there is nothing to choose', async () => {
  const empty = chooser([]);
  assert.deepEqual(await empty.made.begin({ round: null, last_round: null }, NOON_MS), []);
  assert.deepEqual(empty.shown, [[undefined, t('evening.none')]]);
  const slow = chooser(Object.assign(new Error('slowly'), { code: 'too_fast', message: 'Slowly.' }));
  assert.deepEqual(await slow.made.begin({ round: null, last_round: null }, NOON_MS), []);
  assert.ok(slow.shown[0][1].length > 3);
});

test('only the part that was chosen last counts, and one that is gone is said', async () => {
  const { asked, shown, made } = chooser();
  const first = made.choose({ words: '', which: { round: 'a' } });
  const second = made.choose({ words: '', which: { round: 'b' } });
  asked[1].resolve(file(1));
  await second;
  asked[0].resolve(file(9));
  await first;
  assert.deepEqual(shown.map(([clips]) => clips), [1]);
  assert.ok(shown[0][1].startsWith(t('evening.clips.one')));
  const gone = made.choose({ words: '', which: { round: 'c' } });
  asked[2].reject({ code: 'no_such_clip', message: 'Gone.' });
  await gone;
  assert.deepEqual(shown.at(-1), [undefined, t('evening.none')]);
});

test('a server is asked by room and part', async (context) => {
  /** @type {string[]} */
  const paths = [];
  const answers = [new Response('{"evenings":[]}'), new Response('{"clips":1}'), new Response('{"code":"busy"}', { status: 503 })];
  context.mock.method(globalThis, 'fetch', async (/** @type {string} */ path) => (paths.push(path), answers.shift()));

  assert.deepEqual(await evenings('a/b'), []);
  assert.deepEqual(await recording('x', { round: 'r' }), { clips: 1 });
  await assert.rejects(recording('x', { from_ms: '1', to_ms: '2' }));
  assert.deepEqual(paths, ['/api/rooms/a%2Fb/evenings', '/api/rooms/x/recording?round=r', '/api/rooms/x/recording?from_ms=1&to_ms=2']);
});

test('how long something sounds is said as a clock says it', () => {
  assert.deepEqual([0, 900, 59_600, 185_000, 3_600_000, 37_023_000].map(clockLength), ['0:01', '0:01', '1:00', '3:05', '1:00:00', '10:17:03']);
});
