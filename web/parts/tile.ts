import { h, setText } from '../dom.ts';
import { durationText, numberText, words } from '../format.ts';
import type { LiveMachine } from '../live.ts';
import type { Machine } from '../wire.ts';
import { Sparkline } from './sparkline.ts';

/** What the user can do with a tile. */
export interface TileActions {
  setRunning(machine: Machine, isToRun: boolean): unknown;
  select(machine: Machine, isSelected: boolean): unknown;
}

/** One machine on the factory page. */
export class Tile {
  readonly element: HTMLElement;
  /** Whether it is in or near the visible area; other tiles are not drawn. */
  isVisible = false;
  readonly #live: LiveMachine;
  readonly #sparkline = new Sparkline();
  readonly #mode = h('span', { class: 'mode' });
  readonly #power = h('span', { class: 'figure' });
  readonly #badges = h('div', { class: 'badges' });
  readonly #toggle: HTMLButtonElement;
  readonly #selection: HTMLInputElement;
  #badgeText = '';

  constructor(live: LiveMachine, { setRunning, select }: TileActions) {
    this.#live = live;
    const { machine } = live;
    const name = machine.machine_name;
    this.#toggle = h('button', {
      class: 'small',
      click: () => setRunning(live.machine, !live.machine.is_running),
    });
    this.#selection = h('input', {
      type: 'checkbox',
      'aria-label': `Select ${name}`,
      change: () => select(live.machine, this.#selection.checked),
    });
    const load = h('span', { class: 'of' }, ` kW of ${numberText(machine.rated_power_kw, 0)}`);
    this.element = h(
      'li',
      { class: 'tile', 'data-machine': machine.machine_id },
      h(
        'div',
        { class: 'tile-head' },
        this.#selection,
        h(
          'div',
          { class: 'tile-name' },
          h('a', { href: `#/machine/${machine.machine_id}` }, name),
          h('span', { class: 'kind' }, words(machine.machine_type)),
        ),
        this.#mode,
      ),
      h('p', { class: 'power' }, this.#power, load),
      this.#sparkline.element,
      h('div', { class: 'tile-foot' }, this.#badges, this.#toggle),
    );
    this.draw();
  }

  set isSelected(isSelected: boolean) {
    this.#selection.checked = isSelected;
  }

  /** Whether its name or type contains a text. */
  matches(text: string): boolean {
    const { machine_name, machine_type } = this.#live.machine;
    return `${machine_name} ${words(machine_type)}`.toLowerCase().includes(text);
  }

  draw(): void {
    const { machine, trail } = this.#live;
    setText(this.#mode, machine.operating_mode);
    this.#mode.dataset['mode'] = machine.operating_mode;
    setText(this.#power, numberText(machine.current_power_kw, 1));
    setText(this.#toggle, machine.is_running ? 'Stop' : 'Start');
    const verb = machine.is_running ? 'Stop' : 'Start';
    this.#toggle.setAttribute('aria-label', `${verb} ${machine.machine_name}`);
    this.element.classList.toggle('stopped', !machine.is_running);
    this.element.classList.toggle('wrong', machine.anomaly_active);
    this.#sparkline.draw(trail, machine.rated_power_kw);
    this.#drawBadges(machine);
  }

  #drawBadges(machine: Machine): void {
    const badges = badgesOf(machine);
    const text = badges.map(({ textContent }) => textContent).join();
    if (text === this.#badgeText) return;
    this.#badgeText = text;
    this.#badges.replaceChildren(...badges);
  }
}

/** Badges for a machine's alerts and its active anomaly. */
export function badgesOf(machine: Machine): HTMLElement[] {
  const badges = machine.alerts.map(({ level, message, code }) =>
    h('span', { class: `badge ${level}`, title: message }, words(code.toLowerCase())),
  );
  if (machine.anomaly_type !== null) {
    const severity = machine.anomaly_severity;
    const label = `${words(machine.anomaly_type)} · ${numberText(severity, 1)}`;
    const title = `Anomaly of severity ${numberText(severity, 1)} until ${machine.anomaly_ends_at}`;
    badges.unshift(h('span', { class: 'badge anomaly', title }, label));
  }
  return badges;
}

/** A machine's reporting interval. */
export function intervalText({ data_interval_seconds }: Machine): string {
  return `every ${durationText(data_interval_seconds)}`;
}
