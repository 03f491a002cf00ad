import { Batch, READING } from '../core/batch.ts';
import type { FactoryDescription, Machine } from '../core/factory.ts';
import { Journal, type Settings } from '../core/journal.ts';
import { ROW_WIDTH } from '../core/machine.ts';
import { createFleet } from '../simulation/fleet.ts';
import { Incidents } from '../simulation/incidents.ts';
import { createReader } from '../simulation/reader.ts';

/** Everything needed to simulate the machines again. */
export interface SimulatedTwin {
  readonly factories: readonly FactoryDescription[];
  readonly seed: number;
  readonly settings: Settings;
}

/** Some minutes of a machine, second by second. */
export interface CloseUp {
  readonly timesMs: readonly number[];
  readonly powerKw: readonly number[];
  /** A signal that follows the same cycle as the power. */
  readonly signal: {
    readonly name: string;
    readonly unit: string;
    readonly values: readonly number[];
  };
}

/** Length of a few cycles of a machine type [s], and the field that shows them best. */
const CYCLES: Readonly<Record<string, { readonly lengthS: number; readonly key: string }>> = {
  compressor: { lengthS: 600, key: 'pressureBar' },
  pump: { lengthS: 240, key: 'pressureBar' },
  injection_molding: { lengthS: 120, key: 'pressureBar' },
};

/** The busiest moment of a window is searched for on the half-hours of its first fortnight [s]. */
const STEP_S = 1800;
const SEARCHED_S = 14 * 86_400;
/** Load from which production counts as full. */
const FULL = 0.999;

/**
 * A few cycles of a machine in a window, at the first moment of full production without an
 * anomaly, or at the busiest moment without one. Undefined for a machine type without cycles, or
 * if an anomaly is always active.
 */
export function closeUpOf(
  { factories, seed, settings }: SimulatedTwin,
  machineId: string,
  fromMs: number,
  toMs: number,
): CloseUp | undefined {
  const own = factories.find(({ machines }) => machines.some(({ id }) => id === machineId));
  const machines = own?.machines.map((each) =>
    each.id === machineId ? { ...each, intervalS: 1 } : each,
  );
  const journal = new Journal(settings);
  const fleet = createFleet(own && machines ? [{ ...own, machines }] : [], { seed, journal });
  const machine = fleet.byId.get(machineId);
  const cycles = machine && CYCLES[machine.type.type];
  if (!machine || !cycles) return undefined;
  const startS = busiestS(machine, journal, fromMs / 1000, toMs / 1000, cycles.lengthS);
  if (startS === undefined) return undefined;
  const signal = machine.type.fields.find(({ key }) => key === cycles.key);
  const power = machine.type.electricityColumn;
  if (!signal) return undefined;

  const reader = createReader(fleet, { machines: [machine] });
  reader.seek(startS * 1000);
  const batch = new Batch();
  reader.read((startS + cycles.lengthS) * 1000, batch);
  const rows = Array.from({ length: batch.length }, (_, row) => row).filter(
    (row) => ((batch.flags[row] as number) & READING) !== 0,
  );
  const column = (at: number) => rows.map((row) => batch.values[row * ROW_WIDTH + at] as number);
  return {
    timesMs: rows.map((row) => batch.timesMs[row] as number),
    powerKw: column(power),
    signal: { name: signal.name, unit: signal.unit, values: column(signal.column) },
  };
}

/** The first half-hour with the highest load and `lengthS` seconds without an anomaly. */
function busiestS(
  machine: Machine,
  journal: Journal,
  fromS: number,
  toS: number,
  lengthS: number,
): number | undefined {
  const incidents = new Incidents(machine, journal).between(fromS, fromS + SEARCHED_S);
  const lastS = Math.max(fromS, Math.min(toS - lengthS, fromS + SEARCHED_S));
  let bestS: number | undefined;
  let most = -1;
  for (let tS = fromS; tS <= lastS; tS = STEP_S * (Math.floor(tS / STEP_S) + 1)) {
    const load = Math.min(machine.site.at(tS).load, machine.site.at(tS + lengthS).load);
    const isAnomalous = incidents.some((each) => each.startS < tS + lengthS && each.endS > tS);
    if (load <= most || isAnomalous) continue;
    most = load;
    bestS = tS;
    if (load >= FULL) break;
  }
  return bestS;
}
