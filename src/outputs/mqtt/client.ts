import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { ConfigError, type Diagnostic } from '../../core/errors.ts';
import type { BackOff } from '../../runtime/back-off.ts';
import { readRegularFile } from '../../runtime/regular-file.ts';

/** Where the simulator says whether it runs; the will says `offline` there. */
export const STATE_TOPIC = 'simulator/state';

/** What the broker is to say when a client is lost. */
export interface Will {
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** Most brokers that speak MQTT by WebSocket do so here. */
const WEBSOCKET_PATH = '/mqtt';
/** A broker has so long to accept a connection. */
const CONNECT_MAX_MS = 10_000;

/** An MQTT broker elsewhere, and who we are there. */
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
  /** How long the broker has to accept a connection [ms]; 10 s. */
  readonly connectMaxMs?: number;
}

/** The broker as a person writes it, without anything secret: `mqtts://broker:8883`. */
export function addressText({ protocol, host, port }: BrokerAddress): string {
  return `${protocol}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Clients that are to come back, with what they wait for, and none of those that were ended. */
const timers = new WeakMap<MqttClient, NodeJS.Timeout | undefined>();
/** Reason codes of a broker that does not have what the will asks for (MQTT 5, §3.2.2.2). */
const RETAIN_NOT_SUPPORTED = 0x9a;
const QOS_NOT_SUPPORTED = 0x9b;

/**
 * A client of a broker that is not connected yet and, once told to, comes back whenever it is lost.
 * A broker that does not have what the will asks for is asked for less the next time.
 *
 * @param backOff - How long it waits before it comes back.
 * @param will - How the broker is to say `offline` when the client is lost; not at all without.
 * @throws ConfigError where a certificate or key cannot be read.
 */
export function createMqttClient(broker: BrokerAddress, backOff: BackOff, will?: Will): MqttClient {
  const { protocol, host, port, version, username, password, clientId, keepaliveS } = broker;
  const isWebSocket = protocol === 'ws' || protocol === 'wss';
  const options: IClientOptions = {
    protocol,
    host,
    // An IPv6 address stands in brackets where it is part of a URL.
    hostname: isWebSocket && host.includes(':') ? `[${host}]` : host,
    port,
    protocolVersion: version,
    clientId,
    keepalive: keepaliveS,
    clean: true,
    ...(will && { will: { topic: STATE_TOPIC, payload: Buffer.from('offline'), ...will } }),
    manualConnect: true,
    connectTimeout: broker.connectMaxMs ?? CONNECT_MAX_MS,
    // Its own timer knows one wait only, and begins another attempt beside one that takes long.
    reconnectPeriod: 0,
    // Else each acknowledgement would set a timer anew.
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

/** Whether a broker refused a client for its will, and is asked for less the next time. */
export function isWillRefused(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === QOS_NOT_SUPPORTED || code === RETAIN_NOT_SUPPORTED;
}

/** Ends a client for good, in order unless it is not connected. */
export async function endMqttClient(client: MqttClient, isConnected: boolean): Promise<void> {
  clearTimeout(timers.get(client));
  timers.delete(client);
  await client.endAsync(!isConnected);
}

/** The certificates of all the authorities that a system knows are a fifth of this. */
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
