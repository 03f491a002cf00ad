import type { MachineTotals } from '../machine-totals.ts';
import { COLOURS } from './colours.ts';
import {
  carrierColour,
  type Figure,
  figure,
  legend,
  roundText,
  valueAxis,
  WHOLE,
} from './figure.ts';

/** Most machines with a bar of their own; the others share one. */
const BARS_MAX = 24;
const BAR_PX = 26;
/** Space for title, legend and axis [px]. */
const REST_PX = 116;

/** Energy of each carrier that each machine used, highest total first. */
export function energyFigure(
  machines: readonly MachineTotals[],
  machineNames: ReadonlyMap<string, string>,
): Figure {
  const title = 'Energy per machine and carrier';
  const ordered = machines.toSorted((a, b) => b.energyKwh - a.energyKwh);
  const shown = ordered.slice(0, BARS_MAX);
  const others = ordered.slice(BARS_MAX);
  const names = shown.map(({ machine }) => machineNames.get(machine.id) as string);
  const taken = (totals: MachineTotals, carrier: string) =>
    totals.carriers
      .filter(({ use }) => use.isTaken && use.carrier === carrier)
      .reduce((sum, { energyKwh }) => sum + energyKwh, 0);
  const carriers = carriersTaken(machines);
  const isSmall = (ordered[0]?.energyKwh ?? 0) < 1000;
  const unitKwh = isSmall ? 1 : 1000;
  const height = REST_PX + BAR_PX * (names.length + Math.min(1, others.length));
  const about = 'Energy that each machine used in the window, by carrier.';
  return figure(
    { name: 'energy', title, about },
    { width: WHOLE.width, height },
    {
      ...legend(carriers),
      grid: { left: 190, right: 70, top: 54, bottom: 44 },
      xAxis: {
        ...valueAxis(isSmall ? 'kWh' : 'MWh', 'x'),
        splitLine: { show: true, lineStyle: { color: COLOURS.edge } },
      },
      yAxis: {
        type: 'category',
        inverse: true,
        data: others.length > 0 ? [...names, `${others.length} others`] : names,
        axisTick: { show: false },
        axisLabel: { color: COLOURS.quiet, width: 150, overflow: 'truncate', interval: 0 },
        axisLine: { lineStyle: { color: COLOURS.quiet } },
      },
      series: carriers.map((carrier, i) => {
        const values = shown.map((totals) => taken(totals, carrier));
        if (others.length > 0)
          values.push(others.reduce((sum, totals) => sum + taken(totals, carrier), 0));
        return {
          name: carrier,
          type: 'bar' as const,
          stack: 'energy',
          barWidth: 16,
          data: values.map((energyKwh) => energyKwh / unitKwh),
          itemStyle: { color: carrierColour(carrier) },
          label: {
            show: i === carriers.length - 1,
            position: 'right' as const,
            color: COLOURS.text,
            formatter: ({ dataIndex }: { dataIndex: number }) => {
              const labelled =
                dataIndex < shown.length ? [shown[dataIndex] as MachineTotals] : others;
              return roundText(
                labelled.reduce((sum, each) => sum + each.energyKwh, 0) / unitKwh,
                3,
              );
            },
          },
        };
      }),
    },
  );
}

/** The carriers that any of the machines uses. */
export function carriersTaken(machines: readonly MachineTotals[]): readonly string[] {
  const names = machines.flatMap(({ carriers }) =>
    carriers.filter(({ use }) => use.isTaken).map(({ use }) => use.carrier),
  );
  return [...new Set(names)];
}
