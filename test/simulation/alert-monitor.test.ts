/** Alerts: when they begin, when they end, and that they do not flap. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { Journal } from '../../src/core/journal.ts';
import type { Alert } from '../../src/core/machine.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { ALERT_HOLD_S, AlertMonitor } from '../../src/simulation/alert-monitor.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { readRows } from '../rows.ts';

function evaluateOf(alert: Pick<Alert, 'limits' | 'band'>) {
  const monitor = new AlertMonitor([
    { message: '', signal: '', ...alert, value: (state) => state['x'] as number },
  ]);
  return (x: number, tS: number) => monitor.evaluate({ x }, {}, tS);
}

/** Evaluates one value a minute. */
const aMinute = (evaluate: (x: number, tS: number) => number) => (x: number, i: number) =>
  evaluate(x, 60 * i);

test('an alert begins above its threshold and ends a band below it', () => {
  const evaluate = evaluateOf({ limits: [60, 70], band: 3 });
  assert.deepEqual(
    [59, 60.5, 59, 58, 56.9, 59, 71, 69, 66.9, 56].map(aMinute(evaluate)),
    [0, 1, 1, 1, 0, 0, 2, 2, 1, 0],
  );
});

test('if the critical threshold is the lower one, the alert warns below it', () => {
  const evaluate = evaluateOf({ limits: [6, 5], band: 0.2 });
  assert.deepEqual(
    [6.5, 5.9, 6.1, 4.9, 5.1, 5.3, 6.3].map(aMinute(evaluate)),
    [0, 1, 1, 2, 2, 1, 0],
  );
});

test('inside the band an alert ends when nothing was beyond its threshold for ten minutes', () => {
  const evaluate = evaluateOf({ limits: [60, 70], band: 3 });
  assert.equal(evaluate(61, 0), 1);
  assert.equal(evaluate(59, ALERT_HOLD_S - 1), 1);
  assert.equal(evaluate(59, ALERT_HOLD_S), 0);
});

test('an alert without evaluations stays for ten minutes', () => {
  const evaluate = evaluateOf({ limits: [60, 70], band: 3 });
  assert.equal(evaluate(75, 0), 2);
  assert.equal(evaluate(Number.NaN, ALERT_HOLD_S - 1), 2);
  assert.equal(evaluate(Number.NaN, ALERT_HOLD_S), 0);
});

const DAY_MS = 86_400_000;
const MONDAY_MS = Date.UTC(2026, 6, 6);

for (const type of machineTypes)
  for (const [i, anomalyType] of type.faultTypes.entries())
    test(`${type.type}: through a day with ${anomalyType} no alert flaps`, () => {
      const machine = {
        id: '00000000-0000-0000-0000-000000000001',
        name: type.type,
        type: type.type,
        ratedPowerKw: type.parameters['ratedPowerKw']?.value as number,
        intervalS: type.intervalS,
        topic: 'factory/demo/one',
      };
      const journal = new Journal({ ...DEFAULT_SETTINGS, enableAnomalies: false }, [
        {
          kind: 'inject',
          id: 'x',
          machineId: machine.id,
          anomalyType,
          severity: 2 + i,
          durationS: 16 * 3600,
          sequence: 1,
          timeS: MONDAY_MS / 1000 + 4 * 3600,
        },
      ]);
      const factory = { ...DEFAULT_FACTORY, machines: [machine] };
      const reader = createReader(createFleet([factory], { journal, seed: 7 }));
      reader.seek(MONDAY_MS);
      const rows = readRows(reader, MONDAY_MS + DAY_MS);
      for (const [bit, code] of type.alertCodes.entries()) {
        const level = (alerts: number) => (alerts >>> (2 * bit)) & 3;
        const changes = rows.filter(
          ({ alerts }, row) => row > 0 && level(alerts) !== level(rows[row - 1]?.alerts ?? 0),
        );
        assert.ok(changes.length <= 24, `${code} changed ${changes.length} times`);
      }
    });
