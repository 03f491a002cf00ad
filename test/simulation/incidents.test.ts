import assert from 'node:assert/strict';
import test from 'node:test';
import { intensity } from '../../src/core/anomaly.ts';
import { Journal, type JournalEvent } from '../../src/core/journal.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { Incidents } from '../../src/simulation/incidents.ts';
import { factoryOf } from '../rows.ts';

const FROM_S = Date.UTC(2026, 2, 2) / 1000;
const DAY_S = 86_400;
const machines = Array.from({ length: 30 }, () => ({ type: 'compressor' }));

function incidentsOf(journal: Journal, index = 0) {
  const fleet = createFleet([factoryOf(machines)], { journal });
  return new Incidents(fleet.machines[index] as never, journal);
}
const inject = (sequence: number, timeS: number, durationS: number, severity = 5) =>
  ({
    kind: 'inject',
    id: `i${sequence}`,
    machineId: '00000000-0000-0000-0000-000000000001',
    anomalyType: 'leak',
    severity,
    durationS,
    sequence,
    timeS,
  }) satisfies JournalEvent;

test('random anomalies occur on a tenth of the days of each machine', () => {
  const journal = new Journal(DEFAULT_SETTINGS);
  let found = 0;
  for (let index = 0; index < 30; index++)
    for (const incident of incidentsOf(journal, index).between(FROM_S, FROM_S + 90 * DAY_S)) {
      found++;
      assert.equal(incident.origin, 'random');
      assert.ok(incident.severity >= 1 && incident.severity <= 5);
      const durationS = incident.endS - incident.startS;
      assert.ok(durationS >= 1200 && durationS <= 10_800);
      assert.equal(
        Math.floor(incident.startS / DAY_S),
        Math.floor((incident.endS + 10) / DAY_S),
        'it ends on the day on which it began',
      );
    }
  const share = found / (30 * 90);
  const sigma = Math.sqrt((0.1 * 0.9) / (30 * 90));
  assert.ok(Math.abs(share - 0.1) < 3 * sigma, `${share}`);
});

test('no random anomaly begins once they are disabled, from the very second on', () => {
  const timeS = FROM_S + 45 * DAY_S;
  const journal = new Journal({ ...DEFAULT_SETTINGS, anomalyProbability: 1 }, [
    { kind: 'configure', settings: { enableAnomalies: false }, sequence: 1, timeS },
  ]);
  const found = incidentsOf(journal).between(FROM_S, FROM_S + 90 * DAY_S);
  assert.ok(found.length >= 45 && found.length <= 47);
  assert.ok(found.every(({ startS }) => startS < timeS));
});

test('a step is full within two seconds, a ramp within ten minutes, and both fade in ten', () => {
  const [incident] = new Journal(DEFAULT_SETTINGS, [inject(1, 1000, 3600)]).injections(
    '00000000-0000-0000-0000-000000000001',
  );
  assert.ok(incident);
  assert.deepEqual(
    [1000, 1001, 1002, 4600, 4605, 4610].map((tS) => intensity(incident, 'step', tS)),
    [0, 0.5, 1, 1, 0.5, 0],
  );
  assert.deepEqual(
    [1000, 1300, 1600, 4600].map((tS) => intensity(incident, 'ramp', tS)),
    [0, 0.5, 1, 1],
  );
});

test('clearing ends active anomalies and records that', () => {
  const journal = new Journal(DEFAULT_SETTINGS, [
    inject(1, FROM_S, 3600),
    {
      kind: 'clear',
      machineId: '00000000-0000-0000-0000-000000000001',
      sequence: 2,
      timeS: FROM_S + 60,
    },
  ]);
  const [incident] = incidentsOf(journal).between(FROM_S, FROM_S + 10);
  assert.equal(incident?.endS, FROM_S + 60);
  assert.equal(incident?.clearedBy, 'request');
  assert.equal(incident?.plannedEndS, FROM_S + 3600);
});

test('a second injection of the same type supersedes the first', () => {
  const journal = new Journal(DEFAULT_SETTINGS, [
    inject(1, FROM_S, 3600, 2),
    inject(2, FROM_S + 600, 3600, 4),
  ]);
  const incidents = incidentsOf(journal);
  const found = incidents.between(FROM_S, FROM_S + 3600);
  assert.deepEqual(
    found.map(({ severity, endS, clearedBy }) => [severity, endS - FROM_S, clearedBy]),
    [
      [2, 600, 'superseded'],
      [4, 4200, null],
    ],
  );
  const healthy = incidents.parametersAt(FROM_S - 10)['leakShare'] as number;
  const leak = incidents.parametersAt(FROM_S + 700)['leakShare'] as number;
  assert.ok(Math.abs(leak - healthy - 0.6 * 0.8) < 1e-12);
});

test('an injected anomaly excludes random ones of its type', () => {
  const always = new Journal({ ...DEFAULT_SETTINGS, anomalyProbability: 1 });
  const random = incidentsOf(always)
    .between(FROM_S, FROM_S + 90 * DAY_S)
    .find(({ type }) => type === 'leak');
  assert.ok(random);
  always.append(inject(1, random.startS + 300, 60));
  const found = incidentsOf(always).between(random.startS, random.plannedEndS);
  const shortened = found.find(({ id }) => id === random.id);
  assert.equal(shortened?.endS, random.startS + 300);
  assert.equal(shortened?.clearedBy, 'superseded');
});

test('a planned anomaly excludes random ones of its type', () => {
  const journal = new Journal({ ...DEFAULT_SETTINGS, anomalyProbability: 1 });
  const faults = [{ type: 'leak', startS: FROM_S, durationS: 30 * DAY_S, severity: 2 }];
  const fleet = createFleet([factoryOf([{ type: 'compressor', faults }])], { journal });
  const incidents = new Incidents(fleet.machines[0] as never, journal);
  const found = incidents.between(FROM_S + 1, FROM_S + 30 * DAY_S - 1);
  assert.deepEqual(
    found.filter(({ type }) => type === 'leak').map(({ origin }) => origin),
    ['scenario'],
  );
  assert.ok(found.length > 5);
});
