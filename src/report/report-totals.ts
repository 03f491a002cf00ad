import { READING } from '../core/batch.ts';
import { ROW_WIDTH } from '../core/machine.ts';
import { Zone } from '../site/zone.ts';
import { FactoryTotals } from './factory-totals.ts';
import { Grid, LocalTime } from './grid.ts';
import { type CollectReading, MachineTotals } from './machine-totals.ts';
import type { ReportSource, SourceRows } from './report-source.ts';

/**
 * Adds up all readings of a source.
 *
 * @param onRows - Called repeatedly with the number of rows read so far, and of all rows.
 */
export async function totalsOf(
  source: ReportSource,
  onRows: (rows: number, allRows: number) => void = () => undefined,
): Promise<ReportTotals> {
  const totals = new ReportTotals(source);
  let done = 0;
  for await (const rows of source.rows()) {
    totals.add(rows);
    done += rows.length;
    onRows(done, source.allRows);
  }
  return totals;
}

/** The totals that a report is made from; each reading is added and then discarded. */
export class ReportTotals {
  readonly grid: Grid;
  readonly factories: readonly FactoryTotals[];
  readonly machines: readonly MachineTotals[];
  /** What each machine's channels add, by the machine's id. */
  readonly #collectors: ReadonlyMap<string, readonly ChannelCollector[]>;
  readonly #fromMs: number;
  readonly #toMs: number;

  constructor({ fromMs, toMs, factories, machines }: Omit<ReportSource, 'allRows' | 'rows'>) {
    const intervalMaxMs = machines.reduce((max, each) => Math.max(max, each.intervalMs), 0);
    this.#fromMs = fromMs;
    this.#toMs = toMs;
    this.grid = new Grid(fromMs, toMs, intervalMaxMs);
    const sites = new Map(
      factories.map((factory) => {
        const time = new LocalTime(this.grid, new Zone(factory.timeZone));
        return [factory.id, { totals: new FactoryTotals(factory, this.grid, time), time }] as const;
      }),
    );
    this.factories = [...sites.values()].map(({ totals }) => totals);
    this.machines = machines.map((machine) => {
      const site = sites.get(machine.factoryId);
      if (!site) throw new RangeError(`${machine.name}: no factory ${machine.factoryId}`);
      return new MachineTotals(machine, this.grid, site.totals, site.time);
    });
    this.#collectors = new Map(
      this.machines.map((totals) => [totals.machine.id, collectorsOf(totals)]),
    );
  }

  /** Adds the readings among some rows: repeated ones once, and none that tells another time. */
  add({ length, timesMs, flags, values, machines, channel }: SourceRows): void {
    for (let row = 0; row < length; row++) {
      if (((flags[row] as number) & READING) === 0) continue;
      const { id } = machines[row] as SourceRows['machines'][number];
      const timeMs = timesMs[row] as number;
      if (timeMs <= this.#fromMs || timeMs > this.#toMs) continue;
      for (const collector of this.#collectors.get(id) ?? []) {
        const { name, collect, lastMs } = collector;
        if ((channel !== undefined && channel !== name) || timeMs === lastMs) continue;
        collector.lastMs = timeMs;
        collect(timeMs, values, row * ROW_WIDTH);
      }
    }
  }
}

/** A channel of a machine that the report needs. */
interface ChannelCollector {
  readonly name: string;
  readonly collect: CollectReading;
  /** The time of its last reading [ms]. */
  lastMs: number;
}

function collectorsOf(totals: MachineTotals): readonly ChannelCollector[] {
  return totals.machine.type.channels.flatMap((channel) => {
    const collect = totals.collector(channel);
    return collect ? [{ name: channel.name, collect, lastMs: Number.NaN }] : [];
  });
}
