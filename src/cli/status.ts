import { columns } from './columns.ts';
import type { Command } from './command.ts';
import { findMachine, SITE_OPTION } from './machine-lookup.ts';
import { alertsText, anomalyText, MachineTable, stateText } from './machine-table.ts';
import { OptionReader } from './option-reader.ts';
import { readSimulatorAddress, URL_OPTION } from './simulator-address.ts';
import { type Health, type Machine, SimulatorClient } from './simulator-client.ts';

/** Most machines listed as text; JSON contains all. */
const ROWS_MAX = 100;

/** The overall state of a simulator, as far as it is shown. */
interface Status {
  readonly status: string;
  readonly simulation_speed: number;
  readonly machines_count: number;
  readonly running_machines: number;
  readonly outputs: readonly {
    readonly name: string;
    readonly state: string;
    readonly messages: number;
    readonly lag_seconds: number;
  }[];
}

/** Shows the state of a running simulator. */
export const status: Command = {
  name: 'status',
  about: 'Show the state of a running simulator, or of one machine: exit code 0 if it is healthy.',
  options: { ...SITE_OPTION, ...URL_OPTION },
  operands: '[MACHINE]',
  operandChoices: [[]],
  examples: ['status', 'status Compressor-1', 'status --url http://localhost:8004 --json'],
  hasReport: true,
  async execute(args, reporter) {
    const options = new OptionReader(args);
    const [name] = options.operands([], ['MACHINE']);
    const address = readSimulatorAddress(options);
    options.check();
    const { factory } = args.values;
    const client = await SimulatorClient.connect(address);
    if (name !== undefined) {
      const machine = await findMachine(client, name, factory);
      reporter.report({ content: () => machine, text: () => machineText(machine) });
      return 0;
    }
    const { url, health } = client;
    const overall = await client.get<Status>('/simulator/status');
    if (reporter.isJson) {
      const machines = await client.machines(factory);
      const content = () => ({ url, health, status: overall, machines });
      reporter.report({ content, text: () => '' });
    } else {
      const { machines, total } = await client.page(ROWS_MAX, { factory });
      const rest = total - machines.length;
      const table = (await MachineTable.of(client)).text(machines);
      const more = rest > 0 ? `and ${rest} more; use --json for all\n` : '';
      const text = () => `${overallText(url, health, overall)}\n${table}${more}`;
      reporter.report({ content: () => undefined, text });
    }
    return health.problems.length === 0 ? 0 : 1;
  },
};

function machineText(machine: Machine): string {
  return `${machine.machine_name}\n${columns([
    ['  id', machine.machine_id],
    ['  type', machine.machine_type],
    ['  state', stateText(machine)],
    ['  power', `${machine.current_power_kw} kW`],
    ['  today', `${machine.energy_today_kwh.toFixed(1)} kWh`],
    ['  alerts', alertsText(machine)],
    ['  anomaly', anomalyText(machine)],
    ['  last reading', machine.last_reading_time ?? '-'],
  ])}`;
}

function overallText(
  url: string,
  { version, status: condition, simulated_time, problems }: Health,
  { status: phase, simulation_speed, machines_count, running_machines, outputs }: Status,
): string {
  const facts = [
    ['  time', `${simulated_time.slice(0, 19)}Z${speedText(simulation_speed)}`],
    ['  machines', `${running_machines} of ${machines_count} running`],
    ...outputs.map(({ name, state, messages, lag_seconds }) => [
      `  ${name}`,
      `${state}, ${messages} messages, ${lag_seconds.toFixed(1)} s behind`,
    ]),
    ...problems.map(({ part, reason, since }) => [
      '  problem',
      `${part}: ${reason}, since ${since}`,
    ]),
  ];
  const head = `enms-simulator ${version} at ${url}: ${phase}, ${condition}`;
  return `${head}\n${columns(facts)}`;
}

function speedText(speed: number): string {
  return speed === 1 ? '' : `, ${speed} simulated seconds per second`;
}
