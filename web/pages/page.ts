import type { Live } from '../live.ts';

/** What is shown under the header at one address, until it is closed. */
export interface Page {
  readonly title: string;
  readonly element: HTMLElement;
  close(): void;
}

/** Makes a page; `id` is what follows its name in the address. */
export type PageMaker = (live: Live, id: string) => Page;
