import { init } from 'echarts';
import { withProperties } from './charts/colours.ts';
import type { Figure } from './charts/figure.ts';

/** Draws a chart as a whole SVG file. */
export function drawing({ width, height, option }: Figure): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption(option);
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

/** Draws a chart as a part of a page, whose colours it follows. */
export function inlineDrawing(figure: Figure): string {
  // Inside HTML the namespaces go without saying.
  return (
    withProperties(drawing(figure))
      .replace(/ xmlns(:xlink)?="[^"]*"/g, '')
      // What is left of a chart that could be clicked: the pointer's shape and marks for a script.
      .replace(/<style >[\s\S]*?<\/style>\n?/g, '')
      .replace(/ (?:class|ecmeta_\w+|pointer-events)="[^"]*"/g, '')
      .replace('<svg ', `<svg role="img" aria-label="${escaped(figure.title)}" `)
  );
}

/** A text as HTML and its attributes hold it. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
