import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTalking } from '../../../static/js/session/model.js';
import { Later } from '../support/devices.js';
import { settled, Visit } from '../support/visit.js';

/** A page that comes in while what is needed to speak is still on its way. */
async function fetching() {
  const visit = new Visit();
  const speaking = visit.devices.speaking.bind(visit.devices);
  const way = new Later();
  visit.devices.speaking = () => way.promise.then(speaking);
  return { visit: await visit.enter(), way };
}

test('a press before all is there that is needed to speak is a press: the next one ends it', async () => {
  const { visit, way } = await fetching();
  visit.session.talk('start');
  await settled();
  assert.equal(isTalking(visit.model), true);
  visit.session.talk('stop');
  assert.equal(isTalking(visit.model), false);
  way.resolve(undefined);
  await visit.serve();

  assert.deepEqual([visit.model.speaking, visit.model.fetching, visit.asked('speak.start')], ['ready', false, []]);
});

test('a press before all is there is a take as soon as it is', async () => {
  const { visit, way } = await fetching();
  visit.session.talk('start');
  way.resolve(undefined);
  await visit.serve();

  assert.deepEqual([visit.model.speaking, visit.model.fetching], ['live', false]);
});

test('a press for which it could not be fetched is over', async () => {
  const { visit, way } = await fetching();
  visit.session.talk('start');
  way.reject(new TypeError('no network'));
  await settled();

  assert.deepEqual([isTalking(visit.model), visit.notices], [false, ['offline']]);
});
