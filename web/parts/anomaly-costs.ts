import { request } from '../api.ts';
import { h } from '../dom.ts';
import { energyText, isoText, localText, numberText, words } from '../format.ts';
import { loadTruths } from '../truth.ts';
import type { Truth } from '../wire.ts';

/** How often active anomalies are polled: their cost grows [ms]. */
const POLL_MS = 5000;
/** Anomalies listed here; the anomalies page shows all of them. */
const LISTED_MAX = 6;

/** The anomalies of one machine in the window of its charts, and their cost so far. */
export class AnomalyCosts {
  readonly element: HTMLElement;
  readonly #machineId: string;
  readonly #timeZone: string;
  readonly #show: (truths: readonly Truth[]) => void;
  readonly #list = h('ul', { class: 'costs' });
  readonly #timer: ReturnType<typeof setInterval>;
  #truths = new Map<string, Truth>();
  #end = new AbortController();

  constructor(machineId: string, timeZone: string, show: (truths: readonly Truth[]) => void) {
    this.#machineId = machineId;
    this.#timeZone = timeZone;
    this.#show = show;
    this.element = h(
      'section',
      { class: 'card' },
      h('h2', {}, 'Cost of anomalies so far'),
      this.#list,
    );
    this.#timer = setInterval(() => void this.refresh(), POLL_MS);
    this.#draw();
  }

  /** Fetches all anomalies from an instant to now. */
  load(fromMs: number): void {
    this.#end.abort();
    this.#end = new AbortController();
    const { signal } = this.#end;
    const query = { machine_id: this.#machineId, from: isoText(fromMs) };
    loadTruths(query, signal, (truths) => {
      this.#truths = new Map(truths.map((truth) => [truth.id, truth]));
      this.#draw();
    }).catch(() => undefined);
  }

  /** Fetches the active anomalies, and everything again when one has ended. */
  async refresh(): Promise<void> {
    const query = new URLSearchParams({ machine_id: this.#machineId, active: 'true' });
    try {
      const active = await request<Truth[]>(`simulator/anomalies?${query}`);
      const ids = new Set(active.map(({ id }) => id));
      const ended = [...this.#truths.values()].some((truth) => truth.active && !ids.has(truth.id));
      for (const truth of active) this.#truths.set(truth.id, truth);
      this.#draw();
      if (ended) this.load(Math.min(...[...this.#truths.values()].map(startMs)));
    } catch {
      // The header already says that the connection is lost; the next poll tries again.
    }
  }

  close(): void {
    this.#end.abort();
    clearInterval(this.#timer);
  }

  #draw(): void {
    const truths = [...this.#truths.values()].toSorted((a, b) => startMs(b) - startMs(a));
    this.#show(truths);
    this.#list.replaceChildren(
      ...truths.slice(0, LISTED_MAX).map((truth) => costLine(truth, this.#timeZone)),
      ...(truths.length === 0 ? [h('li', { class: 'quiet' }, 'No anomalies in this period.')] : []),
      ...(truths.length > LISTED_MAX
        ? [h('li', {}, h('a', { href: '#/anomalies' }, `All ${truths.length} anomalies`))]
        : []),
    );
  }
}

function startMs({ started_at }: Truth): number {
  return Date.parse(started_at);
}

function costLine(truth: Truth, timeZone: string): HTMLElement {
  const until = truth.active ? ', active until' : ' to';
  return h(
    'li',
    {},
    h(
      'span',
      { class: truth.active ? 'badge anomaly' : 'badge' },
      `${words(truth.anomaly_type)} · ${numberText(truth.severity, 1)}`,
    ),
    h('strong', {}, energyText(truth.excess_energy_kwh)),
    h('span', {}, `${numberText(truth.lost_production_units, 0)} units lost`),
    h(
      'span',
      { class: 'quiet' },
      `${localText(truth.started_at, timeZone)}${until} ${localText(truth.ended_at, timeZone)}`,
    ),
  );
}
