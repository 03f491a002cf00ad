import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';

/** A line to a server that can be cut, on either end or both, and can lose answers. */
export class Line {
  /** Answers of the server are lost, and the next one that is lost cuts the client's end. */
  isDeaf = false;
  /** Ends whose connection stands, and that hear nothing any more. */
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

  /** @param ownPort - Where it is reached; a free port, if not given. */
  static async to(port: number, ownPort = 0): Promise<Line> {
    const line = new Line(port);
    line.#server.listen(ownPort, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Connections that stand are forgotten on the way, while new ones pass. */
  forget(): void {
    for (const client of this.#clients) this.#held.add(client);
  }

  /** Cuts the clients off; the server hears nothing of it. */
  cutClients(): void {
    for (const client of this.#clients) client.destroy();
  }

  async close(): Promise<void> {
    for (const socket of [...this.#clients, ...this.#upstreams]) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
