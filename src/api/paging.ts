import type { FastifyReply } from 'fastify';

/** A part of a list: where it begins, how long it is at most, and how long the list is. */
export interface Page {
  readonly offset: number;
  readonly limit: number;
  readonly total: number;
}

/**
 * Says in the head of an answer how long the list is (`X-Total-Count`) and where the next page is
 * (`Link`, RFC 8288), if there is one.
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
