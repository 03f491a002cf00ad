import { h, setText } from '../dom.ts';

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

/** A place in a form for the reason why a command failed. */
export function faultLine(): HTMLElement {
  return h('span', { class: 'fault', role: 'alert' });
}

/** Runs a command and shows its result; a failure at `place`, if the command has one. */
export async function attempt(
  command: () => Promise<{ message: string }>,
  place?: HTMLElement,
): Promise<boolean> {
  if (place) setText(place, '');
  try {
    notify((await command()).message);
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (place) setText(place, reason);
    else notify(reason, true);
    return false;
  }
}
