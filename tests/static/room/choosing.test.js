import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hindered, playersIn, surprise } from '../../../static/js/room/choosing.js';
import { ANNA, BELA, CLEO, ended, modelOf, running } from '../support/stage.js';

/** @param {string} id @param {number} least @returns {any} */
function game(id, least) {
  return { id, players: { least, most: 24 }, seconds: 20, mood: 'easy' };
}
const GAMES = [game('first_thing', 1), game('mind_meld', 2), game('crowd', 4)];

/** @param {any} model @param {Record<string, any>} more @returns {any} */
function seen(model, more = {}) {
  return { playing: true, mic: 'open', ...model, ...more };
}

test('who starts a game plays it, and is counted once', () => {
  assert.equal(playersIn(seen(modelOf({ here: [ANNA, BELA] }))), 2);
  assert.equal(playersIn(seen(modelOf({ here: [ANNA, BELA] }), { playing: false })), 3);
  assert.equal(playersIn(seen(modelOf({ here: [] }), { mic: 'unasked' })), 1);
});

test('who plays by writing counts as long as they are here', () => {
  const model = modelOf({ round: running({}, { players: ['anna', 'bela', 'cleo'] }), here: [ANNA, BELA] });
  model.presence.speakers = 0;

  assert.equal(playersIn(seen(model)), 2);
});

test('a game for more than play says so, any other can be played', () => {
  const alone = seen(modelOf({ here: [ANNA] }));

  assert.deepEqual(GAMES.map((one) => hindered(one, alone)), ['', 'games.few', 'games.few']);
  assert.deepEqual(GAMES.map((one) => hindered(one, seen(modelOf({ here: [ANNA, BELA, CLEO] })))), ['', '', 'games.few']);
});

test('for who is alone the machine of the room makes up the second, in games that it plays', () => {
  const room = /** @type {any} */ ({ character: 'bolt', characters: [{ id: 'bolt', name: 'Bolt' }], partnered: ['mind_meld'] });
  const codes = (/** @type {any} */ more, /** @type {any} */ at = { here: [ANNA] }) => GAMES.map((one) => hindered(one, seen(modelOf(at), { room, ...more })));

  assert.deepEqual(codes({}), ['', '', 'games.few']);
  assert.deepEqual(codes({ room: { ...room, partnered: [] } }), ['', 'games.few', 'games.few']);
  assert.deepEqual(codes({}, { here: [ANNA], state: { character: '' } }), ['', 'games.few', 'games.few']);
});

test('in a locked room only its keeper begins one', () => {
  const locked = modelOf({ state: { locked: true, keeper: 'bela' } });

  assert.equal(hindered(GAMES[0], seen(locked)), 'games.locked');
  assert.equal(hindered(GAMES[0], seen(locked, { me: BELA })), '');
});

test('a surprise can be played now and is not what was played last, while there is another', () => {
  const last = ended(running({}, { game: 'first_thing' }));
  const pair = seen(modelOf({ state: { last_round: last }, here: [ANNA, BELA] }));
  const alone = seen(modelOf({ state: { last_round: last }, here: [ANNA] }));

  assert.deepEqual([0, 0.5, 0.99].map((chance) => surprise(GAMES, pair, chance)?.id), ['mind_meld', 'mind_meld', 'mind_meld']);
  assert.equal(surprise(GAMES, alone, 0.5)?.id, 'first_thing');
  assert.equal(surprise(GAMES.slice(1), alone, 0), null);
  assert.deepEqual([0, 0.99].map((chance) => surprise(GAMES, seen(modelOf()), chance)?.id), ['first_thing', 'mind_meld']);
});
