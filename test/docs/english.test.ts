/** Sentences that a reader stumbles over, so that they do not come back. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { COMMANDS } from '../../src/cli/program.ts';
import { VARIABLES } from '../../src/config/variables.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { pages, root } from './pages.ts';

/** Words of a translated register, and sentences that were replaced once. */
const STUMBLES = [
  /\bso (many|long|often)\b(?! (as|that))/i,
  /\b(whoever|likewise|nobody|somebody)\b/i,
  /\bas those take them\b/i,
  /pure function of \(description/i,
  /last March can be asked for/i,
  /\bhow they stand\b/i,
  /\bserviced on Sundays, wear and age in between\b/i,
  /\bwhich may die and come as they like\b/i,
  /\bone line a fault\b/i,
  /\ba table a channel\b/i,
  /\bas they were due\b/i,
  /\bgive it a speed that it bears\b/i,
  /\bWho (cannot|needs|sets|uses|wants)\b/,
  /\bwhile the simulator stands\b/i,
  /\bfor no merit of\b/i,
  /\bOf more it is\b/i,
  /\bTwo who ask\b/i,
  /\bthat readings tell\b/i,
  /\blast that was heard\b/i,
  /\bLeast weight of a line\b/i,
  /\breading standard output has gone\b/i,
  /\bthe latest release is mended\b/i,
  /\bAnomalies come by themselves\b/i,
];

function stumbles(text: string): readonly string[] {
  return STUMBLES.flatMap((pattern) => pattern.exec(text)?.[0] ?? []);
}

test('no page has a sentence that was found to be hard to read', () => {
  for (const { path, prose } of pages) assert.deepEqual(stumbles(prose), [], path);
});

test('the texts that the program shows have none either', async () => {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  const shown = [
    ...commands.flatMap(({ about, options }) => [
      about,
      ...Object.values(options).map((o) => o.about),
    ]),
    ...Object.values(VARIABLES).map(({ about }) => about),
    ...machineTypes.flatMap(({ parameters, faultList }) => [
      ...Object.values(parameters).map(({ about }) => about),
      ...faultList.map(({ about }) => about),
    ]),
  ];
  assert.ok(shown.length > 150);
  for (const text of shown) assert.deepEqual(stumbles(text), [], text);
});

/** The descriptions of a schema, however deep. */
function descriptions(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) =>
    key === 'description' && typeof each === 'string' ? [each] : descriptions(each),
  );
}

test('each description of the factory schema stands alone, as editors show it', () => {
  const schema = JSON.parse(readFileSync(new URL('examples/factory.schema.json', root), 'utf8'));
  const found = descriptions(schema);
  assert.ok(found.length > 100);
  for (const text of found) {
    assert.match(text, /^[A-Z0-9"`]/, text);
    assert.match(text, /[.)]$/, text);
    assert.deepEqual(stumbles(text), [], text);
    assert.doesNotMatch(text, /^(The same|As above|Its|Of it|Of that)\b/, text);
  }
});

test('the README begins with its promise and shows it within ten lines', () => {
  const { text = '' } = pages.find(({ path }) => path === 'README.md') ?? {};
  const [title, second = '', ...rest] = text.split('\n').filter((line) => line !== '');
  assert.equal(title, '# enms-simulator');
  assert.match(second, /every anomaly comes with its truth/i);
  assert.match(rest.slice(0, 10).join('\n'), /leak[\s\S]*images\/leak-light\.svg[\s\S]*1,410 Wh/);
  assert.match(text, /```sh\nnpx enms-simulator\n/);
});
