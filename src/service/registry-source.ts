import type { Configuration } from '../config/configuration.ts';
import { withIntervals } from '../config/load.ts';
import type { FactoryDescription } from '../core/factory.ts';
import type { Log } from '../runtime/log.ts';
import type { Database } from '../store/database.ts';
import { type RegistryReading, readRegistry, registryDigest } from '../store/registry.ts';

/**
 * The registry of a database as the simulator runs it. What is wrong with a row is logged once,
 * and again when something else is wrong with it.
 */
export class RegistrySource {
  readonly database: Database;
  readonly #configuration: Pick<Configuration, 'calendar' | 'intervalsS'>;
  readonly #log: Log;
  #digest: string | undefined;
  #factories: readonly FactoryDescription[] = [];
  #said: ReadonlySet<string> = new Set();

  constructor(
    database: Database,
    configuration: Pick<Configuration, 'calendar' | 'intervalsS'>,
    log: Log,
  ) {
    this.database = database;
    this.#configuration = configuration;
    this.#log = log;
  }

  /** The factories that run. @throws StoreError where the database is away. */
  async read(): Promise<readonly FactoryDescription[]> {
    const { calendar, intervalsS } = this.#configuration;
    const reading = await readRegistry(this.database, calendar, this.#factories);
    this.#tell(reading);
    this.#digest = reading.digest;
    this.#factories = reading.factories;
    return reading.factories.map((factory) => withIntervals(factory, intervalsS));
  }

  /** Whether a row is another one than when it was last read. @throws StoreError likewise. */
  async isOutdated(): Promise<boolean> {
    return (await registryDigest(this.database)) !== this.#digest;
  }

  /** Of what was read last; see {@link registryDigest}. None before, and after {@link forget}. */
  get digest(): string | undefined {
    return this.#digest;
  }

  /** Has it read again: what was read last could not be used. */
  forget(): void {
    this.#digest = undefined;
  }

  #tell({ rejections, remarks }: RegistryReading): void {
    const said = new Set<string>();
    const say = (fields: object, line: string) => {
      if (!this.#said.has(line)) this.#log.warn(fields, line);
      said.add(line);
    };
    for (const { table, id, name, reason } of rejections)
      say({ table, id }, `${table}: ${name} does not run: ${reason}`);
    for (const remark of remarks) say({}, remark);
    this.#said = said;
  }
}
