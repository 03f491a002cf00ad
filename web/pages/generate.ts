import { request } from '../api.ts';
import { h, setText } from '../dom.ts';
import type { Live } from '../live.ts';
import { ExportCard } from '../parts/export-card.ts';
import { exportForm } from '../parts/export-form.ts';
import type { Export } from '../wire.ts';
import type { Page } from './page.ts';

/** Polling interval while an export is running, and otherwise [ms]: others may start one. */
const POLL_MS = 1000;
const POLL_IDLE_MS = 10_000;

/** Datasets of the factory: generate one, follow its progress, download it. */
export function generatePage(live: Live): Page {
  const cards = new Map<string, ExportCard>();
  const list = h('ul', { class: 'exports' });
  const remark = h('p', { class: 'quiet', role: 'status' });
  const nameOf = (id: string) => live.machines.get(id)?.machine.machine_name ?? id;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;

  const show = (exports: readonly Export[]) => {
    const known = new Set(exports.map(({ id }) => id));
    for (const [id, card] of cards)
      if (!known.has(id)) {
        card.element.remove();
        cards.delete(id);
      }
    for (const each of exports.toReversed()) {
      const card = cards.get(each.id);
      if (card) card.draw(each);
      else {
        const made = new ExportCard(each, nameOf, refresh);
        cards.set(each.id, made);
        list.prepend(made.element);
      }
    }
    setText(remark, exports.length === 0 ? 'No datasets yet.' : '');
  };
  const refresh = async (): Promise<void> => {
    clearTimeout(timer);
    let isRunning = false;
    try {
      const exports = await request<Export[]>('simulator/exports');
      isRunning = exports.some(({ state }) => state === 'running');
      show(exports);
    } catch (error) {
      setText(remark, (error as Error).message);
    }
    clearTimeout(timer);
    if (!isClosed) timer = setTimeout(() => void refresh(), isRunning ? POLL_MS : POLL_IDLE_MS);
  };
  void refresh();

  return {
    title: 'Generate',
    element: h(
      'div',
      { class: 'generate' },
      exportForm(live, refresh),
      h('section', {}, h('h2', {}, 'Datasets'), remark, list),
    ),
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
