import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  calmOf, castOf, isTalking, levelAt, stagedIn, missingIn, takesSeen, MOST_PEOPLE, ownersOf, partIn, secretOf, shortened, starterIn, startsSelf, talksOn, voiceOf,
} from '../../../static/js/room/head.js';
import { ANNA, at, BELA, CLEO, GO_MS, modelOf, running, take, WINDOW_MS } from '../support/stage.js';

/** What each of the three is told they are. @param {any} round @param {number} [now_ms] @param {any} [room] */
function parts(round, now_ms = GO_MS + 1, room = { opt_in: [] }) {
  return [ANNA, BELA, CLEO].map((me) => {
    const model = modelOf({ round, me, room });
    return partIn(model, at(model, now_ms));
  });
}

test('a turn is one\'s own, another\'s, or everybody\'s', () => {
  assert.deepEqual(parts(running({ voice: 'bela' })), ['other', 'you', 'other']);
  assert.deepEqual(parts(running({ voices: ['anna', 'cleo'] })), ['you', 'other', 'you']);
  assert.deepEqual(parts(running()), ['all', 'all', 'all']);
  assert.deepEqual(parts(running({ besides: 'cleo' })), ['all', 'all', 'other']);
  assert.deepEqual(parts(running({ voice: 'bela' }), GO_MS - 1), ['other', 'you', 'other']);
});

test('nobody has a part in a vote, in listening, before a turn or after its window', () => {
  for (const act of ['vote', 'listen']) assert.deepEqual(parts(running({ act })), ['none', 'none', 'none']);
  assert.deepEqual(parts(running({}, { turns: [] })), ['none', 'none', 'none']);
  assert.deepEqual(parts(running(), GO_MS + WINDOW_MS), ['none', 'none', 'none']);
  assert.deepEqual(parts(null), ['none', 'none', 'none']);
});

test('into some games nobody is drawn: who has neither joined nor spoken watches', () => {
  const room = { opt_in: ['g'] };

  assert.deepEqual(parts(running({}, { players: ['anna'] }), GO_MS + 1, room), ['all', 'bystander', 'bystander']);
  assert.deepEqual(parts(running({ besides: 'anna' }, { players: ['anna'] }), GO_MS + 1, room), ['other', 'bystander', 'bystander']);
});

test('who sits out is told of the others', () => {
  assert.deepEqual(parts(running({}, { left: ['bela'] })), ['all', 'other', 'all']);
});

test('who has spoken hears the others', () => {
  assert.deepEqual(parts(running({}, { takes: [take('c', ANNA)] })), ['other', 'all', 'all']);
});

test('the head has the players in their order: who has the word, who is next, who was heard', () => {
  const round = running({ voice: 'bela', next: 'cleo' }, { players: ['anna', 'bela', 'cleo'], takes: [take('c', ANNA)] });
  const clips = new Map([['c', { clip: 'c', by: ANNA }]]);
  const model = modelOf({ round, state: { clips }, onAir: 'c', me: CLEO });

  const cast = castOf(model, at(model, GO_MS + 1));

  assert.deepEqual(cast.map(({ name }) => name), ['Velvet Teacup', 'Wobbly Octopus', 'Calm Fern']);
  assert.deepEqual(cast.map(({ has }) => has), [false, true, false]);
  assert.deepEqual(cast.map(({ next }) => next), [false, false, true]);
  assert.deepEqual(cast.map(({ lit }) => lit), [true, false, false]);
  assert.deepEqual(cast.map(({ spoke }) => spoke), [true, false, false]);
  assert.deepEqual(cast.map(({ you }) => you), [false, false, true]);
});

test('who speaks is lit, also where nothing is on air yet; what one plays oneself goes before the air', () => {
  const clips = new Map([['c', { clip: 'c', by: ANNA }], ['d', { clip: 'd', by: BELA }]]);
  const lit = (/** @type {any} */ more) => {
    const model = modelOf({ round: running({}, { players: ['anna', 'bela', 'cleo'] }), state: { clips }, ...more });
    return castOf(model, at(model, GO_MS + 1)).filter((one) => one.lit).map(({ id }) => id);
  };

  assert.deepEqual(lit({ speaking: ['cleo'] }), ['cleo']);
  assert.deepEqual(lit({ onAir: 'c', replaying: 'd' }), ['bela']);
  assert.deepEqual(lit({}), []);
});

test('in a round for all everybody who is here is in it; who left it is not', () => {
  const names = (/** @type {any} */ round) => {
    const model = modelOf({ round });
    return castOf(model, at(model, GO_MS + 1)).map(({ id }) => id);
  };

  assert.deepEqual(names(running()), ['anna', 'bela', 'cleo']);
  assert.deepEqual(names(running({}, { left: ['bela'] })), ['anna', 'cleo']);
  assert.deepEqual(names(null), []);
});

test('of a crowd some are shown, and always who has the word, who is next and who is heard', () => {
  const many = Array.from({ length: 30 }, (_, number) => ({ id: `v${number}`, name: `Voice ${number}`, colour: '#123456' }));
  const round = running({ voice: 'v29', next: 'v28' }, { players: many.map(({ id }) => id) });
  const model = modelOf({ round, here: many, me: many[0] });

  const shown = castOf(model, at(model, GO_MS + 1)).map(({ id }) => id);

  assert.equal(shown.length, MOST_PEOPLE);
  assert.ok(shown.includes('v29') && shown.includes('v28') && shown.includes('v0'));
});

test('a voice that went is known by its clips, one that nobody met is not', () => {
  const clips = new Map([['c', { clip: 'c', by: CLEO }]]);
  const model = modelOf({ here: [ANNA], state: { clips } });

  assert.deepEqual(['anna', 'cleo', 'bela'].map((id) => voiceOf(model, id)?.name ?? null), ['Velvet Teacup', 'Calm Fern', null]);
});

test('"now: the others" is said only while somebody is missing', () => {
  const missing = (/** @type {any} */ round, /** @type {any} */ room = { opt_in: [] }) => {
    const model = modelOf({ round, room });
    return missingIn(model, at(model, GO_MS + 1));
  };

  assert.deepEqual(missing(running({}, { takes: [take('c', ANNA), take('d', BELA)] })), ['Calm Fern']);
  assert.deepEqual(missing(running({}, { takes: [take('c', ANNA), take('d', BELA), take('e', CLEO)] })), []);
  assert.deepEqual(missing(running({ besides: 'cleo' }, { takes: [take('c', ANNA), take('d', BELA)] })), []);
  assert.deepEqual(missing(running({}, { players: ['anna'], takes: [take('c', ANNA)] }), { opt_in: ['g'] }), []);
  assert.deepEqual(missing(null), []);
});

test('whose a turn is', () => {
  assert.deepEqual(ownersOf(null), []);
  assert.deepEqual(ownersOf(running({ voice: 'anna' }).turns[0]), ['anna']);
  assert.deepEqual(ownersOf(running({ voices: ['anna', 'bela'] }).turns[0]), ['anna', 'bela']);
});

test('a dot moves with the picture of what is heard', () => {
  assert.deepEqual([0, 0.49, 0.5, 0.99, 1, 7].map((part) => levelAt([10, 100], part)), [0.1, 0.1, 1, 1, 1, 1]);
  assert.equal(levelAt([], 0.5), 0);
  assert.equal(levelAt([500], -1), 1);
});

test('what is voted on are the takes that were put up, in that order, else all that are shown', () => {
  const takes = [take('a', ANNA), take('b', BELA), take('c', CLEO, { hidden: true })];
  const staged = (/** @type {any} */ turn) => stagedIn(running(turn, { takes }));

  assert.deepEqual(staged({ act: 'vote', clips: ['b', 'c', 'a', 'gone'] }), ['b', 'a']);
  assert.deepEqual(staged({ act: 'vote' }), ['a', 'b']);
  assert.deepEqual([staged({ act: 'speak', clips: ['a'] }), stagedIn(null)], [[], []]);
});

test('while one votes nobody is lit: it would tell whose the voice is', () => {
  const clips = new Map([['a', { clip: 'a', by: ANNA }]]);
  const model = modelOf({ round: running({ act: 'vote' }, { takes: [take('a', ANNA)] }), state: { clips }, onAir: 'a' });

  assert.deepEqual(castOf(model, at(model, GO_MS + 1)).filter(({ lit }) => lit), []);
});

test('where there is little room a name is its last word', () => {
  assert.deepEqual(['Velvet Teacup', 'Teacup', ''].map(shortened), ['Teacup', 'Teacup', '']);
});

test('who passed is not missing', () => {
  const round = running({}, { takes: [take('a', ANNA)], passed: [{ round: 'r', turn: 1, voice: 'bela' }, { round: 'r', turn: 0, voice: 'cleo' }] });
  const model = modelOf({ round });
  assert.deepEqual(missingIn(model, at(model, GO_MS + 1)), ['Calm Fern']);
});

test('what was reported, and whom one does not want, is not seen; its speaker and the keeper see what is reported', () => {
  const round = running({}, { takes: [take('a', ANNA), take('b', BELA), take('typed', CLEO, { written: true }), take('d', BELA, { hidden: true })] });
  const state = { withheld: new Map([['b', 9], ['7', 10]]), written: new Map([[7, 'typed'], [8, 'a']]), keeper: 'dora' };
  const seen = (/** @type {string} */ id, /** @type {string[]} */ hidden = []) =>
    takesSeen(round, { ...modelOf({ round, state, me: id ? { ...ANNA, id } : null }), hidden }).map(({ clip }) => clip);

  assert.deepEqual(seen('anna'), ['a']);
  assert.deepEqual(seen(''), ['a']);
  assert.deepEqual(seen('bela'), ['a', 'b']);
  assert.deepEqual(seen('dora'), ['a', 'b', 'typed']);
  assert.deepEqual(seen('dora', ['anna', 'typed']), ['b']);
});

test('a vote that asks for both thumbs, or for one judge, says so', () => {
  const asked = (/** @type {any} */ turn, /** @type {any} */ me = ANNA) => calmOf(running({ act: 'vote', ...turn }).turns[0], me);
  assert.equal(asked({}), 'act.vote');
  assert.equal(asked({ act: 'listen' }), 'act.listen');
  assert.equal(asked({ role: 'same', clips: ['a', 'b'] }), 'act.same');
  assert.equal(asked({ role: 'judge', voices: ['anna'] }), 'act.judge');
  assert.equal(asked({ role: 'judge', voices: ['anna'] }, BELA), 'act.judge.other');
});

test('who talks for ten seconds has them beyond a window that is shorter', () => {
  assert.deepEqual([{}, { limit_ms: WINDOW_MS }, { limit_ms: 10_000 }].map((more) => talksOn(running(more).turns[0])), [false, false, true]);
  assert.equal(talksOn(null), false);

  const talk = running({ voice: 'bela', limit_ms: 10_000 });
  for (const speaking of [[], ['bela']]) {
    const model = modelOf({ round: talk, speaking });
    assert.equal(isTalking(talk.turns[0], model.presence), speaking.length > 0);
    assert.equal(castOf(model, at(model, GO_MS + WINDOW_MS)).some(({ has }) => has), speaking.length > 0);
  }
});

test('whom one hid has no name and no place on the stage', () => {
  const round = running({ voice: 'bela' }, { players: ['anna', 'bela', 'cleo'] });
  const model = { ...modelOf({ round }), hidden: ['bela'] };

  assert.deepEqual(castOf(model, at(model, GO_MS + 1)).map(({ id }) => id), ['anna', 'cleo']);
  assert.equal(voiceOf(model, 'bela'), null);
  const all = { ...modelOf({ round: running() }), hidden: ['bela'] };
  assert.deepEqual(missingIn(all, at(all, GO_MS + 1)), [ANNA.name, CLEO.name]);
});

test('a secret is said in whole sentences', () => {
  assert.equal(secretOf({ role: 'astronaut', text: 'ärgert sich' }), 'Astronaut. Ärgert sich');
  assert.equal(secretOf({ role: '', text: 'a wish' }), 'A wish');
});

test('who started a round is named before it begins, and once', () => {
  const told = (/** @type {any} */ turn, /** @type {any} */ me = ANNA, /** @type {number} */ now_ms = GO_MS - 1) => {
    const model = modelOf({ round: running(turn, { starter: 'bela' }), me });
    return [starterIn(model, at(model, now_ms)), startsSelf(model, at(model, now_ms).turn)];
  };

  assert.deepEqual(told({ voice: 'cleo' }), ['Wobbly Octopus', false]);
  assert.deepEqual(told({ voice: 'bela' }), ['Wobbly Octopus', true]);
  assert.deepEqual(told({ voices: ['bela', 'cleo'] }), ['Wobbly Octopus', false]);
  assert.deepEqual(told({ voice: 'cleo' }, BELA), ['', false]);
  assert.deepEqual(told({ voice: 'cleo' }, ANNA, GO_MS + 1), ['', false]);
  assert.deepEqual(told({ voice: 'cleo', turn: 2 }), ['', false]);
});
