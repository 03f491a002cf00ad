import assert from 'node:assert/strict';
import test from 'node:test';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { page } from '../../src/report/page.ts';
import { reportOf } from '../../src/report/report.ts';
import { totalsOf } from '../../src/report/report-totals.ts';
import { windowSource } from '../../src/report/window-source.ts';
import { SHORT } from '../../src/validation/extent.ts';
import { validate } from '../../src/validation/validate.ts';
import { requestOf } from '../dataset/request.ts';

test('a page states which charts it omits', async () => {
  const [pump] = DEFAULT_FACTORY.machines.filter(({ type }) => type === 'pump');
  const machines = Array.from({ length: 14 }, (_, i) => ({
    ...(pump as NonNullable<typeof pump>),
    ...{ id: `pump-${i}`, name: `Pump ${i}`, topic: `factory/demo/pump-${i}` },
  }));
  const source = windowSource(requestOf({}, 1, { ...DEFAULT_FACTORY, machines }), '1.0.0');
  const totals = await totalsOf(source);
  const html = page(reportOf(source, totals), undefined);
  assert.match(html, /Only 12 of 14 machines have charts of their own\./);
  assert.equal(html.match(/<td>Pump \d+<\/td>/g)?.length, 14, 'all are in the table');
  assert.ok(!html.includes('Realism checks'), 'none were made');
});

test('realism checks, if requested, are a table with their ranges', async () => {
  const [machine] = DEFAULT_FACTORY.machines.filter(({ type }) => type === 'pump');
  const source = windowSource(requestOf({ machineIds: [machine?.id as string] }), '1.0.0');
  const totals = await totalsOf(source);
  const report = reportOf(source, totals);
  const verdicts = validate({ factories: [DEFAULT_FACTORY], only: ['pump.oil'], extent: SHORT });
  const html = page(report, verdicts);
  assert.match(html, /Realism checks<\/h2>.*1 passed, 0 failed/s);
  assert.match(html, /<td>pump\.oil<\/td>.*<td>40 to 60<\/td><td>degC<\/td><td>pass<\/td>/);
});
