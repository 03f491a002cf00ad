import assert from 'node:assert/strict';
import test from 'node:test';
import { clippedTo, columns } from '../../src/cli/columns.ts';

test('columns are as wide as a terminal shows them', () => {
  assert.equal(
    columns([
      ['压缩机', 'a'],
      ['é\u0301', 'b'],
      ['pump', 'c'],
    ]),
    '压缩机  a\né\u0301       b\npump    c\n',
  );
});

test('a line is cut where the terminal ends, never within a wide character', () => {
  assert.equal(clippedTo(6, 'pump 1'), 'pump 1');
  assert.equal(clippedTo(5, 'pump 1'), 'pump…');
  assert.equal(clippedTo(6, '压缩机'), '压缩机');
  assert.equal(clippedTo(4, '压缩机'), '压…');
});
