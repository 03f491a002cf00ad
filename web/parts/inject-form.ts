import { request } from '../api.ts';
import { h, setText } from '../dom.ts';
import { durationText, numberText, words } from '../format.ts';
import type { Catalogue, Machine } from '../wire.ts';
import { attempt, faultLine } from './notice.ts';

/** Durations to choose from [s]. */
const DURATIONS_S = [60, 300, 900, 3600, 4 * 3600, 86_400, 7 * 86_400, 30 * 86_400];

/** Injects an anomaly into a machine, or clears it. */
export function injectForm(
  machine: Machine,
  { machine_types, severity, duration_seconds }: Catalogue,
  changed: () => Promise<unknown>,
): HTMLElement {
  const anomalies =
    machine_types.find(({ machine_type }) => machine_type === machine.machine_type)?.anomalies ??
    [];
  const about = h('p', { class: 'quiet' });
  const type: HTMLSelectElement = h(
    'select',
    { id: 'anomaly-type', change: () => explain() },
    ...anomalies.map(({ anomaly_type }) =>
      h('option', { value: anomaly_type }, words(anomaly_type)),
    ),
  );
  const explain = (): void => setText(about, anomalies[type.selectedIndex]?.description ?? '');
  const shown = h('output', { for: 'severity' }, numberText(severity.default, 1));
  const strength: HTMLInputElement = h('input', {
    type: 'range',
    id: 'severity',
    min: severity.min,
    max: severity.max,
    step: 0.1,
    value: severity.default,
    input: () => setText(shown, numberText(strength.valueAsNumber, 1)),
  });
  const duration = h(
    'select',
    { id: 'duration' },
    ...DURATIONS_S.map((seconds) =>
      h(
        'option',
        { value: seconds, selected: seconds === duration_seconds.default },
        durationText(seconds),
      ),
    ),
  );
  const path = `simulator/machines/${machine.machine_id}/anomaly`;
  const fault = faultLine();
  const inject = async (event: Event) => {
    event.preventDefault();
    const body = {
      anomaly_type: type.value,
      severity: strength.valueAsNumber,
      duration_seconds: Number(duration.value),
    };
    await attempt(() => request(path, { method: 'POST', body }), fault);
    await changed();
  };
  const clear = async () => {
    await attempt(() => request(path, { method: 'DELETE' }), fault);
    await changed();
  };
  explain();
  return h(
    'form',
    { class: 'card inject', submit: inject },
    h('h2', {}, 'Inject an anomaly'),
    h('div', {}, h('label', { for: 'anomaly-type' }, 'Anomaly'), type),
    h('div', {}, h('label', { for: 'severity' }, 'Severity ', shown), strength),
    h('div', {}, h('label', { for: 'duration' }, 'Duration'), duration),
    about,
    h(
      'div',
      { class: 'row' },
      h('button', { class: 'primary' }, 'Inject'),
      h('button', { type: 'button', click: clear }, 'Clear'),
      fault,
    ),
  );
}
