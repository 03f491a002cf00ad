import { grown } from '../core/anomaly.ts';
import type {
  Acting,
  ActingOnValue,
  Defect,
  DefectValues,
  Delivery,
  DeliveryDefect,
  ValueDefect,
} from '../core/defect.ts';
import type { Machine, ToldDefect } from '../core/factory.ts';
import type { Channel, Field } from '../core/field.ts';
import { ROW_WIDTH } from '../core/machine.ts';
import { type Draw, drawn, drawsOf, isDraw } from '../core/occurrence.ts';
import type { Random } from '../core/random.ts';
import { defects } from '../defects/index.ts';

/**
 * Reads the last true reading of a machine at or before an instant into a row; returns false if
 * there is none.
 */
export type ReadTrue = (tS: number, row: Float64Array) => boolean;

/** A defect that acts on a machine, at the instant of a reading. */
export class ActingDefect<D extends Defect = Defect> implements Acting {
  readonly defect: D;
  /** The bit of its kind. */
  readonly label: number;
  readonly beginS: number;
  readonly endS: number;
  readonly values: DefectValues;
  growth = 1;
  ageS = 0;
  timeMs = Number.NaN;
  readonly #told: ToldDefect;
  readonly #machine: Machine;
  #held: Float64Array | undefined;

  constructor(told: ToldDefect, machine: Machine) {
    const { kind, values, beginS, endS } = told.occurrence;
    const index = defects.findIndex((defect) => defect.kind === kind);
    if (index < 0) throw new RangeError(`${told.event}: no kind of defect ${kind}`);
    this.defect = defects[index] as D;
    this.label = 1 << index;
    this.beginS = beginS;
    this.endS = endS;
    this.values = values;
    this.#told = told;
    this.#machine = machine;
  }

  is<C extends Defect>(name: C['class']): this is ActingDefect<C> {
    return this.defect.class === name;
  }

  isOf({ story, event, occurrence }: ToldDefect): boolean {
    const own = this.#told;
    return (
      own.story.name === story.name &&
      own.story.telling === story.telling &&
      own.event === event &&
      own.occurrence.index === occurrence.index
    );
  }

  /** The channels on which it acts, with their positions. */
  channels(): readonly (readonly [channel: Channel, position: number])[] {
    const { channels } = this.#told.occurrence;
    return this.#machine.type.channels.flatMap((channel, i) =>
      channels && !channels.includes(channel.name) ? [] : [[channel, i] as const],
    );
  }

  /** The fields on which it acts, with the channel of each. */
  fields(): readonly (readonly [field: Field, channel: Channel])[] {
    const { fields = [] } = this.#told.occurrence;
    return this.channels().flatMap(([channel]) =>
      channel.fields.flatMap((field) =>
        fields.includes(field.name) ? [[field, channel] as const] : [],
      ),
    );
  }

  moveTo(tS: number): void {
    const { growth, plannedEndS = this.endS } = this.#told.occurrence;
    this.ageS = tS - this.beginS;
    this.timeMs = Math.round(1000 * tS);
    if (growth) this.growth = grown(growth, this.beginS, plannedEndS, tS, 0);
  }

  /** The true row of the last reading that had been made when it began; undefined if none had. */
  held(readTrue: ReadTrue): Float64Array | undefined {
    if (!this.#held) {
      const row = new Float64Array(ROW_WIDTH);
      this.#held = readTrue(this.beginS, row) ? row : NOTHING;
    }
    return this.#held === NOTHING ? undefined : this.#held;
  }

  /** The random numbers of what it draws for each reading; the true time [ms] is their counter. */
  random(what: string): Random {
    const { story, event, occurrence } = this.#told;
    return drawsOf(story, event, `${occurrence.index}/${this.#machine.id}/${what}`);
  }
}

const NOTHING = new Float64Array(0);

/** Draws whether a defect acts on a message, or a field in it: with the chance of its `share`. */
class Share {
  readonly #share: number;
  readonly #random: Random | undefined;

  constructor(acting: ActingDefect, what: string) {
    this.#share = (acting.values['share'] as number | undefined) ?? 1;
    this.#random = this.#share < 1 ? acting.random(`share/${what}`) : undefined;
  }

  isDrawn(timeMs: number): boolean {
    return !this.#random || this.#random.uniform(0, timeMs) < this.#share;
  }
}

/** A defect that acts on a field; of the production count, on the good and bad units as well. */
export class FieldDefect implements ActingOnValue {
  readonly acting: ActingDefect<ValueDefect>;
  readonly columns: readonly number[];
  readonly #share: Share;
  readonly #random: Random;
  heldValue = Number.NaN;

  constructor(acting: ActingDefect<ValueDefect>, field: Field, channel: Channel) {
    const what = `${channel.name}/${field.name}`;
    this.acting = acting;
    this.columns =
      field.kind === 'count'
        ? channel.fields.flatMap(({ kind, column }) => (kind === 'count' ? column : []))
        : [field.column];
    this.#share = new Share(acting, what);
    this.#random = acting.random(`noise/${what}`);
  }

  get values(): DefectValues {
    return this.acting.values;
  }

  get beginS(): number {
    return this.acting.beginS;
  }

  get endS(): number {
    return this.acting.endS;
  }

  get growth(): number {
    return this.acting.growth;
  }

  get ageS(): number {
    return this.acting.ageS;
  }

  get noise(): number {
    return this.#random.gauss(0, this.acting.timeMs);
  }

  /**
   * Changes the row at `at`, without rounding.
   *
   * @returns Whether it acts on this reading.
   */
  tell(row: Float64Array, at: number, readTrue: ReadTrue): boolean {
    const { defect, timeMs } = this.acting;
    if (!this.#share.isDrawn(timeMs)) return false;
    for (const column of this.columns) {
      const x = row[at + column] as number;
      if (Number.isNaN(x) && !defect.fillsGaps) continue;
      if (defect.isHolding) {
        const held = this.acting.held(readTrue);
        if (!held) continue;
        this.heldValue = held[column] as number;
      }
      row[at + column] = defect.tell(x, this);
    }
    return true;
  }
}

/** A defect that acts on the messages of a channel. */
export class ChannelDefect implements Acting {
  readonly acting: ActingDefect<DeliveryDefect>;
  /** Position of the channel. */
  readonly position: number;
  values: DefectValues;
  readonly #share: Share;
  readonly #draws: readonly (readonly [key: string, draw: Draw, random: Random])[];

  constructor(acting: ActingDefect<DeliveryDefect>, channel: Channel, position: number) {
    this.acting = acting;
    this.position = position;
    this.values = acting.values;
    this.#share = new Share(acting, channel.name);
    this.#draws = Object.entries(acting.values).flatMap(([key, value]) =>
      isDraw(value) ? [[key, value, acting.random(`${key}/${channel.name}`)] as const] : [],
    );
  }

  get beginS(): number {
    return this.acting.beginS;
  }

  get endS(): number {
    return this.acting.endS;
  }

  get growth(): number {
    return this.acting.growth;
  }

  get ageS(): number {
    return this.acting.ageS;
  }

  /** Changes how a message is delivered; returns whether it acts on it. */
  deliver(delivery: Delivery): boolean {
    const { defect, timeMs } = this.acting;
    if (!this.#share.isDrawn(timeMs)) return false;
    if (this.#draws.length > 0) {
      const values = { ...this.acting.values };
      for (const [key, draw, random] of this.#draws)
        values[key] = drawn(draw, random.uniform(0, timeMs));
      this.values = values;
    }
    defect.deliver(delivery, this);
    return true;
  }
}
