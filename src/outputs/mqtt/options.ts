import { randomBytes } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';
import type { WantedPort } from '../../broker/listen.ts';
import { FileRefusal, regularFileBytes } from '../../runtime/regular-file.ts';
import { shown } from '../../schema/diagnostics.ts';
import { choice, FLAG, HOST, text, whole } from '../../schema/value-type.ts';
import { optional, secret, type ValuesOf, variable } from '../../schema/variable.ts';
import type { Given } from '../output.ts';
import type { BrokerAddress } from './client.ts';

/** Most reader processes: each has a connection, and all descriptions in memory. */
const READERS_MAX = 64;

const NAME = text(255);
/** Longest path on Linux. */
const PATH = text(4096);

/** The environment variables of the MQTT output. */
export const VARIABLES = {
  MQTT_HOST: optional(
    HOST,
    'MQTT broker to publish to. Without one, the embedded broker runs: MQTT 3.1, 3.1.1 and 5.',
  ),
  MQTT_BIND_HOST: variable(HOST, '127.0.0.1', 'Address that the embedded broker listens on.'),
  MQTT_PORT: variable(
    whole(1, 65_535),
    '1883',
    'Port of either broker. Unless set, the embedded one takes the next free one instead.',
  ),
  MQTT_USERNAME: optional(NAME, 'User name at the broker; the embedded one then requires it.'),
  MQTT_PASSWORD: secret(text(65_535), 'Password of that user.'),
  MQTT_QOS: variable(choice([0, 1, 2]), '1', 'Quality of service of readings.'),
  MQTT_GROUND_TRUTH: variable(
    FLAG,
    'false',
    'Whether anomalies and defects are published, as labels.',
  ),
  PUBLISH_SPREAD: optional(
    choice(['none', 'interval']),
    'interval: publish each machine at its own time within its interval, so that machines do not ' +
      'all publish in the same second. Default: interval with FLEET_MACHINES, otherwise none.',
  ),
  READERS: variable(
    whole(1, READERS_MAX),
    '1',
    'Processes that divide the machines and publish them, if one core is not enough.',
  ),
  MQTT_PROTOCOL: variable(
    choice(['mqtt', 'mqtts', 'ws', 'wss']),
    'mqtt',
    'How MQTT_HOST is reached; mqtts and wss are encrypted.',
  ),
  MQTT_VERSION: variable(choice([4, 5]), '4', 'Version of MQTT; 4 means 3.1.1.'),
  MQTT_CLIENT_ID: optional(
    NAME,
    'Client id at the broker. Without one, each start uses a new one.',
  ),
  MQTT_KEEPALIVE: variable(whole(0, 65_535), '60', 'Seconds between keep-alive packets; 0: none.'),
  MQTT_CA_FILE: optional(PATH, 'PEM file of the authority that signed the broker’s certificate.'),
  MQTT_CERT_FILE: optional(PATH, 'PEM file of the client’s certificate.'),
  MQTT_KEY_FILE: optional(PATH, 'PEM file of the client’s private key.'),
} as const;

/** Variables of the client for an external broker. */
const ABOUT_HOST = [
  'MQTT_PROTOCOL',
  'MQTT_VERSION',
  'MQTT_CLIENT_ID',
  'MQTT_KEEPALIVE',
  'MQTT_CA_FILE',
  'MQTT_CERT_FILE',
  'MQTT_KEY_FILE',
];
const FILES = ['MQTT_CA_FILE', 'MQTT_CERT_FILE', 'MQTT_KEY_FILE'] as const;

type Values = ValuesOf<typeof VARIABLES>;

/** How readings are published by MQTT. */
export interface MqttOptions {
  /** Undefined: the embedded broker, on `port`. */
  readonly external: BrokerAddress | undefined;
  readonly embeddedHost: string;
  readonly port: WantedPort;
  /** Credentials for clients of the embedded broker, if set. */
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly qos: 0 | 1 | 2;
  readonly isGroundTruthPublished: boolean;
}

/** Reads the MQTT options, which always exist: without a host, for the embedded broker. */
export function configure(values: Values, given: Given): MqttOptions {
  checkLogin(values, given);
  for (const name of FILES) checkFile(name, values[name], given);
  if (given.isCluster && !values.MQTT_HOST)
    given.fault(
      'MQTT_HOST',
      'is not set; a live cluster needs the MQTT broker that its workers publish to',
    );
  remarkOnIdle(values, given);
  return {
    external: values.MQTT_HOST ? externalBroker(values.MQTT_HOST, values, given.cwd) : undefined,
    embeddedHost: values.MQTT_BIND_HOST,
    port: { number: values.MQTT_PORT, isExplicit: given.isSet('MQTT_PORT') },
    username: values.MQTT_USERNAME,
    password: values.MQTT_PASSWORD,
    qos: values.MQTT_QOS,
    isGroundTruthPublished: values.MQTT_GROUND_TRUTH,
  };
}

function externalBroker(host: string, values: Values, cwd: string): BrokerAddress {
  const path = (file: string | undefined) => file && resolve(cwd, file);
  return {
    host,
    port: values.MQTT_PORT,
    protocol: values.MQTT_PROTOCOL,
    version: values.MQTT_VERSION,
    username: values.MQTT_USERNAME,
    password: values.MQTT_PASSWORD,
    // Two simulators with the same id would keep disconnecting each other.
    clientId: values.MQTT_CLIENT_ID ?? `enms-simulator-${randomBytes(4).toString('hex')}`,
    keepaliveS: values.MQTT_KEEPALIVE,
    caFile: path(values.MQTT_CA_FILE),
    certFile: path(values.MQTT_CERT_FILE),
    keyFile: path(values.MQTT_KEY_FILE),
  };
}

function checkLogin(values: Values, { fault }: Given): void {
  const missing = (path: string, needed: string) =>
    fault(path, `is set without ${needed}; set both or neither`);
  // MQTT 3.1.1 §3.1.2.9: without a user name there is no password.
  if (values.MQTT_PASSWORD !== undefined && !values.MQTT_USERNAME)
    missing('MQTT_PASSWORD', 'MQTT_USERNAME');
  if (values.MQTT_CERT_FILE && !values.MQTT_KEY_FILE) missing('MQTT_CERT_FILE', 'MQTT_KEY_FILE');
  if (values.MQTT_KEY_FILE && !values.MQTT_CERT_FILE) missing('MQTT_KEY_FILE', 'MQTT_CERT_FILE');
  const isPlain = values.MQTT_PROTOCOL === 'mqtt' || values.MQTT_PROTOCOL === 'ws';
  for (const name of ['MQTT_CA_FILE', 'MQTT_CERT_FILE'] as const)
    if (values.MQTT_HOST && values[name] && isPlain)
      fault(name, `requires MQTT_PROTOCOL mqtts or wss, not ${values.MQTT_PROTOCOL}`);
}

function checkFile(name: string, file: string | undefined, { cwd, fault }: Given): void {
  if (!file) return;
  try {
    const path = resolve(cwd, file);
    regularFileBytes(path);
    accessSync(path, constants.R_OK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = error instanceof FileRefusal ? message : (code ?? 'unknown');
    fault(name, `${shown(file)} cannot be read (${why}); a PEM file`);
  }
}

/** Remarks on settings without effect, or with a probably unintended one. */
function remarkOnIdle(values: Values, { isSet, remark }: Given): void {
  if (!values.MQTT_HOST) {
    for (const name of ABOUT_HOST) if (isSet(name)) remark(`${name}: no effect without MQTT_HOST`);
    return;
  }
  if (isSet('MQTT_BIND_HOST')) remark('MQTT_BIND_HOST: no effect with MQTT_HOST');
  const protocol = values.MQTT_PROTOCOL;
  if (protocol !== 'mqtt' && !isSet('MQTT_PORT'))
    remark(
      `MQTT_PORT: ${values.MQTT_PORT}, as it is not set; unusual for MQTT_PROTOCOL=${protocol}`,
    );
  if (values.MQTT_KEEPALIVE === 0)
    remark(
      'MQTT_KEEPALIVE: 0, so a lost broker is noticed only while something is being published',
    );
}
