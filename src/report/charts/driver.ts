import { extremes } from '../../core/statistics.ts';
import type { Dependence } from '../drivers.ts';
import { COLOURS } from './colours.ts';
import { baseOption, type Figure, figure, HALF, legend, roundText, valueAxis } from './figure.ts';

/** A machine's power over one of its drivers, with the regression line, its equation and R². */
export function driverFigure(
  name: string,
  title: string,
  period: string,
  dependence: Dependence,
): Figure {
  const { driver, points, line } = dependence;
  const cloud = (isAnomalous: boolean) =>
    points
      .filter((point) => point.isAnomalous === isAnomalous)
      .map(({ x, powerKw }) => [x, powerKw]);
  const ends = extremes(points.map(({ x }) => x));
  const about =
    `Mean power over ${period} against ${driver.name}, ` +
    `${roundText(points.length)} points, with the least-squares line.`;
  return figure({ name, title, about }, HALF, {
    title: {
      ...baseOption(title, HALF.width).title,
      subtext: equation(dependence),
      itemGap: 4,
      subtextStyle: { color: COLOURS.line, fontSize: 12 },
    },
    ...legend([period, `${period} with an anomaly`], 42),
    grid: { left: 62, right: 16, top: 88, bottom: 44 },
    xAxis: { ...valueAxis(`${driver.name} [${driver.unit}]`, 'x'), scale: true },
    yAxis: valueAxis('kW', 'y'),
    series: [
      {
        name: period,
        type: 'scatter',
        symbolSize: 5,
        data: cloud(false),
        itemStyle: { color: COLOURS.electricity, opacity: 0.6 },
      },
      {
        name: `${period} with an anomaly`,
        type: 'scatter',
        symbol: 'diamond',
        symbolSize: 8,
        data: cloud(true),
        itemStyle: { color: COLOURS.anomaly, opacity: 0.8 },
      },
      {
        type: 'line',
        symbol: 'none',
        data: line ? ends.map((x) => [x, line.intercept + line.slope * x]) : [],
        lineStyle: { color: COLOURS.line, width: 2 },
      },
    ],
  });
}

/** The regression line: `P = 12.3 kW + 0.59 kW/K · T, R² = 0.81`. */
function equation({ driver, line }: Dependence): string {
  if (!line) return 'no line: too few points, or no variation';
  const sign = line.slope < 0 ? '−' : '+';
  const slope = roundText(Math.abs(line.slope), 3);
  const { symbol, slopeUnit } = driver;
  return (
    `P = ${roundText(line.intercept, 3)} kW ${sign} ${slope} ${slopeUnit} · ${symbol}, ` +
    `R² = ${line.r2.toFixed(2)}`
  );
}
