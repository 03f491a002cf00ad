import { request } from '../api.ts';
import { h, setText } from '../dom.ts';
import type { Live } from '../live.ts';
import { attempt, faultLine } from '../parts/notice.ts';
import type { Settings } from '../wire.ts';
import type { Page } from './page.ts';

/** Settings that can change at runtime, and those fixed at startup. */
export function settingsPage(_live: Live): Page {
  const changeable = h('div', {});
  const fixed = h('div', {});
  const load = () =>
    request<Settings>('simulator/config').then(
      (settings) => {
        changeable.replaceChildren(settingsForm(settings, load));
        fixed.replaceChildren(variableTable(settings));
      },
      (error: Error) => setText(changeable, error.message),
    );
  void load();
  return { title: 'Settings', element: h('div', {}, changeable, fixed), close() {} };
}

function settingsForm(settings: Settings, changed: () => Promise<unknown>): HTMLElement {
  const enabled = h('input', {
    type: 'checkbox',
    id: 'enabled',
    checked: settings.enable_anomalies,
  });
  const probability = shareInput('probability', settings.anomaly_probability);
  const weekend = shareInput('weekend', settings.weekend_production_factor);
  const fault = faultLine();
  const save = async (event: Event) => {
    event.preventDefault();
    const body = {
      enable_anomalies: enabled.checked,
      anomaly_probability: probability.valueAsNumber,
      ...(weekend.value !== '' && { weekend_production_factor: weekend.valueAsNumber }),
    };
    const isDone = await attempt(() => request('simulator/config', { method: 'PUT', body }), fault);
    if (isDone) await changed();
  };
  return h(
    'form',
    { class: 'card settings', submit: save },
    h('h2', {}, 'Runtime settings'),
    h('div', { class: 'row' }, enabled, h('label', { for: 'enabled' }, 'Random anomalies')),
    h(
      'div',
      {},
      h('label', { for: 'probability' }, 'Anomaly probability per machine and day (0 to 1)'),
      probability,
    ),
    h(
      'div',
      {},
      h('label', { for: 'weekend' }, 'Weekend share of full production (0 to 1)'),
      weekend,
    ),
    h('div', { class: 'row' }, h('button', { class: 'primary' }, 'Save'), fault),
  );
}

function shareInput(id: string, value: number | null): HTMLInputElement {
  return h('input', {
    type: 'number',
    id,
    min: 0,
    max: 1,
    step: 'any',
    value: value ?? undefined,
    placeholder: value === null ? 'differs by factory' : undefined,
  });
}

function variableTable({ variables }: Settings): HTMLElement {
  return h(
    'section',
    {},
    h('h2', {}, 'Startup settings'),
    h('p', { class: 'quiet' }, 'Environment variables and keys of files. Changes need a restart.'),
    h(
      'div',
      { class: 'table card', tabindex: 0, role: 'region', 'aria-label': 'Startup settings' },
      h(
        'table',
        {},
        h('thead', {}, h('tr', {}, ...['Name', 'Value', 'Source'].map(heading))),
        h(
          'tbody',
          {},
          ...Object.entries(variables).map(([name, { value, source }]) =>
            h(
              'tr',
              {},
              h('td', {}, h('code', {}, name)),
              h('td', {}, value === null || value === '' ? '–' : String(value)),
              h('td', { class: 'quiet' }, source),
            ),
          ),
        ),
      ),
    ),
  );
}

function heading(title: string): HTMLElement {
  return h('th', { scope: 'col' }, title);
}
