import type { Batch } from './batch.ts';
import type { MachineType } from './machine.ts';

/**
 * Receives reports from a sink about what becomes of its readings. Delivery implements it: an open
 * connection proves nothing, an acknowledgement does.
 */
export interface SinkObserver {
  /** Topics whose last message was refused. */
  readonly refusedTopics: ReadonlySet<string>;
  /** Something was acknowledged, stored or passed on, however little. */
  progress(): void;
  /** A message was permanently refused and is skipped; the rest of its batch continues. */
  refused(topic: string, reason: string): void;
  /** A message of one of {@link SinkObserver.refusedTopics} was accepted. */
  accepted(topic: string): void;
  /** An open connection was lost, other than by {@link Sink.reset} or `close`. */
  lost(error: Error): void;
}

/**
 * Where readings go. A sink writes a batch or throws; retries, order, pace and counts belong to
 * delivery. A failed batch is written again from its beginning, so a sink may see a reading twice,
 * with the same bytes.
 */
export interface Sink {
  /** Identifies the sink in logs and metrics. */
  readonly name: string;
  /** Its peer, as errors name it, without secrets; undefined if it has none. */
  readonly address?: string;
  /**
   * Whether a write also saves the watermark, atomically with its rows. Nothing else may save it
   * then: a separate save could be older, and come later.
   */
  readonly keepsWatermark?: boolean;
  /** Rows per write that suit it best; the capacity of a {@link Batch} by default. */
  readonly batchRows?: number;
  /**
   * Settles when every row of the batch has been accepted for good (acknowledged or flushed) or
   * was permanently refused.
   */
  write(batch: Batch): Promise<void>;
  /** Messages per row of this type; one per channel and one per status by default. */
  messagesOf?(type: MachineType): MessageCounts;
  /**
   * Reports to this observer from now on. Without reports of progress, writes must settle in time.
   */
  observe?(observer: SinkObserver): void;
  /** Aborts the current write with a reason; the next write opens a new connection. */
  reset?(reason: Error): void;
  /** Releases its resources; what was written stays written. */
  close(): Promise<void>;
}

/** Messages, lines or records per row. */
export interface MessageCounts {
  readonly reading: number;
  readonly status: number;
}

/** A sink with a connection to a peer, as delivery sees it. */
export interface DeliveredSink extends Sink {
  /** Whether a write now would be accepted. */
  readonly isConnected: boolean;
  /** Connections made so far; after a new one the peer may have forgotten statuses. */
  readonly connectionCount: number;
  /** Bytes sent since the sink was created, including protocol overhead. */
  readonly bytesWritten: number;
}

/** How far delivery to a sink has come. */
export interface Watermark {
  /** The simulated instant up to which the sink has everything [ms]. */
  readonly timeMs: number;
  /**
   * The present when delivery began [ms]; what lies before is history, to be delivered in full.
   */
  readonly liveFromMs: number;
}

/** The watermark of each sink, stored so that a restart resumes there. */
export interface Watermarks {
  /** Undefined: the sink has nothing yet. */
  load(sinkName: string): Promise<Watermark | undefined>;
  /** Saves how far a sink is; `liveFromMs` keeps the value saved first. */
  save(sinkName: string, watermark: Watermark): Promise<void>;
}

/**
 * A span of simulated time that was not delivered to a sink, because it was too far in the past.
 */
export interface Gap {
  readonly sink: string;
  readonly fromMs: number;
  readonly toMs: number;
}
