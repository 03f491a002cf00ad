/** What a factory would have published and stored without any interruption. */

import assert from 'node:assert/strict';
import type pg from 'pg';
import { Batch } from '../../src/core/batch.ts';
import { Journal } from '../../src/core/journal.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { Messages } from '../../src/outputs/mqtt/messages.ts';
import { PostgresSink } from '../../src/outputs/postgres/sink.ts';
import { createFleet, DEFAULT_SETTINGS, type Fleet } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { endCluster } from '../../src/store/cluster/members.ts';
import { openStore } from '../../src/store/open-store.ts';
import { readRegistry } from '../../src/store/registry/read.ts';
import { Enms } from '../outputs/enms.ts';
import type { Postgres } from '../postgres.ts';
import { keyOf, timeMsOf, type Witness } from './witness.ts';

/** Simulated time at which every voyage begins: a Tuesday morning. */
export const VOYAGE_START_MS = Date.UTC(2026, 2, 3, 9);
const SEED = 42;
/** Number of differences shown; more would not help. */
const SHOWN = 5;

/** The place of the simulator's database. */
export interface Driver {
  readonly dataDir: string;
  readonly server?: (pg.ClientConfig & { readonly database: string }) | undefined;
}

/** A finished run, as recorded in its database. */
export class Past {
  readonly fleet: Fleet;
  readonly #fromMs: number;
  /** The instant up to which each sink had everything. */
  readonly #watermarksMs: Readonly<Record<string, number | undefined>>;

  private constructor(fleet: Fleet, fromMs: number, watermarksMs: Record<string, number>) {
    this.fleet = fleet;
    this.#fromMs = fromMs;
    this.#watermarksMs = watermarksMs;
  }

  /** Reads registry, journal and watermarks. */
  static async read({ dataDir, server }: Driver): Promise<Past> {
    const log = { info: () => {}, warn: () => {} };
    const store = await openStore({ dataDir, server, seed: SEED, version: 'test' }, log);
    try {
      await store.database.transaction(endCluster);
      const journal = new Journal(DEFAULT_SETTINGS, await store.journal.load());
      // If no machine ran at first, nothing was published before the first event.
      const [first] = journal.events;
      const fromMs =
        first?.kind === 'stop' && !first.machineIds ? first.timeS * 1000 : VOYAGE_START_MS;
      const { factories } = await readRegistry(store.database, machineTypes);
      const fleet = createFleet(factories, { seed: SEED, journal });
      const watermarksMs: Record<string, number> = {};
      for (const sink of ['mqtt', 'postgres'])
        watermarksMs[sink] = (await store.watermarks.load(sink))?.timeMs ?? fromMs;
      return new Past(fleet, fromMs, watermarksMs);
    } finally {
      await store.close();
    }
  }

  /**
   * Fails unless a witness got every message up to the watermark, each with the expected bytes, and
   * no unexpected one. A status may have come more often than required.
   *
   * @returns The number of messages that it got.
   */
  assertSaid(witness: Witness): number {
    const untilMs = this.#watermarksMs['mqtt'] as number;
    const lastMs = Math.max(untilMs, witness.lastMs());
    const statuses = new Set<string>();
    for (const { topic, payload, isRetained } of this.#messages(60, untilMs))
      if (isRetained) statuses.add(keyOf(topic, payload.toString()));
    const faults: string[] = [];
    let found = 0;
    for (const { topic, payload, isRetained } of this.#messages(0, lastMs)) {
      const text = payload.toString();
      const key = keyOf(topic, text);
      const got = witness.payloads.get(key);
      const isDue = timeMsOf(text) <= untilMs && (!isRetained || statuses.has(key));
      if (got !== undefined) found++;
      if (got === undefined ? isDue : got !== text) faults.push(`${key}: ${text}, but got ${got}`);
    }
    const summary = `${faults.length} of ${found}:\n${faults.slice(0, SHOWN).join('\n')}`;
    assert.equal(faults.length, 0, summary);
    assert.equal(found, witness.payloads.size, 'unexpected messages');
    return found;
  }

  /**
   * Fails unless a database has each row up to the watermark once, with the expected content.
   *
   * @param before - Earlier rows, as {@link Enms.contents} returns them.
   */
  async assertStored(
    postgres: Postgres,
    server: pg.ClientConfig,
    before: readonly string[] = [],
  ): Promise<number> {
    const untilMs = this.#watermarksMs['postgres'] as number;
    const first = new Batch();
    const reader = createReader(this.fleet);
    reader.seek(this.#fromMs, true);
    reader.read(this.#fromMs + 60_000, first);
    const enms = await Enms.make(postgres, first);
    const sink = new PostgresSink({ server: enms.server });
    for (const batch of this.#batches(60, untilMs)) await sink.write(batch);
    await sink.close();
    const expected = await enms.contents();
    const stored = without(await new Enms(server).contents(), before);
    const missing = without(expected, stored);
    const added = without(stored, expected);
    const shown = (rows: string[]) => `${rows.length}:\n${rows.slice(0, SHOWN).join('\n')}\n`;
    const isEqual = missing.length + added.length === 0;
    assert.ok(isEqual, `missing ${shown(missing)}and too many ${shown(added)}`);
    assert.equal(stored.length, expected.length, 'rows twice');
    return stored.length;
  }

  *#messages(statusIntervalS: number, untilMs: number) {
    const messages = new Messages();
    for (const batch of this.#batches(statusIntervalS, untilMs)) yield* messages.of(batch);
  }

  *#batches(statusIntervalS: number, untilMs: number) {
    const reader = createReader(this.fleet, { statusIntervalS });
    const batch = new Batch();
    reader.seek(this.#fromMs, true);
    for (let isComplete = false; !isComplete; ) {
      batch.clear();
      isComplete = reader.read(untilMs, batch);
      yield batch;
    }
  }
}

function without(rows: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others);
  return rows.filter((row) => !known.has(row));
}
