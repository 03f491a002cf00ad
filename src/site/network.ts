import type { NetworkDescription } from '../core/factory.ts';
import type { NetworkName, ShiftSpan, Site } from '../core/site.ts';

/** Buildings are heated below this outdoor temperature [°C]. */
const HEATING_TEMP_C = 15;
/** Steps kept at once: those of an hour and more, for some readers; a power of two. */
const STEPS = 256;

/** How a network works. */
interface Rules {
  /** Demand is asked for anew at every multiple of this: the time for which suppliers plan [s]. */
  readonly stepS: number;
  /** The next supplier is called when so much of the capacity of one is asked for. */
  readonly leadShare: number;
  /** Each night from this local second on, for so long, all suppliers share alike [s]. */
  readonly alike?: { readonly fromS: number; readonly lengthS: number };
  /** What is asked for where nothing is said, of what all suppliers can give. */
  readonly usual: Amounts;
}

type Amounts = Required<Omit<NetworkDescription, 'consumers' | 'priorities'>>;

const RULES: Readonly<Record<NetworkName, Rules>> = {
  compressedAir: {
    stepS: 60,
    leadShare: 0.95,
    // The capacity check, which each of them passes with its part of the load.
    alike: { fromS: 3 * 3600, lengthS: 300 },
    // Leaks: US DOE, Compressed Air Tip Sheet 3: 20 to 30 % of the mean flow are common.
    usual: { base: 0.08, process: 0.25, heatingPerK: 0, leak: 0.12 },
  },
  chilledWater: {
    stepS: 600,
    leadShare: 1,
    usual: { base: 0, process: 0, heatingPerK: 0, leak: 0.02 },
  },
  steam: {
    stepS: 900,
    leadShare: 0.9,
    usual: { base: 0.1, process: 0.5, heatingPerK: 0.01, leak: 0.02 },
  },
};

/** A machine that feeds a network. */
export interface Supplier {
  readonly machineId: string;
  readonly name: string;
  /** The most that it gives. */
  readonly capacity: number;
  /** Whether it is switched on and not serviced. */
  isReady(tS: number): boolean;
  /** What it gives when it is asked for a share of its capacity. */
  given(askedShare: number): number;
}

/** A machine that takes from a network. */
export interface Consumer {
  /** Whether it is switched on and not serviced. */
  isReady(tS: number): boolean;
  /** What it takes at the activity that its plan asks for. */
  taken(tS: number): number;
}

/** What flows through a network in a step, in its unit. */
export interface Flows {
  /** Index of the step; NaN in one that was never computed. */
  step: number;
  /** Taken by machines, and by all else that has a use for it. */
  consumers: number;
  others: number;
  leaked: number;
  /** Given beyond what is asked for, and blown off. */
  surplus: number;
  /** Asked for beyond what can be given: consumers go short by it. */
  missing: number;
  /** What each supplier is asked for, in the order of their descriptions. */
  readonly supplied: Float64Array;
}

/**
 * A network of a factory: what its consumers take from its suppliers, as a function of time.
 *
 * Demand is held for a step. It follows from plans alone (the calendar, the consumers' own plans,
 * which machines the journal says to run, which are serviced), never from what a supplier does: so
 * every supplier can be read alone, and each is asked for the same whoever reads.
 *
 * Suppliers take over one after the other: the first gives up to its leading share of capacity,
 * then the next is called. What is beyond all of them is spread in proportion.
 */
export class Network {
  readonly suppliers: readonly Supplier[];
  readonly #rules: Rules;
  readonly #amounts: Amounts;
  readonly #consumers: readonly Consumer[];
  readonly #priorities: readonly number[];
  readonly #site: Site;
  /** Flows of steps asked for last; what was is not changed by what comes later. */
  readonly #steps: readonly Flows[];

  constructor(
    name: NetworkName,
    description: NetworkDescription,
    suppliers: readonly Supplier[],
    consumers: readonly Consumer[],
    site: Site,
  ) {
    const { consumers: _named, priorities = {}, ...given } = description;
    const capacity = suppliers.reduce((sum, each) => sum + each.capacity, 0);
    const { usual } = RULES[name];
    this.#rules = RULES[name];
    this.suppliers = suppliers;
    this.#amounts = {
      base: capacity * usual.base,
      process: capacity * usual.process,
      heatingPerK: capacity * usual.heatingPerK,
      leak: capacity * usual.leak,
      ...given,
    };
    this.#consumers = consumers;
    this.#priorities = suppliers.map((each) => priorities[each.name] ?? 1);
    this.#site = site;
    this.#steps = Array.from({ length: STEPS }, () => ({
      step: Number.NaN,
      consumers: 0.5,
      others: 0.5,
      leaked: 0.5,
      surplus: 0.5,
      missing: 0.5,
      supplied: new Float64Array(suppliers.length),
    }));
  }

  /** Flows are held for so long, from each multiple of it on [s]. */
  get stepS(): number {
    return this.#rules.stepS;
  }

  /** What flows at an instant; valid until the next call but 255. */
  at(tS: number): Readonly<Flows> {
    const step = Math.floor(tS / this.stepS);
    const flows = this.#steps[step & (STEPS - 1)] as Flows;
    if (flows.step !== step) this.#fill(flows, step);
    return flows;
  }

  #fill(flows: Flows, step: number): void {
    const tS = step * this.stepS;
    const { base, process, heatingPerK, leak } = this.#amounts;
    const { load, outdoorTempC } = this.#site.at(tS);
    const heating = heatingPerK * Math.max(0, HEATING_TEMP_C - outdoorTempC);
    flows.step = step;
    flows.others = base + process * load + heating;
    flows.leaked = leak;
    flows.consumers = 0;
    for (const consumer of this.#consumers)
      if (consumer.isReady(tS)) flows.consumers += consumer.taken(tS);
    const asked = flows.others + flows.leaked + flows.consumers;
    const given = this.#share(asked, tS, flows.supplied);
    flows.surplus = Math.max(0, given - asked);
    flows.missing = Math.max(0, asked - given);
  }

  /** Spreads a demand over the suppliers that run; returns what they give together. */
  #share(asked: number, tS: number, supplied: Float64Array): number {
    supplied.fill(0);
    const order = this.#order(tS);
    let capacity = 0;
    let left = asked;
    for (const i of order) {
      const { given, capacity: own } = this.suppliers[i] as Supplier;
      capacity += own;
      supplied[i] = own * given(0);
      left -= supplied[i] as number;
    }
    if (this.#isAlike(tS)) {
      for (const i of order)
        supplied[i] = (asked * (this.suppliers[i] as Supplier).capacity) / capacity;
      left = 0;
    }
    for (const i of order) {
      if (left <= 0) break;
      const leading = this.#rules.leadShare * (this.suppliers[i] as Supplier).capacity;
      const taken = Math.min(left, Math.max(0, leading - (supplied[i] as number)));
      supplied[i] = (supplied[i] as number) + taken;
      left -= taken;
    }
    let total = 0;
    for (const i of order) {
      const { given, capacity: own } = this.suppliers[i] as Supplier;
      const beyond = left > 0 ? (left * own) / capacity : 0;
      supplied[i] = own * given(((supplied[i] as number) + beyond) / own);
      total += supplied[i] as number;
    }
    return total;
  }

  /** The suppliers that run, in the order in which they take over at an instant. */
  #order(tS: number): readonly number[] {
    const week = Math.floor((this.#site.localDay(tS) + MONDAY) / 7);
    const numbers = [...new Set(this.#priorities)].sort((a, b) => a - b);
    return numbers
      .flatMap((number) => {
        const group = this.suppliers.flatMap((_each, i) =>
          this.#priorities[i] === number ? i : [],
        );
        const lead = ((week % group.length) + group.length) % group.length;
        return [...group.slice(lead), ...group.slice(0, lead)];
      })
      .filter((i) => (this.suppliers[i] as Supplier).isReady(tS));
  }

  #isAlike(tS: number): boolean {
    const { alike } = this.#rules;
    if (!alike) return false;
    return tS - this.#site.lastLocalTimeS(tS, alike.fromS) < alike.lengthS;
  }
}

/** Weeks begin on Monday; 1970-01-01, day 0, was a Thursday. */
const MONDAY = 3;

/** The site of a machine that feeds a network: the factory's, with what is asked of this one. */
export class SupplierSite implements Site {
  readonly nominalVoltageV: number;
  readonly nominalFrequencyHz: number;
  readonly #site: Site;
  readonly #network: Network;
  readonly #index: number;

  /** @param index - The machine among the suppliers of the network. */
  constructor(site: Site, network: Network, index: number) {
    this.nominalVoltageV = site.nominalVoltageV;
    this.nominalFrequencyHz = site.nominalFrequencyHz;
    this.#site = site;
    this.#network = network;
    this.#index = index;
  }

  at(tS: number): ReturnType<Site['at']> {
    return this.#site.at(tS);
  }

  demand(tS: number): number {
    return this.#network.at(tS).supplied[this.#index] as number;
  }

  frequencyHz(tS: number): number {
    return this.#site.frequencyHz(tS);
  }

  voltageV(tS: number): number {
    return this.#site.voltageV(tS);
  }

  shiftHours(fromS: number, toS: number): ReadonlyMap<string, number> {
    return this.#site.shiftHours(fromS, toS);
  }

  localDay(tS: number): number {
    return this.#site.localDay(tS);
  }

  localDayStartS(day: number): number {
    return this.#site.localDayStartS(day);
  }

  shifts(fromS: number, toS: number): readonly ShiftSpan[] {
    return this.#site.shifts(fromS, toS);
  }

  lastLocalTimeS(tS: number, secondOfDay: number): number {
    return this.#site.lastLocalTimeS(tS, secondOfDay);
  }
}
