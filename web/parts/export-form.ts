import { request } from '../api.ts';
import { h } from '../dom.ts';
import { isoText } from '../format.ts';
import type { Live } from '../live.ts';
import { attempt, faultLine } from './notice.ts';

const HOUR_MS = 3_600_000;
/** Default window: the last day. */
const WINDOW_MS = 24 * HOUR_MS;

/** Requests a dataset of a window, with the options of `generate` on the command line. */
export function exportForm(live: Live, begun: () => Promise<void>): HTMLElement {
  const formats = live.catalogue?.export_formats ?? {};
  const toMs = Math.floor(live.nowMs / HOUR_MS) * HOUR_MS;
  const from = instantInput('export-from', toMs - WINDOW_MS);
  const to = instantInput('export-to', toMs);
  const machines = h(
    'select',
    { id: 'export-machines', multiple: true, size: 5 },
    ...[...live.machines.values()].map(({ machine }) =>
      h('option', { value: machine.machine_id }, machine.machine_name),
    ),
  );
  const compress = h('select', { id: 'export-compress' });
  const format: HTMLSelectElement = h(
    'select',
    { id: 'export-format', change: () => offer() },
    ...Object.keys(formats).map((name) => h('option', { value: name }, name)),
  );
  const offer = (): void => {
    const methods = formats[format.value] ?? [];
    compress.replaceChildren(...methods.map((name) => h('option', { value: name }, name)));
  };
  offer();
  const partition = h(
    'select',
    { id: 'export-partition' },
    ...PARTITIONS.map(([title, value]) => h('option', { value }, title)),
  );
  const interval = h(
    'select',
    { id: 'export-interval' },
    ...INTERVALS.map(([title, value]) => h('option', { value }, title)),
  );
  const labels = h('input', { type: 'checkbox', id: 'export-labels' });
  const clean = h('input', { type: 'checkbox', id: 'export-clean' });

  const fault = faultLine();
  const submit = async (event: Event) => {
    event.preventDefault();
    const chosen = [...machines.selectedOptions].map(({ value }) => value);
    const body = {
      from: instantOf(from),
      to: instantOf(to),
      ...(chosen.length > 0 && { machines: chosen }),
      format: format.value,
      compress: compress.value,
      ...(partition.value !== '' && { partition: partition.value }),
      ...(interval.value !== '' && { resample_seconds: Number(interval.value) }),
      labels: labels.checked,
      clean: clean.checked,
    };
    await attempt(() => request('simulator/exports', { method: 'POST', body }), fault);
    await begun();
  };
  return h(
    'form',
    { class: 'card export-form', submit },
    h('h2', {}, 'Generate a dataset'),
    h('div', {}, h('label', { for: from.id }, 'From (UTC)'), from),
    h('div', {}, h('label', { for: to.id }, 'To (UTC)'), to),
    h('div', {}, h('label', { for: format.id }, 'Format'), format),
    h('div', {}, h('label', { for: compress.id }, 'Compression'), compress),
    h('div', {}, h('label', { for: partition.id }, 'One file per'), partition),
    h('div', {}, h('label', { for: interval.id }, 'Interval of readings'), interval),
    h('div', {}, h('label', { for: machines.id }, 'Machines (none selected: all)'), machines),
    h('div', { class: 'row' }, labels, h('label', { for: labels.id }, 'Label every reading')),
    h(
      'div',
      { class: 'row' },
      clean,
      h('label', { for: clean.id }, 'Add a copy without anomalies'),
    ),
    h('div', { class: 'row' }, h('button', { class: 'primary' }, 'Generate'), fault),
  );
}

const PARTITIONS = [
  ['day (month over 92 days)', ''],
  ['day', 'day'],
  ['month', 'month'],
] as const;

/** Multiples of the intervals of all machine types [s]. */
const INTERVALS = [
  ['as reported', ''],
  ['1 minute', '60'],
  ['15 minutes', '900'],
  ['1 hour', '3600'],
] as const;

/** An input for an instant in UTC: machines may be in different time zones. */
function instantInput(id: string, timeMs: number): HTMLInputElement {
  const value = isoText(timeMs).slice(0, 16);
  return h('input', { type: 'datetime-local', id, value, required: true });
}

function instantOf({ value }: HTMLInputElement): string {
  return value.length === 16 ? `${value}:00Z` : `${value}Z`;
}
