import { sleep } from '../runtime/sleep.ts';
import { columns } from './columns.ts';
import type { Command } from './command.ts';
import { Interruption } from './interruption.ts';
import { findMachine, SITE_OPTION } from './machine-lookup.ts';
import { alertsText, anomalyText, MachineTable, stateText } from './machine-table.ts';
import { OptionReader } from './option-reader.ts';
import type { Reporter } from './reporter.ts';
import { Screen } from './screen.ts';
import { readSimulatorAddress, URL_OPTION } from './simulator-address.ts';
import { ClientError, type Machine, RefusedRequest, SimulatorClient } from './simulator-client.ts';

/** How often the state is read [ms]. */
const PERIOD_MS = 1000;
/** Lines of the screen around the machines. */
const FRAME_LINES = 5;

/** What is read of a simulator at one moment. */
interface Look {
  readonly machines: readonly Machine[];
  /** The number of machines, of which not all may be read. */
  readonly total: number;
}

/** What is watched. */
interface Scene {
  readonly client: SimulatorClient;
  readonly table: MachineTable;
  /** Reads the machines, or only as many as are wanted. */
  readonly look: (count?: number) => Promise<Look>;
}

/** Shows the machines of a running simulator, live. */
export const watch: Command = {
  name: 'watch',
  about: 'Show the machines of a running simulator, live; q or ctrl-c ends it.',
  options: { ...SITE_OPTION, ...URL_OPTION },
  operands: '[MACHINE]',
  operandChoices: [[]],
  examples: ['watch', 'watch Compressor-1', 'watch --json'],
  hasReport: true,
  async execute(args, reporter) {
    const options = new OptionReader(args);
    const [name] = options.operands([], ['MACHINE']);
    const address = readSimulatorAddress(options);
    options.check();
    const { factory } = args.values;
    const client = await SimulatorClient.connect(address);
    const machine = name === undefined ? undefined : await findMachine(client, name, factory);
    const look = async (count?: number): Promise<Look> => {
      if (machine) {
        const path = `/simulator/machines/${machine.machine_id}`;
        return { machines: [await client.get<Machine>(path)], total: 1 };
      }
      if (count !== undefined) return client.page(count, { factory });
      const machines = await client.machines(factory);
      return { machines, total: machines.length };
    };
    const scene = { client, look, table: await MachineTable.of(client) };
    const isText = !reporter.isJson && !reporter.isQuiet;
    const isScreen = isText && reporter.stdout.isTTY === true && process.env['TERM'] !== 'dumb';
    const ending = new AbortController();
    const signal = AbortSignal.any([ending.signal, new Interruption().signal]);
    if (!isScreen) await reportChanges(scene, reporter, signal);
    else await drawLive(scene, new Screen(reporter, () => ending.abort()), signal);
    return 0;
  },
};

async function drawLive(scene: Scene, screen: Screen, signal: AbortSignal): Promise<void> {
  try {
    let shown: Look = { machines: [], total: 0 };
    while (!signal.aborted) {
      let trouble = '';
      try {
        shown = await scene.look(Math.max(1, screen.rows - FRAME_LINES));
        await scene.client.refreshHealth();
      } catch (error) {
        trouble = troubleOf(error);
      }
      screen.draw(frame(scene, shown, trouble));
      await sleep(PERIOD_MS, signal);
    }
  } finally {
    screen.close();
  }
}

function frame({ client, table }: Scene, { machines, total }: Look, trouble: string): string[] {
  const { url, health } = client;
  const rest = total > machines.length ? `, ${total - machines.length} more machines` : '';
  const problems = health.problems.map(({ part, reason }) => `${part}: ${reason}`).join('; ');
  return [
    `${health.status}  ${health.simulated_time.slice(0, 19)}Z  ${url}`,
    trouble || problems,
    ...table.text(machines).trimEnd().split('\n'),
    '',
    `q ends${rest}`,
  ];
}

/** Reports each machine once, and again whenever its state, alerts or anomaly have changed. */
async function reportChanges(
  { look, table }: Scene,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<void> {
  const reported = new Map<string, string>();
  let trouble = '';
  while (!signal.aborted) {
    try {
      for (const machine of (await look()).machines) {
        const state = [stateText(machine), alertsText(machine), anomalyText(machine)].join();
        if (reported.get(machine.machine_id) === state) continue;
        reported.set(machine.machine_id, state);
        const time = machine.last_reading_time ?? '-';
        reporter.reportLine({
          content: () => machine,
          text: () => columns([[time, ...table.row(machine)]]),
        });
      }
      trouble = '';
    } catch (error) {
      const now = troubleOf(error);
      if (now !== trouble) reporter.stderr.write(`${now}\n`);
      trouble = now;
    }
    await sleep(PERIOD_MS, signal);
  }
}

/** Why the simulator cannot be read now; it may come back. @throws Error for anything else. */
function troubleOf(error: unknown): string {
  if (error instanceof ClientError || error instanceof RefusedRequest) return error.message;
  throw error;
}
