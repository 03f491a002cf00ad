import { pipeline, Readable, type Transform } from 'node:stream';
import { promisify } from 'node:util';
import { brotliCompress, constants, createBrotliCompress, createGzip, gzip } from 'node:zlib';
import type { FastifyReply } from 'fastify';
import { Memo } from '../runtime/memo.ts';
import type { App } from './context.ts';

/** Smaller bodies fit into one packet anyway [bytes]. */
const COMPRESSED_MIN_BYTES = 1400;

/** Types that are text; all others, such as Parquet and gzip, are compressed already. */
const COMPRESSIBLE = /^(text\/|application\/(json|javascript|x-ndjson)\b|[^;]*\+(json|xml)\b)/;

/** Fast enough to compress every answer anew. */
const BROTLI_OPTIONS = {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 4,
    // The window is the memory that each open stream takes: 2^18 bytes.
    [constants.BROTLI_PARAM_LGWIN]: 18,
  },
};

/** An encoding of content (RFC 9110 §8.4.1). */
interface Encoding {
  readonly name: string;
  readonly whole: (body: string | Buffer) => Promise<Buffer>;
  /** A stream that emits what it has after each chunk, so that nobody waits for the next. */
  readonly stream: () => Transform;
  /** Compresses files, which are kept. */
  readonly files: Memo<Buffer, Promise<Buffer>>;
}

const brotli = promisify(brotliCompress);
const zip = promisify<string | Buffer, object, Buffer>(gzip);

/** The encodings, the preferred one first. */
const ENCODINGS: readonly Encoding[] = [
  {
    name: 'br',
    whole: (body) => brotli(body, BROTLI_OPTIONS),
    stream: () =>
      createBrotliCompress({ ...BROTLI_OPTIONS, flush: constants.BROTLI_OPERATION_FLUSH }),
    files: new Memo((body) => brotli(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } })),
  },
  {
    name: 'gzip',
    whole: (body) => zip(body, {}),
    stream: () => createGzip({ flush: constants.Z_SYNC_FLUSH }),
    files: new Memo((body) => zip(body, { level: constants.Z_BEST_COMPRESSION })),
  },
];

/**
 * Compresses large answers for clients that accept it: text, never live events. A stream is
 * compressed chunk by chunk and never faster than the client reads it.
 */
export function compressAnswers(app: App): void {
  app.addHook('onSend', async (request, reply, payload) => {
    if (!isCompressible(reply, payload)) return payload;
    addVary(reply);
    const encoding = acceptedEncoding(request.headers['accept-encoding']);
    if (!encoding) return payload;
    reply.header('content-encoding', encoding.name).removeHeader('content-length');
    // Buffers are files that stay in memory; everything else is made for one answer.
    if (Buffer.isBuffer(payload)) return encoding.files.of(payload);
    if (typeof payload === 'string') return encoding.whole(payload);
    // Ends the source if the client leaves, and the connection if the source fails.
    return pipeline(payload as Readable, encoding.stream(), () => undefined);
  });
}

function isCompressible(reply: FastifyReply, payload: unknown): boolean {
  if (reply.hasHeader('content-encoding')) return false;
  if (!COMPRESSIBLE.test(String(reply.getHeader('content-type') ?? ''))) return false;
  if (typeof payload === 'string' || Buffer.isBuffer(payload))
    return Buffer.byteLength(payload) >= COMPRESSED_MIN_BYTES;
  return payload instanceof Readable;
}

/** Caches must keep the encodings apart (RFC 9110 §12.5.5). */
function addVary(reply: FastifyReply): void {
  const others = reply.getHeader('vary');
  reply.header('vary', others === undefined ? 'Accept-Encoding' : `${others}, Accept-Encoding`);
}

/** The best encoding that an `Accept-Encoding` header accepts (RFC 9110 §12.5.3). */
function acceptedEncoding(accept: string | string[] = ''): Encoding | undefined {
  const weights = new Map(
    String(accept)
      .toLowerCase()
      .split(',')
      .map((part) => {
        const [name = '', weight] = part.split(';').map((each) => each.trim());
        return [name, weight?.startsWith('q=') ? Number(weight.slice(2)) : 1] as const;
      }),
  );
  const weightOf = ({ name }: Encoding) => weights.get(name) ?? weights.get('*') ?? 0;
  const [best] = ENCODINGS.toSorted((a, b) => weightOf(b) - weightOf(a));
  return best && weightOf(best) > 0 ? best : undefined;
}
