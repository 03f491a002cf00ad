import { request } from '../api.ts';
import { h } from '../dom.ts';
import { numberText } from '../format.ts';
import type { Live } from '../live.ts';
import { attempt } from './notice.ts';

/** Speeds to choose from: real time up to an hour per second. */
const SPEEDS = [1, 10, 60, 600, 3600];

/** Shows and changes the speed of simulated time. */
export class SpeedSelect {
  readonly element: HTMLElement;
  readonly #select: HTMLSelectElement;
  #isChanging = false;

  constructor(live: Live) {
    const change = async () => {
      this.#isChanging = true;
      const body = { simulation_speed: Number(this.#select.value) };
      await attempt(() => request('simulator/config', { method: 'PUT', body }));
      await live.refresh();
      this.#isChanging = false;
      this.draw(live);
    };
    this.#select = h('select', { id: 'speed', change }, ...SPEEDS.map(option));
    this.element = h('div', { class: 'row' }, h('label', { for: 'speed' }, 'Speed'), this.#select);
  }

  draw({ status }: Live): void {
    const speed = status?.simulation_speed;
    // A new choice stays until the server has accepted or rejected it.
    if (speed === undefined || this.#isChanging || Number(this.#select.value) === speed) return;
    if (![...this.#select.options].some(({ value }) => Number(value) === speed))
      this.#select.append(option(speed));
    this.#select.value = String(speed);
  }
}

function option(speed: number): HTMLOptionElement {
  return h('option', { value: speed }, `${numberText(speed, speed < 1 ? 3 : 0)}×`);
}
