import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrived, refused, restarted, sent, stored } from '../../static/js/room/pending.js';
import { EMPTY, foldAll } from '../../static/js/room/state.js';
import { linesOf } from '../../static/js/views/chat-lines.js';

const me = { id: 'me', name: 'Calm Teapot', colour: '#aabbcc' };
const you = { id: 'you', name: 'Loud Moss', colour: '#ccbbaa' };
const BLANK = { state: EMPTY, pending: [], hidden: [], me };

/** @typedef {{text: string, by: typeof me, here: boolean}} Said one line of the log; `here`: written in this tab */
/** @type {Said[]} */
const SAID = [
  { text: 'first', by: me, here: true },
  { text: '/roll', by: me, here: true },
  { text: 'in another tab', by: me, here: false },
  { text: 'by another', by: you, here: false },
];

/** What is shown: texts of one's own are unique here, a roll is known by its picture. @param {any} model @returns {string[]} */
const shown = (model) => linesOf(model).map(({ text }) => (text.startsWith('🎲') ? '/roll' : text));

/** @param {any} model @param {Said[]} log @param {string} step @returns {any} */
function after(model, log, step) {
  const [what, text] = step.split(':');
  const head = model.state.head;
  const seq = log.findIndex((one) => one.text === text) + 1;
  if (what === 'send') return { ...model, pending: sent(model.pending, text, text, head) };
  if (what === 'ack') return { ...model, pending: stored(model.pending, text, seq, head) };
  const kind = text === '/roll' ? 'dice.rolled' : 'text.said';
  const data = text === '/roll' ? { expression: '1d6', dice: [3], total: 3 } : { text };
  const state = foldAll(model.state, /** @type {any} */ ([{ type: 'event', seq, prev: seq - 1, at_ms: seq, by: log[seq - 1].by, kind, data }]));
  return { ...model, state, pending: arrived(model.pending, state.head) };
}

/** What may come next: events in the order of the log, everything else whenever it likes. @param {Said[]} log @param {Set<string>} done */
function next(log, done) {
  const event = log.find(({ text }) => !done.has(`event:${text}`));
  const own = log.filter(({ here }) => here).map(({ text }) => text).sort().reverse(); // typed in this order
  const send = own.find((text) => !done.has(`send:${text}`));
  const steps = own.filter((text) => done.has(`send:${text}`) && !done.has(`ack:${text}`)).map((text) => `ack:${text}`);
  if (send) steps.push(`send:${send}`);
  if (event && (!event.here || done.has(`send:${event.text}`))) steps.push(`event:${event.text}`);
  return steps;
}

/** Look at every order there is. @param {any} model @param {Said[]} log @param {Set<string>} done @param {(model: any, done: Set<string>) => void} look @returns {number} */
function walk(model, log, done, look) {
  look(model, done);
  const steps = next(log, done);
  return steps.length === 0 ? 1 : steps.reduce((sum, step) => sum + walk(after(model, log, step), log, new Set([...done, step]), look), 0);
}

/** @template T @param {T[]} all @returns {T[][]} */
function orders(all) {
  return all.length < 2 ? [all] : all.flatMap((one, at) => orders(all.toSpliced(at, 1)).map((rest) => [one, ...rest]));
}

test('one line for what was said once, in whatever order its event and its ack come', () => {
  let seen = 0;
  for (const log of orders(SAID)) {
    seen += walk(BLANK, log, new Set(), (model, done) => {
      const lines = shown(model);
      const trace = `${[...done].join(' ')} gives ${lines.join(', ')}`;
      assert.equal(new Set(lines).size, lines.length, trace);
      for (const { text, here } of SAID) if (here) assert.equal(lines.includes(text), done.has(`send:${text}`), trace);
      assert.equal(lines.includes('by another'), done.has('event:by another'), trace);
      if (next(log, done).length === 0) assert.deepEqual(lines, log.map(({ text }) => text), trace);
      if (next(log, done).length === 0) assert.deepEqual(model.pending, []);
    });
  }
  assert.ok(seen > 2_000, `${seen} orders`);
});

test('what was refused is shown beside the events that waited for its answer', () => {
  const log = SAID.slice(2);
  let model = after(BLANK, log, 'send:no');
  model = after(after(model, log, 'event:in another tab'), log, 'event:by another');
  assert.deepEqual(shown(model), ['by another', 'no']);

  model = { ...model, pending: refused(model.pending, 'no', 'too_fast') };

  assert.deepEqual(shown(model), ['in another tab', 'by another', 'no']);
});

test('a line that is sent again into a log that begins anew is one line', () => {
  const before = { ...BLANK, state: { ...EMPTY, head: 50 } };
  const sending = after(before, [], 'send:first');
  const anew = { ...sending, state: EMPTY, pending: restarted(sending.pending) };

  const here = after(anew, SAID, 'event:first');
  assert.deepEqual(shown(here), ['first']);
  assert.deepEqual(shown(after(here, SAID, 'ack:first')), ['first']);
});

test('a line that only the old log had is gone with it', () => {
  const list = stored(sent([], 'gone', 'gone', 50), 'gone', 52, 50);

  assert.deepEqual(restarted(list), []);
});
