import { svg } from '../dom.ts';

const WIDTH = 120;
const HEIGHT = 32;
const MARGIN = 2;

/** A small line chart of recent power, from zero to the rated power or to the peak above it. */
export class Sparkline {
  readonly element: SVGSVGElement;
  readonly #line = svg('path', { class: 'line' });
  readonly #area = svg('path', { class: 'area' });

  constructor() {
    this.element = svg(
      'svg',
      {
        class: 'sparkline',
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        preserveAspectRatio: 'none',
        'aria-hidden': 'true',
      },
      this.#area,
      this.#line,
    );
  }

  draw(trail: readonly { timeMs: number; powerKw: number }[], ratedPowerKw: number): void {
    const [first, last] = [trail[0], trail.at(-1)];
    if (!first || !last || first === last) {
      this.#line.removeAttribute('d');
      this.#area.removeAttribute('d');
      return;
    }
    const topKw = Math.max(ratedPowerKw, ...trail.map(({ powerKw }) => powerKw));
    const spanMs = last.timeMs - first.timeMs;
    const corners = trail.map(({ timeMs, powerKw }) => {
      const x = (WIDTH * (timeMs - first.timeMs)) / spanMs;
      const y = HEIGHT - MARGIN - ((HEIGHT - 2 * MARGIN) * powerKw) / topKw;
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    });
    const line = `M${corners.join('L')}`;
    this.#line.setAttribute('d', line);
    this.#area.setAttribute('d', `${line}V${HEIGHT}H0Z`);
  }
}
