import { request } from './api.ts';
import type { Truth } from './wire.ts';

/** The cost of one anomaly can take a second to compute, so anomalies are fetched page by page. */
const PAGE = 10;

/** Fetches the anomalies that match; calls `show` with all fetched so far after each page. */
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
    const part = await request<Truth[]>(`simulator/anomalies?${parameters}`, { signal });
    truths.push(...part);
    const isComplete = part.length < PAGE;
    show(truths, isComplete);
    if (isComplete) return;
  }
}
