import type { FastifyReply } from 'fastify';
import Type from 'typebox';

/** The query parameters of a page. */
export function pageQuery(limitMax: number) {
  return {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limitMax })),
    offset: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  };
}

/**
 * The requested page of a list. Sets its headers: `X-Total-Count`, the length of the list, and
 * `Link` (RFC 8288), the URL of the next page relative to this one, if there is one.
 *
 * @param limitDefault - The length of a page, if the query has no `limit`.
 */
export function pageOf<T>(
  reply: Pick<FastifyReply, 'header'>,
  query: { readonly limit?: number; readonly offset?: number },
  list: readonly T[],
  limitDefault: number,
): readonly T[] {
  const { limit = limitDefault, offset = 0 } = query;
  const end = offset + limit;
  reply.header('x-total-count', list.length);
  if (end < list.length) {
    const next = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) next.set(key, String(value));
    next.set('limit', String(limit));
    next.set('offset', String(end));
    reply.header('link', `<?${next}>; rel="next"`);
  }
  return list.slice(offset, end);
}
