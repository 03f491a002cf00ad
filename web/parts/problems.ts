import { h } from '../dom.ts';
import { clockText } from '../format.ts';
import type { Problem } from '../wire.ts';

/** Display names of the parts. */
const NAMES: Readonly<Record<string, string>> = {
  mqtt: 'Broker',
  postgres: 'Database tables',
  store: 'Database',
  journal: 'Commands',
  clock: 'Clock',
};

/** Current problems, with their reasons and start times; hidden while there are none. */
export class Problems {
  readonly element = h('section', {
    class: 'problems',
    role: 'status',
    'aria-label': 'Problems',
    hidden: true,
  });
  #shown = '';

  /** Replaces the problems shown. */
  show(problems: readonly Problem[], timeZone: string): void {
    const key = JSON.stringify([problems, timeZone]);
    if (key === this.#shown) return;
    this.#shown = key;
    this.element.hidden = problems.length === 0;
    this.element.replaceChildren(
      ...problems.map(({ part, reason, since }) =>
        h(
          'p',
          { class: 'problem', 'data-part': part },
          h('strong', {}, NAMES[part] ?? part),
          h('span', { class: 'reason' }, reason),
          h('time', { datetime: since }, `since ${clockText(Date.parse(since), timeZone)}`),
        ),
      ),
    );
  }
}
