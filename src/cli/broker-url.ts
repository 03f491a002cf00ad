import type { Configuration } from '../config/configuration.ts';
import { mqttOptions } from '../outputs/mqtt/index.ts';
import type { MqttOptions } from '../outputs/mqtt/options.ts';
import { choice, HOST, meantUrl, textual, type ValueType } from '../schema/value-type.ts';
import type { Option } from './command.ts';
import type { OptionReader } from './option-reader.ts';

/** The default port of each scheme. */
const PORTS = { mqtt: '1883', mqtts: '8883', ws: '80', wss: '443' } as const;

/** Usual paths of MQTT over WebSocket; the environment variables cannot set another path. */
const PATHS = ['', '/', '/mqtt'];

type Variables = Readonly<Record<string, string>>;

/** The URL of a broker, parsed into the equivalent environment variables. */
const BROKER_URL: ValueType<Variables> = {
  ...textual(
    'an address like mqtt://host, mqtt://host:1883 or mqtts://user@host; ' +
      `with ${Object.keys(PORTS).join(', ')}`,
    variablesOf,
  ),
  guess(text) {
    const isEncrypted = /^(ssl|tls|https|wss):|:8883\b/i.test(text);
    const meant = meantUrl(text, isEncrypted ? 'mqtts' : 'mqtt');
    return meant !== undefined && variablesOf(meant) ? meant : undefined;
  },
};

function variablesOf(given: string): Variables | undefined {
  if (!URL.canParse(given)) return undefined;
  const { protocol, hostname, port, username, password, pathname, search, hash } = new URL(given);
  const scheme = protocol.slice(0, -1);
  const host = hostname.replace(/^\[|\]$/g, '');
  const isPlain = PATHS.includes(pathname) && search === '' && hash === '';
  if (!Object.hasOwn(PORTS, scheme) || HOST.parse(host) === undefined || !isPlain) return undefined;
  const [name, secret] = [decoded(username), decoded(password)];
  if (name === undefined || secret === undefined || (secret !== '' && name === ''))
    return undefined;
  return {
    MQTT_PROTOCOL: scheme,
    MQTT_HOST: host,
    MQTT_PORT: port || PORTS[scheme as keyof typeof PORTS],
    ...(name !== '' && { MQTT_USERNAME: name, MQTT_PASSWORD: secret }),
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The options of commands that publish. */
export const BROKER_OPTIONS = {
  mqtt: {
    value: 'URL',
    about: 'Broker to publish to: mqtt://host:1883, mqtts://user@host.',
  },
  qos: {
    value: 'N',
    about: 'Quality of service: 0, 1 or 2.',
    default: 'MQTT_QOS',
    choices: ['0', '1', '2'],
  },
} as const satisfies Readonly<Record<string, Option>>;

/** The environment with the broker of the option as the configured one. */
export function environmentWith(url: string | undefined): NodeJS.ProcessEnv {
  // A URL that is not accepted is reported with the other errors of the command line.
  return { ...process.env, ...(url === undefined ? {} : BROKER_URL.parse(url)) };
}

/** The broker of `--mqtt`, or the configured one; undefined if there is none. */
export function readBroker(
  options: OptionReader,
  { outputs }: Configuration,
): MqttOptions | undefined {
  options.readSecret('mqtt', BROKER_URL);
  const mqtt = mqttOptions(outputs);
  const qos = options.read('qos', choice([0, 1, 2])) ?? mqtt.qos;
  return mqtt.external && { ...mqtt, qos };
}
