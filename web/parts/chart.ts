import uPlot from 'uplot';
import { h, setText } from '../dom.ts';
import { fieldTitle, localText, numberText } from '../format.ts';
import type { SeriesColumn } from '../series.ts';
import type { Field } from '../wire.ts';
import { themeColour } from './theme.ts';

const HEIGHT_PX = 190;
const DAY_S = 86_400;
const CLOCK_LENGTH = 'hh:mm:ss'.length;
/** A drag narrower than this counts as a click [px]. */
const ZOOM_MIN_PX = 8;

/** A marked period, such as an anomaly or a shift. */
export interface Band {
  readonly fromS: number;
  readonly toS: number;
  readonly label: string;
  /** How dark a shift is, 0 to 1. */
  readonly shadeShare?: number;
}

/** Options shared by all charts of a page. */
export interface ChartOptions {
  readonly timeZone: string;
  /** Charts with the same key move their cursors together. */
  readonly syncKey: string;
  zoom(fromS: number, toS: number): void;
}

/**
 * One field over time: the mean as a line, the range from minimum to maximum as an area, and the
 * mean without any anomaly as a dashed line.
 */
export class Chart {
  readonly element: HTMLElement;
  readonly #field: Field;
  readonly #plot: uPlot;
  readonly #at = h('span', { class: 'at quiet' });
  readonly #now = h('span', { class: 'now' });
  readonly #timeZone: string;
  readonly #bands = h('div', { class: 'bands' });
  readonly #shifts = h('div', { class: 'bands' });
  readonly #sizes: ResizeObserver;
  #marked: readonly Band[] = [];
  #planned: readonly Band[] = [];

  constructor(field: Field, options: ChartOptions) {
    this.#field = field;
    this.#timeZone = options.timeZone;
    const canvas = h('div', { class: 'canvas', role: 'img', 'aria-label': this.#title });
    this.element = h(
      'figure',
      { class: 'chart card', 'data-field': field.name },
      h('figcaption', {}, h('span', {}, this.#title), this.#at, this.#now),
      canvas,
    );
    this.#plot = new uPlot(this.#options(options), [[], [], [], [], []], canvas);
    this.#plot.over.prepend(this.#shifts, this.#bands);
    this.#sizes = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height: HEIGHT_PX });
    });
    this.#sizes.observe(canvas);
  }

  get #title(): string {
    return fieldTitle(this.#field.name);
  }

  draw(timesS: readonly number[], { max, min, mean, expected }: SeriesColumn): void {
    this.#plot.setData([timesS, max, min, expected, mean] as unknown as uPlot.AlignedData);
  }

  showNow(value: number | null | undefined): void {
    setText(this.#now, this.#text(value));
  }

  #text(value: number | null | undefined): string {
    const { decimals, unit } = this.#field;
    return `${numberText(value, Math.min(decimals, 3))} ${unit}`.trim();
  }

  mark(bands: readonly Band[]): void {
    this.#marked = bands;
    this.#place();
  }

  /** Shades the shifts. */
  shade(shifts: readonly Band[]): void {
    this.#planned = shifts;
    this.#place();
  }

  close(): void {
    this.#sizes.disconnect();
    this.#plot.destroy();
  }

  /** Moves the bands to where their times are on the axis. */
  #place(): void {
    const { min, max } = this.#plot.scales['x'] ?? {};
    if (min === undefined || max === undefined) return;
    this.#placeIn(this.#shifts, 'shift', this.#planned, min, max);
    this.#placeIn(this.#bands, 'band', this.#marked, min, max);
  }

  #placeIn(place: Element, name: string, all: readonly Band[], minS: number, maxS: number): void {
    const shown = all.filter(({ fromS, toS }) => toS > minS && fromS < maxS);
    while (place.childElementCount > shown.length) place.lastElementChild?.remove();
    for (const [i, { fromS, toS, label, shadeShare }] of shown.entries()) {
      const band =
        (place.children[i] as HTMLElement | undefined) ??
        place.appendChild(h('div', { class: name }));
      const left = this.#plot.valToPos(Math.max(fromS, minS), 'x');
      const right = this.#plot.valToPos(Math.min(toS, maxS), 'x');
      band.style.left = `${left}px`;
      band.style.width = `${Math.max(2, right - left)}px`;
      if (shadeShare !== undefined) band.style.setProperty('--shade', String(shadeShare));
      band.classList.toggle('begins', fromS > minS);
      band.dataset['label'] = label;
    }
  }

  #options({ timeZone, syncKey, zoom }: ChartOptions): uPlot.Options {
    const quiet = () => themeColour('quiet');
    const accent = () => themeColour('accent');
    const soft = () => themeColour('accent-soft');
    const axis = { stroke: quiet, ticks: { show: false }, font: '12px system-ui' };
    const edge = { stroke: () => themeColour('edge'), width: 1 };
    const line = { stroke: soft, width: 1, points: { show: false } };
    return {
      width: 300,
      height: HEIGHT_PX,
      tzDate: (timeS) => uPlot.tzDate(new Date(timeS * 1000), timeZone),
      legend: { show: false },
      padding: [8, 20, 0, 0],
      cursor: {
        sync: { key: syncKey },
        drag: { x: true, y: false, setScale: false },
        y: false,
        points: { size: 7 },
      },
      scales: { x: { time: true }, y: { range: (_plot, min, max) => rangeAround(min, max) } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 28,
          space: 70,
          values: (_plot, splits, _axis, _space, stepS) => timeLabels(splits, stepS, timeZone),
        },
        { ...axis, grid: edge, size: 58 },
      ],
      bands: [{ series: [1, 2], fill: soft }],
      series: [
        {},
        line,
        line,
        { stroke: quiet, width: 1.5, dash: [5, 4], points: { show: false } },
        { stroke: accent, width: 1.75, points: { show: false } },
      ],
      hooks: {
        draw: [() => this.#place()],
        setCursor: [(plot) => this.#showCursor(plot)],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < ZOOM_MIN_PX) return;
            zoom(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'));
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    };
  }

  #showCursor({ cursor, data }: uPlot): void {
    const value = typeof cursor.idx === 'number' ? data[4]?.[cursor.idx] : undefined;
    this.element.classList.toggle('pointed', value !== undefined);
    if (value === undefined) setText(this.#at, '');
    else {
      this.showNow(value);
      const index = cursor.idx as number;
      const expected = data[3]?.[index];
      const isOther = typeof expected === 'number' && expected !== value;
      const comparison = isOther ? [`expected ${this.#text(expected)}`] : [];
      setText(this.#at, [...this.#about(data[0], index), ...comparison].join(' · '));
    }
  }

  /** An instant, with the shift and the anomalies at it. */
  #about(timesS: ArrayLike<number>, index: number): readonly string[] {
    const timeS = timesS[index] as number;
    const spanS = (timesS[timesS.length - 1] as number) - (timesS[0] as number);
    const text = localText(1000 * timeS, this.#timeZone);
    const bands = [...this.#marked, ...this.#planned];
    const current = bands.filter(({ fromS, toS }) => timeS > fromS && timeS <= toS);
    // Within a day the time alone is enough, and leaves room for the rest.
    const time = spanS <= DAY_S ? text.slice(-CLOCK_LENGTH) : text;
    return [time, ...current.map(({ label }) => label)];
  }
}

/** Leaves some room above and below; centres a constant. */
function rangeAround(min: number | null, max: number | null): uPlot.Range.MinMax {
  if (min === null || max === null) return [0, 1];
  return min === max ? [min - 1, max + 1] : uPlot.rangeNum(min, max, 0.1, true);
}

/** Times, or dates if the ticks are a day or more apart. */
function timeLabels(timesS: readonly number[], stepS: number, timeZone: string): string[] {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    ...(stepS >= DAY_S
      ? { day: 'numeric', month: 'short' }
      : { hour: '2-digit', minute: '2-digit', ...(stepS < 60 && { second: '2-digit' }) }),
  });
  return timesS.map((timeS) => format.format(1000 * timeS));
}
