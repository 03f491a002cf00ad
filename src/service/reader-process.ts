/** A process that reads a share of the machines and publishes it; its parent is the simulator. */
import type { FactoryDescription } from '../core/factory.ts';
import { Journal, type JournalEvent, type Settings } from '../core/journal.ts';
import type { Gap, Watermark, Watermarks } from '../core/sink.ts';
import { Delivery, type DeliveryFigures } from '../delivery/delivery.ts';
import { Shares } from '../delivery/shares.ts';
import { longestLagMs } from '../delivery/spread-reader.ts';
import { spreadWatermarks } from '../delivery/watermarks.ts';
import type { BrokerAddress } from '../outputs/mqtt/client.ts';
import { MqttSink } from '../outputs/mqtt/sink.ts';
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
  readonly broker: BrokerAddress;
  readonly qos: 0 | 1 | 2;
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

/** What a reader process says. */
export type ReaderWord =
  | { readonly kind: 'load'; readonly id: number; readonly name: string }
  | { readonly kind: 'save'; readonly id: number; readonly name: string; watermark: Watermark }
  | { readonly kind: 'figures'; readonly figures: DeliveryFigures; readonly deliveredMs: number }
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
// The parent's own connection tells whether the simulator is there.
const sink = new MqttSink(order.broker, order.qos, false);
const asked = new Map<number, (answer: Answer) => void>();
const watermarks = order.isSpread
  ? spreadWatermarks(parentsWatermarks(), () => longestLagMs(fleet.machines))
  : parentsWatermarks();
const { statusIntervalS, catchUpMs, catchUpRate, beginMs, isSpread } = order;
const delivery = new Delivery({
  fleet,
  sink,
  clock,
  horizonMs: () => clock.nowMs(),
  watermarks,
  log: {
    info: (fields, message) => say({ kind: 'log', level: 'info', fields, message }),
    warn: (fields, message) => say({ kind: 'log', level: 'warn', fields, message }),
  },
  onGap: (gap) => say({ kind: 'gap', gap }),
  leaps: () => leaps,
  catchUpMs,
  catchUpRate,
  beginMs,
  statusIntervalS,
  isSpread,
});
clock.setSpeed(order.speed);
hear = (news) => void take(news);
for (const news of early) hear(news);
const figures = setInterval(sayFigures, FIGURES_EVERY_MS);
try {
  await delivery.run();
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
      delivery.follow(fleet, news.fromMs);
      return;
    case 'stop':
      await delivery.stop();
      await sink.close();
      clearInterval(figures);
      sayFigures();
      process.disconnect();
      return;
    case 'answer':
      asked.get(news.to)?.(news);
      asked.delete(news.to);
  }
}

function ownShare(): Fleet {
  return new Shares(whole, order.share.count).of(order.share.index);
}

/** Watermarks that the parent keeps; it may answer late, and in another order. */
function parentsWatermarks(): Watermarks {
  let id = 0;
  const ask = async (word: (id: number) => ReaderWord) => {
    const answer = await new Promise<Answer>((resolve) => {
      asked.set(++id, resolve);
      say(word(id));
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
  say({ kind: 'figures', figures: delivery.figures, deliveredMs: delivery.deliveredMs });
}

function say(word: ReaderWord): void {
  process.send?.(word);
}
