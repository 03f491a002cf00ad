import { BarChart, HeatmapChart, LineChart, ScatterChart } from 'echarts/charts';
import {
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  TitleComponent,
  VisualMapComponent,
} from 'echarts/components';
import { init, use } from 'echarts/core';
import { LabelLayout } from 'echarts/features';
import { SVGRenderer } from 'echarts/renderers';
import { withProperties } from './charts/colours.ts';
import type { Figure } from './charts/figure.ts';

// Only what the charts use, so that the bundle is half as large.
use([BarChart, HeatmapChart, LineChart, ScatterChart, LabelLayout, SVGRenderer]);
use([GridComponent, LegendComponent, MarkAreaComponent, TitleComponent, VisualMapComponent]);

/** Draws a chart as a complete SVG file. */
export function drawing({ width, height, option }: Figure): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption(option);
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

/** Draws a chart as an inline part of a page, in the colours of the page. */
export function inlineDrawing(figure: Figure): string {
  // Inline SVG in HTML needs no namespaces.
  return (
    withProperties(drawing(figure))
      .replace(/ xmlns(:xlink)?="[^"]*"/g, '')
      // Removes leftovers of interactive charts: the shape of the pointer and marks for a script.
      .replace(/<style >[\s\S]*?<\/style>\n?/g, '')
      .replace(/ (?:class|ecmeta_\w+|pointer-events)="[^"]*"/g, '')
      .replace('<svg ', `<svg role="img" aria-label="${escaped(figure.title)}" `)
  );
}

/** Escapes a text for HTML content and attributes. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
