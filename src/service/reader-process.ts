/** A process that reads and publishes a share of the machines; its parent is the simulator. */
import type { FactoryDescription } from '../core/factory.ts';
import { isTelling, Journal, type JournalEvent, type Settings } from '../core/journal.ts';
import type { Gap, Watermark, Watermarks } from '../core/sink.ts';
import { Delivery, type DeliveryFigures } from '../delivery/delivery.ts';
import { pacing } from '../delivery/pace.ts';
import { Shares } from '../delivery/shares.ts';
import { outputs } from '../outputs/index.ts';
import type { Log } from '../runtime/log.ts';
import { createFleet, type Fleet } from '../simulation/fleet.ts';
import { dayTotals, type KnownTotal } from '../simulation/register.ts';
import { toldFleet } from '../stories/told.ts';
import { InstantClock } from './clock.ts';
import { followedMs } from './event-log.ts';

/** The first message to a reader process: its complete setup. */
export interface ReaderSetup {
  readonly factories: readonly FactoryDescription[];
  readonly seed: number;
  readonly registersFromS: number | undefined;
  readonly haveAllRegisters: boolean;
  /** What the energy registers of machines had counted lately, by id. */
  readonly registerTotals: readonly (readonly [machineId: string, totals: readonly KnownTotal[]])[];
  readonly settings: Settings;
  readonly events: readonly JournalEvent[];
  /** Which share of the machines it publishes, and how many shares there are. */
  readonly share: { readonly index: number; readonly count: number };
  /** Outputs to deliver to, by name, with their options. */
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

/** Messages from the parent after the setup. */
export type ParentMessage =
  /** Sent before the horizon that includes these events. */
  | { readonly kind: 'events'; readonly events: readonly JournalEvent[] }
  | ({ readonly kind: 'horizon' } & Pick<ReaderSetup, 'horizonMs' | 'speed' | 'leaps'>)
  | { readonly kind: 'follow'; readonly factories: ReaderSetup['factories']; fromMs: number }
  | {
      readonly kind: 'answer';
      /** The id of the request that this answers. */
      readonly to: number;
      readonly watermark?: Watermark | undefined;
      readonly failure?: string | undefined;
    }
  | { readonly kind: 'stop' };

/** Delivery figures of a reader process for one sink. */
export interface SinkFigures extends DeliveryFigures {
  readonly deliveredMs: number;
}

/** Messages from a reader process to its parent. */
export type ChildMessage =
  | { readonly kind: 'load'; readonly id: number; readonly name: string }
  | { readonly kind: 'save'; readonly id: number; readonly name: string; watermark: Watermark }
  | { readonly kind: 'figures'; readonly figures: readonly SinkFigures[] }
  | { readonly kind: 'gap'; readonly gap: Gap }
  | { kind: 'log'; level: 'info' | 'warn'; readonly fields: object; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string; readonly stack: string | undefined };

type Answer = Extract<ParentMessage, { readonly kind: 'answer' }>;

/** Interval between two messages with figures [ms]. */
const FIGURES_EVERY_MS = 500;

// Ctrl-C reaches all processes of a terminal; the parent decides when this one stops.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit());

/** Messages that arrive before this process is ready to handle them. */
const early: ParentMessage[] = [];
let onMessage: (message: ParentMessage) => void = (message) => void early.push(message);
const setup = await new Promise<ReaderSetup>((resolve) => {
  process.once('message', (first: ReaderSetup) => {
    process.on('message', (message: ParentMessage) => onMessage(message));
    resolve(first);
  });
});
const journal = new Journal(setup.settings, setup.events);
const clock = new InstantClock(setup.horizonMs);
let { leaps } = setup;
const { seed, registersFromS, haveAllRegisters } = setup;
let fleetOfAll = toldFleet(
  createFleet(setup.factories, {
    seed,
    journal,
    ...(registersFromS !== undefined && { registersFromS }),
    haveAllRegisters,
  }),
);
for (const [id, totals] of setup.registerTotals) {
  const machine = fleetOfAll.byId.get(id);
  if (machine) dayTotals(machine).told.restore(totals);
}
let fleet = ownShare();
const requests = new Map<number, (answer: Answer) => void>();
let requestCount = 0;
const { statusIntervalS, catchUpMs, beginMs } = setup;
const log: Log = {
  info: (fields, message) => send({ kind: 'log', level: 'info', fields, message }),
  warn: (fields, message) => send({ kind: 'log', level: 'warn', fields, message }),
};
const lines = (await Promise.all(setup.outputs.map(open))).flat();
clock.setSpeed(setup.speed);
onMessage = (message) => void receive(message);
for (const message of early) onMessage(message);
const figures = setInterval(sendFigures, FIGURES_EVERY_MS);
try {
  await Promise.all(lines.map(({ delivery }) => delivery.run()));
} catch (error) {
  const { message, stack } = error as Error;
  send({ kind: 'failed', message, stack });
}

async function receive(message: ParentMessage): Promise<void> {
  switch (message.kind) {
    case 'events':
      for (const event of message.events) {
        journal.append(event);
        if (isTelling(event)) follow(fleetOfAll.factories, followedMs(event));
      }
      return;
    case 'horizon':
      if (message.speed !== clock.speed) clock.setSpeed(message.speed);
      leaps = message.leaps;
      clock.advanceTo(message.horizonMs);
      return;
    case 'follow':
      follow(message.factories, message.fromMs);
      return;
    case 'stop':
      await Promise.all(lines.map(({ delivery }) => delivery.stop()));
      await Promise.all(lines.map(({ sink }) => sink.close()));
      clearInterval(figures);
      sendFigures();
      process.disconnect();
      return;
    case 'answer':
      requests.get(message.to)?.(message);
      requests.delete(message.to);
  }
}

/** Opens an output, with a delivery for each of its sinks. */
async function open([name, options]: ReaderSetup['outputs'][number]) {
  const output = outputs.find((each) => each.name === name);
  if (!output) throw new Error(`no output ${name}`);
  // The parent announces the state of the simulator, so `part` is set.
  const { sinks } = await output.open(options, { log, part: String(setup.share.index + 1) });
  return sinks.map((sink) => ({
    sink,
    delivery: new Delivery({
      fleet,
      sink,
      clock,
      ...pacing(output, setup, () => clock.nowMs()),
      watermarks: parentWatermarks(),
      log,
      onGap: (gap) => send({ kind: 'gap', gap }),
      leaps: () => leaps,
      catchUpMs,
      beginMs,
      statusIntervalS,
    }),
  }));
}

/** Switches to other factories, with what the journal tells by now. */
function follow(factories: ReaderSetup['factories'], fromMs: number): void {
  fleetOfAll = toldFleet(fleetOfAll, factories);
  fleet = ownShare();
  for (const { delivery } of lines) delivery.follow(fleet, fromMs);
}

function ownShare(): Fleet {
  return new Shares(fleetOfAll, setup.share.count).of(setup.share.index);
}

/** Watermarks that the parent keeps; its answers may come late and out of order. */
function parentWatermarks(): Watermarks {
  const request = async (message: (id: number) => ChildMessage) => {
    const answer = await new Promise<Answer>((resolve) => {
      requests.set(++requestCount, resolve);
      send(message(requestCount));
    });
    if (answer.failure !== undefined) throw new Error(answer.failure);
    return answer.watermark;
  };
  return {
    load: (name) => request((id) => ({ kind: 'load', id, name })),
    async save(name, watermark) {
      await request((id) => ({ kind: 'save', id, name, watermark }));
    },
  };
}

function sendFigures(): void {
  const figures = lines.map(({ delivery }) => ({
    ...delivery.figures,
    deliveredMs: delivery.deliveredMs,
  }));
  send({ kind: 'figures', figures });
}

function send(message: ChildMessage): void {
  process.send?.(message);
}
