import { reachableHost } from '../broker/listen.ts';
import type { Configuration } from '../config/configuration.ts';
import type { FactoryDescription } from '../core/factory.ts';
import { mqttOptions } from '../outputs/mqtt/index.ts';
import type { MqttOptions } from '../outputs/mqtt/options.ts';
import { version } from '../runtime/version.ts';
import { columns } from './columns.ts';

/** The addresses and state of a simulator that has started. */
export interface Endpoints {
  readonly apiPort: number;
  /** Where readings go, by the name of the output. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Port of the embedded broker, if one is used. */
  readonly brokerPort: number | undefined;
  /** Where the database is. */
  readonly database: string;
  readonly factories: readonly FactoryDescription[];
  readonly seed: number;
  readonly speed: number;
  /** The simulated instant [ms]. */
  readonly nowMs: number;
}

/** The banner on a terminal: what runs, and where to reach it. */
export function announcement(configuration: Configuration, reached: Endpoints): string {
  const { api, outputs } = configuration;
  const mqtt = mqttOptions(outputs);
  const { factories } = reached;
  const { mqtt: brokerAddress = '', ...others } = reached.addresses;
  const machineCount = factories.reduce((sum, { machines }) => sum + machines.length, 0);
  const apiUrl = `http://${reachableHost(api.host)}:${reached.apiPort}`;
  const rows = [
    ['  Dashboard', `${apiUrl}/`],
    ['  API', apiUrl],
    ['  Docs', `${apiUrl}/docs`],
    ['  MQTT', mqtt.external ? brokerAddress : `${brokerAddress} (embedded broker)`],
    ['  Topics', 'factory/#'],
    ...(reached.brokerPort === undefined
      ? []
      : [['  Listen', listenCommand(mqtt, reached.brokerPort)]]),
    ...Object.entries(others).map(([name, address]) => [`  ${capitalized(name)}`, address]),
    ['  Database', reached.database],
    ['  Time', timeText(reached.nowMs, reached.speed)],
    ['  Seed', String(reached.seed)],
    ['  Access', accessText(configuration)],
  ];
  const count = (number: number, one: string, many: string) =>
    `${number} ${number === 1 ? one : many}`;
  const machines = count(machineCount, 'machine', 'machines');
  const sites = count(factories.length, 'factory', 'factories');
  const head = `enms-simulator ${version}: ${machines} in ${sites}`;
  const notes = movedPorts(configuration, reached).map((note) => `\n  ${note}\n`);
  return `\n${head}\n\n${columns(rows)}${notes.join('')}\n`;
}

/** Notes about ports that were taken, and the ports used instead. */
export function movedPorts({ api, outputs }: Configuration, reached: Endpoints): string[] {
  const mqtt = mqttOptions(outputs);
  const notes: string[] = [];
  const add = (what: string, variable: string, wanted: number, got: number | undefined) => {
    if (got !== undefined && wanted !== 0 && got !== wanted)
      notes.push(
        `Port ${wanted} is taken, so ${what} uses ${got} (set ${variable} to choose another).`,
      );
  };
  add('the API', 'API_PORT', api.port.number, reached.apiPort);
  const before = notes.length;
  add('MQTT', 'MQTT_PORT', mqtt.port.number, reached.brokerPort);
  // A client on the usual port would listen to another broker and receive nothing.
  if (notes.length > before && reached.brokerPort !== undefined)
    notes.push(`Listen to this broker with ${listenCommand(mqtt, reached.brokerPort)}`);
  return notes;
}

/** The command to listen to the embedded broker on its actual port. */
function listenCommand({ embeddedHost, username }: MqttOptions, port: number): string {
  const login = username === undefined ? '' : ` -u '${username}' -P "$MQTT_PASSWORD"`;
  const host = reachableHost(embeddedHost).replace(/^\[|\]$/g, '');
  return `mosquitto_sub -h ${host} -p ${port}${login} -v -t 'factory/#'`;
}

function timeText(nowMs: number, speed: number): string {
  const time = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  return speed === 1 ? time : `${time}, ${speed} simulated seconds per second`;
}

function accessText({ api }: Configuration): string {
  return api.key === undefined
    ? 'everyone may read, only this computer may change (no API_KEY)'
    : 'everyone may read, changes need the API_KEY';
}

function capitalized(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}
