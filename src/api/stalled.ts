import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Looks at every connection within the time after which it counts as stalled. */
const LOOKS = 10;

/** What Node's own timeouts look at, and tell nobody: bytes that the kernel is yet to take. */
interface Handled {
  readonly _handle?: { readonly bytesWritten: number; readonly writeQueueSize: number } | null;
}

/**
 * Ends connections whose client takes no byte of what waits for it. Node's own timeout would not
 * do: it begins anew with every byte that the client sends.
 *
 * @param stalledMs - Real time after which a connection is ended.
 */
export function endStalled(server: Server, stalledMs: number): void {
  const open = new Map<Socket, { takenBytes: number; sinceMs: number }>();
  server.on('connection', (socket: Socket) => {
    open.set(socket, { takenBytes: 0, sinceMs: performance.now() });
    socket.once('close', () => open.delete(socket));
  });
  const timer = setInterval(() => {
    const nowMs = performance.now();
    for (const [socket, seen] of open) {
      const takenBytes = takenOf(socket);
      if (socket.writableLength === 0 || takenBytes !== seen.takenBytes)
        open.set(socket, { takenBytes, sinceMs: nowMs });
      else if (nowMs - seen.sinceMs >= stalledMs) socket.destroy();
    }
  }, stalledMs / LOOKS).unref();
  server.once('close', () => clearInterval(timer));
}

function takenOf(socket: Socket): number {
  const { _handle: handle } = socket as Handled;
  return handle ? handle.bytesWritten - handle.writeQueueSize : 0;
}
