import { Zone } from '../site/zone.ts';
import { FactoryTally } from './factory-tally.ts';
import { Grid, LocalTime } from './grid.ts';
import { MachineTally, type TakeReading } from './machine-tally.ts';
import type { Subject } from './subject.ts';

/** Everything that a report is made from: each reading is added to it and forgotten. */
export class Tallies {
  readonly grid: Grid;
  readonly factories: readonly FactoryTally[];
  readonly machines: readonly MachineTally[];
  readonly #takers = new Map<string, ReadonlyMap<string, TakeReading>>();

  constructor({ fromMs, toMs, factories, machines }: Omit<Subject, 'read'>) {
    const intervalMaxMs = machines.reduce((max, each) => Math.max(max, each.intervalMs), 0);
    this.grid = new Grid(fromMs, toMs, intervalMaxMs);
    const sites = new Map(
      factories.map((factory) => {
        const time = new LocalTime(this.grid, new Zone(factory.timeZone));
        return [factory.id, { tally: new FactoryTally(factory, this.grid, time), time }] as const;
      }),
    );
    this.factories = [...sites.values()].map(({ tally }) => tally);
    this.machines = machines.map((machine) => {
      const site = sites.get(machine.factoryId);
      if (!site) throw new RangeError(`${machine.name}: no factory ${machine.factoryId}`);
      return new MachineTally(machine, this.grid, site.tally, site.time);
    });
    for (const tally of this.machines) this.#takers.set(tally.machine.id, takersOf(tally));
  }

  /** What takes the readings of a machine's channel; none where nothing of it is of use. */
  taker(machineId: string, channel: string): TakeReading | undefined {
    return this.#takers.get(machineId)?.get(channel);
  }
}

function takersOf(tally: MachineTally): ReadonlyMap<string, TakeReading> {
  return new Map(
    tally.machine.type.channels.flatMap((channel) => {
      const take = tally.taker(channel);
      return take ? [[channel.name, take] as const] : [];
    }),
  );
}
