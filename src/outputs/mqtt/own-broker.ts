import type { IConnackPacket } from 'mqtt';
import { INTRODUCTION } from '../../broker/properties.ts';
import { BackOff } from '../../runtime/back-off.ts';
import { type BrokerAddress, createMqttClient, endMqttClient } from './client.ts';

/** Time for a broker to say what it is [ms]. */
const ANSWER_MAX_MS = 3000;

/**
 * Whether a broker is the embedded one of a simulator, to which only that simulator may publish
 * readings; false for a broker that does not answer in MQTT 5.
 */
export async function isSimulatorsBroker(broker: BrokerAddress): Promise<boolean> {
  const asked = { ...broker, version: 5, clientId: '', connectMaxMs: ANSWER_MAX_MS } as const;
  const client = createMqttClient(asked, new BackOff());
  const answer = await new Promise<IConnackPacket | undefined>((resolve) => {
    client.once('connect', resolve);
    client.once('close', () => resolve(undefined));
    client.connect();
  });
  await endMqttClient(client, answer !== undefined);
  const { server } = { ...answer?.properties?.userProperties } as { readonly server?: unknown };
  return server === INTRODUCTION.server;
}
