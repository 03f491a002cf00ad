import { carriersTaken } from './charts/energy.ts';
import { roundText } from './charts/figure.ts';
import { escaped } from './drawing.ts';
import type { MachineTotals } from './machine-totals.ts';
import { lengthName, machineNames, timeName, words } from './names.ts';
import type { NumberedAnomalies } from './report.ts';
import type { ReportSource } from './report-source.ts';
import type { ReportTotals } from './report-totals.ts';

/** Most rows of a table; more would be of no use to anyone. */
const ROWS_MAX = 500;

/** A column of a table: its heading and its text for a row. */
interface Column<Row> {
  readonly heading: string;
  readonly kind?: 'number' | 'time';
  text(row: Row): string;
}

function table<Row>(name: string, columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cell = (tag: string, text: string, { kind }: Column<Row>) =>
    `<${tag}${kind ? ` class="${kind}"` : ''}>${escaped(text)}</${tag}>`;
  const head = columns.map((column) => cell('th', column.heading, column)).join('');
  const body = rows
    .slice(0, ROWS_MAX)
    .map((row) => `<tr>${columns.map((c) => cell('td', c.text(row), c)).join('')}</tr>`);
  const rest = rows.length - ROWS_MAX;
  return (
    `<div class="table" tabindex="0" role="group" aria-label="${name}">` +
    `<table><thead><tr>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>` +
    (rest > 0 ? `<p class="quiet">and ${roundText(rest)} more</p>` : '')
  );
}

/** Energy, mean, peak and load factor of each carrier in each factory. */
export function factoriesTable({ factories }: ReportTotals): string {
  const rows = factories.flatMap((totals) =>
    totals.carriers.map((carrier) => {
      const powers = [...totals.slotsOf(carrier).powers()];
      const hours = powers.reduce((sum, each) => sum + each.hours, 0);
      const energyKwh = totals.energyKwh(carrier);
      return { totals, carrier, energyKwh, meanKw: energyKwh / hours, peak: totals.peak(carrier) };
    }),
  );
  type Row = (typeof rows)[number];
  const columns: readonly Column<Row>[] = [
    { heading: 'factory', text: ({ totals }) => totals.factory.name },
    { heading: 'carrier', text: ({ carrier }) => carrier },
    number('energy [kWh]', ({ energyKwh }) => energyKwh),
    number('mean [kW]', ({ meanKw }) => meanKw),
    number('peak [kW]', ({ peak }) => peak.powerKw),
    { heading: 'at (UTC)', kind: 'time', text: ({ peak }) => timeName(peak.fromMs) },
    number('load factor [%]', ({ meanKw, peak }) => (100 * meanKw) / peak.powerKw, 3),
  ];
  return table('Summary', columns, rows);
}

/** Energy used and supplied and units made, for every machine. */
export function machinesTable({ machines }: ReportTotals, source: ReportSource): string {
  const { factories, anomalies } = source;
  const names = machineNames(source);
  const counts = new Map<string, number>();
  for (const { machineId } of anomalies) counts.set(machineId, (counts.get(machineId) ?? 0) + 1);
  const energyKwh = (totals: MachineTotals, carrier: string) =>
    totals.carriers.find(({ use }) => use.carrier === carrier)?.energyKwh ?? Number.NaN;
  const given = machines.flatMap(({ carriers }) =>
    carriers.filter(({ use }) => !use.isTaken).map(({ use }) => use.carrier),
  );
  const factoryName = (id: string) => factories.find((each) => each.id === id)?.name ?? '';
  const columns: readonly Column<MachineTotals>[] = [
    { heading: 'machine', text: ({ machine }) => names.get(machine.id) as string },
    { heading: 'type', text: ({ machine }) => words(machine.type.type) },
    ...(factories.length > 1
      ? [
          {
            heading: 'factory',
            text: ({ machine }: MachineTotals) => factoryName(machine.factoryId),
          },
        ]
      : []),
    number('rated [kW]', ({ machine }) => machine.ratedPowerKw),
    ...carriersTaken(machines).map((carrier) =>
      number<MachineTotals>(`${carrier} [kWh]`, (totals) => energyKwh(totals, carrier)),
    ),
    ...[...new Set(given)].map((carrier) =>
      number<MachineTotals>(`${carrier} supplied [kWh]`, (totals) => energyKwh(totals, carrier)),
    ),
    number('mean [kW]', (totals) => totals.energyKwh / totals.hours),
    number('units', ({ productionUnits }) => productionUnits),
    number('kWh/unit', (totals) => totals.energyKwh / totals.productionUnits, 3),
    number('anomalies', ({ machine }) => counts.get(machine.id) ?? 0),
  ];
  const about =
    given.length > 0
      ? '<p class="about">Energy supplied is the heat content relative to water at 0 °C.</p>'
      : '';
  return about + table('All machines', columns, machines);
}

/** The anomalies with their costs within the window. */
export function anomaliesTable(anomalies: NumberedAnomalies, source: ReportSource): string {
  if (anomalies.size === 0) return '<p>No anomaly was active in the window.</p>';
  const names = machineNames(source);
  const all = [...anomalies.values()];
  const sum = (of: (each: (typeof all)[number]) => number) =>
    roundText(all.reduce((total, each) => total + of(each), 0));
  type Row = readonly [number: number, anomaly: (typeof all)[number]];
  const columns: readonly Column<Row>[] = [
    { heading: '#', kind: 'number', text: ([place]) => String(place) },
    { heading: 'machine', text: ([, { machineId }]) => names.get(machineId) ?? machineId },
    { heading: 'anomaly', text: ([, { type }]) => words(type) },
    { heading: 'origin', text: ([, { origin }]) => origin },
    number('severity', ([, { severity }]) => severity, 2),
    { heading: 'from (UTC)', kind: 'time', text: ([, { fromMs }]) => timeName(fromMs) },
    { heading: 'lasted', kind: 'number', text: ([, each]) => lengthName(each.toMs - each.fromMs) },
    number('excess energy [kWh]', ([, { excessEnergyKwh }]) => excessEnergyKwh),
    number('lost units', ([, { lostProductionUnits }]) => lostProductionUnits),
  ];
  return (
    `<p class="about">Cost of each anomaly within the window, ` +
    `relative to the same machine without it: ` +
    `${sum((each) => each.excessEnergyKwh)} kWh and ` +
    `${sum((each) => each.lostProductionUnits)} units in total.</p>` +
    table('Anomalies', columns, [...anomalies])
  );
}

function number<Row>(heading: string, value: (row: Row) => number, digits = 4): Column<Row> {
  return { heading, kind: 'number', text: (row) => roundText(value(row), digits) };
}
