import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { bearer, offered } from '../../static/js/wire/key.js';
import { FakeSocket } from './support/fake-socket.js';
import { opened, WELCOME } from './support/room-socket.js';

test('the first key that a welcome tells goes with the next sockets and every request, never in an address', () => {
  opened();
  assert.deepEqual(FakeSocket.last.protocols, []);
  FakeSocket.last.says(WELCOME);
  assert.deepEqual([offered(), bearer()], [[], {}]);

  for (const key of ['first', 'second']) {
    FakeSocket.last.says({ ...WELCOME, key });
    FakeSocket.last.goes(1006);
    mock.timers.tick(1_000);
    assert.deepEqual(FakeSocket.last.protocols, ['wonder', 'wonder.key.first']);
    assert.deepEqual(bearer(), { Authorization: 'Bearer first' });
    assert.equal(FakeSocket.last.url, 'ws://here/ws');
  }
});
