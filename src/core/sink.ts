import type { Batch } from './batch.ts';
import type { MachineType } from './machine.ts';

/**
 * Receives reports from a sink about its readings. Delivery implements it: an open
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
 * A destination for readings. It writes a batch or throws; retries, order, pace and counts belong
 * to delivery. A failed batch is written again from its start, so a sink may get a reading twice,
 * with the same bytes.
 */
export interface Sink {
  /** Identifies the sink in logs and metrics. */
  readonly name: string;
  /** Its peer, as errors name it, without secrets; undefined if it has none. */
  readonly address?: string;
  /**
   * Whether a write also saves the watermark, atomically with its rows. Nothing else may then save
   * it: a separate save could be older but arrive later.
   */
  readonly keepsWatermark?: boolean;
  /** Preferred number of rows per write; by default, the capacity of a {@link Batch}. */
  readonly batchRows?: number;
  /** The anomaly that its readings leave out, or every one: see `ReaderOptions.without`. */
  readonly without?: string;
  /**
   * Settles when every row of the batch has been durably accepted (acknowledged or flushed) or
   * permanently refused.
   */
  write(batch: Batch): Promise<void>;
  /** Messages per row of this type; by default, one per channel and one per status. */
  messagesOf?(type: MachineType): MessageCounts;
  /**
   * Sends reports to this observer from now on. Without reports of progress, writes must settle in
   * time.
   */
  observe?(observer: SinkObserver): void;
  /** Aborts the current write with a reason; the next write opens a new connection. */
  reset?(reason: Error): void;
  /** Releases its resources; written rows stay written. */
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
   * The time at which delivery began [ms]; everything before is history, to be delivered in full.
   */
  readonly liveFromMs: number;
}

/** The watermark of each sink, stored so that a restart resumes there. */
export interface Watermarks {
  /** Undefined: the sink has nothing yet. */
  load(sinkName: string): Promise<Watermark | undefined>;
  /** Saves the watermark of a sink; `liveFromMs` keeps the value saved first. */
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
