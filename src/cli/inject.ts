import { DURATION_S, SEVERITY } from '../core/anomaly.ts';
import { machineTypes } from '../machines/index.ts';
import { duration, durationText } from '../schema/times.ts';
import { number } from '../schema/value-type.ts';
import { columns } from './columns.ts';
import type { Command } from './command.ts';
import { PROGRAM } from './command-line.ts';
import { findMachine, SITE_OPTION } from './machine-lookup.ts';
import { OptionReader } from './option-reader.ts';
import { readSimulatorAddress, URL_OPTION } from './simulator-address.ts';
import { asConfigError, type Machine, SimulatorClient } from './simulator-client.ts';

/** The names of all anomalies of all machine types. */
export const ANOMALIES: readonly string[] = [
  ...new Set(machineTypes.flatMap(({ faultTypes }) => faultTypes)),
].toSorted();

/** An anomaly that was injected. */
interface Injected {
  readonly anomaly_type: string;
  readonly severity: number;
  readonly ends_at: string;
}

interface KnownAnomaly {
  readonly anomaly_type: string;
  readonly description: string;
  readonly signals: readonly string[];
}

/** The machine types of a simulator, as far as they are read. */
interface Catalogue {
  readonly machine_types: readonly {
    readonly machine_type: string;
    readonly anomalies: readonly KnownAnomaly[];
  }[];
}

/** Injects an anomaly into a machine of a running simulator. */
export const inject: Command = {
  name: 'inject',
  about: 'Inject an anomaly into a machine of a running simulator.',
  options: {
    severity: {
      value: 'NUMBER',
      about: `${SEVERITY.min} to ${SEVERITY.max}.`,
      default: String(SEVERITY.default),
    },
    for: {
      value: 'SPAN',
      about: 'How long it lasts, in simulated time: 90s, 10m, 2h.',
      default: durationText(DURATION_S.default),
    },
    ...SITE_OPTION,
    ...URL_OPTION,
  },
  operands: 'MACHINE ANOMALY',
  operandChoices: [[], ANOMALIES],
  examples: [
    'inject Compressor-1 leak',
    'inject compressor-1 leak --severity 3 --for 10m',
    'inject c0000000-0000-0000-0000-000000000002 dirty_coils --for 2h --json',
  ],
  hasReport: true,
  async execute(args, reporter) {
    const options = new OptionReader(args);
    const [name = '', anomaly = ''] = options.operands(['MACHINE', 'ANOMALY']);
    const severity = options.read('severity', number(SEVERITY.min, SEVERITY.max));
    const lengthS = options.read('for', duration(DURATION_S.min, DURATION_S.max));
    const address = readSimulatorAddress(options);
    options.check();
    const client = await SimulatorClient.connect(address);
    const machine = await findMachine(client, name, args.values['factory']);
    const path = `/simulator/machines/${machine.machine_id}/anomaly`;
    const injected = await client
      .change<Injected>('POST', path, {
        anomaly_type: anomaly,
        ...(severity !== undefined && { severity }),
        ...(lengthS !== undefined && { duration_seconds: Math.round(lengthS) }),
      })
      .catch((error) => {
        throw asConfigError(error, { anomaly_type: anomaly }, name);
      });
    const { description = '', signals = [] } = await knownAnomaly(client, machine, anomaly);
    const page = `${client.url}/#/machine/${machine.machine_id}`;
    const { machine_name } = machine;
    reporter.report({
      content: () => ({ ...injected, machine_name, affected_signals: signals, page }),
      text: () =>
        `${injected.anomaly_type} on ${machine_name}, severity ${injected.severity}, ` +
        `until ${injected.ends_at}: ${description}\n` +
        columns([
          ['  signals', signals.join(', ')],
          ['  watch', `${PROGRAM} watch ${quoted(machine_name)}`],
          ['  dashboard', page],
          ['  end it', `${PROGRAM} clear ${quoted(machine_name)}`],
        ]),
    });
    return 0;
  },
};

async function knownAnomaly(
  client: SimulatorClient,
  { machine_type }: Machine,
  name: string,
): Promise<Partial<KnownAnomaly>> {
  const { machine_types } = await client.get<Catalogue>('/simulator/info');
  const type = machine_types.find((each) => each.machine_type === machine_type);
  return type?.anomalies.find(({ anomaly_type }) => anomaly_type === name) ?? {};
}

/** Quotes a word for a shell, if it needs that. */
function quoted(word: string): string {
  return /^[\w.-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
