import type { EmbeddedBroker } from '../broker/embedded-broker.ts';
import type { DeliveredSink } from '../core/sink.ts';
import type { Log } from '../runtime/log.ts';
import type { ValuesOf, Variables } from '../schema/variable.ts';
import type { DatabaseServer } from './postgres/server.ts';

/**
 * A way out of the simulator. The list of them is `index.ts`, and nothing else names one: the
 * configuration, the assembly, reader processes and the shards of a cluster go through the list.
 */
export interface Output<V extends Variables = Variables, Options = unknown> {
  /** In logs, metrics and watermarks: `mqtt`. It never changes: a watermark hangs on it. */
  readonly name: string;
  /** The heading of its variables. */
  readonly title: string;
  /** Its environment variables; `.env.example`, `check` and the documents come from here. */
  readonly variables: V;
  /**
   * Whether its receivers lose what they do not take in time: then `CATCH_UP_RATE` and
   * `PUBLISH_SPREAD` hold for it.
   */
  readonly isPaced: boolean;
  /** Whether `READERS` share its machines out, each with a connection of its own. */
  readonly isShared: boolean;
  /** What the variables ask for; nothing: it is not wanted. Says what is wrong with them. */
  configure(values: ValuesOf<V>, given: Given): Options | undefined;
  /** What all processes of a cluster must have alike. */
  agreed?(options: Options): unknown;
  /**
   * Makes it; loads what only it needs. It may begin to connect, but does not wait for the other
   * side.
   *
   * @throws ConfigError where that cannot work: a port is taken, a certificate cannot be read.
   */
  open(options: Options, context: OutputContext): Promise<OpenOutput>;
  /** Begins to show a whole cluster's state, for one of its workers. */
  showCluster?(options: Options): Promise<ClusterState>;
}

/** What an output finds when it is configured, and where it says what it thinks of it. */
export interface Given {
  /** The folder from which relative paths start. */
  readonly cwd: string;
  readonly database: DatabaseServer | undefined;
  readonly isCluster: boolean;
  /** Whether a variable was set, rather than left at its default. */
  isSet(name: string): boolean;
  /** Refuses the configuration, with the other faults in it. */
  fault(path: string, message: string): void;
  /** Adds a sentence to the log of the start. */
  remark(sentence: string): void;
}

/** An output that the configuration asks for. */
export interface WantedOutput {
  readonly output: Output;
  /** Plain data, which another process can be given. */
  readonly options: unknown;
}

/** What an output works with. */
export interface OutputContext {
  readonly log: Log;
  /**
   * Tells this process from others that deliver a share each: `3`. None: it is the only one, or
   * the one that speaks for the simulator.
   */
  readonly part?: string;
  /** Whether reader processes will connect to the same place. */
  readonly hasReaders?: boolean;
  /**
   * The statement that saves a sink's watermark, where a database that takes readings keeps
   * watermarks, too: both are one transaction then.
   */
  readonly watermarkSql?: (sinkName: string, timeMs: number) => string;
}

/** An output that was opened. */
export interface OpenOutput {
  /** Each is delivered to on its own, and closed by whoever delivers. */
  readonly sinks: readonly DeliveredSink[];
  /** Where labels of anomalies go, if they are to be published. */
  readonly truth?: Announcer;
  /** The broker in this process, if there is one. */
  readonly broker?: EmbeddedBroker;
  /** Where it goes, as a person writes it, without anything secret. */
  readonly address?: string;
  /** Its options for reader processes. */
  readonly readerOptions?: unknown;
  /** Closes what is left when the sinks are closed. */
  close?(): Promise<void>;
}

/** Publishes retained messages of the simulator's own, on topics that are no machine's. */
export interface Announcer {
  /** Settles when it is on its way; rejects where the broker is away. */
  announce(topic: string, payload: string): Promise<void>;
}

/** Says that a cluster is online for as long as one of its workers is. */
export interface ClusterState {
  /** Makes this worker the one whose loss the other side notices, or no longer so. */
  keep(isKeeper: boolean): void;
  /** Stops speaking for the cluster: this process is about to end. */
  beginClosing(): void;
  /** Ends it, as the last worker or as one of many. */
  close(isLast: boolean): Promise<void>;
}
