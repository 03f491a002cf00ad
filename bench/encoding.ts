/** The JSON messages of a reading: our encoder compared with `JSON.stringify`. */

import { Batch } from '../src/core/batch.ts';
import type { FactoryDescription } from '../src/core/factory.ts';
import type { Parameter } from '../src/core/machine.ts';
import { MESSAGE_BYTES_MAX } from '../src/encoding/columns.ts';
import { csv } from '../src/encoding/csv.ts';
import { JsonEncoder } from '../src/encoding/json.ts';
import { jsonLines } from '../src/encoding/json-lines.ts';
import { DEFAULT_FACTORY } from '../src/factory/default-factory.ts';
import { machineTypes } from '../src/machines/index.ts';
import { createFleet } from '../src/simulation/fleet.ts';
import { createReader } from '../src/simulation/reader.ts';
import { compare } from './measure.ts';

const MACHINES_EACH = 200;
const START_MS = Date.UTC(2026, 0, 14, 10);

/** Without main meters: a factory has only one, and it reads every other machine again. */
const types = machineTypes.filter(({ isMainMeter }) => !isMainMeter);
const factory: FactoryDescription = {
  ...DEFAULT_FACTORY,
  machines: Array.from({ length: MACHINES_EACH }, (_, i) =>
    types.map(({ type, parameters: { ratedPowerKw } }) => ({
      id: `${type}-${i}`.padEnd(36, '0'),
      name: `${type}-${i}`,
      type,
      ratedPowerKw: (ratedPowerKw as Parameter).value,
      intervalS: 10,
      topic: `factory/demo/${type}-${i}`,
    })),
  ).flat(),
};
const batch = new Batch();
const reader = createReader(createFleet([factory]));
reader.seek(START_MS);
reader.read(START_MS + 86_400_000, batch);

const encoder = new JsonEncoder();
const bytes = new Uint8Array(MESSAGE_BYTES_MAX + 1000 * batch.length);
const texts = new TextDecoder();

/** The input of `JSON.stringify`: one object per channel and row. */
const readings = Array.from({ length: batch.length }, (_, row) =>
  batch.machines[row]?.type.channels.map((_, channel) => {
    const end = encoder.message(batch, row, channel, bytes, 0);
    return JSON.parse(texts.decode(bytes.subarray(0, end))) as Record<string, unknown>;
  }),
);

await compare(
  `JSON messages of a reading, ${types.map(({ type }) => type).join(', ')}`,
  {
    'JSON.stringify': () => {
      let length = 0;
      for (const messages of readings)
        for (const message of messages ?? []) length += JSON.stringify(message).length;
      return length > 0 ? readings.length : 0;
    },
    JsonEncoder: () => {
      let at = 0;
      for (let row = 0; row < batch.length; row++) {
        const { channels } = (batch.machines[row] as Batch['machines'][number]).type;
        for (let channel = 0; channel < channels.length; channel++)
          at = encoder.message(batch, row, channel, bytes, at);
      }
      return at > 0 ? batch.length : 0;
    },
  },
  { against: 'JSON.stringify', atLeast: 3.5 },
);

const flat = readings.map((messages) => Object.assign({}, ...(messages ?? [])) as object);
const lines = jsonLines.flat();
const cells = csv.flat(machineTypes);
await compare(
  'Flat records',
  {
    'JSON.stringify': () => {
      let length = 0;
      for (const record of flat) length += JSON.stringify(record).length;
      return length > 0 ? flat.length : 0;
    },
    'JSON lines': () => {
      let at = 0;
      for (let row = 0; row < batch.length; row++) at = lines.row(batch, row, bytes, at);
      return at > 0 ? batch.length : 0;
    },
    CSV: () => {
      let at = cells.header(bytes, 0);
      for (let row = 0; row < batch.length; row++) at = cells.row(batch, row, bytes, at);
      return at > 0 ? batch.length : 0;
    },
  },
  { against: 'JSON.stringify' },
);
