import { extremes } from '../../core/statistics.ts';
import type { WeeklyProfile } from '../weekly-profile.ts';
import { COLOURS, HEAT } from './colours.ts';
import { type Caption, decimalText, type Figure, figure, HALF } from './figure.ts';

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const DAY_HOURS = 24;

/** The mean power of each hour of the week as a heat map. */
export function weekFigure(caption: Caption, profile: WeeklyProfile): Figure {
  const profileKw = profile.means;
  const known = profileKw.filter((each) => !Number.isNaN(each));
  const [least, most] = extremes(known);
  const stepKw = (most - least) / HEAT.length;
  const decimals = stepKw < 1 ? 2 : stepKw < 10 ? 1 : 0;
  const labels = { color: COLOURS.quiet };
  return figure(caption, HALF, {
    grid: { left: 40, right: 96, top: 34, bottom: 44 },
    xAxis: {
      type: 'category',
      data: Array.from({ length: DAY_HOURS }, (_, hour) => String(hour)),
      name: 'hour of the day',
      nameLocation: 'middle',
      nameGap: 28,
      nameTextStyle: labels,
      axisLabel: { ...labels, interval: 5 },
      axisTick: { show: false },
      axisLine: { show: false },
    },
    yAxis: {
      type: 'category',
      data: DAYS,
      inverse: true,
      axisLabel: labels,
      axisTick: { show: false },
      axisLine: { show: false },
    },
    visualMap: {
      type: 'piecewise',
      right: 0,
      top: 34,
      itemGap: 6,
      itemWidth: 14,
      textStyle: labels,
      pieces: HEAT.map((color, i) => ({
        color,
        min: i === 0 ? least : least + i * stepKw,
        max: i === HEAT.length - 1 ? most : least + (i + 1) * stepKw,
        label: `≥ ${decimalText(least + i * stepKw, decimals)}`,
      })).reverse(),
    },
    series: [
      {
        type: 'heatmap',
        data: Array.from(profileKw, (powerKw, i) => [
          i % DAY_HOURS,
          Math.floor(i / DAY_HOURS),
          Number.isNaN(powerKw) ? '-' : powerKw,
        ]),
      },
    ],
  });
}
