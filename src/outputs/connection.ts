/** What a sink shows of itself besides, where it is more than a function of the batch. */
export interface Connection {
  /** Whether what is written now would be taken. */
  readonly isConnected: boolean;
  /** How often it has been connected; whoever listens may have forgotten what was said before. */
  readonly connectionCount: number;
  /** Bytes handed over since it was made, with everything that goes around the messages. */
  readonly bytesWritten: number;
}

/** A sink that can also say something of its own, retained, on a topic that is not a machine's. */
export interface Announcer {
  /** Settles when it is on its way; rejects where the broker is away. */
  announce(topic: string, payload: string): Promise<void>;
}
