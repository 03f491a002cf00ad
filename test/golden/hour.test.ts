import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { GOLDEN_FOLDER, goldenHour } from './hour.ts';

const digests = JSON.parse(readFileSync(new URL('digests.json', GOLDEN_FOLDER), 'utf8'));

for (const [type, { csv, digest }] of goldenHour()) {
  test(`${type}: an hour is the same as at the last release, to the byte`, () => {
    const golden = readFileSync(new URL(`${type}.csv`, GOLDEN_FOLDER), 'utf8').split('\n');
    for (const [i, line] of csv.split('\n').entries())
      assert.equal(line, golden[i], `line ${i + 1} of ${type}.csv`);
    assert.equal(digest, digests[type], 'the JSON messages');
  });
}
