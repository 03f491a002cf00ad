import type { Live } from '../live.ts';

/** The content under the header for one address, until it is closed. */
export interface Page {
  readonly title: string;
  readonly element: HTMLElement;
  close(): void;
}

/** Creates a page; `id` is the part of the address after its name. */
export type PageMaker = (live: Live, id: string) => Page;
