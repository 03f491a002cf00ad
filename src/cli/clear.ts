import type { Command } from './command.ts';
import { ANOMALIES } from './inject.ts';
import { findMachine, SITE_OPTION } from './machine-lookup.ts';
import { OptionReader } from './option-reader.ts';
import { readSimulatorAddress, URL_OPTION } from './simulator-address.ts';
import {
  asConfigError,
  type Machine,
  RefusedRequest,
  SimulatorClient,
} from './simulator-client.ts';

/** An anomaly that has been cleared. */
interface Cleared {
  readonly id: string;
  readonly anomaly_type: string;
}

/** An anomaly with its cost. */
interface Truth {
  readonly id: string;
  readonly excess_energy_kwh: number;
}

/** Clears the anomalies of machines of a running simulator. */
export const clear: Command = {
  name: 'clear',
  about: 'End the anomalies of a machine of a running simulator, and show what they cost.',
  options: {
    all: { about: 'The anomalies of all machines.' },
    ...SITE_OPTION,
    ...URL_OPTION,
  },
  operands: '[MACHINE] [ANOMALY]',
  operandChoices: [[], ANOMALIES],
  examples: ['clear Compressor-1', 'clear Compressor-1 leak', 'clear --all --json'],
  hasReport: true,
  async execute(args, reporter) {
    const options = new OptionReader(args);
    const isAll = args.flags.has('all');
    const [name = '', anomaly] = isAll
      ? options.operands([])
      : options.operands(['MACHINE'], ['ANOMALY']);
    const address = readSimulatorAddress(options);
    options.check();
    const { factory } = args.values;
    const client = await SimulatorClient.connect(address);
    const machines = isAll
      ? (await client.machines(factory)).filter(({ anomaly_active }) => anomaly_active)
      : [await findMachine(client, name, factory)];
    const cleared: Awaited<ReturnType<typeof clearOn>> = [];
    for (const machine of machines)
      cleared.push(
        ...(await clearOn(client, machine, anomaly).catch((error) => {
          throw asConfigError(error, { anomaly_type: anomaly ?? '' }, name);
        })),
      );
    const nothing = isAll
      ? 'no machine has an anomaly'
      : `${machines[0]?.machine_name} has no ${anomaly ?? 'anomalies'}`;
    reporter.report({
      content: () => ({ cleared }),
      text: () =>
        cleared
          .map(
            ({ anomaly_type, machine_name, excess_energy_kwh }) =>
              `cleared ${anomaly_type} on ${machine_name}${costText(excess_energy_kwh)}\n`,
          )
          .join('') || `${nothing}\n`,
    });
    return 0;
  },
};

async function clearOn(
  client: SimulatorClient,
  { machine_id, machine_name }: Machine,
  anomaly: string | undefined,
) {
  const query = anomaly === undefined ? '' : `?${new URLSearchParams({ anomaly_type: anomaly })}`;
  const path = `/simulator/machines/${machine_id}/anomaly${query}`;
  const { cleared } = await client.change<{ cleared: Cleared[] }>('DELETE', path);
  const costs = cleared.length > 0 ? await costsOf(client, machine_id) : [];
  return cleared.map((each) => ({
    ...each,
    machine_name,
    excess_energy_kwh: costs.find(({ id }) => id === each.id)?.excess_energy_kwh ?? null,
  }));
}

/** The anomalies of the last day with their costs; empty if they are not known now. */
async function costsOf(client: SimulatorClient, machineId: string): Promise<readonly Truth[]> {
  const query = new URLSearchParams({ machine_id: machineId, limit: '1000' });
  try {
    return await client.get<Truth[]>(`/simulator/anomalies?${query}`);
  } catch (error) {
    // The anomalies are cleared, whatever becomes of their costs.
    if (error instanceof RefusedRequest) return [];
    throw error;
  }
}

function costText(excessKwh: number | null): string {
  if (excessKwh === null) return '';
  const amount = Math.abs(excessKwh).toFixed(3);
  const comparison = excessKwh < 0 && Number(amount) > 0 ? 'less' : 'more';
  return `: ${amount} kWh ${comparison} than without it, so far`;
}
