import type { FastifyReply } from 'fastify';
import Type from 'typebox';

/** The query parameters of a page. */
export function pageQuery(limitDefault: number, limitMax: number) {
  return {
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: limitMax,
        description: `Length of the page; default: ${limitDefault}.`,
      }),
    ),
    offset: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'Number of entries before the page; default: 0.',
      }),
    ),
  };
}

/** The headers of a page, for the documentation. */
export const PAGE_HEADERS = {
  'X-Total-Count': {
    description: 'Number of entries on all pages.',
    schema: { type: 'integer', examples: [5] },
  },
  Link: {
    description: 'URL of the next page, relative to this one; missing on the last page.',
    schema: { type: 'string', examples: ['<?limit=2&offset=2>; rel="next"'] },
  },
};

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
