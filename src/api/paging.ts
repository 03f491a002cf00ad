import type { FastifyReply } from 'fastify';

/** A page of a list: its offset, its maximum length, and the length of the list. */
export interface Page {
  readonly offset: number;
  readonly limit: number;
  readonly total: number;
}

/**
 * Sets the headers of a page: `X-Total-Count`, the length of the list, and `Link` (RFC 8288), the
 * URL of the next page, if there is one.
 */
export function setPageHeaders(
  reply: Pick<FastifyReply, 'header'>,
  path: string,
  query: object,
  { offset, limit, total }: Page,
): void {
  reply.header('x-total-count', total);
  if (offset + limit >= total) return;
  const next = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) next.set(key, String(value));
  next.set('limit', String(limit));
  next.set('offset', String(offset + limit));
  reply.header('link', `<${path}?${next}>; rel="next"`);
}
