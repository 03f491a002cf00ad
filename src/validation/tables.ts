import type { Check } from '../core/realism.ts';
import type { Verdict } from './validate.ts';

const HEADINGS = ['check', 'statistic', 'value', 'range', 'unit', 'verdict', 'simulated', 'source'];

/** The verdicts as a table for a terminal, with a summary line. */
export function verdictsText(verdicts: readonly Verdict[]): string {
  const rows = [HEADINGS, ...verdicts.map(cells)];
  const widths = HEADINGS.map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  const lines = rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n\n${summary(verdicts)}\n`;
}

/** The verdicts as values for JSON. */
export function verdictsJson(verdicts: readonly Verdict[]) {
  return {
    passed: count(verdicts, 'pass'),
    failed: count(verdicts, 'fail'),
    skipped: count(verdicts, 'skipped'),
    checks: verdicts.map(({ check, outcome, found, simulated, reason }) => ({
      id: check.id,
      machine_type: check.machineType,
      statistic: check.statistic,
      conditions: check.conditions,
      simulated,
      value: found ? { least: finite(found[0]), most: finite(found[1]) } : null,
      low: check.low,
      high: check.high,
      unit: check.unit,
      source: check.source,
      outcome,
      reason: reason ?? null,
    })),
  };
}

/** The verdicts as a table in Markdown. */
export function verdictsMarkdown(verdicts: readonly Verdict[]): string {
  const line = (row: readonly string[]) =>
    `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    '# Validation',
    'Statistics of simulated readings against published ranges. Made by' +
      ' `npx enms-simulator validate --markdown docs/validation.md`; where a value has two ends,' +
      ' these are its least and its most over seasons, machines or a distribution.',
    [line(HEADINGS), line(HEADINGS.map(() => '---')), ...verdicts.map(cells).map(line)].join('\n'),
    `${summary(verdicts)}\n`,
  ].join('\n\n');
}

/** The verdicts as an HTML table, with a summary paragraph. */
export function verdictsTable(verdicts: readonly Verdict[]): string {
  const head = HEADINGS.map((heading) => `<th>${heading}</th>`).join('');
  const rows = verdicts.map((verdict) => {
    const row = cells(verdict).map((cell) => `<td>${escaped(cell)}</td>`);
    return `<tr class="${verdict.outcome}">${row.join('')}</tr>`;
  });
  return [
    `<p>${summary(verdicts)}</p>`,
    `<table class="verdicts"><thead><tr>${head}</tr></thead><tbody>`,
    ...rows,
    '</tbody></table>',
  ].join('\n');
}

/** The verdicts as a self-contained HTML page. */
export function verdictsHtml(verdicts: readonly Verdict[]): string {
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><title>Validation</title>',
    `<style>${STYLE}</style></head><body>`,
    '<h1>Validation</h1>',
    verdictsTable(verdicts),
    '</body></html>\n',
  ].join('\n');
}

const STYLE = [
  'body{font:14px system-ui,sans-serif;margin:2rem}',
  'table{border-collapse:collapse}',
  'th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}',
  '.pass td:nth-child(6){color:#17692b}',
  '.fail td:nth-child(6){color:#b00020;font-weight:bold}',
  '.skipped{color:#666}',
].join('');

function cells({ check, outcome, found, simulated, reason }: Verdict): string[] {
  return [
    check.id,
    check.statistic,
    found ? rangeText(found[0], found[1]) : '-',
    rangeOf(check),
    check.unit,
    reason === undefined ? outcome : `${outcome}: ${reason}`,
    simulated,
    check.source,
  ];
}

function rangeText(least: number, most: number): string {
  const [a, b] = [numberText(least), numberText(most)];
  return a === b ? a : `${a} to ${b}`;
}

function rangeOf({ low, high }: Check): string {
  if (high === null) return `≥ ${low}`;
  if (low === null) return `≤ ${high}`;
  return low === high ? `${low}` : `${low} to ${high}`;
}

/** Rounded to four significant digits. */
function numberText(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : 'none';
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function summary(verdicts: readonly Verdict[]): string {
  const [passed, failed] = [count(verdicts, 'pass'), count(verdicts, 'fail')];
  return `${passed} passed, ${failed} failed, ${count(verdicts, 'skipped')} skipped.`;
}

function count(verdicts: readonly Verdict[], outcome: Verdict['outcome']): number {
  return verdicts.filter((verdict) => verdict.outcome === outcome).length;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
