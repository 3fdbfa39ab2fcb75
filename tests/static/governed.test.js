/** How a room is governed, as the page folds it: proposals, what is hidden, who keeps it, what became of one's reports. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apply, bounded, EMPTY, foldAll, KEPT, seeded } from '../../static/js/room/state.js';

/** @typedef {import('../../static/js/room/state.js').RoomState} RoomState */

const ANNA = { id: 'anna', name: 'Zany Kettle', colour: '#ffaa00' };
const BELA = { id: 'bela', name: 'Soft Cactus', colour: '#00aaff' };

/** Number what happened, from the next event on. @param {RoomState} state @param {...[string, any, any?]} facts @returns {RoomState} */
function after(state, ...facts) {
  return foldAll(
    state,
    facts.map(([kind, data, by = null], at) => {
      const seq = state.head + at + 1;
      return /** @type {any} */ ({ type: 'event', seq, prev: seq - 1, at_ms: 1_000 + seq, by, kind, data });
    }),
  );
}

const OPENED = after(EMPTY, ['round.opened', { round: 'r1', game: 'chain', tempo: 'snap' }, ANNA]);
const PROPOSED = after(OPENED, ['proposal.made', { proposal: 'p1', wish: 'start', until_ms: 9_000, game: 'other', tempo: null }, BELA]);

test('a round is signed by who began it, and by nobody when the room did', () => {
  assert.equal(OPENED.round?.starter, 'anna');
  assert.equal(after(EMPTY, ['round.opened', { round: 'r1', game: 'chain', tempo: 'snap' }]).round?.starter, '');
});

test('who comes in the middle of a round is told who began it', () => {
  const shown = { id: 'r1', game: 'chain', tempo: 'snap', opened_at_ms: 1, prompt: null, players: [], turn: null, takes: [], verdicts: [], starter: 'anna' };
  assert.equal(seeded(/** @type {any} */ ({ round: shown })).round?.starter, 'anna');
});

test('whoever proposes says yes', () => {
  assert.deepEqual(PROPOSED.proposal, {
    id: 'p1',
    voice: 'bela',
    wish: 'start',
    game: 'other',
    tempo: null,
    until_ms: 9_000,
    yes: ['bela'],
    no: [],
    clip: '',
    prompt: null,
  });
});

test('of yes and no the last one of a voice counts', () => {
  const yes = after(PROPOSED, ['proposal.agreed', { proposal: 'p1', voice: 'anna', value: true }, ANNA]);
  assert.deepEqual([yes.proposal?.yes, yes.proposal?.no], [['bela', 'anna'], []]);

  const no = after(yes, ['proposal.agreed', { proposal: 'p1', voice: 'anna', value: false }, ANNA]);
  assert.deepEqual([no.proposal?.yes, no.proposal?.no], [['bela'], ['anna']]);

  const withdrawn = after(no, ['proposal.agreed', { proposal: 'p1', voice: 'bela', value: false }, BELA]);
  assert.deepEqual([withdrawn.proposal?.yes, withdrawn.proposal?.no], [[], ['anna', 'bela']]);
});

test('what is said of another proposal changes nothing', () => {
  const state = after(PROPOSED, ['proposal.agreed', { proposal: 'p0', voice: 'anna', value: true }, ANNA], ['proposal.closed', { proposal: 'p0', accepted: false }]);
  assert.equal(state.proposal, PROPOSED.proposal);
  assert.equal(after(OPENED, ['proposal.closed', { proposal: 'p1', accepted: true }]).proposal, null);
});

test('a proposal is gone when it is closed, and with its round', () => {
  assert.equal(after(PROPOSED, ['proposal.closed', { proposal: 'p1', accepted: false }]).proposal, null);
  assert.equal(after(PROPOSED, ['round.closed', { round: 'r1', reason: 'done' }]).proposal, null);
  assert.notEqual(after(PROPOSED, ['round.closed', { round: 'r0', reason: 'done' }]).proposal, null);
});

test('what is hidden for all is so until somebody decided, or it is gone', () => {
  const hidden = after(EMPTY, ['clip.hidden', { clip: 'c1' }], ['text.hidden', { target: 7 }]);
  assert.deepEqual([...hidden.withheld], [['c1', 1], ['7', 2]]);

  const restored = after(hidden, ['clip.restored', { clip: 'c1' }], ['text.restored', { target: 7 }]);
  assert.equal(restored.withheld.size, 0);

  const gone = after(hidden, ['clip.removed', { clip: 'c1', reason: 'forgotten' }], ['text.removed', { target: 7, reason: 'moderated' }]);
  assert.equal(gone.withheld.size, 0);
});

test('what a filter holds is hidden until it passes, and counts who says that it may', () => {
  const held = after(EMPTY, ['clip.held', { clip: 'c1', filter: 'names', hidden: false }], ['clip.held', { clip: '', filter: '', hidden: true }]);
  assert.deepEqual([...held.withheld], [['c1', 1]]);
  assert.deepEqual(held.held.get('c1'), { filter: 'names', seq: 1, yes: 0, needed: 0, mine: null });

  const said = after(held, ['pass.given', { clip: 'c1', voice: 'anna', value: true, yes: 1, needed: 3 }, ANNA], ['pass.given', { clip: 'c1', voice: '', value: true, yes: 2, needed: 3 }]);
  assert.deepEqual(said.held.get('c1'), { filter: 'names', seq: 1, yes: 2, needed: 3, mine: true });
  assert.equal(after(said, ['pass.given', { clip: 'c1', voice: 'anna', value: null, yes: 1, needed: 3 }, ANNA]).held.get('c1')?.mine, null);

  const passed = after(said, ['clip.passed', { clip: 'c1' }]);
  assert.deepEqual([passed.held.size, passed.withheld.size], [0, 0]);
  assert.equal(after(passed, ['clip.passed', { clip: 'c1' }], ['pass.given', { clip: 'c1', voice: '', value: true, yes: 3, needed: 3 }]).held.size, 0);
  const gone = after(said, ['clip.removed', { clip: 'c1', reason: 'forgotten' }]);
  assert.deepEqual([gone.held.size, gone.withheld.size], [0, 0]);
});

test('what is hidden for two reasons is shown when both are over', () => {
  const both = after(EMPTY, ['clip.held', { clip: 'c1', filter: 'slurs' }], ['clip.hidden', { clip: 'c1' }]);
  const passed = after(both, ['clip.passed', { clip: 'c1' }]);
  assert.deepEqual([passed.held.size, [...passed.withheld]], [0, [['c1', 2]]]);
  const restored = after(both, ['clip.restored', { clip: 'c1' }]);
  assert.deepEqual([restored.held.size, [...restored.withheld]], [1, [['c1', 1]]]);
  assert.equal(after(after(EMPTY, ['clip.hidden', { clip: 'c1' }]), ['clip.held', { clip: 'c1', filter: 'slurs' }]).withheld.get('c1'), 1);
});

test('a page knows what became of what it reported itself', () => {
  const told = after(
    EMPTY,
    ['clip.reported', { clip: 'c1', reason: 'rude', text: '' }, ANNA],
    ['clip.reported', { clip: 'c2', reason: 'rude', text: '' }, ANNA],
    ['clip.reported', { clip: 'c3', reason: 'rude', text: '' }, ANNA],
    ['text.reported', { target: 7, reason: 'rude', text: '' }, ANNA],
  );
  assert.deepEqual([...told.reported], [['c1', ''], ['c2', ''], ['c3', ''], ['7', '']]);

  const decided = after(
    told,
    ['clip.restored', { clip: 'c1' }],
    ['clip.removed', { clip: 'c2', reason: 'moderated' }],
    ['clip.removed', { clip: 'c3', reason: 'forgotten' }],
    ['text.removed', { target: 7, reason: 'moderated' }],
  );
  assert.deepEqual([...decided.reported], [['c1', 'kept'], ['c2', 'removed'], ['c3', ''], ['7', 'removed']]);
});

test('of what others reported, and what is decided about it, a page knows nothing', () => {
  const state = after(EMPTY, ['clip.reported', {}], ['text.reported', {}], ['clip.restored', { clip: 'c1' }], ['network.muted', {}], ['admin.acted', {}]);
  assert.equal(state.reported.size, 0);
  assert.equal(state.head, 5);
});

test('a room is kept by whom it was given to, or by the admin alone', () => {
  const given = after(EMPTY, ['keeper.given', { voice: 'bela' }, ANNA]);
  assert.equal(given.keeper, 'bela');
  assert.equal(after(given, ['keeper.given', { voice: '' }]).keeper, '');
});

test('a room is locked, slow and on hold as it was said last', () => {
  const locked = after(EMPTY, ['room.changed', { locked: true, hold: true }]);
  assert.deepEqual([locked.locked, locked.slow, locked.hold], [true, false, true]);

  const opened = after(locked, ['room.changed', { locked: false, slow: true }]);
  assert.deepEqual([opened.locked, opened.slow, opened.hold], [false, true, true]);
  assert.deepEqual([seeded(/** @type {any} */ ({})).locked, seeded(/** @type {any} */ ({ locked: true, slow: true })).locked], [false, true]);
});

test('a page that is open for days keeps the newest alone', () => {
  let state = EMPTY;
  for (let at = 0; at < KEPT + 5; at += 1) state = after(state, ['clip.hidden', { clip: `c${at}` }], ['clip.reported', { clip: `c${at}`, reason: 'x' }, ANNA]);
  const kept = bounded(state);
  assert.deepEqual([kept.withheld.size, kept.reported.size, kept.withheld.has('c0'), kept.reported.has(`c${KEPT + 4}`)], [KEPT, KEPT, false, true]);
});

test('every change makes new values', () => {
  const before = after(PROPOSED, ['clip.hidden', { clip: 'c1' }]);
  const now = apply(before, /** @type {any} */ ({ seq: 9, prev: 8, at_ms: 9, by: null, kind: 'clip.hidden', data: { clip: 'c2' } }));
  assert.notEqual(now.withheld, before.withheld);
  assert.equal(before.withheld.has('c2'), false);
  assert.equal(now.proposal, before.proposal);
});
