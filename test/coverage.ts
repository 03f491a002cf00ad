/**
 * `npm run coverage`: runs tests as `npm test` does, with the same words after it, and prints what
 * share of the lines of each folder of `src/` they ran; with `--lines`, the other lines, too.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const LINES = '--lines';

/** What V8 counts in one process or thread; ranges are nested, outer ones first. */
interface Report {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly ranges: readonly {
        readonly startOffset: number;
        readonly endOffset: number;
        readonly count: number;
      }[];
    }[];
  }[];
}

/** A line of a module's JavaScript that does something. */
interface Line {
  readonly start: number;
  readonly end: number;
  /** Of its TypeScript, from 1. */
  readonly number: number;
  isRun: boolean;
}

/** A comment, an import, or nothing but brackets. */
const NOTHING = /^(\/\/|\/\*|\*( |\/|$)|import |export (\*|\{)|\} from |[^\w'"`]*$)/;

const root = join(import.meta.dirname, '../..');
const source = new URL('../src/', import.meta.url);

/** The lines of a compiled module, none of them run yet. */
function linesOf(path: string): Line[] {
  const script = fileURLToPath(new URL(path, source));
  const map = new SourceMap(JSON.parse(readFileSync(`${script}.map`, 'utf8')));
  let start = 0;
  return readFileSync(script, 'utf8')
    .split('\n')
    .flatMap((text, row) => {
      const indent = text.length - text.trimStart().length;
      const line = { start: start + indent, end: start + text.trimEnd().length, isRun: false };
      start += text.length + 1;
      const entry = map.findEntry(row, indent);
      if (NOTHING.test(text.trim()) || !('originalLine' in entry)) return [];
      return [{ ...line, number: entry.originalLine + 1 }];
    });
}

const modules = new Map(
  readdirSync(source, { recursive: true })
    .map(String)
    .filter((path) => path.endsWith('.js'))
    .map((path) => [new URL(path, source).href, { path, lines: linesOf(path) }]),
);

/** Marks what one process has run. */
function add({ result }: Report): void {
  for (const { url, functions } of result) {
    const lines = modules.get(url)?.lines ?? [];
    if (lines.every(({ isRun }) => isRun)) continue;
    const isRun = new Uint8Array(lines.at(-1)?.end ?? 0);
    for (const { ranges } of functions)
      for (const { startOffset, endOffset, count } of ranges)
        isRun.fill(Math.min(count, 1), startOffset, endOffset);
    for (const line of lines) line.isRun ||= isRun.subarray(line.start, line.end).includes(1);
  }
}

/** Numbers in a row as spans: `3, 7-9`. */
function spans(numbers: readonly number[]): string {
  const begins = numbers.filter((number) => !numbers.includes(number - 1));
  const ends = numbers.filter((number) => !numbers.includes(number + 1));
  return begins.map((begin, i) => (begin === ends[i] ? begin : `${begin}-${ends[i]}`)).join(', ');
}

const given = process.argv.slice(2);
const reports = mkdtempSync(join(tmpdir(), 'coverage-'));
try {
  const words = given.filter((word) => word !== LINES);
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, 'all.js'), ...words], {
    cwd: root,
    env: { ...process.env, NODE_V8_COVERAGE: reports },
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
  // A process that is killed while it writes its report leaves a part of it.
  for (const name of readdirSync(reports))
    try {
      add(JSON.parse(readFileSync(join(reports, name), 'utf8')) as Report);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
} finally {
  rmSync(reports, { recursive: true });
}

const folders = new Map<string, Line[]>();
for (const { path, lines } of modules.values()) {
  const folder = join('src', dirname(path).split('/')[0] as string);
  folders.set(folder, [...(folders.get(folder) ?? []), ...lines]);
  const missed = lines.filter(({ isRun }) => !isRun).map(({ number }) => number);
  if (given.includes(LINES) && missed.length > 0)
    console.log(`src/${path.replace(/\.js$/, '.ts')}: ${spans([...new Set(missed)])}`);
}
folders.set('all', [...folders.values()].flat());
console.log('\nfolder              lines   not run       run');
for (const [folder, lines] of [...folders].sort()) {
  const missed = lines.filter(({ isRun }) => !isRun).length;
  const share = (100 * (1 - missed / lines.length)).toFixed(1);
  console.log(
    `${folder.padEnd(17)}${String(lines.length).padStart(8)}${String(missed).padStart(10)}` +
      `${share.padStart(8)} %`,
  );
}
