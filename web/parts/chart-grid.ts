import { request } from '../api.ts';
import { h, setText } from '../dom.ts';
import { durationText, isoText, localText, numberText, words } from '../format.ts';
import type { Live, LiveMachine } from '../live.ts';
import { SeriesWindow } from '../series.ts';
import type { Field, Machine, Series, Shift, Truth } from '../wire.ts';
import { type Band, Chart } from './chart.ts';

const HOUR_MS = 3_600_000;
const WINDOWS = [
  ['Hour', HOUR_MS],
  ['Day', 24 * HOUR_MS],
  ['Week', 7 * 24 * HOUR_MS],
  ['Month', 30 * 24 * HOUR_MS],
  ['Year', 365 * 24 * HOUR_MS],
] as const;
/** Buckets per chart: about one for every two pixels, as fine as the eye can see. */
const POINTS_MAX = 360;
/** Shortest window, unless two readings take longer [s]. */
const ZOOM_MIN_S = 20;
const ZOOM_MAX_MS = 365 * 24 * HOUR_MS;
/** Longest live window whose expected values are kept current; longer ones move too slowly. */
const EXPECTED_MAX_MS = 24 * HOUR_MS;
/** How often they are fetched while an anomaly acts [ms]. */
const EXPECTED_PERIOD_MS = 5000;

/** A chart for every field of a machine, over a live or a selected window. */
export class ChartGrid {
  readonly element: HTMLElement;
  /** Called with the start of each new window. */
  opened: (fromMs: number) => void = () => undefined;
  readonly #live: Live;
  readonly #machine: Machine;
  readonly #timeZone: string;
  readonly #charts = new Map<string, Chart>();
  readonly #remark = h('p', { class: 'quiet', role: 'status' });
  readonly #buttons: readonly HTMLButtonElement[];
  readonly #leave: () => void;
  readonly #redraw = () => this.#drawAll();
  #spanMs: number = HOUR_MS;
  /** End of the window; undefined if it is live. */
  #endMs: number | undefined;
  #window: SeriesWindow | undefined;
  #isDirty = false;
  /** When the window was last fetched; infinite while it is [ms]. */
  #loadedMs = Number.POSITIVE_INFINITY;
  /** End of the known shift plan [ms]. */
  #plannedMs = Number.POSITIVE_INFINITY;
  #end = new AbortController();

  constructor(live: Live, { machine }: LiveMachine) {
    this.#live = live;
    this.#machine = machine;
    this.#timeZone = live.timeZoneOf(machine);
    const zoom = (fromS: number, toS: number) => {
      const spanMs = Math.max(this.#zoomMinMs, 1000 * (toS - fromS));
      this.#open(spanMs, 1000 * fromS + spanMs);
    };
    const options = { timeZone: this.#timeZone, syncKey: machine.machine_id, zoom };
    for (const field of numberFields(live, machine))
      this.#charts.set(field.name, new Chart(field, options));
    this.#buttons = WINDOWS.map(([title, spanMs]) =>
      h('button', { class: 'small', click: () => this.#open(spanMs) }, title),
    );
    this.element = h(
      'section',
      { class: 'readings' },
      h(
        'div',
        { class: 'bar' },
        h('h2', {}, 'Readings'),
        h('div', { class: 'row', role: 'group', 'aria-label': 'Period' }, ...this.#buttons),
        h(
          'div',
          { class: 'row', role: 'group', 'aria-label': 'Move and zoom' },
          h('button', { class: 'small', click: () => this.#move(-1) }, 'Earlier'),
          h('button', { class: 'small', click: () => this.#move(1) }, 'Later'),
          h('button', { class: 'small', click: () => this.#scale(1 / 2) }, 'Zoom in'),
          h('button', { class: 'small', click: () => this.#scale(2) }, 'Zoom out'),
        ),
        this.#remark,
      ),
      h('div', { class: 'charts' }, ...[...this.#charts.values()].map(({ element }) => element)),
    );
    this.#leave = live.listenToReadings((reading) => {
      if (reading.machine_id !== machine.machine_id || this.#endMs !== undefined) return;
      this.#window?.add(reading);
      this.#isDirty = true;
    });
    addEventListener('themechange', this.#redraw);
  }

  /** Fetches the current window. */
  load(): void {
    setText(this.#remark, 'Computing …');
    this.#fetch();
    this.opened(this.#fromMs);
  }

  #fetch(): void {
    this.#loadedMs = Number.POSITIVE_INFINITY;
    this.#end.abort();
    this.#end = new AbortController();
    for (const [i, button] of this.#buttons.entries()) {
      const isCurrent = this.#endMs === undefined && WINDOWS[i]?.[1] === this.#spanMs;
      button.setAttribute('aria-pressed', String(isCurrent));
    }
    this.#plannedMs = Number.POSITIVE_INFINITY;
    const readings = this.#spanMs / 1000 / this.#machine.data_interval_seconds;
    const query = new URLSearchParams({
      from: isoText(this.#fromMs),
      expected: 'true',
      points: String(Math.max(1, Math.min(POINTS_MAX, Math.floor(readings)))),
    });
    if (this.#endMs !== undefined) query.set('to', isoText(this.#endMs));
    const path = `simulator/machines/${this.#machine.machine_id}/series?${query}`;
    const { signal } = this.#end;
    request<Series>(path, { signal })
      .then(
        (series) => this.#show(series),
        (error: Error) => {
          if (error.name !== 'AbortError') setText(this.#remark, error.message);
        },
      )
      .finally(() => {
        if (!signal.aborted) this.#loadedMs = performance.now();
      });
  }

  get #fromMs(): number {
    return (this.#endMs ?? this.#live.nowMs) - this.#spanMs;
  }

  mark(truths: readonly Truth[]): void {
    const bands = truths.map(({ started_at, ended_at, anomaly_type, severity }) => ({
      fromS: Date.parse(started_at) / 1000,
      toS: Date.parse(ended_at) / 1000,
      label: `${words(anomaly_type)}, severity ${numberText(severity, 1)}`,
    }));
    for (const chart of this.#charts.values()) chart.mark(bands);
  }

  /** Draws readings that arrived since the last call. */
  draw(): void {
    if (this.#isDirty) this.#drawAll();
    // A live window that has moved past the known shift plan is fetched again.
    if (this.#endMs === undefined && this.#live.nowMs > this.#plannedMs) this.load();
    else if (this.#isExpectedDue) this.#fetch();
  }

  /** Live readings say nothing about what they would be without an anomaly. */
  get #isExpectedDue(): boolean {
    return (
      this.#endMs === undefined &&
      this.#spanMs <= EXPECTED_MAX_MS &&
      this.#live.machines.get(this.#machine.machine_id)?.machine.anomaly_active === true &&
      performance.now() - this.#loadedMs > EXPECTED_PERIOD_MS
    );
  }

  close(): void {
    this.#end.abort();
    this.#leave();
    removeEventListener('themechange', this.#redraw);
    for (const chart of this.#charts.values()) chart.close();
  }

  #open(spanMs: number, endMs?: number): void {
    this.#spanMs = spanMs;
    this.#endMs = endMs !== undefined && endMs < this.#live.nowMs ? endMs : undefined;
    this.load();
  }

  #move(steps: number): void {
    const endMs = this.#endMs ?? this.#live.nowMs;
    this.#open(this.#spanMs, endMs + (steps * this.#spanMs) / 2);
  }

  /** Scales the length of the window, around its middle or, if it is live, up to now. */
  #scale(factor: number): void {
    const spanMs = Math.min(ZOOM_MAX_MS, Math.max(this.#zoomMinMs, this.#spanMs * factor));
    const endMs = this.#endMs && this.#endMs + (spanMs - this.#spanMs) / 2;
    this.#open(spanMs, endMs);
  }

  get #zoomMinMs(): number {
    return 1000 * Math.max(ZOOM_MIN_S, 2 * this.#machine.data_interval_seconds);
  }

  #show(series: Series): void {
    this.#window = new SeriesWindow(series);
    this.#plannedMs = Date.parse(series.shifts.at(-1)?.to ?? '') || Number.POSITIVE_INFINITY;
    const shifts = series.shifts.map(shiftBand);
    for (const chart of this.#charts.values()) chart.shade(shifts);
    const step = `${durationText(series.bucket_seconds)} per point`;
    const sample = series.sampled
      ? `; based on a sample of ${numberText(series.readings, 0)} readings, so peaks may be missing`
      : '';
    const span =
      this.#endMs === undefined ? 'Live' : `Until ${localText(series.to, this.#timeZone)}`;
    const text = `${span}, ${step}${sample}. Dashed: without anomalies. Drag to zoom in.`;
    setText(this.#remark, text);
    this.element.dataset['loaded'] = series.to;
    this.#drawAll();
  }

  #drawAll(): void {
    this.#isDirty = false;
    const window = this.#window;
    if (!window) return;
    const reading = this.#live.machines.get(this.#machine.machine_id)?.reading;
    for (const [name, chart] of this.#charts) {
      const column = window.columns.get(name);
      if (!column) continue;
      chart.draw(window.timesS, column);
      if (chart.element.classList.contains('pointed')) continue;
      const now = reading?.[name];
      chart.showNow(typeof now === 'number' ? now : column.mean.findLast((mean) => mean !== null));
    }
  }
}

/** The lower the load of a shift, the darker its band. */
function shiftBand({ from, to, shift, load_share }: Shift): Band {
  const name = shift === null ? 'No shift' : `Shift ${shift}`;
  return {
    fromS: Date.parse(from) / 1000,
    toS: Date.parse(to) / 1000,
    label: `${name}, ${Math.round(100 * load_share)} %`,
    shadeShare: 1 - load_share,
  };
}

function numberFields({ catalogue }: Live, { machine_type }: Machine): readonly Field[] {
  const type = catalogue?.machine_types.find((each) => each.machine_type === machine_type);
  const fields = (type?.channels ?? []).flatMap((channel) =>
    channel.fields.map((field) => ({ ...field, name: flatName(channel.name, field.name) })),
  );
  return fields.filter(({ kind }) => kind === 'number' || kind === 'count');
}

/** Fields of channels that are specific to a machine type are prefixed with the channel's name. */
function flatName(channel: string, name: string): string {
  const isPlain = ['energy', 'electricity', 'production', 'environmental'].includes(channel);
  return isPlain ? name : `${channel}_${name}`;
}
