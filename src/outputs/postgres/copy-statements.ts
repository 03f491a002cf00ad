import type { Duplex } from 'node:stream';
import type { Connection, Submittable } from 'pg';
import {
  COPY_HEADER_BYTES,
  COPY_TRAILER_BYTES,
  RECORDS_BYTES_MAX,
} from '../../encoding/copy-binary.ts';

/** Number and size of the chunks for data: one is filled while others are sent. */
const CHUNK_BYTES = 64 * 1024;
const CHUNKS = 16;

/** Messages of PostgreSQL's protocol (PostgreSQL manual, Message Formats). */
const COPY_DATA = 0x64;
const COPY_DONE = 0x63;
/** A message's type and length; `CopyDone` is nothing else. */
const MESSAGE_BYTES = 5;

/** Space that must be left in a chunk: a row with everything that may surround it. */
const ROOM_BYTES = RECORDS_BYTES_MAX + COPY_HEADER_BYTES + COPY_TRAILER_BYTES + 2 * MESSAGE_BYTES;

/** Callbacks for progress. */
export interface CopyListener {
  /** Called from time to time while the server is busy. */
  readonly meanwhile?: (() => void) | undefined;
  /** Called whenever the server or the connection to it has accepted something. */
  readonly onProgress?: (() => void) | undefined;
}

/** Chunks that are not in flight; one pool per connection. */
export type ChunkPool = DataView[];

/** A pool with all its chunks. */
export function chunkPool(): ChunkPool {
  return Array.from({ length: CHUNKS }, () => new DataView(new ArrayBuffer(CHUNK_BYTES)));
}

/**
 * Several SQL statements, some of them `COPY … FROM STDIN`, sent with all their data at once.
 *
 * The protocol lets a client send data without waiting for a request, and the server skips the
 * data of a failed statement. So the server is never idle while the next rows are computed, and a
 * batch costs one round trip. Pass it to `client.query` at once, then write the data of the
 * statements in order: for each, `open`, rows at `view` and `at`, `close`.
 */
export class CopyStatements implements Submittable {
  /** Where the next bytes are written, and from which index on. */
  view: DataView;
  at = 0;
  /** Row count of each statement, in order; 0 if it has none. */
  readonly rowCounts: number[] = [];
  readonly #text: string;
  readonly #pool: ChunkPool;
  readonly #listener: CopyListener;
  #stream: Duplex | undefined;
  /** Start of the current message, −1 if there is none. */
  #messageAt = -1;
  #isOver = false;
  #error: unknown;
  #wake: (() => void) | undefined;

  /** @param pool - A complete pool: the previous statements have ended. */
  constructor(text: string, pool: ChunkPool, listener: CopyListener = {}) {
    this.#text = text;
    this.#pool = pool;
    this.#listener = listener;
    this.view = pool.pop() as DataView;
  }

  /** Called by the connection: from now on data can be sent. */
  submit(connection: Connection): void {
    this.#stream = connection.stream;
    connection.query(this.#text);
    this.#wake?.();
  }

  /** Whether another row fits; if not, wait for {@link room}. */
  get hasRoom(): boolean {
    return this.at + ROOM_BYTES <= this.view.byteLength;
  }

  /** Starts the data of the next `COPY`. */
  open(): void {
    this.#messageAt = this.at;
    this.at += MESSAGE_BYTES;
  }

  /** Ends the data of a `COPY`. */
  close(): void {
    this.#endMessage();
    this.view.setUint8(this.at, COPY_DONE);
    this.view.setInt32(this.at + 1, MESSAGE_BYTES - 1);
    this.at += MESSAGE_BYTES;
  }

  /**
   * Sends what was written and waits until there is space for more.
   *
   * @throws What the server or the network said against it.
   */
  async room(): Promise<void> {
    const isOpen = this.#messageAt >= 0;
    if (isOpen) this.#endMessage();
    await this.#send();
    if (this.#pool.length === 0) {
      this.#listener.meanwhile?.();
      await this.#until(() => this.#pool.length > 0);
    }
    this.view = this.#pool.pop() as DataView;
    if (isOpen) this.open();
  }

  /**
   * Sends the rest and waits until the server has executed all statements. Nothing can be written
   * after that.
   *
   * @throws What the server or the network said against it.
   */
  async done(): Promise<void> {
    await this.#send();
    this.#listener.meanwhile?.();
    await this.#until(() => this.#isOver && this.#pool.length === CHUNKS);
  }

  /** After an error that leaves the connection usable: settles when the pool is complete again. */
  async givenUp(): Promise<void> {
    this.at = 0;
    this.#error = undefined;
    await this.#send();
    await this.#until(() => this.#pool.length === CHUNKS);
  }

  handleCopyInResponse(): void {}

  handleCommandComplete({ text }: { text: string }): void {
    this.rowCounts.push(Number(/(\d+)$/.exec(text)?.[1] ?? 0));
    this.#listener.onProgress?.();
  }

  handleReadyForQuery(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  handleError(error: unknown): void {
    this.#error ??= error;
    this.#wake?.();
  }

  #endMessage(): void {
    this.view.setUint8(this.#messageAt, COPY_DATA);
    this.view.setInt32(this.#messageAt + 1, this.at - this.#messageAt - 1);
    this.#messageAt = -1;
  }

  async #send(): Promise<void> {
    await this.#until(() => this.#stream !== undefined);
    const chunk = this.view;
    if (chunk === NONE) return;
    this.view = NONE;
    const release = () => {
      this.#pool.push(chunk);
      this.#listener.onProgress?.();
      this.#wake?.();
    };
    if (this.at > 0) this.#stream?.write(new Uint8Array(chunk.buffer, 0, this.at), release);
    else release();
    this.at = 0;
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (this.#error === undefined && !isSo())
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    if (this.#error !== undefined) throw this.#error;
  }
}

/** Written into while every chunk is in flight. */
const NONE = new DataView(new ArrayBuffer(0));
