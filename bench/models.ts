/**
 * Each machine type on its own: readings with all published fields, rounded and with noise,
 * compared with the rate at which `JSON.stringify` writes the messages of the same readings.
 */

import { Batch } from '../src/core/batch.ts';
import type { Machine } from '../src/core/factory.ts';
import { JsonEncoder } from '../src/encoding/json.ts';
import { machineTypes } from '../src/machines/index.ts';
import { createFleet, type Fleet, partOf } from '../src/simulation/fleet.ts';
import { createReader } from '../src/simulation/reader.ts';
import { FleetReceiptReader } from '../src/simulation/receipt-reader.ts';
import { factoryOf, START_MS } from './fleets.ts';
import { compare } from './measure.ts';

const MACHINES = 100;

/** Without main meters: on its own, a main meter has nothing to measure. */
const alone = machineTypes.filter(({ isMainMeter }) => !isMainMeter);

for (const { type } of alone) {
  const reader = createReader(createFleet([factoryOf([type], MACHINES)]));
  const batch = new Batch();
  reader.seek(START_MS);
  reader.read(Number.POSITIVE_INFINITY, batch);
  const messages = messagesOf(batch);
  const made = new Batch();
  await compare(
    `A ${type}: readings`,
    {
      'JSON.stringify': () => {
        let length = 0;
        for (const message of messages) length += JSON.stringify(message).length;
        return length > 0 ? batch.length : 0;
      },
      'model to batch': () => {
        made.clear();
        reader.read(Number.POSITIVE_INFINITY, made);
        return made.length;
      },
    },
    { against: 'JSON.stringify', atLeast: 6 },
  );
}

await compare(
  'The default factory, each type as often as it reports: readings to JSON bytes on one core',
  { 'whole path': wholePath() },
  { against: 'whole path' },
);

const { machines } = createFleet([mixed()]);
await compare(
  'The default factory, model to batch, with a defective instrument',
  {
    'on no machine': modelToBatch(machines),
    'on one of 120': modelToBatch(machines.map((each, i) => (i === 60 ? defective(each) : each))),
    'on 100 of 120': modelToBatch(machines.map((each, i) => (i < 100 ? defective(each) : each))),
  },
  { against: 'on no machine' },
);

await compare(
  'The default factory, model to batch, in order of receipt',
  {
    'in order of true time': modelToBatch(machines),
    'of receipt': inOrderOfReceipt(createFleet([mixed()])),
  },
  { against: 'in order of true time', atLeast: 0.97 },
);

await compare(
  'The default factory, model to batch, in order of receipt, with late messages',
  {
    'in order of true time': modelToBatch(machines),
    'of one of 120': inOrderOfReceipt(late(1)),
    'of all, 5 s to 5 min late': inOrderOfReceipt(late(120)),
  },
  { against: 'in order of true time' },
);

/** A factory with 20 times the machines of the default one. */
function mixed() {
  const types = alone.map(({ type }) => type);
  return factoryOf(types, 20);
}

/** A machine whose power is told one kilowatt too high. */
function defective(machine: Machine): Machine {
  const occurrence = {
    index: 0,
    beginS: 0,
    endS: Number.POSITIVE_INFINITY,
    machineIds: [machine.id],
    kind: 'offset',
    fields: ['power_kw'],
    values: { by: 1 },
  };
  const told = { story: { seed: 1, name: 'offset' }, event: 'offset', occurrence };
  const story = { key: '', hasDefects: true, incidents: () => [], defects: () => [told] };
  return { ...machine, story };
}

/** A fleet some of whose messages come late, by as much as is drawn for each. */
function late(count: number): Fleet {
  const fleet = createFleet([mixed()]);
  const occurrence = {
    index: 0,
    beginS: 0,
    endS: Number.POSITIVE_INFINITY,
    machineIds: [],
    kind: 'late',
    values: { delay: { between: [5, 300] as const }, share: 1 },
  };
  const told = { story: { seed: 1, name: 'late' }, event: 'late', occurrence };
  const story = { key: '', hasDefects: true, incidents: () => [], defects: () => [told] };
  const all = fleet.machines.map((each, i) => (i < count ? { ...each, story } : each));
  return partOf(fleet, all);
}

function inOrderOfReceipt(fleet: Fleet): () => number {
  const reader = new FleetReceiptReader(fleet);
  const batch = new Batch();
  reader.seek(START_MS);
  return () => {
    batch.clear();
    reader.read(Number.POSITIVE_INFINITY, batch);
    if (!batch.isTold) return batch.length;
    let readings = 0;
    for (let row = 0; row < batch.length; row++) if (batch.isMade(row)) readings++;
    return readings;
  };
}

function modelToBatch(read: readonly Machine[]): () => number {
  const reader = createReader(createFleet([mixed()]), { machines: read });
  const batch = new Batch();
  reader.seek(START_MS);
  return () => {
    batch.clear();
    reader.read(Number.POSITIVE_INFINITY, batch);
    return batch.length;
  };
}

/** Computes readings and encodes their three messages each. */
function wholePath(): () => number {
  const reader = createReader(createFleet([mixed()]));
  const batch = new Batch();
  const encoder = new JsonEncoder();
  const bytes = new Uint8Array(batch.capacity * 2048);
  reader.seek(START_MS);
  return () => {
    batch.clear();
    reader.read(Number.POSITIVE_INFINITY, batch);
    let at = 0;
    for (let row = 0; row < batch.length; row++) {
      const { channels } = (batch.machines[row] as Batch['machines'][number]).type;
      for (let channel = 0; channel < channels.length; channel++)
        at = encoder.message(batch, row, channel, bytes, at);
    }
    return at > 0 ? batch.length : 0;
  };
}

/** The input of `JSON.stringify`: one object per channel and row. */
function messagesOf(batch: Batch): readonly object[] {
  const encoder = new JsonEncoder();
  const bytes = new Uint8Array(1 << 16);
  const texts = new TextDecoder();
  const messages: object[] = [];
  for (let row = 0; row < batch.length; row++) {
    const channels = batch.machines[row]?.type.channels ?? [];
    for (let channel = 0; channel < channels.length; channel++) {
      const end = encoder.message(batch, row, channel, bytes, 0);
      messages.push(JSON.parse(texts.decode(bytes.subarray(0, end))));
    }
  }
  return messages;
}
