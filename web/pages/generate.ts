import { request } from '../api.ts';
import { h, setText } from '../dom.ts';
import type { Live } from '../live.ts';
import { ExportCard } from '../parts/export-card.ts';
import { exportForm } from '../parts/export-form.ts';
import type { Export } from '../wire.ts';
import type { Page } from './page.ts';

/** What runs is asked for so often; others may have begun something meanwhile [ms]. */
const ASK_MS = 1000;
const ASK_IDLE_MS = 10_000;

/** Datasets of the factory: ask for one, see how far it is, and fetch it. */
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
    setText(remark, exports.length === 0 ? 'Nothing was generated yet.' : '');
  };
  const refresh = async (): Promise<void> => {
    clearTimeout(timer);
    let isRunning = false;
    try {
      const exports = await request<Export[]>('/simulator/exports');
      isRunning = exports.some(({ state }) => state === 'running');
      show(exports);
    } catch (error) {
      setText(remark, (error as Error).message);
    }
    clearTimeout(timer);
    if (!isClosed) timer = setTimeout(() => void refresh(), isRunning ? ASK_MS : ASK_IDLE_MS);
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
