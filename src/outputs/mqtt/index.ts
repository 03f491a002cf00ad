import type { OpenOutput, Output, OutputContext, WantedOutput } from '../output.ts';
import type { BrokerAddress } from './client.ts';
import { configure, type MqttOptions, VARIABLES } from './options.ts';

/** Publishes readings as JSON to an external MQTT broker or the embedded one. */
export const mqtt = {
  name: 'mqtt',
  title: 'MQTT',
  variables: VARIABLES,
  // Paced, because brokers drop messages for slow subscribers.
  isPaced: true,
  isShared: true,
  configure,
  agreed: ({ isGroundTruthPublished }) => isGroundTruthPublished,
  isInternal: ({ external }) => external === undefined,
  async open(options, context) {
    const { external } = options;
    if (external) return openExternal(external, options, context);
    const { openEmbedded } = await import('./embedded.ts');
    return openEmbedded(options, context);
  },
  async showCluster({ external, qos }) {
    const { MqttClusterState } = await import('./cluster-state.ts');
    return new MqttClusterState(external as BrokerAddress, qos);
  },
} satisfies Output<typeof VARIABLES, MqttOptions>;

/** The MQTT options of the configured outputs. */
export function mqttOptions(wanted: readonly WantedOutput[]): MqttOptions {
  const found = wanted.find(({ output }) => output.name === mqtt.name);
  if (!found) throw new Error('MQTT is always configured');
  return found.options as MqttOptions;
}

async function openExternal(
  broker: BrokerAddress,
  options: MqttOptions,
  { part }: OutputContext,
): Promise<OpenOutput> {
  // Imported here because the client takes time to load, and the embedded broker is the default.
  const { MqttSink } = await import('./sink.ts');
  const isPart = part !== undefined;
  const address = isPart ? { ...broker, clientId: `${broker.clientId}-${part}` } : broker;
  const sink = new MqttSink(address, options.qos, !isPart);
  return {
    sinks: [sink],
    ...(options.isGroundTruthPublished && { truth: sink }),
    address: sink.address,
    readerOptions: options,
  };
}
