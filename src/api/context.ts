import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ClusterOverview } from '../cluster/live/overview.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Exports } from '../service/exports.ts';
import type { Registry } from '../service/registry.ts';
import type { Simulator } from '../service/simulator.ts';
import type { ConcurrencyLimiter } from './concurrency-limiter.ts';

/** The HTTP server with its routes, whose types come from their schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

declare module 'fastify' {
  /** How a route is documented; the description of its bodies is in their schemas. */
  interface FastifySchema {
    /** Its name for generated clients; it never changes. */
    readonly operationId?: string;
    readonly tags?: readonly string[];
    readonly summary?: string;
    readonly description?: string;
    /** Whether it is left out. */
    readonly hide?: boolean;
  }
}

/** Everything that routes need for their answers. */
export interface Api {
  readonly simulator: Simulator;
  readonly configuration: Configuration;
  /** Undefined if the registry is read-only. */
  readonly registry: Registry | undefined;
  /** Undefined for a single simulator. */
  readonly cluster: ClusterOverview | undefined;
  /** Limits answers that take a while to compute. */
  readonly limiter: ConcurrencyLimiter;
  readonly exports: Exports;
}

/** The groups of routes, in the order of the documentation. */
export const TAGS = {
  service: 'Service',
  simulation: 'Simulation',
  machines: 'Machines',
  anomalies: 'Anomalies',
  stories: 'Stories and defects',
  readings: 'Readings',
  settings: 'Settings',
  factories: 'Factories',
} as const;
