import { h } from '../dom.ts';
import type { Live } from '../live.ts';
import type { Page } from './page.ts';

/** Shown for an unknown address. */
export function missingPage(_live: Live, _id: string): Page {
  return {
    title: 'Not found',
    element: h(
      'p',
      { class: 'missing' },
      `There is no page at ${location.hash}. `,
      h('a', { href: '#/' }, 'Go to the factory'),
    ),
    close() {},
  };
}
