/** What every benchmark shares: interleaved runs, their spread, and the ratio that counts. */
import { cpus } from 'node:os';

/** Does some work and says how much: the number of readings, messages, rows. */
export type Contestant = () => number | Promise<number>;

export interface CompareOptions {
  /** Name of the contestant that the others are measured against. */
  readonly against: string;
  /** The ratio to it that is asked for, if one is. */
  readonly atLeast?: number;
  /** What a contestant counts, for the table. */
  readonly unit?: string;
  /** Runs of each contestant, at least five; one more before them warms up. */
  readonly runs?: number;
  /** A contestant is called again and again until a run has taken so long [s]. */
  readonly runS?: number;
  /** Clears away what a call has left, before the next; its time does not count. */
  readonly clear?: () => void;
}

/**
 * Measures contestants in turn, run by run, so that a noisy machine is noisy for all of them, and
 * prints for each the minimum, median and maximum of its rate and the median of its ratio to
 * `against` in the same round.
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

/** The machine and the runtime that figures were measured on. */
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
