import type { NetworkDescription } from '../core/factory.ts';
import { DerivedSite, type NetworkName, type Site } from '../core/site.ts';

/** Buildings are heated below this outdoor temperature [°C]. */
const HEATING_TEMP_C = 15;
/** Cached steps: an hour and more, for several readers; a power of two. */
const STEPS = 256;

/** Rules by which a network works. */
interface Rules {
  /** Demand is updated at every multiple of this, the planning step of suppliers [s]. */
  readonly stepS: number;
  /** The next supplier starts when the demand on one reaches this share of its capacity. */
  readonly leadShare: number;
  /**
   * Each night, from this local second and for this long, all suppliers share the demand equally
   * [s].
   */
  readonly equalShares?: { readonly fromS: number; readonly lengthS: number };
  /** Default demand, as a share of what all suppliers can deliver. */
  readonly usual: Amounts;
}

type Amounts = Required<Omit<NetworkDescription, 'consumers' | 'priorities'>>;

const RULES: Readonly<Record<NetworkName, Rules>> = {
  compressedAir: {
    stepS: 60,
    leadShare: 0.95,
    // The capacity check: every supplier passes it with its part of the load.
    equalShares: { fromS: 3 * 3600, lengthS: 300 },
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

/** A machine that supplies a network. */
export interface Supplier {
  readonly machineId: string;
  readonly name: string;
  /** The most that it delivers. */
  readonly capacity: number;
  /** Whether it is switched on and not in maintenance. */
  isReady(tS: number): boolean;
  /** What it delivers when asked for a share of its capacity. */
  deliveredShare(requestedShare: number): number;
}

/** A machine that draws from a network. */
export interface Consumer {
  /** Whether it is switched on and not in maintenance. */
  isReady(tS: number): boolean;
  /** What it draws at the activity of its plan. */
  drawn(tS: number): number;
}

/** Flows of a network in one step, in its unit. */
export interface Flows {
  /** Index of the step; NaN if never computed. */
  step: number;
  /** Demand of machines, and of everything else. */
  consumers: number;
  others: number;
  leaked: number;
  /** Delivered beyond the demand and blown off. */
  surplus: number;
  /** Demand beyond what the suppliers can deliver: consumers go short by it. */
  missing: number;
  /** Demand on each supplier, in the order of their descriptions. */
  readonly supplied: Float64Array;
}

/**
 * A network of a factory: what its consumers draw from its suppliers, as a function of time.
 *
 * Demand is constant within a step. It follows from plans alone: the calendar, the consumers' own
 * plans, which machines the journal runs, which are in maintenance. It never depends on a
 * supplier's state, so each supplier can be read alone and always sees the same demand.
 *
 * Suppliers take over one after the other: the first delivers up to its leading share of capacity,
 * then the next one starts. Demand beyond all of them is spread in proportion.
 */
export class Network {
  readonly suppliers: readonly Supplier[];
  readonly #rules: Rules;
  readonly #amounts: Amounts;
  readonly #consumers: readonly Consumer[];
  readonly #priorities: readonly number[];
  readonly #site: Site;
  /** Flows of the steps used last; later journal events never change past flows. */
  readonly #steps: readonly Flows[];

  constructor(
    name: NetworkName,
    description: NetworkDescription,
    suppliers: readonly Supplier[],
    consumers: readonly Consumer[],
    site: Site,
  ) {
    const { consumers: _named, priorities = {}, ...delivered } = description;
    const capacity = suppliers.reduce((sum, each) => sum + each.capacity, 0);
    const { usual } = RULES[name];
    this.#rules = RULES[name];
    this.suppliers = suppliers;
    this.#amounts = {
      base: capacity * usual.base,
      process: capacity * usual.process,
      heatingPerK: capacity * usual.heatingPerK,
      leak: capacity * usual.leak,
      ...delivered,
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

  /** Flows are constant for this long, from each multiple of it [s]. */
  get stepS(): number {
    return this.#rules.stepS;
  }

  /** Flows at an instant; the object is reused after 255 more calls. */
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
      if (consumer.isReady(tS)) flows.consumers += consumer.drawn(tS);
    const demand = flows.others + flows.leaked + flows.consumers;
    const delivered = this.#share(demand, tS, flows.supplied);
    flows.surplus = Math.max(0, delivered - demand);
    flows.missing = Math.max(0, demand - delivered);
  }

  /** Spreads a demand over the running suppliers; returns what they deliver together. */
  #share(demand: number, tS: number, supplied: Float64Array): number {
    supplied.fill(0);
    const order = this.#order(tS);
    let capacity = 0;
    let left = demand;
    for (const i of order) {
      const { deliveredShare, capacity: own } = this.suppliers[i] as Supplier;
      capacity += own;
      supplied[i] = own * deliveredShare(0);
      left -= supplied[i] as number;
    }
    if (this.#isEqualShareTime(tS)) {
      for (const i of order)
        supplied[i] = (demand * (this.suppliers[i] as Supplier).capacity) / capacity;
      left = 0;
    }
    for (const i of order) {
      if (left <= 0) break;
      const leading = this.#rules.leadShare * (this.suppliers[i] as Supplier).capacity;
      const added = Math.min(left, Math.max(0, leading - (supplied[i] as number)));
      supplied[i] = (supplied[i] as number) + added;
      left -= added;
    }
    let total = 0;
    for (const i of order) {
      const { deliveredShare, capacity: own } = this.suppliers[i] as Supplier;
      const beyond = left > 0 ? (left * own) / capacity : 0;
      supplied[i] = own * deliveredShare(((supplied[i] as number) + beyond) / own);
      total += supplied[i] as number;
    }
    return total;
  }

  /** The running suppliers, in the order in which they take over at an instant. */
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

  #isEqualShareTime(tS: number): boolean {
    const { equalShares } = this.#rules;
    if (!equalShares) return false;
    return tS - this.#site.lastLocalTimeS(tS, equalShares.fromS) < equalShares.lengthS;
  }
}

/** Weeks begin on Monday; 1970-01-01, day 0, was a Thursday. */
const MONDAY = 3;

/**
 * The site of a machine that supplies a network: the factory's site plus the demand on this
 * machine.
 */
export class SupplierSite extends DerivedSite {
  readonly #network: Network;
  readonly #index: number;

  /** @param index - Index of the machine among the suppliers of the network. */
  constructor(site: Site, network: Network, index: number) {
    super(site);
    this.#network = network;
    this.#index = index;
  }

  override demand(tS: number): number {
    return this.#network.at(tS).supplied[this.#index] as number;
  }
}
