import type { DurationPoint } from '../histogram.ts';
import type { Colour } from './colours.ts';
import { type Caption, type Figure, figure, HALF, valueAxis } from './figure.ts';

/** The share of the time during which power was at or above each value. */
export function durationFigure(
  caption: Caption,
  curve: readonly DurationPoint[],
  colour: Colour,
): Figure {
  return figure(caption, HALF, {
    grid: { left: 62, right: 16, top: 46, bottom: 44 },
    xAxis: { ...valueAxis('share of the time [%]', 'x'), min: 0, max: 100 },
    yAxis: valueAxis('kW', 'y'),
    series: [
      {
        type: 'line',
        symbol: 'none',
        data: curve.map(({ share, value }) => [100 * share, value]),
        lineStyle: { color: colour, width: 1.5 },
        areaStyle: { color: colour, opacity: 0.15 },
      },
    ],
  });
}
