/** A process that reads a share of the machines and publishes it; its parent is the simulator. */
import type { FactoryDescription } from '../core/factory.ts';
import { Journal, type JournalEvent, type Settings } from '../core/journal.ts';
import type { Gap, Watermark, Watermarks } from '../core/sink.ts';
import { Delivery, type DeliveryFigures } from '../delivery/delivery.ts';
import { Shares } from '../delivery/shares.ts';
import { longestLagMs } from '../delivery/spread-reader.ts';
import { spreadWatermarks } from '../delivery/watermarks.ts';
import { outputs } from '../outputs/index.ts';
import type { Log } from '../runtime/log.ts';
import { createFleet, type Fleet, nextFleet } from '../simulation/fleet.ts';
import { InstantClock } from './clock.ts';

/** What a reader process is made with. */
export interface ReaderOrder {
  readonly factories: readonly FactoryDescription[];
  readonly seed: number;
  readonly settings: Settings;
  readonly events: readonly JournalEvent[];
  /** The share of the machines that it publishes, of so many. */
  readonly share: { readonly index: number; readonly count: number };
  /** What it delivers to: outputs by name, with their options. */
  readonly outputs: readonly (readonly [name: string, options: unknown])[];
  readonly isSpread: boolean;
  readonly statusIntervalS: number;
  readonly catchUpMs: number;
  readonly catchUpRate: number;
  readonly beginMs: number | undefined;
  readonly horizonMs: number;
  readonly speed: number;
  readonly leaps: number;
}

/** What a reader process is told after that. */
export type ReaderNews =
  /** Events come before the horizon that they lie within. */
  | { readonly kind: 'events'; readonly events: readonly JournalEvent[] }
  | ({ readonly kind: 'horizon' } & Pick<ReaderOrder, 'horizonMs' | 'speed' | 'leaps'>)
  | { readonly kind: 'follow'; readonly factories: ReaderOrder['factories']; fromMs: number }
  | {
      readonly kind: 'answer';
      /** The question that this answers. */
      readonly to: number;
      readonly watermark?: Watermark | undefined;
      readonly failure?: string | undefined;
    }
  | { readonly kind: 'stop' };

/** How a reader's delivery to one sink stands. */
export interface SinkFigures extends DeliveryFigures {
  readonly deliveredMs: number;
}

/** What a reader process says. */
export type ReaderWord =
  | { readonly kind: 'load'; readonly id: number; readonly name: string }
  | { readonly kind: 'save'; readonly id: number; readonly name: string; watermark: Watermark }
  | { readonly kind: 'figures'; readonly figures: readonly SinkFigures[] }
  | { readonly kind: 'gap'; readonly gap: Gap }
  | { kind: 'log'; level: 'info' | 'warn'; readonly fields: object; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string; readonly stack: string | undefined };

type Answer = Extract<ReaderNews, { readonly kind: 'answer' }>;

/** How often it says how it stands [ms]. */
const FIGURES_EVERY_MS = 500;

// Ctrl-C reaches all processes of a terminal; the parent says what becomes of this one.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit());

/** What comes with the order, before there is anybody to take it. */
const early: ReaderNews[] = [];
let hear: (news: ReaderNews) => void = (news) => void early.push(news);
const order = await new Promise<ReaderOrder>((resolve) => {
  process.once('message', (first: ReaderOrder) => {
    process.on('message', (news: ReaderNews) => hear(news));
    resolve(first);
  });
});
const journal = new Journal(order.settings, order.events);
const clock = new InstantClock(order.horizonMs);
let { leaps } = order;
let whole = createFleet(order.factories, { seed: order.seed, journal });
let fleet = ownShare();
const asked = new Map<number, (answer: Answer) => void>();
let questions = 0;
const { statusIntervalS, catchUpMs, catchUpRate, beginMs } = order;
const log: Log = {
  info: (fields, message) => say({ kind: 'log', level: 'info', fields, message }),
  warn: (fields, message) => say({ kind: 'log', level: 'warn', fields, message }),
};
const lines = (await Promise.all(order.outputs.map(open))).flat();
clock.setSpeed(order.speed);
hear = (news) => void take(news);
for (const news of early) hear(news);
const figures = setInterval(sayFigures, FIGURES_EVERY_MS);
try {
  await Promise.all(lines.map(({ delivery }) => delivery.run()));
} catch (error) {
  const { message, stack } = error as Error;
  say({ kind: 'failed', message, stack });
}

async function take(news: ReaderNews): Promise<void> {
  switch (news.kind) {
    case 'events':
      for (const event of news.events) journal.append(event);
      return;
    case 'horizon':
      if (news.speed !== clock.speed) clock.setSpeed(news.speed);
      leaps = news.leaps;
      clock.advanceTo(news.horizonMs);
      return;
    case 'follow':
      whole = nextFleet(whole, news.factories);
      fleet = ownShare();
      for (const { delivery } of lines) delivery.follow(fleet, news.fromMs);
      return;
    case 'stop':
      await Promise.all(lines.map(({ delivery }) => delivery.stop()));
      await Promise.all(lines.map(({ sink }) => sink.close()));
      clearInterval(figures);
      sayFigures();
      process.disconnect();
      return;
    case 'answer':
      asked.get(news.to)?.(news);
      asked.delete(news.to);
  }
}

/** Opens an output, with a delivery for each of its sinks. */
async function open([name, options]: ReaderOrder['outputs'][number]) {
  const output = outputs.find((each) => each.name === name);
  if (!output) throw new Error(`no output ${name}`);
  // The parent speaks for the simulator.
  const { sinks } = await output.open(options, { log, part: String(order.share.index + 1) });
  const isSpread = order.isSpread && output.isPaced;
  const watermarks = parentsWatermarks();
  return sinks.map((sink) => ({
    sink,
    delivery: new Delivery({
      fleet,
      sink,
      clock,
      horizonMs: isSpread ? () => clock.nowMs() : () => Math.floor(clock.nowMs() / 1000) * 1000,
      watermarks: isSpread
        ? spreadWatermarks(watermarks, () => longestLagMs(fleet.machines))
        : watermarks,
      log,
      onGap: (gap) => say({ kind: 'gap', gap }),
      leaps: () => leaps,
      catchUpMs,
      catchUpRate: output.isPaced ? catchUpRate : 0,
      beginMs,
      statusIntervalS,
      isSpread,
    }),
  }));
}

function ownShare(): Fleet {
  return new Shares(whole, order.share.count).of(order.share.index);
}

/** Watermarks that the parent keeps; it may answer late, and in another order. */
function parentsWatermarks(): Watermarks {
  const ask = async (word: (id: number) => ReaderWord) => {
    const answer = await new Promise<Answer>((resolve) => {
      asked.set(++questions, resolve);
      say(word(questions));
    });
    if (answer.failure !== undefined) throw new Error(answer.failure);
    return answer.watermark;
  };
  return {
    load: (name) => ask((id) => ({ kind: 'load', id, name })),
    async save(name, watermark) {
      await ask((id) => ({ kind: 'save', id, name, watermark }));
    },
  };
}

function sayFigures(): void {
  const figures = lines.map(({ delivery }) => ({
    ...delivery.figures,
    deliveredMs: delivery.deliveredMs,
  }));
  say({ kind: 'figures', figures });
}

function say(word: ReaderWord): void {
  process.send?.(word);
}
