import { h } from '../dom.ts';

/** How long a notice stays [ms]; errors stay longer. */
const GOOD_MS = 4000;
const FAULT_MS = 10_000;

const list = h('div', { class: 'notices', role: 'status', 'aria-live': 'polite' });

/** The list of notices; part of every page. */
export const notices: HTMLElement = list;

/** Shows a notice at the edge of the page for a while. */
export function notify(text: string, isFault = false): void {
  const notice = h('p', { class: isFault ? 'notice bad' : 'notice' }, text);
  list.append(notice);
  setTimeout(() => notice.remove(), isFault ? FAULT_MS : GOOD_MS);
}

/** Runs a command and shows its result. */
export async function attempt(command: () => Promise<{ message: string }>): Promise<boolean> {
  try {
    notify((await command()).message);
    return true;
  } catch (error) {
    notify(error instanceof Error ? error.message : String(error), true);
    return false;
  }
}
