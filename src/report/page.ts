import { verdictsTable } from '../validation/tables.ts';
import type { Verdict } from '../validation/validate.ts';
import { colourProperties } from './charts/colours.ts';
import { type Figure, HALF, roundText } from './charts/figure.ts';
import { escaped, inlineDrawing } from './drawing.ts';
import { timeName } from './names.ts';
import type { Report, Section } from './report.ts';
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
  const seed = source.seed === undefined ? '' : `, seed ${source.seed}`;
  const html = [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escaped(title)}</title><style>${STYLE}</style></head><body>`,
    `<header><h1>${escaped(title)}</h1>`,
    `<p>${timeName(source.fromMs)} to ${timeName(source.toMs)} UTC, `,
    `${roundText(source.machines.length)} machines${seed}.</p>`,
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

/** The style sheet of a report: light and dark by the reader's choice, light on paper. */
const STYLE = `
:root{color-scheme:light dark;${colourProperties()}
--page:light-dark(#f4f6f8,#0e1417);--surface:light-dark(#ffffff,#172025);
--good:light-dark(#15703a,#4ade80)}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:1180px;background:var(--page);
color:var(--c-text);font:15px/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
h1,h2{line-height:1.25;margin:0}
h1{font-size:1.7rem;letter-spacing:-.02em}
h2{font-size:1.25rem;margin-top:2.2rem}
p{margin:.3rem 0}
.quiet,figcaption,.about{color:var(--c-quiet)}
a{color:var(--c-electricity)}
:focus-visible{outline:2px solid var(--c-electricity);outline-offset:2px}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding:0;margin:1rem 0;list-style:none}
.figures{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:1rem;margin-top:.8rem}
figure,.table{margin:0;background:var(--surface);border:1px solid var(--c-edge);
border-radius:10px;padding:1rem}
figure.whole{grid-column:1/-1}
.drawing,.table{overflow-x:auto}
svg{display:block;width:100%;height:auto;font-variant-numeric:tabular-nums}
figcaption{font-size:.87rem;margin-top:.5rem}
.table{margin-top:.8rem}
table{border-collapse:collapse;width:100%;font-size:.87rem}
th,td{text-align:left;padding:.35rem .55rem;border-bottom:1px solid var(--c-edge);
vertical-align:top;overflow-wrap:normal}
th{color:var(--c-quiet);font-weight:600;white-space:nowrap}
tbody tr:last-child>*{border-bottom:0}
.number{text-align:right;white-space:nowrap}
.time{white-space:nowrap}
tr.pass td:nth-child(6){color:var(--good)}
tr.fail td:nth-child(6){color:var(--c-line);font-weight:700}
@media (max-width:760px){.figures{grid-template-columns:minmax(0,1fr)}
figure.whole svg{min-width:600px}figure,.table{padding:.7rem}}
@media print{:root{color-scheme:light}
body{max-width:none;padding:0;background:none;font-size:10pt}
nav{display:none}h2,figcaption{break-after:avoid}
figure,tr{break-inside:avoid}figure,.table{border-color:#bbb}
.drawing,.table{overflow:visible}}
`.replaceAll('\n', '');
