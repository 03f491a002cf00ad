import { h } from '../dom.ts';
import { numberText, utcText, words } from '../format.ts';
import type { Truth } from '../wire.ts';

/** Lanes drawn at most: more do not fit on one screen. */
const LANES_MAX = 40;
/** Keeps a short anomaly visible in a long window [%]. */
const WIDTH_MIN_PERCENT = 0.4;

/** Anomalies over time, one lane per affected machine. */
export class Timeline {
  readonly element = h('div', { class: 'timeline card', hidden: true });

  draw(
    truths: readonly Truth[],
    nameOf: (truth: Truth) => string,
    fromMs: number,
    toMs: number,
  ): void {
    const lanes = new Map<string, Truth[]>();
    for (const truth of truths) {
      const lane = lanes.get(truth.machine_id);
      if (lane) lane.push(truth);
      else lanes.set(truth.machine_id, [truth]);
    }
    this.element.hidden = truths.length === 0;
    this.element.replaceChildren(
      ...[...lanes.values()].slice(0, LANES_MAX).map((lane) => {
        const bars = lane.map((truth) => bar(truth, fromMs, toMs));
        const name = nameOf(lane[0] as Truth);
        return h('div', { class: 'lane' }, h('span', {}, name), h('div', {}, ...bars));
      }),
      h(
        'div',
        { class: 'lane ends' },
        h('span', {}),
        h('div', {}, h('span', {}, utcText(fromMs)), h('span', {}, utcText(toMs))),
      ),
    );
  }
}

function bar(truth: Truth, fromMs: number, toMs: number): HTMLElement {
  const share = (time: string) =>
    (100 * (Math.min(toMs, Math.max(fromMs, Date.parse(time))) - fromMs)) / (toMs - fromMs);
  const left = share(truth.started_at);
  const element = h('a', {
    href: `#/machine/${truth.machine_id}`,
    class: truth.active ? 'active' : '',
    title: `${words(truth.anomaly_type)} ${numberText(truth.severity, 1)}, ${utcText(truth.started_at)}`,
    'aria-label': `${words(truth.anomaly_type)} at ${utcText(truth.started_at)}`,
  });
  const width = Math.max(WIDTH_MIN_PERCENT, share(truth.ended_at) - left);
  element.style.left = `${Math.min(left, 100 - width)}%`;
  element.style.width = `${width}%`;
  return element;
}
