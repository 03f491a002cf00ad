import type { Bucket } from '../envelope.ts';
import type { ReportedAnomaly } from '../report-source.ts';
import { COLOURS, type Colour } from './colours.ts';
import { type Caption, type Figure, figure, legend, timeAxis, valueAxis, WHOLE } from './figure.ts';

/** Most bands with a number; with more, the numbers would overlap. */
const NUMBERED_MAX = 30;

/** A quantity over time. */
export interface OverTime extends Caption {
  readonly fromMs: number;
  readonly toMs: number;
  readonly buckets: readonly Bucket[];
  readonly colour: Colour;
  /** By number in the table of the report. */
  readonly anomalies: ReadonlyMap<number, ReportedAnomaly>;
}

/**
 * Power over time: the mean as a line, the range from minimum to maximum as an area, anomalies as
 * bands.
 */
export function overTimeFigure(curve: OverTime): Figure {
  const { fromMs, toMs, buckets, colour, anomalies } = curve;
  const line = (values: (bucket: Bucket) => number) =>
    buckets.map((bucket) => [bucket.timeMs, values(bucket)]);
  const hidden = {
    type: 'line' as const,
    symbol: 'none',
    lineStyle: { opacity: 0 },
    stack: 'span',
  };
  const bands = anomalies.size > 0 ? ['anomaly, numbered as in the table'] : [];
  return figure(curve, WHOLE, {
    grid: { left: 62, right: 24, top: 66, bottom: 28 },
    ...legend(['mean', 'minimum to maximum', ...bands]),
    xAxis: timeAxis(fromMs, toMs),
    yAxis: valueAxis('kW', 'y'),
    series: [
      { ...hidden, data: line(({ least }) => least) },
      {
        ...hidden,
        name: 'minimum to maximum',
        data: line(({ least, most }) => most - least),
        itemStyle: { color: colour, opacity: 0.25 },
        areaStyle: { color: colour, opacity: 0.25 },
      },
      {
        name: 'mean',
        type: 'line',
        // A line needs at least two points to be visible.
        symbol: buckets.length > 1 ? 'none' : 'circle',
        data: line(({ mean }) => mean),
        itemStyle: { color: colour },
        lineStyle: { color: colour, width: 1.5 },
      },
      {
        name: bands[0] ?? '',
        type: 'line',
        data: [],
        itemStyle: { color: COLOURS.anomaly, opacity: 0.3 },
        markArea: {
          silent: true,
          // The edge keeps a band visible that is narrower than a pixel.
          itemStyle: {
            color: COLOURS.anomaly,
            borderColor: COLOURS.anomaly,
            borderWidth: 1,
            opacity: 0.35,
          },
          label: {
            show: anomalies.size <= NUMBERED_MAX,
            color: COLOURS.anomaly,
            position: 'top',
            distance: 1,
          },
          data: [...anomalies].map(([number, anomaly]) => [
            { name: String(number), xAxis: Math.max(fromMs, anomaly.fromMs) },
            { xAxis: Math.min(toMs, anomaly.toMs) },
          ]),
        },
      },
    ],
  });
}
