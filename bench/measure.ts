/** Shared by all benchmarks: interleaved runs, their spread, and the ratio to a reference. */
import { cpus } from 'node:os';

/** Does some work. @returns How much: the number of readings, messages or rows. */
export type Contestant = () => number | Promise<number>;

export interface CompareOptions {
  /** Name of the contestant that the others are compared with. */
  readonly against: string;
  /** The bar: minimum ratio to that contestant, if there is one. */
  readonly atLeast?: number;
  /** Unit of the work, for the table. */
  readonly unit?: string;
  /** Runs of each contestant, at least five; one more before them warms up. */
  readonly runs?: number;
  /** A contestant is called repeatedly until a run has lasted this long [s]. */
  readonly runS?: number;
  /** Cleans up between two calls; its time does not count. */
  readonly clear?: () => void;
}

/**
 * Measures contestants alternately, run by run, so that noise of the computer affects all of them.
 * Prints the minimum, median and maximum rate of each, and the median of its ratio to `against`
 * in the same round.
 *
 * @returns The median ratio by contestant.
 */
export async function compare(
  title: string,
  contestants: Readonly<Record<string, Contestant>>,
  {
    against,
    atLeast,
    unit = 'readings',
    runs = 7,
    runS = 0.4,
    clear = () => undefined,
  }: CompareOptions,
): Promise<Readonly<Record<string, number>>> {
  const names = Object.keys(contestants);
  const rates: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]));
  for (let run = -1; run < Math.max(5, runs); run++)
    for (const name of names) {
      const perS = await rate(contestants[name] as Contestant, runS, clear);
      if (run >= 0) rates[name]?.push(perS);
    }

  const ratios: Record<string, number> = {};
  const base = rates[against] as number[];
  console.log(`\n${title}\n${machine()}; min / median / max`);
  for (const name of names) {
    const own = rates[name] as number[];
    const ratio = sorted(own.map((perS, i) => perS / (base[i] as number)));
    ratios[name] = middle(ratio);
    const spread = sorted(own);
    const [min, max] = [spread[0] as number, spread.at(-1) as number];
    const figures = [min, middle(spread), max].map(inWords).join(' / ');
    console.log(`  ${name.padEnd(28)} ${figures} ${unit}/s   ${middle(ratio).toFixed(2)} ×`);
    if (name === against || atLeast === undefined) continue;
    const verdict = middle(ratio) >= atLeast ? 'met' : 'MISSED';
    console.log(`  ${''.padEnd(28)} bar: ${atLeast} × ${against}: ${verdict}`);
  }
  return ratios;
}

/** The computer and the runtime. */
export function machine(): string {
  const cores = cpus();
  return `${cores[0]?.model.trim()}, ${cores.length} cores, Node ${process.versions.node}`;
}

async function rate(contestant: Contestant, runS: number, clear: () => void): Promise<number> {
  let count = 0;
  let elapsedMs = 0;
  while (elapsedMs < 1000 * runS) {
    clear();
    const start = performance.now();
    count += await contestant();
    elapsedMs += performance.now() - start;
  }
  return (1000 * count) / elapsedMs;
}

function sorted(figures: readonly number[]): readonly number[] {
  return figures.toSorted((a, b) => a - b);
}

/** The median. */
export function middle(figures: readonly number[]): number {
  const ascending = sorted(figures);
  const half = ascending.length >> 1;
  const upper = ascending[half] as number;
  return ascending.length % 2 === 1 ? upper : ((ascending[half - 1] as number) + upper) / 2;
}

function inWords(perS: number): string {
  return perS >= 1e6 ? `${(perS / 1e6).toFixed(2)} M` : `${(perS / 1e3).toFixed(1)} k`;
}
