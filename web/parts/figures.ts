import { h, setText } from '../dom.ts';

/** A value under its title. */
export interface Figure {
  /** Shows a value, optionally under a new title. */
  show(value: string, title?: string): void;
}

/** Figures side by side, each under its title. */
export class Figures {
  readonly element = h('dl', { class: 'figures' });

  /** Adds a figure whose value is not known yet. */
  add(title: string): Figure {
    const term = h('dt', {}, title);
    const figure = h('dd', {}, '–');
    this.element.append(h('div', {}, term, figure));
    return {
      show(value, newTitle = title) {
        setText(figure, value);
        setText(term, newTitle);
      },
    };
  }
}
