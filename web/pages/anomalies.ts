import { h, setText } from '../dom.ts';
import { energyText, isoText, numberText, utcText, words } from '../format.ts';
import type { Live } from '../live.ts';
import { saveCsv } from '../parts/csv.ts';
import { notify } from '../parts/notice.ts';
import { Timeline } from '../parts/timeline.ts';
import { loadTruths } from '../truth.ts';
import type { Truth } from '../wire.ts';
import type { Page } from './page.ts';

const DAY_MS = 86_400_000;
const WINDOWS = [
  ['Last day', DAY_MS],
  ['Last week', 7 * DAY_MS],
  ['Last month', 30 * DAY_MS],
  ['Last year', 365 * DAY_MS],
] as const;
/** Column headings; those of numeric columns are right-aligned. */
const COLUMNS = [
  'Machine',
  'Anomaly',
  'Severity',
  'Origin',
  'Started (UTC)',
  'Ended (UTC)',
  'Excess energy',
  'Lost units',
];

/** The answer key: every anomaly of a window, and its cost. */
export function anomaliesPage(live: Live): Page {
  const remark = h('p', { class: 'quiet', role: 'status' });
  const rows = h('tbody', {});
  const timeline = new Timeline();
  const nameOf = ({ machine_id }: Truth) =>
    live.machines.get(machine_id)?.machine.machine_name ?? machine_id;
  let shown: readonly Truth[] = [];
  let end = new AbortController();

  const load = () => {
    end.abort();
    end = new AbortController();
    const { signal } = end;
    const toMs = live.nowMs;
    const fromMs = toMs - Number(window.value);
    const query = {
      from: isoText(fromMs),
      ...(machine.value && { machine_id: machine.value }),
      ...(type.value && { type: type.value }),
      ...(state.value && { active: state.value }),
    };
    setText(remark, 'Computing their cost …');
    const show = (truths: readonly Truth[], isComplete: boolean) => {
      shown = [...truths];
      timeline.draw(shown, nameOf, fromMs, toMs);
      rows.replaceChildren(...shown.toReversed().map((truth) => row(truth, nameOf(truth))));
      setText(remark, summary(shown, isComplete));
    };
    loadTruths(query, signal, show).catch((error: Error) => {
      if (!signal.aborted) setText(remark, error.message);
    });
  };
  const window = select('Period', WINDOWS, load);
  const machine = select('Machine', [['All machines', ''], ...machineOptions(live)], load);
  const type = select('Anomaly', [['All anomalies', ''], ...typeOptions(live)], load);
  const state = select('State', STATES, load);
  const save = () =>
    shown.length > 0
      ? saveCsv('anomalies.csv', shown)
      : notify('There are no anomalies to save in this period.', true);
  load();

  return {
    title: 'Anomalies',
    element: h(
      'div',
      {},
      h(
        'div',
        { class: 'bar filters' },
        window,
        machine,
        type,
        state,
        h('button', { click: save }, 'Save as CSV'),
      ),
      remark,
      timeline.element,
      h(
        'div',
        { class: 'table card', tabindex: 0, role: 'region', 'aria-label': 'Anomalies' },
        h('table', {}, h('thead', {}, h('tr', {}, ...COLUMNS.map(heading))), rows),
      ),
    ),
    close: () => end.abort(),
  };
}

const STATES = [
  ['Active and ended', ''],
  ['Active', 'true'],
  ['Ended', 'false'],
] as const;

type Option = readonly [title: string, value: string | number];

function select(label: string, options: readonly Option[], change: () => void) {
  return h(
    'select',
    { 'aria-label': label, change },
    ...options.map(([title, value]) => h('option', { value }, title)),
  );
}

function machineOptions({ machines }: Live): Option[] {
  return [...machines.values()].map(({ machine }) => [machine.machine_name, machine.machine_id]);
}

function typeOptions({ catalogue }: Live): Option[] {
  const names = (catalogue?.machine_types ?? []).flatMap(({ anomalies }) =>
    anomalies.map(({ anomaly_type }) => anomaly_type),
  );
  return [...new Set(names)].toSorted().map((name) => [words(name), name]);
}

function row(truth: Truth, name: string): HTMLElement {
  return h(
    'tr',
    { 'data-anomaly': truth.id },
    h('td', {}, h('a', { href: `#/machine/${truth.machine_id}` }, name)),
    h(
      'td',
      {},
      h('span', { class: truth.active ? 'badge anomaly' : '' }, words(truth.anomaly_type)),
    ),
    h('td', { class: 'number' }, numberText(truth.severity, 1)),
    h('td', {}, truth.origin),
    h('td', {}, utcText(truth.started_at)),
    h('td', {}, truth.active ? `until ${utcText(truth.ended_at)}` : utcText(truth.ended_at)),
    h('td', { class: 'number' }, energyText(truth.excess_energy_kwh)),
    h('td', { class: 'number' }, numberText(truth.lost_production_units, 0)),
  );
}

function summary(truths: readonly Truth[], isComplete: boolean): string {
  const energyKwh = truths.reduce((sum, truth) => sum + truth.excess_energy_kwh, 0);
  const units = truths.reduce((sum, truth) => sum + truth.lost_production_units, 0);
  const energy = `${energyText(Math.abs(energyKwh))} ${energyKwh < 0 ? 'less' : 'more'}`;
  const production = `${numberText(Math.abs(units), 0)} units ${units < 0 ? 'gained' : 'lost'}`;
  const costs = `${energy} than without anomalies, ${production}`;
  const count = truths.length === 1 ? '1 anomaly' : `${truths.length} anomalies`;
  return `${count}: ${costs}${isComplete ? '.' : ' – computing the rest …'}`;
}

function heading(name: string): HTMLElement {
  const isNumber = ['Severity', 'Excess energy', 'Lost units'].includes(name);
  return h('th', { scope: 'col', class: isNumber && 'number' }, name);
}
