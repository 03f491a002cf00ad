import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { ConfigError, type Fault } from '../core/errors.ts';
import { readRegularFile } from '../regular-file.ts';

/** Where the simulator says whether it runs; the will says `offline` there. */
export const STATE_TOPIC = 'simulator/state';

const WILL = { topic: STATE_TOPIC, payload: Buffer.from('offline'), qos: 1, retain: true } as const;

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
}

/** The broker as a person writes it, without anything secret: `mqtts://broker:8883`. */
export function addressText({ protocol, host, port }: BrokerAddress): string {
  return `${protocol}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * A client of a broker that is not connected yet and, once told to, comes back whenever it is lost.
 *
 * @param hasWill - Whether the broker is to say `offline` when the client is lost.
 * @throws ConfigError where a certificate or key cannot be read.
 */
export function createMqttClient(
  broker: BrokerAddress,
  reconnectMs: number,
  hasWill: boolean,
): MqttClient {
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
    ...(hasWill && { will: WILL }),
    manualConnect: true,
    connectTimeout: CONNECT_MAX_MS,
    reconnectPeriod: reconnectMs,
    reconnectOnConnackError: true,
    // Else each acknowledgement would set a timer anew.
    reschedulePings: false,
    ...pemFiles(broker),
  };
  if (isWebSocket) options.path = WEBSOCKET_PATH;
  if (username !== undefined) options.username = username;
  if (password !== undefined) options.password = password;
  return mqtt.connect(options);
}

/**
 * Ends a client for good, in order unless it is not connected.
 *
 * A client that was made with `manualConnect` forgets that it was ended before its socket is
 * closed, and would connect again.
 */
export async function endMqttClient(client: MqttClient, isConnected: boolean): Promise<void> {
  client.options.manualConnect = false;
  await client.endAsync(!isConnected);
}

/** The certificates of all the authorities that a system knows are a fifth of this. */
const PEM_MAX_BYTES = 1024 * 1024;

function pemFiles({ caFile, certFile, keyFile }: BrokerAddress): IClientOptions {
  const files: IClientOptions = {};
  const faults: Fault[] = [];
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
