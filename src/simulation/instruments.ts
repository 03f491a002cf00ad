import type {
  Delivery,
  DeliveryDefect,
  RegisterDefect,
  TimeDefect,
  ValueDefect,
  Wiring,
  WiringDefect,
} from '../core/defect.ts';
import type { Machine, ToldDefect } from '../core/factory.ts';
import { digitsOf, type Field } from '../core/field.ts';
import { rounded } from '../core/row.ts';
import { Memo } from '../runtime/memo.ts';
import { ActingDefect, ChannelDefect, FieldDefect, type ReadTrue } from './acting-defect.ts';
import type { EnergyRegister } from './cursor.ts';

/** Readings are further apart than this [s]. */
const JUST_S = 1e-4;
/** Defects are looked up for so long at once [s]. */
const SPAN_S = 86_400;
/** No message is delivered later than this after its reading [ms]. */
const LATEST_MS = 7 * 86_400_000;
/** Counts are stored in 32 bits. */
const COUNT_MAX = 0x7fff_ffff;

const SQRT3 = Math.sqrt(3);
const MWH_PER_KWH = 1e6;
/** From here on, doubles are multiples of a half, and rounding a product may go wrong. */
const HALVES_FROM = 0x8_0000_0000_0000;

/** How some of the channels of a reading are delivered. */
export interface ChannelDelivery {
  /** One bit per channel, in the order of the machine type. */
  readonly channels: number;
  /** Infinite if they are lost [ms]. */
  readonly receivedMs: number;
  /** When they are delivered once more [ms]; NaN if they are not. */
  readonly repeatedMs: number;
}

/** What the instruments of one machine tell of its true readings. */
export class Instruments {
  /** The time that the last reading tells [ms]. */
  toldMs = Number.NaN;
  /** How the channels of the last reading are delivered; empty if all of them as usual. */
  deliveries: readonly ChannelDelivery[] = [];
  readonly #machine: Machine;
  readonly #readTrue: ReadTrue;
  readonly #wiring: Wiring = { gains: [1, 1, 1], phases: [0, 1, 2] };
  #acting: readonly ActingDefect[] = [];
  #wiringLabel = 0;
  #onRegister: readonly ActingDefect<RegisterDefect>[] = [];
  #onFields: readonly FieldDefect[] = [];
  #limits: readonly Limit[] = [];
  #onTime: readonly ActingDefect<TimeDefect>[] = [];
  #onChannels: readonly ChannelDefect[] = [];
  #fromS = Number.POSITIVE_INFINITY;
  #untilS = Number.NEGATIVE_INFINITY;
  /** The day whose defects are known, by begin, and how many of them have begun. */
  #span = Number.NaN;
  #told: readonly ToldDefect[] = [];
  #begun = 0;

  /** @param readTrue - Finds the values at which a defect holds a field; without it, none. */
  constructor(machine: Machine, readTrue: ReadTrue = () => false) {
    this.#machine = machine;
    this.#readTrue = readTrue;
  }

  /** Whether any defect acts at an instant. */
  areDefective(tS: number): boolean {
    if (tS <= this.#fromS || tS > this.#untilS) this.#find(tS);
    return this.#acting.length > 0;
  }

  /**
   * Changes the true reading at `at` to what the instruments tell.
   *
   * @param register - The energy register of the machine, which has counted the true reading.
   * @returns One bit for each kind of defect that acts on it, in the order of `defects/`.
   */
  tell(row: Float64Array, at: number, tS: number, register?: EnergyRegister): number {
    if (!this.areDefective(tS)) return 0;
    for (const acting of this.#acting) acting.moveTo(tS);
    if (this.wire(row, at, tS)) register?.recount(row, at);
    const label = register ? this.#tellRegister(row, at, tS, register) : 0;
    return (
      this.#wiringLabel | label | this.#tellValues(row, at) | this.#tellTime(tS) | this.#deliver(tS)
    );
  }

  /** Changes the true reading at `at` to what the wires lead to; returns whether they are wrong. */
  wire(row: Float64Array, at: number, tS: number): boolean {
    if (!this.areDefective(tS) || this.#wiringLabel === 0) return false;
    this.#tellWiring(row, at);
    return true;
  }

  /** What an energy register showed at an instant [kWh], which may be long past. */
  registerAtKwh(register: EnergyRegister, tS: number): number {
    const acting = (this.#machine.story?.defects(tS - 1, tS) ?? [])
      .filter(({ occurrence: { beginS, endS } }) => beginS < tS && endS >= tS)
      .map((told) => new ActingDefect(told, this.#machine));
    return shownMwh(onRegister(acting), register, register.atMwh(tS)) / MWH_PER_KWH;
  }

  /** Finds the defects that act at `tS`, and the span in which they are the same. */
  #find(tS: number): void {
    const machine = this.#machine;
    const span = Math.ceil(tS / SPAN_S);
    // Forwards within a day, only those that begin or end are looked at: there may be thousands.
    const isOn = span === this.#span && tS > this.#untilS;
    if (!isOn) {
      this.#told = machine.story?.defects((span - 1) * SPAN_S, span * SPAN_S) ?? [];
      this.#begun = 0;
    }
    const acting = isOn ? this.#acting.filter(({ endS }) => endS >= tS) : [];
    for (; this.#begun < this.#told.length; this.#begun++) {
      const told = this.#told[this.#begun] as ToldDefect;
      if (told.occurrence.beginS >= tS) break;
      if (told.occurrence.endS < tS) continue;
      const before = this.#acting.find((each) => each.isOf(told));
      acting.push(before ?? new ActingDefect(told, machine));
    }
    this.#span = span;
    this.#fromS = Math.max((span - 1) * SPAN_S, tS - JUST_S);
    this.#untilS = Math.min(
      span * SPAN_S,
      this.#told[this.#begun]?.occurrence.beginS ?? Number.POSITIVE_INFINITY,
    );
    for (const { endS } of acting) this.#untilS = Math.min(this.#untilS, endS);
    this.#acting = acting;
    this.#wire(acting.filter((each) => each.is<WiringDefect>('wiring')));
    this.#onRegister = onRegister(acting);
    this.#onFields = acting
      .filter((each) => each.is<ValueDefect>('value'))
      .flatMap((each) => onFieldsOf.of(each));
    const columns = new Set(this.#onFields.flatMap((each) => each.columns));
    this.#limits = machine.type.fields.filter(({ column }) => columns.has(column)).map(limitOf);
    this.#onTime = acting.filter((each) => each.is<TimeDefect>('time'));
    this.#onChannels = acting
      .filter((each) => each.is<DeliveryDefect>('delivery'))
      .flatMap((each) => onChannelsOf.of(each));
    this.deliveries = [];
  }

  #wire(acting: readonly ActingDefect<WiringDefect>[]): void {
    this.#wiringLabel = 0;
    this.#wiring.gains.fill(1);
    this.#wiring.phases = [0, 1, 2];
    if (this.#machine.type.electricityColumn < 0) return;
    for (const { defect, label, values } of acting) {
      defect.wire(this.#wiring, values);
      this.#wiringLabel |= label;
    }
  }

  /**
   * Power, energy, current and power factor of three wattmeters at a balanced load, φ ≥ 0. With the
   * gains g and the measured phases σ:
   *
   *     q = ⅓ Σ gᵢ cos(φ + 120° · ((σᵢ − i) mod 3)),  w = ⅓ Σ |gᵢ|
   *     P ← P · q / cos φ,  E ← P · Δ / 3600,  I ← I · w,  pf ← q / w
   */
  #tellWiring(row: Float64Array, at: number): void {
    const { type, intervalMs } = this.#machine;
    const power = at + type.electricityColumn;
    const cos = row[power + 4] as number;
    const sin = Math.sqrt(1 - cos * cos);
    const cosines = [cos, -cos / 2 - (SQRT3 / 2) * sin, -cos / 2 + (SQRT3 / 2) * sin];
    const { gains, phases } = this.#wiring;
    let q = 0;
    let w = 0;
    for (const [i, gain] of gains.entries()) {
      q += (gain * (cosines[((phases[i] as number) - i + 3) % 3] as number)) / 3;
      w += Math.abs(gain) / 3;
    }
    const powerKw = rounded(((row[power] as number) * q) / cos, 1e3) + 0;
    row[power] = powerKw;
    row[power + 1] = rounded((powerKw * (intervalMs / 1000)) / 3600, 1e6) + 0;
    row[power + 3] = rounded((row[power + 3] as number) * w, 1e2);
    row[power + 4] = w === 0 ? 0 : rounded(q / w, 1e4) + 0;
  }

  #tellRegister(row: Float64Array, at: number, tS: number, register: EnergyRegister): number {
    const { type, intervalMs } = this.#machine;
    const mwh = shownMwh(this.#onRegister, register, register.mwh);
    row[at + type.registerColumn] = mwh / MWH_PER_KWH;
    let label = 0;
    // An instant is seen in one reading; what it left behind is no defect any more.
    for (const { defect, label: own, beginS } of this.#onRegister)
      if (!defect.isInstant || tS - intervalMs / 1000 <= beginS) label |= own;
    return label;
  }

  #tellValues(row: Float64Array, at: number): number {
    let label = 0;
    for (const each of this.#onFields)
      if (each.tell(row, at, this.#readTrue)) label |= each.acting.label;
    // Several defects of one field follow each other; only the result is rounded.
    if (label !== 0)
      for (const { column, scale, least, most } of this.#limits) {
        const value = Math.min(most, Math.max(least, row[at + column] as number));
        row[at + column] = scale === 0 ? value : exactly(value, scale) + 0;
      }
    return label;
  }

  #tellTime(tS: number): number {
    let aheadS = 0;
    let label = 0;
    for (const acting of this.#onTime) {
      aheadS += acting.defect.aheadS(tS, acting);
      label |= acting.label;
    }
    this.toldMs = Math.round(1000 * (tS + aheadS));
    return label;
  }

  #deliver(tS: number): number {
    if (this.#onChannels.length === 0) return 0;
    const { type, intervalMs } = this.#machine;
    const timeMs = Math.round(1000 * tS);
    const deliveries = type.channels.map((): Delivery => {
      return { timeMs, intervalMs, receivedMs: timeMs, repeatedAfterMs: Number.NaN };
    });
    let label = 0;
    for (const each of this.#onChannels)
      if (each.deliver(deliveries[each.position] as Delivery)) label |= each.acting.label;
    this.deliveries = label === 0 ? [] : grouped(deliveries);
    return label;
  }
}

/**
 * The defects of a register in the order in which they act: the latest reset or exchange, which
 * takes the place of all before it, then the others.
 */
function onRegister(acting: readonly ActingDefect[]): readonly ActingDefect<RegisterDefect>[] {
  const own = acting.filter((each) => each.is<RegisterDefect>('register'));
  const latest = own.findLast(({ defect }) => defect.isInstant);
  return [...(latest ? [latest] : []), ...own.filter(({ defect }) => !defect.isInstant)];
}

function shownMwh(
  acting: readonly ActingDefect<RegisterDefect>[],
  register: EnergyRegister,
  mwh: number,
): number {
  let shown = mwh;
  for (const { defect, beginS, values } of acting)
    shown = defect.show(shown, defect.isInstant ? register.atMwh(beginS) : 0, values);
  return shown;
}

/** Rounds to a multiple of 1 / `scale`, to the last digit of large totals. */
function exactly(value: number, scale: number): number {
  if (Math.abs(value * scale) < HALVES_FROM) return rounded(value, scale);
  const whole = Math.trunc(value);
  return whole + rounded(value - whole, scale);
}

/** What a column holds. */
interface Limit {
  readonly column: number;
  /** Values are rounded to multiples of 1 / `scale`; 0: not rounded. */
  readonly scale: number;
  readonly least: number;
  readonly most: number;
}

function limitOf({ name, kind, column, decimals }: Field): Limit {
  if (kind === 'count') return { column, scale: 1, least: 0, most: COUNT_MAX };
  if (kind !== 'number') return { column, scale: 0, least: 0, most: Number.POSITIVE_INFINITY };
  const scale = Number(`1e${decimals}`);
  const most = Number(`1e${digitsOf(name) - decimals}`) - 1 / scale;
  return { column, scale, least: -most, most };
}

/** The channels that are delivered alike; nothing if all are as usual. */
function grouped(deliveries: readonly Delivery[]): readonly ChannelDelivery[] {
  const groups: { channels: number; receivedMs: number; repeatedMs: number }[] = [];
  for (const [i, { timeMs, receivedMs, repeatedAfterMs }] of deliveries.entries()) {
    const latestMs = timeMs + LATEST_MS;
    const isLost = receivedMs === Number.POSITIVE_INFINITY;
    const atMs = isLost ? receivedMs : Math.min(receivedMs, latestMs);
    const againMs = isLost ? Number.NaN : Math.min(atMs + repeatedAfterMs, latestMs);
    const same = groups.find(
      (each) => each.receivedMs === atMs && Object.is(each.repeatedMs, againMs),
    );
    if (same) same.channels |= 1 << i;
    else groups.push({ channels: 1 << i, receivedMs: atMs, repeatedMs: againMs });
  }
  const [only] = groups;
  const isUsual =
    groups.length === 1 &&
    only?.receivedMs === deliveries[0]?.timeMs &&
    Number.isNaN(only?.repeatedMs);
  return isUsual ? [] : groups;
}

/** What a defect does to fields and channels, made once for each defect that acts. */
const onFieldsOf = new Memo((acting: ActingDefect<ValueDefect>) =>
  acting.fields().map((of) => new FieldDefect(acting, ...of)),
);
const onChannelsOf = new Memo((acting: ActingDefect<DeliveryDefect>) =>
  acting.channels().map((of) => new ChannelDefect(acting, ...of)),
);
