import { request } from '../api.ts';
import { h, setText } from '../dom.ts';
import { energyText, numberText, powerText, sinceText } from '../format.ts';
import type { Live } from '../live.ts';
import { Figures } from '../parts/figures.ts';
import { attempt } from '../parts/notice.ts';
import { SpeedSelect } from '../parts/speed-select.ts';
import { Tile } from '../parts/tile.ts';
import { shiftText } from '../shift.ts';
import type { Page } from './page.ts';

/** Tiles this close to the visible area are drawn ahead of scrolling. */
const NEAR = '300px';

/** All machines at a glance, under the figures of the whole factory. */
export function factoryPage(live: Live): Page {
  const tiles = new Map<string, Tile>();
  const selected = new Set<string>();
  const list = h('ul', { class: 'tiles' });
  const figures = new Overview();

  const setRunning = async (isToRun: boolean, ids?: readonly string[]) => {
    const body = ids ? { machine_ids: ids } : {};
    await attempt(() =>
      request(`simulator/${isToRun ? 'start' : 'stop'}`, { method: 'POST', body }),
    );
    await live.refresh();
  };
  const speed = new SpeedSelect(live);
  const bar = commandBar(setRunning, selected, speed.element, (text) => {
    for (const tile of tiles.values()) tile.element.hidden = !tile.matches(text);
  });
  const actions = {
    setRunning: (machine: { machine_id: string }, isToRun: boolean) =>
      setRunning(isToRun, [machine.machine_id]),
    select: ({ machine_id }: { machine_id: string }, isSelected: boolean) => {
      if (isSelected) selected.add(machine_id);
      else selected.delete(machine_id);
      bar.showSelection();
    },
  };

  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const id = (target as HTMLElement).dataset['machine'] ?? '';
        const tile = tiles.get(id);
        if (!tile) continue;
        tile.isVisible = isIntersecting;
        if (!isIntersecting) continue;
        tile.draw();
        live.loadTrail(id);
      }
    },
    { rootMargin: NEAR },
  );
  const draw = (changed: ReadonlySet<string>) => {
    for (const [id, machine] of live.machines) {
      if (tiles.has(id)) continue;
      const tile = new Tile(machine, actions);
      tiles.set(id, tile);
      list.append(tile.element);
      observer.observe(tile.element);
    }
    for (const [id, tile] of tiles) {
      if (live.machines.has(id)) continue;
      tile.element.remove();
      tiles.delete(id);
      if (selected.delete(id)) bar.showSelection();
    }
    for (const id of changed) {
      const tile = tiles.get(id);
      if (tile?.isVisible) tile.draw();
    }
    figures.draw(live);
    speed.draw(live);
  };
  draw(new Set());
  const leave = live.listen(draw);

  return {
    title: titleOf(live),
    element: h('div', {}, figures.element, bar.element, list),
    close() {
      leave();
      observer.disconnect();
    },
  };
}

/** The name of the factory if there is only one. */
function titleOf({ factories }: Live): string {
  const [factory] = factories;
  return factory && factories.length === 1 ? factory.factory_name : 'Factory';
}

function commandBar(
  setRunning: (isToRun: boolean, ids?: readonly string[]) => Promise<void>,
  selected: Set<string>,
  speed: HTMLElement,
  filter: (text: string) => void,
) {
  const selectionButton = (verb: string, isToRun: boolean) =>
    h('button', { disabled: true, click: () => setRunning(isToRun, [...selected]) }, verb);
  const startSelected = selectionButton('Start selected', true);
  const stopSelected = selectionButton('Stop selected', false);
  const search: HTMLInputElement = h('input', {
    type: 'search',
    placeholder: 'Name or type',
    'aria-label': 'Filter machines by name or type',
    input: () => filter(search.value.trim().toLowerCase()),
  });
  return {
    element: h(
      'div',
      { class: 'bar' },
      h('h2', {}, 'Machines'),
      search,
      speed,
      h(
        'div',
        { class: 'row' },
        startSelected,
        stopSelected,
        h('button', { click: () => setRunning(true) }, 'Start all'),
        h('button', { click: () => setRunning(false) }, 'Stop all'),
      ),
    ),
    showSelection() {
      const count = selected.size;
      startSelected.disabled = stopSelected.disabled = count === 0;
      setText(startSelected, count > 0 ? `Start ${count} selected` : 'Start selected');
      setText(stopSelected, count > 0 ? `Stop ${count} selected` : 'Stop selected');
    },
  };
}

/** The figures of the whole factory. */
class Overview {
  readonly #figures = new Figures();
  readonly #power = this.#figures.add('Total power');
  readonly #running = this.#figures.add('Machines running');
  readonly #energy = this.#figures.add('Energy today');
  readonly #production = this.#figures.add('Produced today');
  readonly #outdoor = this.#figures.add('Outdoor temperature');
  readonly #shift = this.#figures.add('Shift and load');
  readonly #anomalies = this.#figures.add('Active anomalies');

  get element(): HTMLElement {
    return this.#figures.element;
  }

  draw(live: Live): void {
    const { machines, factories, status, nowMs } = live;
    let [powerKw, energyKwh, units, running, wrong] = [0, 0, 0, 0, 0];
    let outdoorTempC: number | undefined;
    let since = 'today';
    for (const { machine, reading } of machines.values()) {
      running += Number(machine.is_running);
      wrong += Number(machine.anomaly_active);
      const tempC = reading?.['outdoor_temp_c'];
      if (outdoorTempC === undefined && typeof tempC === 'number') outdoorTempC = tempC;
      // A main meter would count the machines a second time.
      if (machine.machine_type === 'meter') continue;
      powerKw += machine.current_power_kw;
      energyKwh += machine.energy_today_kwh;
      units += machine.production_today_count;
      if (since === 'today') since = sinceText(machine.today_from, live.timeZoneOf(machine));
    }
    const total = status?.machines_count ?? 0;
    const rest = total > machines.size ? ` (${total} in total)` : '';
    this.#power.show(powerText(powerKw));
    this.#running.show(`${running} of ${rest && 'the first '}${machines.size}${rest}`);
    this.#energy.show(energyText(energyKwh), `Energy ${since}`);
    this.#production.show(`${numberText(units, 0)} units`, `Produced ${since}`);
    this.#outdoor.show(`${numberText(outdoorTempC, 1)} °C`);
    this.#anomalies.show(numberText(wrong, 0));
    const [factory] = factories;
    const share = status?.configuration.weekend_production_factor ?? null;
    if (factory) this.#shift.show(shiftText(factory, nowMs, share));
  }
}
