import type { CloseUp } from '../close-up.ts';
import { fieldName, timeName } from '../names.ts';
import { COLOURS } from './colours.ts';
import { type Figure, figure, legend, timeAxis, valueAxis, WHOLE } from './figure.ts';

/** A few cycles of a machine, second by second. */
export function closeUpFigure(
  name: string,
  title: string,
  { timesMs, powerKw, signal }: CloseUp,
): Figure {
  const fromMs = timesMs[0] as number;
  const toMs = timesMs.at(-1) as number;
  const line = (values: readonly number[]) =>
    timesMs.map((timeMs, i) => [timeMs, values[i] ?? null]);
  const signalName = fieldName(signal.name);
  const about = `One reading per second from ${timeName(fromMs)} UTC: power and ${signalName}.`;
  return figure({ name, title, about }, WHOLE, {
    ...legend(['power', signalName]),
    grid: { left: 62, right: 62, top: 66, bottom: 28 },
    xAxis: timeAxis(fromMs, toMs),
    yAxis: [
      valueAxis('kW', 'y'),
      {
        ...valueAxis(signal.unit, 'y'),
        nameTextStyle: { color: COLOURS.quiet, align: 'left' as const },
        splitLine: { show: false },
        scale: true,
      },
    ],
    series: [
      {
        name: 'power',
        type: 'line',
        step: 'start',
        symbol: 'none',
        data: line(powerKw),
        itemStyle: { color: COLOURS.electricity },
        lineStyle: { color: COLOURS.electricity, width: 1.5 },
      },
      {
        name: signalName,
        type: 'line',
        yAxisIndex: 1,
        symbol: 'none',
        data: line(signal.values),
        itemStyle: { color: COLOURS.fuel },
        lineStyle: { color: COLOURS.fuel, width: 1.5, type: 'dashed' },
      },
    ],
  });
}
