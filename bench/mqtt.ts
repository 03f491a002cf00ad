/**
 * Catch-up into a dedicated Mosquitto: readings computed, encoded and published, compared with the
 * same messages encoded beforehand and written to a raw socket. A run ends when the broker has
 * accepted everything, that is, when a subscriber has received the last message.
 */
import mqtt from 'mqtt';
import { Batch } from '../src/core/batch.ts';
import type { FactoryDescription } from '../src/core/factory.ts';
import { MessageCounter } from '../src/delivery/figures.ts';
import { DEFAULT_FACTORY } from '../src/factory/default-factory.ts';
import { machineTypes } from '../src/machines/index.ts';
import { MqttSink } from '../src/outputs/mqtt/sink.ts';
import { createFleet } from '../src/simulation/fleet.ts';
import { createReader, type Reader } from '../src/simulation/reader.ts';
import { privateAddress, startMosquitto } from '../test/servers.ts';
import { factoryOf, START_MS } from './fleets.ts';
import { compare } from './measure.ts';
import { packetChunks, RawClient, readBatches } from './raw-client.ts';

const counter = new MessageCounter();

const MACHINES_EACH = 40;
/** Messages per call: enough to make the overhead of its start and end negligible. */
const MESSAGES_A_CALL = 200_000;

type MachineDescription = FactoryDescription['machines'][number];

/** Without main meters: a factory has only one, and it reads every other machine again. */
const types = machineTypes.filter(({ isMainMeter }) => !isMainMeter);
const { machines } = factoryOf(
  types.map(({ type }) => type),
  MACHINES_EACH,
);
const marker = { ...(machines[0] as MachineDescription), topic: 'factory/demo/marker' };

/** A reader at the start of the window. */
function opened(descriptions: readonly MachineDescription[]): Reader {
  const reader = createReader(createFleet([{ ...DEFAULT_FACTORY, machines: descriptions }]));
  reader.seek(START_MS);
  return reader;
}

/** The reading whose messages mark the end of a run. */
function markerBatch(): Batch {
  const batch = new Batch(1);
  opened([marker]).read(Number.POSITIVE_INFINITY, batch);
  return batch;
}

/** The batches of one call; the marker's batch comes last. */
function* preparedBatches(): Generator<Batch> {
  yield* readBatches(opened(machines), MESSAGES_A_CALL);
  yield markerBatch();
}

/** Computes, encodes and publishes the messages of one call; each call continues the window. */
function publisher(sink: MqttSink): () => Promise<number> {
  const reader = opened(machines);
  const batch = new Batch();
  const last = markerBatch();
  return async () => {
    let count = 0;
    while (count < MESSAGES_A_CALL) {
      batch.clear();
      reader.read(Number.POSITIVE_INFINITY, batch);
      count += counter.ofBatch(batch);
      await sink.write(batch);
    }
    await sink.write(last);
    return count + counter.ofBatch(last);
  };
}

for (const qos of [0, 1] as const) {
  const { host, port, close } = await startMosquitto();
  const subscriber = await mqtt.connectAsync(`mqtt://${host}:${port}`);
  await subscriber.subscribeAsync(`${marker.topic}/environmental`);
  const untilTaken = (publish: () => Promise<number>) => async () => {
    const isTaken = new Promise<void>((resolve) => subscriber.once('message', () => resolve()));
    const count = await publish();
    await isTaken;
    return count;
  };

  const raw = await RawClient.open(host, port);
  const chunks = packetChunks(preparedBatches(), qos);
  const sink = new MqttSink(privateAddress(port), qos);
  await compare(
    `Catch-up into Mosquitto at QoS ${qos}: ${types.map(({ type }) => type).join(', ')}`,
    {
      'bytes from a raw socket': untilTaken(() => raw.publish(qos, chunks)),
      'computed, encoded, published': untilTaken(publisher(sink)),
    },
    { against: 'bytes from a raw socket', atLeast: 0.85, unit: 'messages', runs: 5, runS: 1 },
  );
  raw.close();
  await sink.close();
  await subscriber.endAsync();
  await close();
}
