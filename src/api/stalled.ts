import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Number of checks of every connection within the stall time. */
const LOOKS = 10;

/** Internals that Node's own timeouts use: the bytes that the kernel has not accepted yet. */
interface Handled {
  readonly _handle?: { readonly bytesWritten: number; readonly writeQueueSize: number } | null;
}

/**
 * Closes connections whose client reads nothing of what is waiting for it. Node's own timeout does
 * not work here: it restarts with every byte that the client sends.
 *
 * @param stalledMs - Real time after which a connection is closed.
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
