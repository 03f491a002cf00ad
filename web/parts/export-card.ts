import { request } from '../api.ts';
import { h, setText } from '../dom.ts';
import { bytesText, durationText, numberText, utcText } from '../format.ts';
import type { Export, ExportWithFiles } from '../wire.ts';
import { attempt } from './notice.ts';

/** Up to this number, machines are named; beyond it, they are counted. */
const NAMED_MAX = 3;

/** One dataset: its description, progress and files. */
export class ExportCard {
  readonly element: HTMLElement;
  readonly #state = h('span', { class: 'badge' });
  readonly #bar: HTMLProgressElement;
  readonly #figures = h('p', { class: 'export-line quiet' });
  readonly #remove: HTMLButtonElement;
  readonly #download: HTMLElement;
  readonly #files: HTMLElement = h('ul', {});
  readonly #details: HTMLDetailsElement;

  constructor(each: Export, nameOf: (id: string) => string, changed: () => Promise<void>) {
    const title = titleOf(each);
    const path = `simulator/exports/${each.id}`;
    this.#bar = h('progress', { max: 1, 'aria-label': `Progress of ${title}` });
    this.#details = h(
      'details',
      { toggle: () => this.#load(path), hidden: true },
      h('summary', {}, 'Files'),
      this.#files,
    );
    this.#download = h(
      'a',
      { href: `${path}/download`, download: true, 'aria-label': `Download ${title}`, hidden: true },
      'Download',
    );
    this.#remove = h('button', {
      class: 'small',
      click: async () => {
        await attempt(() => request(path, { method: 'DELETE' }));
        await changed();
      },
    });
    this.element = h(
      'li',
      { class: 'card', 'data-export': each.id },
      h('div', { class: 'bar' }, h('h3', {}, title), this.#state, this.#download, this.#remove),
      h('p', { class: 'export-line quiet' }, describe(each, nameOf)),
      this.#bar,
      this.#figures,
      this.#details,
    );
    this.draw(each);
  }

  draw(each: Export): void {
    const { state, rows, rows_total, share, bytes, error } = each;
    const isRunning = state === 'running';
    setText(this.#state, state);
    this.#state.className = state === 'failed' ? 'badge critical' : 'badge';
    this.element.dataset['state'] = state;
    this.#bar.hidden = !isRunning;
    this.#bar.value = share;
    const verb = isRunning ? 'Cancel' : 'Remove';
    setText(this.#remove, verb);
    this.#remove.setAttribute('aria-label', `${verb} ${titleOf(each)}`);
    const size = bytes > 0 ? `, ${bytesText(bytes)}` : '';
    const count = isRunning
      ? `${numberText(rows, 0)} of ${numberText(rows_total, 0)} rows, ${Math.floor(100 * share)} %`
      : `${numberText(rows, 0)} rows`;
    setText(this.#figures, error ?? `${count}${size}`);
    this.#figures.classList.toggle('fault', error !== null);
    this.#details.hidden = this.#download.hidden = state !== 'done';
  }

  /** Fetches the files when the list is opened: there may be many. */
  async #load(path: string): Promise<void> {
    if (this.#files.childElementCount > 0) return;
    try {
      const { files } = await request<ExportWithFiles>(path);
      this.#files.replaceChildren(
        ...files.map((file) => {
          const address = file.path.split('/').map(encodeURIComponent).join('/');
          const href = `${path}/files/${address}`;
          const name = file.path.split('/').at(-1) ?? '';
          return h(
            'li',
            {},
            h('a', { href, download: name }, file.path),
            h('span', { class: 'quiet' }, ` ${bytesText(file.bytes)}`),
          );
        }),
      );
    } catch (error) {
      this.#files.replaceChildren(h('li', { class: 'fault' }, (error as Error).message));
    }
  }
}

function titleOf({ from, to }: Export): string {
  return `${utcText(from)} to ${utcText(to)}`;
}

function describe(each: Export, nameOf: (id: string) => string): string {
  const { machines, format, compress, labels, clean, resample_seconds } = each;
  const names =
    machines.length > NAMED_MAX ? `${machines.length} machines` : machines.map(nameOf).join(', ');
  return [
    names,
    compress === 'none' ? format : `${format}, ${compress}`,
    ...(resample_seconds === null ? [] : [`one reading every ${durationText(resample_seconds)}`]),
    ...(labels ? ['labelled'] : []),
    ...(clean ? ['with a copy without anomalies'] : []),
  ].join(' · ');
}
