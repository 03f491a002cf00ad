import { createHash } from 'node:crypto';
import type { Machine } from '../core/factory.ts';
import { sleep } from '../runtime/sleep.ts';
import { version } from '../runtime/version.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { dayTotals } from '../simulation/register.ts';
import type { Queries } from '../store/database.ts';
import { persist } from '../store/persist.ts';
import {
  keepRegisterTotals,
  loadRegisterTotals,
  type RegisterTotals as Stored,
} from '../store/tables.ts';

/** How often new totals are stored [ms of real time]: at simulated real time, one comes a day. */
const SAVE_EVERY_MS = 600_000;
/** Totals of a machine that are kept: a sink may be so many days behind. */
const KEPT_TOTALS = 8;
/** Machines of one statement, which takes a megabyte. */
const ROWS_MAX = 2000;

/**
 * Keeps the latest total of each energy register in the store, so that a start counts a day of
 * readings instead of all. It is a cache: a total of another description, version or past is not
 * used, and without any the registers show the same.
 */
export class RegisterTotals {
  readonly #queries: Queries;
  readonly #fleet: () => Fleet;
  /** What is stored, by machine. */
  readonly #stored = new Map<string, number>();

  /** @param fleet - The fleet of the moment. */
  constructor(queries: Queries, fleet: () => Fleet) {
    this.#queries = queries;
    this.#fleet = fleet;
  }

  /** Remembers what is stored of the fleet. @throws StoreError if the database is away. */
  async load(): Promise<void> {
    const fleet = this.#fleet();
    if (!fleet.machines.some(hasRegister)) return;
    const digests = digestsOf(fleet);
    for (const { machineId, digest, totals } of await loadRegisterTotals(this.#queries)) {
      const machine = fleet.byId.get(machineId);
      if (!machine || !hasRegister(machine) || digests.get(machine.factoryId) !== digest) continue;
      dayTotals(machine).told.restore(totals);
      this.#stored.set(machineId, totals.at(-1)?.tS ?? Number.NaN);
    }
  }

  /** Stores new totals now and then until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.keep(signal);
      await sleep(SAVE_EVERY_MS, signal);
    }
  }

  /** Stores new totals; tries again while the database is away, until `signal` is aborted. */
  async keep(signal: AbortSignal): Promise<void> {
    await persist(() => this.#save(), signal);
  }

  async #save(): Promise<void> {
    const fleet = this.#fleet();
    if (!fleet.machines.some(hasRegister)) return;
    const digests = digestsOf(fleet);
    const fresh: Stored[] = [];
    for (const machine of fleet.machines) {
      const digest = digests.get(machine.factoryId);
      if (!hasRegister(machine) || digest === undefined) continue;
      const totals = dayTotals(machine).told.latest(KEPT_TOTALS);
      const last = totals.at(-1)?.tS;
      if (last === undefined || this.#stored.get(machine.id) === last) continue;
      fresh.push({ machineId: machine.id, digest, totals });
    }
    for (let at = 0; at < fresh.length; at += ROWS_MAX) {
      const rows = fresh.slice(at, at + ROWS_MAX);
      await keepRegisterTotals(this.#queries, rows);
      for (const { machineId, totals } of rows)
        this.#stored.set(machineId, totals.at(-1)?.tS ?? Number.NaN);
    }
  }
}

function hasRegister({ registerFromS }: Machine): boolean {
  return registerFromS !== undefined;
}

/**
 * Digests of everything that the readings of a factory follow from besides the journal, by its id.
 * A factory whose story has no digest has none.
 */
function digestsOf({
  factories,
  seed,
  journal,
  stories,
  registersFromS,
}: Fleet): ReadonlyMap<string, string> {
  const settings = journal.settingsAt(Number.NEGATIVE_INFINITY);
  const digests = new Map<string, string>();
  for (const factory of factories) {
    const own = stories.filter(({ factoryId }) => factoryId === factory.id);
    if (own.some(({ digest }) => digest === undefined)) continue;
    const told = own.map(({ name, seed, startS, digest }) => [name, seed, startS, digest]);
    const content = [version, seed, registersFromS, settings, told, factory];
    const digest = createHash('sha256').update(JSON.stringify(content)).digest('hex');
    digests.set(factory.id, digest);
  }
  return digests;
}
