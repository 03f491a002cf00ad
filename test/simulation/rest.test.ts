/** Machines that are switched off and on: what they retain while they are off. */

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Journal, type JournalEvent } from '../../src/core/journal.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { readRows } from '../rows.ts';

const HOUR_S = 3600;
/** A Saturday, so that the window includes a maintenance. */
const FROM_S = Date.UTC(2026, 2, 7) / 1000;
const TO_S = FROM_S + 60 * HOUR_S;

for (const type of machineTypes)
  test(`${type.type}: switched off and on at any instants, a seek gives the rows of reading through`, () => {
    const machine = {
      id: '00000000-0000-0000-0000-000000000001',
      name: type.type,
      type: type.type,
      ratedPowerKw: type.parameters['ratedPowerKw']?.value as number,
      intervalS: Math.max(10, type.intervalS),
      topic: 'factory/demo/one',
    };
    const second = fc.integer({ min: FROM_S, max: TO_S });
    const changes = fc.uniqueArray(second, { minLength: 2, maxLength: 9 });
    fc.assert(
      fc.property(changes, second, (instants, soughtS) => {
        const events = instants
          .sort((a, b) => a - b)
          .map(
            (timeS, i): JournalEvent => ({
              kind: i % 2 === 0 ? 'stop' : 'start',
              sequence: i + 1,
              timeS,
            }),
          );
        const journal = new Journal(DEFAULT_SETTINGS, events);
        const fleet = createFleet([{ ...DEFAULT_FACTORY, machines: [machine] }], { journal });
        const [through, direct] = [createReader(fleet), createReader(fleet)];
        through.seek((FROM_S - HOUR_S) * 1000);
        readRows(through, soughtS * 1000);
        direct.seek(soughtS * 1000);
        const untilMs = (soughtS + 2 * HOUR_S) * 1000;
        assert.deepEqual(readRows(direct, untilMs), readRows(through, untilMs));
      }),
      { numRuns: 10 },
    );
  });
