import { request } from '../api.ts';
import { h, setText } from '../dom.ts';
import { energyText, numberText, sinceText, words } from '../format.ts';
import type { Live, LiveMachine } from '../live.ts';
import { AnomalyCosts } from '../parts/anomaly-costs.ts';
import { ChartGrid } from '../parts/chart-grid.ts';
import { Figures } from '../parts/figures.ts';
import { injectForm } from '../parts/inject-form.ts';
import { attempt } from '../parts/notice.ts';
import { badgesOf, intervalText } from '../parts/tile.ts';
import type { Machine } from '../wire.ts';
import type { Page } from './page.ts';

/** One machine: its state, its history and its anomalies. */
export function machinePage(live: Live, id: string): Page {
  const followed = live.machines.get(id);
  const { catalogue } = live;
  if (!followed || !catalogue) return unknownPage(id);
  const { machine } = followed;
  const head = new Head(live, followed);
  const charts = new ChartGrid(live, followed);
  const costs = new AnomalyCosts(machine.machine_id, live.timeZoneOf(machine), (truths) =>
    charts.mark(truths),
  );
  const changed = async () => {
    await live.refresh();
    await costs.refresh();
  };
  charts.opened = (fromMs) => costs.load(fromMs);
  charts.load();
  const leave = live.listen((ids) => {
    if (ids.has(id)) head.draw();
    charts.draw();
  });
  return {
    title: machine.machine_name,
    element: h(
      'div',
      {},
      head.element,
      h('div', { class: 'columns' }, injectForm(machine, catalogue, changed), costs.element),
      charts.element,
    ),
    close() {
      leave();
      costs.close();
      charts.close();
    },
  };
}

function unknownPage(id: string): Page {
  return {
    title: 'No such machine',
    element: h('p', {}, `No machine has the id ${id}. `, h('a', { href: '#/' }, 'All machines')),
    close() {},
  };
}

/** The machine's key figures, and the button that starts or stops it. */
class Head {
  readonly element: HTMLElement;
  readonly #followed: LiveMachine;
  readonly #figures = new Figures();
  readonly #badges = h('div', { class: 'badges' });
  readonly #mode = this.#figures.add('Mode');
  readonly #power = this.#figures.add('Power');
  readonly #energy = this.#figures.add('Energy today');
  readonly #units = this.#figures.add('Produced today');
  readonly #toggle: HTMLButtonElement;
  readonly #timeZone: string;

  constructor(live: Live, followed: LiveMachine) {
    this.#followed = followed;
    const { machine } = followed;
    this.#timeZone = live.timeZoneOf(machine);
    const setRunning = async () => {
      const { machine_id, is_running } = followed.machine;
      const path = `simulator/${is_running ? 'stop' : 'start'}`;
      await attempt(() => request(path, { method: 'POST', body: { machine_ids: [machine_id] } }));
      await live.refresh();
    };
    this.#toggle = h('button', { click: setRunning });
    const kind = words(machine.machine_type);
    const rated = `${numberText(machine.rated_power_kw, 0)} kW rated`;
    this.element = h(
      'div',
      {},
      h(
        'div',
        { class: 'bar' },
        h('span', { class: 'quiet' }, `${kind} · ${rated} · ${intervalText(machine)}`),
        h('code', { class: 'quiet' }, machine.mqtt_topic),
        this.#badges,
        this.#toggle,
      ),
      this.#figures.element,
    );
    this.draw();
  }

  draw(): void {
    const { machine } = this.#followed;
    this.#mode.show(machine.operating_mode);
    this.#power.show(`${numberText(machine.current_power_kw, 2)} kW`);
    const since = sinceText(machine.today_from, this.#timeZone);
    this.#energy.show(energyText(machine.energy_today_kwh), `Energy ${since}`);
    const units = numberText(machine.production_today_count, 0);
    this.#units.show(`${units} units`, `Produced ${since}`);
    setText(this.#toggle, machine.is_running ? 'Stop machine' : 'Start machine');
    this.#drawBadges(machine);
  }

  #drawBadges(machine: Machine): void {
    const badges = badgesOf(machine);
    const text = badges.map(({ textContent }) => textContent).join();
    if (text === this.#badges.dataset['shown']) return;
    this.#badges.dataset['shown'] = text;
    this.#badges.replaceChildren(...badges);
  }
}
