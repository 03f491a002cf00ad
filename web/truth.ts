import { request } from './api.ts';
import type { Truth } from './wire.ts';

/** What an anomaly cost takes up to a second to compute, so that they are asked for in parts. */
const PAGE = 10;

/** Asks for the anomalies that match, and hands over all that are known after every part. */
export async function loadTruths(
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
  show: (truths: readonly Truth[], isComplete: boolean) => void,
): Promise<void> {
  const truths: Truth[] = [];
  for (;;) {
    const parameters = new URLSearchParams({
      ...query,
      limit: String(PAGE),
      offset: String(truths.length),
    });
    const part = await request<Truth[]>(`/simulator/anomalies?${parameters}`, { signal });
    truths.push(...part);
    const isComplete = part.length < PAGE;
    show(truths, isComplete);
    if (isComplete) return;
  }
}
