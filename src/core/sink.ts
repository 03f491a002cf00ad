import type { Batch } from './batch.ts';
import type { MachineType } from './machine.ts';

/**
 * Whom a sink tells what becomes of the readings that it was given. Delivery listens: a connection
 * that stands proves nothing, an acknowledgement does.
 */
export interface SinkObserver {
  /** Topics of which the last message was refused. */
  readonly refusedTopics: ReadonlySet<string>;
  /** Something was acknowledged, stored or handed on, however little. */
  progress(): void;
  /** A message was refused for good, and is left out; the rest of its batch goes on. */
  refused(topic: string, reason: string): void;
  /** A message of one of {@link SinkObserver.refusedTopics} was accepted. */
  accepted(topic: string): void;
  /** A connection that stood has ended, other than by {@link Sink.reset} or `close`. */
  lost(error: Error): void;
}

/**
 * Where readings go. A sink writes a batch or throws, and knows nothing else: retry, order, pace
 * and counts are delivery's. A batch that failed is written again from its beginning, so a sink
 * may see a reading twice, with the same bytes.
 */
export interface Sink {
  /** Names the sink in logs and metrics. */
  readonly name: string;
  /**
   * Whether a write puts on record how far it goes, in one piece with its rows. Nobody else does
   * then: what is saved beside it might be less, and be saved later.
   */
  readonly keepsWatermark?: boolean;
  /** Rows that it takes best at once; as many as a {@link Batch} has, if not given. */
  readonly batchRows?: number;
  /**
   * Settles when every row of the batch has been taken for good, acknowledged or flushed, or was
   * refused for good.
   */
  write(batch: Batch): Promise<void>;
  /** Messages that a row of this type makes; one a channel and one a status, if not given. */
  messagesOf?(type: MachineType): MessageCounts;
  /** Tells this observer from now on. One that is told of no progress must settle in time. */
  observe?(observer: SinkObserver): void;
  /** Gives up what is being written, for a reason; the next write begins on a new connection. */
  reset?(reason: Error): void;
  /** Gives back what it holds; what was written stays written. */
  close(): Promise<void>;
}

/** Messages, lines or records that a row makes. */
export interface MessageCounts {
  readonly reading: number;
  readonly status: number;
}

/** A sink with a connection to the other side, as delivery shows it. */
export interface DeliveredSink extends Sink {
  /** Whether what is written now would be taken. */
  readonly isConnected: boolean;
  /** Connections made so far; after another one, the other side may have forgotten statuses. */
  readonly connectionCount: number;
  /** Bytes sent since it was made, with everything that goes around the messages. */
  readonly bytesWritten: number;
}

/** How far a sink has been delivered to. */
export interface Watermark {
  /** The simulated instant up to which it has everything [ms]. */
  readonly timeMs: number;
  /** The present when it began: what lies before is history that it was to have in full [ms]. */
  readonly liveFromMs: number;
}

/** How far each sink has been delivered to, kept so that a restart goes on there. */
export interface Watermarks {
  /** None: the sink has nothing yet. */
  load(sinkName: string): Promise<Watermark | undefined>;
  /** Saves how far a sink is; when it became live stays as it was saved first. */
  save(sinkName: string, watermark: Watermark): Promise<void>;
}

/** A span of simulated time that a sink has not been given, as it lay too far back. */
export interface Gap {
  readonly sink: string;
  readonly fromMs: number;
  readonly toMs: number;
}
