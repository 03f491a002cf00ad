import { buildApp } from '../../src/api/app.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { Journal } from '../../src/core/journal.ts';
import { InstantClock } from '../../src/service/clock.ts';
import { MemoryLog } from '../../src/service/durable-log.ts';
import { LocalEventLog } from '../../src/service/event-log.ts';
import { Observer } from '../../src/service/observer.ts';
import { Simulator } from '../../src/service/simulator.ts';
import { createFleet } from '../../src/simulation/fleet.ts';

/** The part of an OpenAPI schema that the reference shows. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** A path or query parameter. */
export interface RouteParameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

type Content = Readonly<Record<string, { readonly schema?: Schema; readonly example?: unknown }>>;

/** One method of a path. */
export interface Operation {
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly RouteParameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { description: string; content?: Content }>>;
}

/** The part of the OpenAPI document that the reference shows. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly components: { readonly schemas?: Readonly<Record<string, Schema>> };
}

/** The OpenAPI document of the default factory, without starting a server. */
export async function openApiDocument(): Promise<OpenApiDocument> {
  const configuration = loadConfiguration({ env: {}, cwd: import.meta.dirname });
  const journal = new Journal(configuration.settings);
  const { catalogue: types, factories, statusIntervalS } = configuration;
  const fleet = createFleet(factories, { journal, types });
  const clock = new InstantClock(0);
  const eventLog = new LocalEventLog(journal, clock, new MemoryLog());
  const observer = new Observer(fleet, eventLog, clock, statusIntervalS);
  const simulator = new Simulator({ fleet, clock, eventLog, observer, deliveries: [] });
  const app = await buildApp(simulator, configuration);
  try {
    const answer = await app.inject('/openapi.json');
    return answer.json() as OpenApiDocument;
  } finally {
    await app.close();
  }
}
