import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SHAPES, shapeOf } from '../../../static/js/lib/shape.js';

test('a voice always has the same shape, and each shape about as many voices', () => {
  const voices = Array.from({ length: 4_000 }, (_, n) => `VoiceOfNumber${n}xx`);
  const often = new Map(SHAPES.map((shape) => [shape, voices.filter((voice) => shapeOf(voice) === shape).length]));

  assert.equal(shapeOf('abc'), shapeOf('abc'));
  for (const [shape, count] of often) assert.ok(count > 400 && count < 600, `${shape} ${count}`);
});

test('no voice is a voice too', () => {
  assert.ok(SHAPES.includes(shapeOf('')));
});
