/** `report` as a user sees it. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { assertSound, launchChromium, open, withoutChromium } from '../web/chromium.ts';
import { run } from './program.ts';

const cwd = mkdtempSync(join(tmpdir(), 'enms-report-'));
after(() => rmSync(cwd, { recursive: true, force: true }));

const WINDOW = ['--from', '2026-01-14T07:00Z', '--to', '2026-01-14T10:00Z'];
/** Two factories, the first with every carrier and an anomaly, with names full of HTML. */
const PLANT = `factories:
  - name: '<script>alert(1)</script> & "Works"'
    location: <img src=x onerror=alert(2)>
    timezone: Europe/Berlin
    machines:
      - name: Boiler </title><b>1</b>
        type: boiler
        faults: [{ type: tube_fouling, start: 2026-01-14T08:00:00Z, duration: 1h, severity: 5 }]
      - { name: 'Belt "x" onload=alert(3)', type: conveyor }
      - { name: Press, type: pump }
  - name: Other
    timezone: America/Los_Angeles
    machines:
      - { name: Press, type: pump, interval: 7 }
`;
const FACTORY = ['--factory', 'plant.yaml'];
writeFileSync(join(cwd, 'plant.yaml'), PLANT);

const simulator = (...words: readonly string[]) => run(words, cwd);

function pageOf(file: string): string {
  return readFileSync(join(cwd, file), 'utf8');
}

/** A page without the sentence about the source of its readings. */
function content(page: string): string {
  return page.replace(/<p class="quiet">[^<]*<\/p>/, '');
}

async function written(...words: readonly string[]): Promise<string> {
  const out = ['--out', 'page.html'];
  const run = await simulator('report', ...words, ...out);
  assert.deepEqual([run.status, run.stderr], [0, ''], run.stderr);
  return pageOf('page.html');
}

/** The page of the window, and that of its CSV dataset with the same factories. */
let window: string;
let dataset: string;
before(async () => {
  window = await written(...WINDOW, ...FACTORY);
  renameSync(join(cwd, 'page.html'), join(cwd, 'window.html'));
});

test('a window and its datasets in every format give the same page', async () => {
  assert.match(window, /Simulated by version/);
  for (const format of ['csv', 'jsonl', 'parquet']) {
    const generated = await simulator(
      'generate',
      ...WINDOW,
      ...FACTORY,
      '--format',
      format,
      '--workers',
      '1',
      '--out',
      format,
    );
    assert.equal(generated.status, 0, generated.stderr);
    const page = await written(format, ...FACTORY);
    assert.match(page, new RegExp(`Read from the dataset ${format}, made by version`));
    assert.equal(content(page), content(window), format);
    if (format === 'csv') dataset = page;
  }
});

test('a dataset records its factories, and close-ups need the same ones', async () => {
  const page = await written('csv');
  assert.match(page, /No close-ups\. The dataset was made from other factories/);
  assert.doesNotMatch(page, /aria-label="Cycles: /);
  assert.match(dataset, /aria-label="Cycles: Press \(Other\)"/);
  const refused = await simulator('report', 'csv', '--validate');
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /^--validate: is not possible\. The dataset was made from other/);
});

test('the page is self-contained, and names in it stay text', () => {
  const page = window;
  // Only names of attributes and elements: attribute values and everything in between is text.
  const tags = page.replace(/="[^"]*"/g, '').match(/<[^>]*>/g) ?? [];
  const found = (form: RegExp) => tags.filter((tag) => form.test(tag));
  assert.deepEqual(found(/^<(script|img|link|iframe|object|base|form|b)\b/i), []);
  assert.deepEqual(found(/\s(on\w+|src|xlink:href)/i), []);
  assert.deepEqual(page.match(/.{20}(https?:|"\/\/|@import|url\((?!#)).{20}/g), null);
  assert.ok(page.includes(`Content-Security-Policy" content="default-src 'none'`));
  assert.ok(
    page.includes('<title>Energy report: &lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;Wo'),
  );
  assert.ok(
    page.includes('<td>Boiler &lt;/title&gt;&lt;b&gt;1&lt;/b&gt;</td><td>tube fouling</td>'),
  );
});

test('images are PNG, twice the size of their charts', async () => {
  const words = [...WINDOW, '--machines', 'Conveyor-A', '--out', 'small.html', '--png', 'pictures'];
  const { status, stdout, stderr } = await simulator('report', ...words);
  assert.deepEqual([status, stderr], [0, '']);
  assert.equal(stdout, 'small.html, 9 pictures in pictures\n');
  const names = readdirSync(join(cwd, 'pictures'));
  assert.equal(names[0], '01-power-demo-manufacturing-plant-electricity.png');
  const sizes = names.map((name) => {
    const bytes = readFileSync(join(cwd, 'pictures', name));
    assert.equal(bytes.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n');
    assert.ok(bytes.length > 5000, `${name} is empty`);
    return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  });
  assert.deepEqual(sizes.slice(0, 3), [
    [1520, 540],
    [740, 580],
    [740, 580],
  ]);
});

test('all errors in the options are reported at once, with exit code 2', async () => {
  const refused = async (words: readonly string[], ...lines: readonly RegExp[]) => {
    const { status, stderr } = await simulator('report', ...words);
    const found = stderr.trimEnd().split('\n');
    assert.deepEqual([status, found.length], [2, lines.length], stderr);
    for (const [i, line] of lines.entries()) assert.match(found[i] as string, line);
  };
  await refused(
    [],
    /^--from: is missing; now, .*, an instant/,
    /^--to: is missing; now, .*, an instant/,
  );
  await refused(['--from', '2026-02-01', '--to', '2026-01-01'], /^--to: 2026-01-01 is not after/);
  await refused(
    ['--from', '2026-01-14T10:00:01Z', '--to', '2026-01-14T10:00:09Z', '--machines', 'HVAC-Main'],
    /^--to: 2026-01-14T10:00:09Z comes before the first reading after --from$/,
  );
  await refused(
    ['csv', 'jsonl', '--seed', '7', '--from', '2026-01-01'],
    /^--from: applies to a simulated window, and csv is a dataset$/,
    /^--seed: applies to a simulated window/,
    /^jsonl: is an extra dataset; give only one$/,
  );
});

test('an incomplete or missing dataset is reported in one line, with exit code 1', async () => {
  const failed = async (words: readonly string[], line: RegExp) => {
    const { status, stderr } = await simulator('report', '--out', 'failed.html', ...words);
    assert.equal(status, 1, stderr);
    assert.match(stderr, line);
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  };
  await failed(['nowhere'], /cannot read nowhere: it does not exist$/m);
  await failed(['.'], /manifest\.json does not exist, so there is no dataset$/m);
  await failed(['csv/manifest.json'], /is a manifest; a report needs the folder with its files$/m);
  const energy = join(cwd, 'csv', 'energy', 'factory=other', '2026-01-14.csv');
  appendFileSync(energy, 'x');
  await failed(
    ['csv'],
    /csv: energy\/factory=other\/2026-01-14\.csv has \d+ bytes, but \d+ in its manifest$/m,
  );
  renameSync(energy, `${energy}.away`);
  await failed(['csv'], /csv: energy\/factory=other\/2026-01-14\.csv is missing$/m);
  await failed(
    [...WINDOW, '--machines', 'Conveyor-A', '--out', '/proc/x.html'],
    /cannot write \/proc\/x/m,
  );
  assert.ok(!readdirSync(cwd).includes('failed.html'));
});

describe('the page in a browser', { skip: withoutChromium() }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());

  for (const [theme, width] of [
    ['light', 1440],
    ['dark', 375],
  ] as const)
    it(`has no layout error and is accessible: ${theme}, ${width} px`, async () => {
      const url = pathToFileURL(join(cwd, 'window.html')).href;
      const watched = await open(browser, url, { width, theme });
      assert.equal(await watched.page.locator('figure svg').count(), 32);
      await assertSound(watched, `${theme} ${width}`);
      await watched.page.close();
    });
});
