/** A reverse proxy that shows a server below a path, and strips that path from requests. */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PrefixProxy {
  /** The address of the server behind it, with a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a proxy for the server at `port`; it adds the headers that proxies add. */
export async function startPrefixProxy(port: number, prefix: string): Promise<PrefixProxy> {
  const server = createServer((incoming, response) => {
    const { method, url = '' } = incoming;
    if (!url.startsWith(prefix)) return response.writeHead(404).end();
    const forwarded = { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-prefix': prefix };
    const headers = { ...incoming.headers, ...forwarded };
    // The slash after the prefix is its own in some proxies, and part of the path in others.
    const path = `/${url.slice(prefix.length).replace(/^\//, '')}`;
    const onward = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    return incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}${prefix}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
