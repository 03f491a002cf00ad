import { verdictsTable } from '../validation/tables.ts';
import type { Verdict } from '../validation/validate.ts';
import { type Figure, HALF, roundText } from './charts/figure.ts';
import { escaped, inlineDrawing } from './drawing.ts';
import { timeName } from './names.ts';
import type { Report, Section } from './report.ts';
import { STYLE } from './style.ts';
import { anomaliesTable, factoriesTable, machinesTable } from './tables.ts';

/** The page loads nothing and runs no scripts. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/**
 * A report as one self-contained page of HTML.
 *
 * @param verdicts - Results of the validation of its machines, if requested.
 */
export function page(report: Report, verdicts: readonly Verdict[] | undefined): string {
  const { source, totals, anomalies, sections, omission } = report;
  const names = source.factories.map(({ name }) => name);
  const title = `Energy report: ${names.slice(0, 3).join(', ')}${names.length > 3 ? ' …' : ''}`;
  const missing = typeof source.twin === 'string' ? `No close-ups. ${source.twin}` : '';
  const parts = [
    { id: 'summary', heading: 'Summary', html: factoriesTable(totals) },
    ...sections.map((section, i) => ({
      id: `chapter-${i + 1}`,
      heading: section.heading,
      html: sectionHtml(section),
    })),
    { id: 'machines', heading: 'All machines', html: machinesTable(totals, source) },
    { id: 'anomalies', heading: 'Anomalies', html: anomaliesTable(anomalies, source) },
    ...(verdicts ? [{ id: 'checks', heading: 'Realism checks', html: checksHtml(verdicts) }] : []),
  ];
  const html = [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escaped(title)}</title><style>${STYLE}</style></head><body>`,
    `<header><h1>${escaped(title)}</h1>`,
    `<p>${timeName(source.fromMs)} to ${timeName(source.toMs)} UTC, `,
    `${roundText(source.machines.length)} machines, seed ${source.seed}.</p>`,
    `<p class="quiet">${escaped(source.provenance)} All values are simulated. `,
    `${escaped(`${omission} ${missing}`.trim())}</p></header>`,
    '<nav aria-label="Contents"><ul>',
    ...parts.map(({ id, heading }) => `<li><a href="#${id}">${escaped(heading)}</a></li>`),
    '</ul></nav><main>',
    ...parts.map(
      ({ id, heading, html }) =>
        `<section aria-labelledby="${id}"><h2 id="${id}">${escaped(heading)}</h2>${html}</section>`,
    ),
    '</main></body></html>\n',
  ].join('\n');
  return withNumberedParts(html);
}

/**
 * Numbers the parts of the charts from 1. echarts counts all charts of the process, but equal
 * reports must give equal pages, whatever was drawn before.
 */
function withNumberedParts(html: string): string {
  const numbers = new Map<string, number>();
  return html.replace(/((?: id="|="#|url\(#)zr)(\d+)-/g, (_, before: string, chart: string) => {
    const number = numbers.get(chart) ?? numbers.size + 1;
    numbers.set(chart, number);
    return `${before}${number}-`;
  });
}

function sectionHtml({ about, figures }: Section): string {
  const aboutHtml = about === '' ? '' : `<p class="about">${escaped(about)}</p>`;
  return `${aboutHtml}<div class="figures">${figures.map(figureHtml).join('\n')}</div>`;
}

function figureHtml(figure: Figure): string {
  const isWhole = figure.width > HALF.width;
  // Anything that may need scrolling on a narrow screen must also be reachable by keyboard.
  const focus = isWhole ? ` tabindex="0" role="group" aria-label="${escaped(figure.title)}"` : '';
  return (
    `<figure${isWhole ? ' class="whole"' : ''}>` +
    `<div class="drawing"${focus}>${inlineDrawing(figure)}</div>` +
    `<figcaption>${escaped(figure.about)}</figcaption></figure>`
  );
}

function checksHtml(verdicts: readonly Verdict[]): string {
  return (
    '<p class="about">Statistics of newly simulated readings, compared with published ranges.</p>' +
    `<div class="table" tabindex="0" role="group" aria-label="Realism checks">` +
    `${verdictsTable(verdicts)}</div>`
  );
}
