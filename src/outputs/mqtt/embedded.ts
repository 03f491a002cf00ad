import { randomBytes } from 'node:crypto';
import { EmbeddedBroker } from '../../broker/embedded-broker.ts';
import { reachableHost } from '../../broker/listen.ts';
import type { Log } from '../../runtime/log.ts';
import type { OpenOutput, OutputContext } from '../output.ts';
import type { BrokerAddress } from './client.ts';
import { EmbeddedSink } from './embedded-sink.ts';
import type { MqttOptions } from './options.ts';

/** Keep-alive interval of reader processes at the embedded broker [s]. */
const KEEPALIVE_S = 60;
/** User name of reader processes there; their key changes at every start. */
const READER = 'enms-simulator-reader';
const READER_KEY_BYTES = 32;
/** Shortest interval between log lines about refused clients, some of which never give up. */
const REFUSAL_EVERY_MS = 60_000;

/**
 * Starts the broker in this process.
 *
 * @throws ConfigError if its port is taken.
 */
export async function openEmbedded(
  options: MqttOptions,
  { log, hasReaders }: OutputContext,
): Promise<OpenOutput> {
  const { qos, isGroundTruthPublished } = options;
  const own = hasReaders
    ? {
        username: READER,
        password: randomBytes(READER_KEY_BYTES).toString('hex'),
        clientIds: READER,
      }
    : undefined;
  const broker = await EmbeddedBroker.start({
    own,
    host: options.embeddedHost,
    port: options.port,
    username: options.username,
    password: options.password,
    onRefused: refusalLog(log),
    onNotice: (notice) => log.warn({}, `the broker: ${notice}`),
  });
  const external: BrokerAddress = {
    host: localAddress(broker.host),
    port: broker.port,
    protocol: 'mqtt',
    version: 4,
    username: own?.username,
    password: own?.password,
    clientId: READER,
    keepaliveS: KEEPALIVE_S,
    caFile: undefined,
    certFile: undefined,
    keyFile: undefined,
  };
  const sink = new EmbeddedSink(broker, qos);
  return {
    sinks: [sink],
    ...(isGroundTruthPublished && { truth: sink }),
    broker,
    address: `mqtt://${reachableHost(broker.host)}:${broker.port}`,
    readerOptions: { ...options, external } satisfies MqttOptions,
    close: () => broker.close(),
  };
}

/** The local address of a server that listens on all addresses. */
function localAddress(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

/** Logs refused clients, at a rate that clients cannot influence. */
export function refusalLog(log: Log): (clientId: string, reason: string) => void {
  let nextMs = Number.NEGATIVE_INFINITY;
  return (clientId, reason) => {
    const nowMs = performance.now();
    if (nowMs < nextMs) return;
    nextMs = nowMs + REFUSAL_EVERY_MS;
    log.warn(
      { clientId, reason },
      'the broker refused a client; further refusals are logged in a minute',
    );
  };
}
