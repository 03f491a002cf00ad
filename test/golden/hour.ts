/** The hour in the golden files: every machine type on a Tuesday morning, each with a fault. */

import { createHash } from 'node:crypto';
import { Batch } from '../../src/core/batch.ts';
import type { FactoryDescription, Machine } from '../../src/core/factory.ts';
import { Journal, type JournalEvent } from '../../src/core/journal.ts';
import { MESSAGE_BYTES_MAX } from '../../src/encoding/columns.ts';
import { csv } from '../../src/encoding/csv.ts';
import { JsonEncoder } from '../../src/encoding/json.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';

export const GOLDEN_FOLDER = new URL('../../../test/golden/', import.meta.url);

/** The default factory, and the one type that it lacks. */
const FACTORY: FactoryDescription = {
  ...DEFAULT_FACTORY,
  machines: [
    ...DEFAULT_FACTORY.machines,
    {
      id: 'c0000000-0000-0000-0000-000000000006',
      name: 'Boiler-1',
      type: 'boiler',
      ratedPowerKw: 45,
      intervalS: 30,
      topic: 'factory/demo/boiler-1',
    },
  ],
};

const FROM_MS = Date.UTC(2026, 2, 3, 9);
const TO_MS = FROM_MS + 3_600_000;

/** Each machine's first fault, at severity 3, for a quarter of an hour from 9:20 on. */
const events = (machines: readonly { id: string; fault: string }[]): JournalEvent[] =>
  machines.map(({ id, fault }, i) => ({
    kind: 'inject',
    id: `golden-${i}`,
    machineId: id,
    anomalyType: fault,
    severity: 3,
    durationS: 900,
    sequence: i + 1,
    timeS: FROM_MS / 1000 + 1200,
  }));

/** The hour of every machine as CSV, and the digest of all its messages as JSON. */
export function goldenHour(): Map<string, { csv: string; digest: string }> {
  const { machines } = createFleet([FACTORY]);
  const faults = machines.map(({ id, type }) => ({ id, fault: type.faultTypes[0] as string }));
  const journal = new Journal(DEFAULT_SETTINGS, events(faults));
  const fleet = createFleet([FACTORY], { journal });
  return new Map(
    fleet.machines.map((machine) => {
      const reader = createReader(fleet, { machines: [machine] });
      const batch = new Batch();
      reader.seek(FROM_MS);
      reader.read(TO_MS, batch);
      return [machine.type.type, { csv: csvOf(machine, batch), digest: digestOf(machine, batch) }];
    }),
  );
}

function csvOf({ type }: Machine, batch: Batch): string {
  const encoder = csv.flat([type]);
  const bytes = new Uint8Array((batch.length + 1) * 1024 + MESSAGE_BYTES_MAX);
  let at = encoder.header(bytes, 0);
  for (let row = 0; row < batch.length; row++) at = encoder.row(batch, row, bytes, at);
  return new TextDecoder().decode(bytes.subarray(0, at));
}

function digestOf({ type }: Machine, batch: Batch): string {
  const encoder = new JsonEncoder();
  const bytes = new Uint8Array(MESSAGE_BYTES_MAX);
  const hash = createHash('sha256');
  for (let row = 0; row < batch.length; row++)
    for (let channel = 0; channel < type.channels.length; channel++)
      hash.update(bytes.subarray(0, encoder.message(batch, row, channel, bytes, 0)));
  return hash.digest('hex');
}
