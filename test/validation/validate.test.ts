import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { verdictsText } from '../../src/cli/validate.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { CHECKS } from '../../src/validation/checks.ts';
import { SHORT } from '../../src/validation/extent.ts';
import { verdictsHtml, verdictsJson, verdictsMarkdown } from '../../src/validation/tables.ts';
import { validate } from '../../src/validation/validate.ts';

const factories = [DEFAULT_FACTORY];

test('every check has a unique id, a source, a range and a statistic', () => {
  assert.ok(CHECKS.length >= 70);
  assert.equal(new Set(CHECKS.map(({ id }) => id)).size, CHECKS.length);
  for (const { id, low, high, source, inReadings, byExperiment } of CHECKS) {
    assert.ok(!inReadings !== !byExperiment, `${id} needs one statistic`);
    assert.ok(source.length > 3, `${id} has no source`);
    assert.ok(low !== null || high !== null, `${id} bounds nothing`);
    assert.ok(low === null || high === null || low <= high, id);
  }
});

test('the default factory agrees with published data', () => {
  const verdicts = validate({ factories, extent: SHORT });
  const failed = verdicts.filter(({ outcome }) => outcome !== 'pass');
  assert.deepEqual(
    failed.map(({ check, found, reason }) => [check.id, found, reason]),
    [],
  );
});

test('a factory in another climate and on another grid skips checks that do not apply', () => {
  const factory = {
    ...DEFAULT_FACTORY,
    timeZone: 'Europe/London',
    climate: { baseTempC: 10, summerOffsetK: 8, winterOffsetK: -6 },
  };
  const only = ['weather.jja', 'grid.freq_sigma', 'grid.freq_en50160'];
  const verdicts = validate({ factories: [factory], extent: SHORT, only });
  assert.deepEqual(
    verdicts.map(({ check, outcome, reason }) => [check.id, outcome, reason]),
    [
      ['grid.freq_sigma', 'skipped', 'the grid is that of great-britain'],
      ['grid.freq_en50160', 'pass', undefined],
      ['weather.jja_mean', 'skipped', 'the factory has a climate of its own'],
    ],
  );
});

test('a machine type that does not exist is skipped with the reason', () => {
  const types = machineTypes.filter(({ type }) => type !== 'boiler');
  const verdicts = validate({ factories, extent: SHORT, types, only: ['boil.eta'] });
  assert.deepEqual(
    verdicts.map(({ outcome, reason }) => [outcome, reason]),
    [['skipped', 'no boiler type']],
  );
});

test('the tables show every verdict, and JSON contains the numbers', () => {
  const verdicts = validate({ factories, extent: SHORT, only: ['pump.parts', 'pump.oil'] });
  assert.match(verdictsText(verdicts), /^pump\.oil +machine_temp_c.+ pass +7 d of Jan, Jul/m);
  assert.match(verdictsText(verdicts), /\n2 passed, 0 failed, 0 skipped\.\n$/);
  assert.match(verdictsMarkdown(verdicts), /^\| pump\.oil \| .+ \| 40 to 60 \| degC \| pass \|/m);
  assert.match(verdictsHtml(verdicts), /<tr class="pass"><td>pump\.oil<\/td>/);
  const { passed, checks } = verdictsJson(verdicts);
  assert.equal(passed, 2);
  const [first] = checks;
  assert.ok(first?.value?.least && first.value.least > 30 && first.low === 30);
});

test('the documented table lists every check', (t) => {
  const path = new URL('../../../docs/why/validation.md', import.meta.url);
  if (!existsSync(path)) return t.skip('the tests are compiled away from the documents');
  const text = readFileSync(path, 'utf8');
  for (const { id } of CHECKS) assert.match(text, new RegExp(`^\\| ${id} \\|.*\\| pass \\|`, 'm'));
});
