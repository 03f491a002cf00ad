import { Zone } from '../site/zone.ts';
import { FactoryTotals } from './factory-totals.ts';
import { Grid, LocalTime } from './grid.ts';
import { MachineTotals } from './machine-totals.ts';
import type { Collectors, CollectReading, ReportSource } from './report-source.ts';

/** The totals that a report is made from; each reading is added and then discarded. */
export class ReportTotals implements Collectors {
  readonly grid: Grid;
  readonly factories: readonly FactoryTotals[];
  readonly machines: readonly MachineTotals[];
  readonly #collectors = new Map<string, ReadonlyMap<string, CollectReading>>();

  constructor({ fromMs, toMs, factories, machines }: Omit<ReportSource, 'read'>) {
    const intervalMaxMs = machines.reduce((max, each) => Math.max(max, each.intervalMs), 0);
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
    for (const totals of this.machines)
      this.#collectors.set(totals.machine.id, collectorsOf(totals));
  }

  /** The collector of a machine's channel; undefined if the report needs nothing from it. */
  collector(machineId: string, channel: string): CollectReading | undefined {
    return this.#collectors.get(machineId)?.get(channel);
  }
}

function collectorsOf(totals: MachineTotals): ReadonlyMap<string, CollectReading> {
  return new Map(
    totals.machine.type.channels.flatMap((channel) => {
      const collect = totals.collector(channel);
      return collect ? [[channel.name, collect] as const] : [];
    }),
  );
}
