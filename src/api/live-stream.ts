import type { ServerResponse } from 'node:http';
import { type Batch, READING, STATUS } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import { MESSAGE_BYTES_MAX } from '../encoding/columns.ts';
import { JsonEncoder } from '../encoding/json.ts';
import { jsonLines } from '../encoding/json-lines.ts';
import type { Observer } from '../service/observer.ts';

/** Bytes buffered for a client before it is disconnected. */
const WAITING_MAX_BYTES = 4 * 1024 * 1024;
/** Interval between comments that keep proxies from closing a quiet stream [ms]. */
const HEARTBEAT_MS = 15_000;

const HEARTBEAT = ': still here\n\n';

interface Client {
  readonly response: ServerResponse;
  readonly wants: (machine: Machine) => boolean;
  /** Its events of one batch, written in one go. */
  readonly frames: Buffer[];
}

/** Streams what the observer reads to clients as Server-Sent Events; idle without clients. */
export class LiveStream {
  readonly #observer: Observer;
  readonly #clients = new Set<Client>();
  readonly #readings = jsonLines.flat();
  readonly #statuses = new JsonEncoder();
  readonly #bytes = Buffer.allocUnsafe(MESSAGE_BYTES_MAX);
  #heartbeat: NodeJS.Timeout | undefined;
  #leave: (() => void) | undefined;

  constructor(observer: Observer) {
    this.#observer = observer;
  }

  /** Sends the events of some machines to a response, whose head is written, until it closes. */
  add(response: ServerResponse, wants: (machine: Machine) => boolean): void {
    const client: Client = { response, wants, frames: [] };
    this.#clients.add(client);
    this.#leave ??= this.#observer.listen((batch) => this.#send(batch));
    this.#heartbeat ??= setInterval(() => this.#beat(), HEARTBEAT_MS).unref();
    response.once('close', () => this.#remove(client));
  }

  /** Ends every stream. */
  close(): void {
    for (const { response } of this.#clients) response.end();
  }

  #remove(client: Client): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    this.#leave?.();
    this.#leave = undefined;
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
  }

  #send(batch: Batch): void {
    for (let row = 0; row < batch.length; row++) {
      const machine = batch.machines[row] as Machine;
      let frames: Buffer[] | undefined;
      for (const client of this.#clients) {
        if (!client.wants(machine)) continue;
        frames ??= this.#frames(batch, row);
        client.frames.push(...frames);
      }
    }
    for (const client of this.#clients) {
      if (client.frames.length === 0) continue;
      write(client.response, Buffer.concat(client.frames));
      client.frames.length = 0;
    }
  }

  #frames(batch: Batch, row: number): Buffer[] {
    const flags = batch.flags[row] as number;
    const bytes = this.#bytes;
    const frames: Buffer[] = [];
    if (flags & READING) {
      const end = this.#readings.row(batch, row, bytes, 0);
      // The line already ends in a newline; the event needs a second one.
      frames.push(Buffer.from(`event: reading\ndata: ${bytes.toString('utf8', 0, end)}\n`));
    }
    if (flags & STATUS) {
      const end = this.#statuses.status(batch, row, bytes, 0);
      frames.push(statusFrame(bytes.toString('utf8', 0, end)));
    }
    return frames;
  }

  #beat(): void {
    for (const { response } of this.#clients) write(response, HEARTBEAT);
  }
}

/** The event with the status of a machine. */
export function statusFrame(json: string): Buffer {
  return Buffer.from(`event: status\ndata: ${json}\n\n`);
}

function write(response: ServerResponse, frames: Buffer | string): void {
  if (response.writableLength > WAITING_MAX_BYTES) response.destroy();
  else response.write(frames);
}
