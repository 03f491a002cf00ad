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
  /** Its name in logs, metrics and watermarks: `mqtt`. It must never change. */
  readonly name: string;
  /** The heading of its variables. */
  readonly title: string;
  /** Its environment variables, from which `.env.example`, `check` and the documents are made. */
  readonly variables: V;
  /**
   * Whether its receivers lose what they do not read in time. If so, `CATCH_UP_RATE` and
   * `PUBLISH_SPREAD` apply to it.
   */
  readonly isPaced: boolean;
  /** Whether `READERS` divide its machines, each with its own connection. */
  readonly isShared: boolean;
  /** Checks the variables and returns options, or undefined if the output is not wanted. */
  configure(values: ValuesOf<V>, given: Given): Options | undefined;
  /** The part of the options that all processes of a cluster must share. */
  agreed?(options: Options): unknown;
  /**
   * Whether opening it affects nothing outside this process but a port. Then it opens before the
   * store does, which may belong to another simulator; by default it does not.
   */
  isInternal?(options: Options): boolean;
  /**
   * Opens the output, and loads the code that only it needs. It may start to connect, but does not
   * wait for a connection.
   *
   * @throws ConfigError if that cannot work: a port is taken, a certificate cannot be read.
   */
  open(options: Options, context: OutputContext): Promise<OpenOutput>;
  /** Starts to publish the state of the whole cluster, from one of its workers. */
  showCluster?(options: Options): Promise<ClusterState>;
}

/** The context in which an output is configured, and where it reports errors and warnings. */
export interface Given {
  /** The folder from which relative paths start. */
  readonly cwd: string;
  readonly database: DatabaseServer | undefined;
  readonly isCluster: boolean;
  /** Whether a variable was set. */
  isSet(name: string): boolean;
  /** Reports an error; the configuration is then rejected with all its errors. */
  fault(path: string, message: string): void;
  /** Adds a warning to the log of the start. */
  remark(sentence: string): void;
}

/** An output that is configured. */
export interface WantedOutput {
  readonly output: Output;
  /** Plain data, which can be sent to another process. */
  readonly options: unknown;
}

/** What an output needs when it opens. */
export interface OutputContext {
  readonly log: Log;
  /**
   * Identifies this process among those that each deliver a share: `3`. Undefined for a single
   * process, and for the one that publishes the simulator's state.
   */
  readonly part?: string;
  /** Whether reader processes will connect to the same place. */
  readonly hasReaders?: boolean;
  /**
   * The SQL that saves a sink's watermark, if the database of the readings also stores watermarks:
   * both are then one transaction.
   */
  readonly watermarkSql?: (sinkName: string, timeMs: number) => string;
}

/** An open output. */
export interface OpenOutput {
  /** Its sinks. Each has its own delivery, which closes it. */
  readonly sinks: readonly DeliveredSink[];
  /** Publishes the ground truth, if that is wanted. */
  readonly truth?: Announcer;
  /**
   * The broker in this process, if there is one.
   *
   * @internal
   */
  readonly broker?: EmbeddedBroker;
  /** Its address for people, without secrets. */
  readonly address?: string;
  /** The options with which reader processes open it. */
  readonly readerOptions?: unknown;
  /** Closes what remains after its sinks are closed. */
  close?(): Promise<void>;
}

/** Publishes the simulator's own retained messages, on topics outside those of machines. */
export interface Announcer {
  /** Settles when the message has been sent; rejects if the broker is unreachable. */
  announce(topic: string, payload: string): Promise<void>;
}

/** Publishes that a cluster is online, as long as one of its workers is. */
export interface ClusterState {
  /** Makes this worker the one whose loss the receivers notice, or stops that. */
  keep(isKeeper: boolean): void;
  /** Stops publishing for the cluster, because this process is about to end. */
  beginClosing(): void;
  /** Closes it, as the last worker or as one of several. */
  close(isLast: boolean): Promise<void>;
}
