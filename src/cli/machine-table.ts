import { columns } from './columns.ts';
import type { Factory, Machine, SimulatorClient } from './simulator-client.ts';

/** Machines as rows of a table; those of several factories with the name of theirs. */
export class MachineTable {
  readonly #factories: ReadonlyMap<string, string>;

  private constructor(factories: readonly Factory[]) {
    this.#factories = new Map(
      factories.map(({ factory_id, factory_name }) => [factory_id, factory_name]),
    );
  }

  /** A table for the machines of a simulator. */
  static async of(client: SimulatorClient): Promise<MachineTable> {
    return new MachineTable(await client.get<Factory[]>('/simulator/factories'));
  }

  /** The table with its headings. */
  text(machines: readonly Machine[]): string {
    const heads = ['machine', ...this.#factory('factory'), 'state', '     power'];
    return columns([[...heads, 'alerts', 'anomaly'], ...machines.map((each) => this.row(each))]);
  }

  /** A machine as a row. */
  row(machine: Machine): readonly string[] {
    const { machine_name, factory_id, current_power_kw } = machine;
    return [
      machine_name,
      ...this.#factory(this.#factories.get(factory_id) ?? factory_id),
      stateText(machine),
      `${current_power_kw.toFixed(1)} kW`.padStart(10),
      alertsText(machine),
      anomalyText(machine),
    ].map(printable);
  }

  /** A cell of the column of factories, which one alone does not need. */
  #factory(cell: string): readonly string[] {
    return this.#factories.size > 1 ? [cell] : [];
  }
}

/** The state of a machine in a word. */
export function stateText({ is_running, operating_mode }: Machine): string {
  return is_running ? operating_mode : 'stopped';
}

/** The alerts of a machine, or a hyphen. */
export function alertsText({ alerts }: Machine): string {
  return alerts.map(({ code, level }) => `${code} (${level})`).join(', ') || '-';
}

/** The anomaly of a machine, or a hyphen. */
export function anomalyText(machine: Machine): string {
  const { anomaly_type, anomaly_severity, anomaly_ends_at } = machine;
  return anomaly_type === null
    ? '-'
    : `${anomaly_type}, severity ${anomaly_severity}, until ${anomaly_ends_at}`;
}

/** A text of a server without characters that control a terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '\ufffd');
}
