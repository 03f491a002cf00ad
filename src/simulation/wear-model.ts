import type { Machine } from '../core/factory.ts';
import type { Values } from '../core/machine.ts';
import { copyOf } from '../core/record.ts';

/** Local time of day at which planned maintenance begins, on a Sunday. */
const BEGINS_AT_S = 8 * 3600;
const MINUTE_S = 60;
/** 1970-01-01 was a Thursday; its week began this many days earlier, on a Sunday. */
const FIRST_SUNDAY = -4;
const YEAR_S = 365.2425 * 86_400;
const EPOCH_YEAR = 1970;

/** Random stream that picks the week in which a machine is serviced. */
const WEEK = 95;

interface Maintenance {
  readonly fromS: number;
  readonly untilS: number;
}

/**
 * A machine's parameters as a function of time: worn since its last maintenance and with age,
 * together with the current or next maintenance. Wear is updated at each midnight and after each
 * maintenance.
 */
export class WearModel {
  readonly #machine: Machine;
  /**
   * The machine's own record before the first call, and forever if its parameters never change;
   * otherwise a copy that is changed in place.
   */
  #parameters: Readonly<Values<string>>;
  readonly #weeks: number;
  readonly #week: number;
  #sinceS = Number.POSITIVE_INFINITY;
  #untilS = Number.NEGATIVE_INFINITY;

  constructor(machine: Machine) {
    const { parameters, type, random } = machine;
    this.#machine = machine;
    this.#weeks = parameters['maintenanceWeeks'] as number;
    this.#week = Math.floor(this.#weeks * random.uniform(WEEK, 0));
    const isSteady = this.#weeks === 0 && (!type.wear || parameters['wearShare'] === 0);
    if (isSteady) [this.#sinceS, this.#untilS] = [Number.NEGATIVE_INFINITY, Infinity];
    this.#parameters = parameters;
  }

  /** Since when the parameters have their current values. */
  get sinceS(): number {
    return this.#sinceS;
  }

  /** The parameters at an instant, in a record that later calls change. */
  parametersAt(tS: number): Readonly<Values<string>> {
    if (tS < this.#sinceS || tS >= this.#untilS) this.#find(tS);
    return this.#parameters;
  }

  #find(tS: number): void {
    const { site, type, parameters } = this.#machine;
    const day = site.localDay(tS);
    const [last, next] = this.#around(tS);
    this.#sinceS = Math.max(site.localDayStartS(day), last.untilS);
    this.#untilS = Math.min(site.localDayStartS(day + 1), next.untilS);
    const isOwn = this.#parameters !== parameters;
    const own: Values<string> = isOwn
      ? Object.assign(this.#parameters, parameters)
      : copyOf(parameters);
    this.#parameters = own;
    if (type.wear) {
      const share = parameters['wearShare'] as number;
      const passed = (this.#sinceS - last.untilS) / (next.fromS - last.untilS);
      const wornShare = this.#weeks === 0 ? 1 : Math.min(1, passed);
      const year = EPOCH_YEAR + this.#sinceS / YEAR_S;
      const years = Math.max(0, year - (parameters['installedYear'] as number));
      type.wear(own as never, share * wornShare, share * years);
      Object.assign(own, type.derived(own as never));
    }
    own['maintenanceFromS'] = next.fromS;
    own['maintenanceUntilS'] = next.untilS;
  }

  /** The maintenance before an instant, and the current or next one. */
  #around(tS: number): readonly [last: Maintenance, next: Maintenance] {
    if (this.#weeks === 0) return [NEVER_BEFORE, NEVER];
    const { site } = this.#machine;
    const week = Math.floor((site.localDay(tS) - FIRST_SUNDAY) / 7);
    const latest = this.#week + this.#weeks * Math.floor((week - this.#week) / this.#weeks);
    const maintenance = this.#inWeek(latest);
    return maintenance.untilS > tS
      ? [this.#inWeek(latest - this.#weeks), maintenance]
      : [maintenance, this.#inWeek(latest + this.#weeks)];
  }

  #inWeek(week: number): Maintenance {
    const { site, parameters } = this.#machine;
    const sunday = FIRST_SUNDAY + 7 * week;
    const fromS = site.lastLocalTimeS(site.localDayStartS(sunday + 1) - 1, BEGINS_AT_S);
    const minutes = Math.round(60 * (parameters['maintenanceHours'] as number));
    return { fromS, untilS: fromS + MINUTE_S * minutes };
  }
}

const NEVER: Maintenance = { fromS: Infinity, untilS: Infinity };
const NEVER_BEFORE: Maintenance = { fromS: -Infinity, untilS: -Infinity };
