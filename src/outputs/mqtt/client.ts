import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { ConfigError, type Diagnostic } from '../../core/errors.ts';
import type { BackOff } from '../../runtime/back-off.ts';
import { readRegularFile } from '../../runtime/regular-file.ts';

/** The topic with the state of the simulator; the will says `offline`. */
export const STATE_TOPIC = 'simulator/state';

/** The message that the broker publishes when a client is lost. */
export interface Will {
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** The usual path of MQTT over WebSocket. */
const WEBSOCKET_PATH = '/mqtt';
/** Time for a broker to accept a connection. */
const CONNECT_MAX_MS = 10_000;

/** An external MQTT broker, and our credentials. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  readonly protocol: 'mqtt' | 'mqtts' | 'ws' | 'wss';
  readonly version: 4 | 5;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly clientId: string;
  readonly keepaliveS: number;
  /** Paths of PEM files. */
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  /** Time for the broker to accept a connection [ms]; default 10 s. */
  readonly connectMaxMs?: number;
}

/** The broker in readable form, without secrets: `mqtts://broker:8883`. */
export function addressText({ protocol, host, port }: BrokerAddress): string {
  return `${protocol}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Clients that will reconnect, with their timers; ended clients are removed. */
const timers = new WeakMap<MqttClient, NodeJS.Timeout | undefined>();
/** Reason codes of a broker that does not support the will (MQTT 5, §3.2.2.2). */
const RETAIN_NOT_SUPPORTED = 0x9a;
const QOS_NOT_SUPPORTED = 0x9b;

/**
 * Creates a client that is not connected yet and, once started, reconnects whenever the connection
 * is lost. If the broker does not support the will, the next attempt requests less.
 *
 * @param backOff - The waiting times before it reconnects.
 * @param will - The will that says `offline`; none, if not given.
 * @throws ConfigError if a certificate or key cannot be read.
 */
export function createMqttClient(broker: BrokerAddress, backOff: BackOff, will?: Will): MqttClient {
  const { protocol, host, port, version, username, password, clientId, keepaliveS } = broker;
  const isWebSocket = protocol === 'ws' || protocol === 'wss';
  const options: IClientOptions = {
    protocol,
    host,
    // An IPv6 address in a URL needs brackets.
    hostname: isWebSocket && host.includes(':') ? `[${host}]` : host,
    port,
    protocolVersion: version,
    clientId,
    keepalive: keepaliveS,
    clean: true,
    ...(will && { will: { topic: STATE_TOPIC, payload: Buffer.from('offline'), ...will } }),
    manualConnect: true,
    connectTimeout: broker.connectMaxMs ?? CONNECT_MAX_MS,
    // The timer of mqtt.js has a fixed interval, and starts an attempt while a slow one is
    // running.
    reconnectPeriod: 0,
    // Otherwise each acknowledgement would reset a timer.
    reschedulePings: false,
    ...pemFiles(broker),
  };
  if (isWebSocket) options.path = WEBSOCKET_PATH;
  if (username !== undefined) options.username = username;
  if (password !== undefined) options.password = password;
  const client = mqtt.connect(options);
  timers.set(client, undefined);
  client.on('error', (error) => {
    const { code } = error as { code?: unknown };
    const { will: asked } = client.options;
    if (asked && code === QOS_NOT_SUPPORTED) asked.qos = 0;
    if (asked && code === RETAIN_NOT_SUPPORTED) asked.retain = false;
  });
  client.on('close', () => {
    if (timers.has(client))
      timers.set(
        client,
        setTimeout(() => client.connect(), backOff.nextMs()),
      );
  });
  return client;
}

/** Whether a broker rejected a client because of its will; the next attempt requests less. */
export function isWillRefused(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === QOS_NOT_SUPPORTED || code === RETAIN_NOT_SUPPORTED;
}

/** Closes a client permanently, gracefully if it is connected. */
export async function endMqttClient(client: MqttClient, isConnected: boolean): Promise<void> {
  clearTimeout(timers.get(client));
  timers.delete(client);
  await client.endAsync(!isConnected);
}

/** Largest certificate file: five times all the authorities of a system. */
const PEM_MAX_BYTES = 1024 * 1024;

function pemFiles({ caFile, certFile, keyFile }: BrokerAddress): IClientOptions {
  const files: IClientOptions = {};
  const faults: Diagnostic[] = [];
  const read = (key: 'ca' | 'cert' | 'key', variable: string, path: string | undefined) => {
    if (path === undefined) return;
    try {
      files[key] = readRegularFile(path, PEM_MAX_BYTES);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      faults.push({ path: variable, message: `${path} cannot be read (${code ?? message})` });
    }
  };
  read('ca', 'MQTT_CA_FILE', caFile);
  read('cert', 'MQTT_CERT_FILE', certFile);
  read('key', 'MQTT_KEY_FILE', keyFile);
  if (faults.length > 0) throw new ConfigError(faults);
  return files;
}
