import type { EChartsOption } from 'echarts';
import { CARRIERS } from '../../encoding/carrier.ts';
import type { Colour } from './colours.ts';
import { COLOURS } from './colours.ts';

/** A chart of a report, before it is drawn. */
export interface Figure {
  /** Name of its picture: `power-compressor-1`. */
  readonly name: string;
  readonly title: string;
  /** How to read it, in a sentence or two. */
  readonly about: string;
  readonly width: number;
  readonly height: number;
  readonly option: EChartsOption;
}

/** Size of a chart that fills a row of the page [px]. */
export const WHOLE = { width: 760, height: 270 } as const;
/** Size of a chart that fills half a row [px]. */
export const HALF = { width: 370, height: 290 } as const;

/** Fonts of a picture, in place of those of the page. */
const FONT_FAMILY = 'system-ui, sans-serif';

/** What a chart shows, in words. */
export type Caption = Pick<Figure, 'name' | 'title' | 'about'>;

/** Makes a chart; its options add to, or replace, those that all charts share. */
export function figure(
  { name, title, about }: Caption,
  { width, height }: Pick<Figure, 'width' | 'height'>,
  option: EChartsOption,
): Figure {
  return { name, title, about, width, height, option: { ...baseOption(title, width), ...option } };
}

/** Options that all charts share. */
export function baseOption(title: string, width: number) {
  return {
    animation: false,
    useUTC: true,
    textStyle: { fontFamily: FONT_FAMILY, color: COLOURS.quiet },
    title: {
      text: title,
      left: 0,
      top: 0,
      textStyle: {
        fontFamily: FONT_FAMILY,
        fontSize: 14,
        color: COLOURS.text,
        // Bold text is wider than the library assumes.
        width: 0.78 * width,
        overflow: 'truncate',
      },
    },
    grid: { left: 62, right: 16, top: 66, bottom: 44 },
  } satisfies EChartsOption;
}

/** A legend below the title, at this distance from the top [px]. */
export function legend(names: readonly string[], top = 24): EChartsOption {
  return {
    legend: {
      data: [...names],
      left: 0,
      top,
      icon: 'roundRect',
      itemWidth: 14,
      itemHeight: 10,
      // The reader's font may be wider than the one used for measuring.
      itemGap: 26,
      textStyle: { color: COLOURS.quiet, fontFamily: FONT_FAMILY },
    },
  };
}

/** An axis of a quantity, with its unit at the end and thousands separators. */
export function valueAxis(name: string, place: 'x' | 'y') {
  const isX = place === 'x';
  return {
    type: 'value' as const,
    name,
    nameLocation: isX ? ('middle' as const) : ('end' as const),
    nameGap: isX ? 28 : 10,
    nameTextStyle: { color: COLOURS.quiet, align: isX ? ('center' as const) : ('right' as const) },
    axisLabel: { color: COLOURS.quiet, hideOverlap: true, formatter: numberText },
    axisTick: { show: isX },
    splitLine: { show: !isX, lineStyle: { color: COLOURS.edge } },
    axisLine: { show: isX, onZero: false, lineStyle: { color: COLOURS.quiet } },
  };
}

/** An axis of instants, in UTC. */
export function timeAxis(fromMs: number, toMs: number) {
  return {
    type: 'time' as const,
    min: fromMs,
    max: toMs,
    axisLabel: { color: COLOURS.quiet, hideOverlap: true, formatter: TIMES },
    axisLine: { lineStyle: { color: COLOURS.quiet } },
    splitLine: { show: false },
  };
}

/** Formats of the time axis at the start of a year, a month … */
const TIMES = {
  year: '{MMM} {yyyy}',
  month: '{MMM}',
  day: '{d} {MMM}',
  hour: '{HH}:{mm}',
  minute: '{HH}:{mm}',
  second: '{HH}:{mm}:{ss}',
};

/** A number as people read it: `12,345.6`. */
function numberText(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 6 });
}

/** A number rounded to significant digits, with thousands separators. */
export function roundText(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return '–';
  return value.toLocaleString('en', {
    maximumSignificantDigits: Math.max(digits, Math.ceil(Math.log10(Math.abs(value) + 1))),
  });
}

/** A number with fixed decimals and thousands separators. */
export function decimalText(value: number, decimals: number): string {
  return value.toLocaleString('en', {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}

/** The colour of a carrier, by name. */
export function carrierColour(carrier: string): Colour {
  return COLOURS[CARRIERS.find(({ name }) => name === carrier)?.colour ?? 'fuel'];
}
