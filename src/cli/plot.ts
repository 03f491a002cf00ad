/** One quantity over time: equally spaced samples, NaN for missing values. */
export interface Curve {
  readonly label: string;
  readonly values: readonly number[];
  /** The same quantity had nothing happened: a dashed line below. */
  readonly twin?: readonly number[];
}

const WIDTH = 760;
const LEFT = 64;
const PANEL = 96;
const GAP = 34;
/** Readable on light and dark pages. */
const INK = '#808890';
const LINE = '#2a78d6';

/**
 * Draws curves over one time axis as SVG, one panel each. Equal curves give equal text.
 *
 * @param ticks - Labels under the axis, evenly spaced from its start to its end.
 */
export function plotSvg(title: string, curves: readonly Curve[], ticks: readonly string[]): string {
  const height = curves.length * (PANEL + GAP) + GAP;
  const panels = curves.map((curve, i) => panel(curve, GAP + i * (PANEL + GAP)));
  const marks = ticks.map((text, i) => {
    const x = LEFT + ((WIDTH - LEFT - 16) * i) / (ticks.length - 1);
    return `<text x="${x.toFixed(1)}" y="${height - 12}" text-anchor="middle">${text}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img"`,
    `  font-family="system-ui, sans-serif" font-size="12" fill="${INK}">`,
    `<title>${title}</title>`,
    ...panels,
    ...marks,
    '</svg>\n',
  ].join('\n');
}

function panel({ label, values, twin = [] }: Curve, top: number): string {
  const known = [...values, ...twin].filter((value) => !Number.isNaN(value));
  const [low, high] = limits(Math.min(...known), Math.max(...known));
  const x = (i: number) => LEFT + ((WIDTH - LEFT - 16) * i) / (values.length - 1);
  const y = (value: number) => top + PANEL * (1 - (value - low) / (high - low));
  const curve = (points: readonly number[], style: string) => {
    const known = points.flatMap((value, i) =>
      Number.isNaN(value) ? [] : [`${x(i).toFixed(1)},${y(value).toFixed(1)}`],
    );
    return `<polyline points="${known.join(' ')}" fill="none" stroke="${style}/>`;
  };
  const right = WIDTH - 16;
  const line = (at: number) =>
    `<path d="M${LEFT} ${at}H${right}" stroke="${INK}" stroke-opacity="0.4"/>`;
  const text = (at: number, value: number) =>
    `<text x="${LEFT - 8}" y="${at + 4}" text-anchor="end">${Number(value.toPrecision(4))}</text>`;
  return [
    `<text x="${LEFT}" y="${top - 8}">${label}</text>`,
    line(top) + text(top, high),
    line(top + PANEL) + text(top + PANEL, low),
    ...(twin.length === 0 ? [] : [curve(twin, `${INK}" stroke-dasharray="4 3"`)]),
    curve(values, `${LINE}" stroke-width="1.2"`),
  ].join('\n');
}

/** Round limits around a range; the lower limit is 0 if that is near. */
function limits(least: number, most: number): readonly [low: number, high: number] {
  const span = Math.max(most - least, Math.abs(most) * 0.02, 1e-3);
  const step = niceStep(span / 4);
  const low = least >= 0 && least < span / 2 ? 0 : Math.floor(least / step) * step;
  return [low, Math.max(low + step, Math.ceil(most / step) * step)];
}

/** The least 1, 2 or 5 times a power of ten that is not below `least`. */
function niceStep(least: number): number {
  const unit = Number(`1e${Math.floor(Math.log10(least))}`);
  return unit * ([1, 2, 5].find((factor) => factor * unit >= least) ?? 10);
}
