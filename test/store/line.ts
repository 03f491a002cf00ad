import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';

/** A connection to a server that can be cut at either end or both, and can lose responses. */
export class Line {
  /** Responses of the server are lost, and the next loss cuts the client's end. */
  isDeaf = false;
  /** Ends whose connection is open but silent. */
  readonly #held = new Set<Socket>();
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  readonly #upstreams = new Set<Socket>();

  private constructor(port: number) {
    this.#server = createServer((client) => {
      const upstream = createConnection(port, '127.0.0.1');
      this.#clients.add(client);
      this.#upstreams.add(upstream);
      client.on('data', (chunk) => this.#held.has(client) || upstream.write(chunk));
      upstream.on('data', (chunk) => {
        if (this.#held.has(client)) return;
        if (this.isDeaf) client.destroy();
        else client.write(chunk);
      });
      client.on('error', () => undefined).on('end', () => this.#held.has(client) || upstream.end());
      upstream
        .on('error', () => undefined)
        .on('close', () => this.#held.has(client) || client.destroy());
    });
  }

  /** @param ownPort - The port that it listens on; by default, a free one. */
  static async to(port: number, ownPort = 0): Promise<Line> {
    const line = new Line(port);
    line.#server.listen(ownPort, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Silently drops open connections, while new ones work. */
  forget(): void {
    for (const client of this.#clients) this.#held.add(client);
  }

  /** Cuts the clients off without the server noticing. */
  cutClients(): void {
    for (const client of this.#clients) client.destroy();
  }

  async close(): Promise<void> {
    for (const socket of [...this.#clients, ...this.#upstreams]) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
