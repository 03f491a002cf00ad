/** `replay` as a user sees it. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { shiftTo } from '../../src/dataset/publication.ts';
import { instantText } from '../../src/schema/times.ts';
import { demoFleet } from '../delivery/demo.ts';
import { Collector } from '../outputs/collector.ts';
import { startMosquitto, withoutMosquitto } from '../servers.ts';
import { freshDirectory, Program, run } from './program.ts';

const FROM_MS = Date.UTC(2026, 0, 14, 10);
const COMPRESSOR = 'factory/demo/compressor-1/energy';
const cwd = freshDirectory();
/** Arrivals are counted by instants of this length [ms]. */
const TURN_MS = 20;

interface Arrival {
  /** When it arrived, and the time in it [ms]. */
  readonly atMs: number;
  readonly timeMs: number;
  readonly payload: string;
}

/** Replays some minutes of the default factory. @returns The messages of one topic. */
async function replayed(t: TestContext, minutes: number, ...words: readonly string[]) {
  const server = await startMosquitto();
  t.after(() => server.close());
  const url = `mqtt://${server.host}:${server.port}`;
  const collector = await Collector.open(url, COMPRESSOR);
  t.after(() => collector.close());
  const arrivals: Arrival[] = [];
  collector.client.on('message', (_topic, payload) => {
    const text = payload.toString();
    arrivals.push({
      atMs: Date.now(),
      timeMs: Date.parse(JSON.parse(text).time),
      payload: text,
    });
  });
  const [from, to] = [FROM_MS, FROM_MS + 60_000 * minutes].map(instantText) as [string, string];
  const startMs = Date.now();
  const program = new Program(['replay', '--from', from, '--to', to, '--mqtt', url, ...words], cwd);
  return { program, arrivals, startMs, collector };
}

/** The times of a compressor's readings, one second apart. */
const seconds = (fromMs: number, count: number) =>
  Array.from({ length: count }, (_, i) => fromMs + 1000 * (i + 1));

describe('replay', { skip: withoutMosquitto() }, () => {
  it('publishes a window with its own times, smoothly at the chosen speed', async (t) => {
    const turnsMs: number[] = [];
    const turns = setInterval(() => turnsMs.push(Date.now()), TURN_MS);
    t.after(() => clearInterval(turns));
    const { program, arrivals, startMs, collector } = await replayed(t, 4, '--speed', '60');
    assert.equal(await program.ended, 0, program.stderr);
    assert.match(program.stdout, /^mqtt:\/\/127\.0\.0\.1:\d+: 912 rows, \d+ s\n$/);
    await collector.until((received) => received.length === 240);
    assert.deepEqual(
      arrivals.map(({ timeMs }) => timeMs),
      seconds(FROM_MS, 240),
    );
    // Nothing arrives before it is due, at one minute per second.
    for (const { atMs, timeMs } of arrivals)
      assert.ok(timeMs - FROM_MS <= 60 * (atMs - startMs), instantText(timeMs));
    // On a busy computer this process too has its turn at few instants.
    const [first, last] = [arrivals[0]?.atMs ?? 0, arrivals.at(-1)?.atMs ?? 0];
    const instants = new Set(arrivals.map(({ atMs }) => Math.floor(atMs / TURN_MS)));
    const own = new Set(
      turnsMs
        .filter((atMs) => atMs >= first && atMs <= last)
        .map((atMs) => Math.floor(atMs / TURN_MS)),
    );
    assert.ok(instants.size > 0.1 * own.size, `at ${instants.size} of ${own.size} instants`);
  });

  it('shifts a window to now, on the grid of every machine', async (t) => {
    const { program, arrivals, startMs, collector } = await replayed(t, 60, '--as-live');
    await collector.until((received) => received.length > 3);
    program.signal('SIGINT');
    assert.equal(await program.ended, 130, program.stderr);
    const [first] = arrivals as [Arrival];
    assert.equal((first.timeMs - 1000) % 30_000, 0);
    assert.ok(first.timeMs - 1000 > startMs - 30_000 && first.timeMs < Date.now());
    assert.deepEqual(
      arrivals.map(({ timeMs }) => timeMs),
      seconds(first.timeMs - 1000, arrivals.length),
    );
    for (const { atMs, timeMs } of arrivals) assert.ok(timeMs <= atMs, instantText(timeMs));
    assert.match(program.stderr, /interrupted; published up to 2026-01-14T10:00:\d\dZ/);

    const own = await replayed(t, 1, '--speed', 'max');
    assert.equal(await own.program.ended, 0, own.program.stderr);
    await own.collector.until((received) => received.length === 60);
    const values = ({ payload }: Arrival) => payload.replace(/^\{"time":"[^"]*",/, '');
    assert.deepEqual(arrivals.slice(0, 3).map(values), own.arrivals.slice(0, 3).map(values));
  });
});

it('the shifted window begins at most one common interval before now', () => {
  const { machines } = demoFleet();
  for (const nowMs of [FROM_MS + 86_400_000 + 12_345, FROM_MS - 1, FROM_MS]) {
    const shiftMs = shiftTo(nowMs, FROM_MS, machines);
    assert.equal(Math.abs(shiftMs % 30_000), 0);
    assert.ok(nowMs - (FROM_MS + shiftMs) >= 0 && nowMs - (FROM_MS + shiftMs) < 30_000);
  }
  const [compressor, hvac] = machines as [(typeof machines)[0], (typeof machines)[0]];
  const odd = [
    { ...compressor, intervalMs: 7000 },
    { ...hvac, intervalMs: 12_000 },
  ];
  assert.equal(shiftTo(FROM_MS + 84_000, FROM_MS, odd), 84_000);
  assert.equal(shiftTo(FROM_MS + 83_999, FROM_MS, odd), 0);
});

it('reports all errors in the options at once', async () => {
  const { status, stderr } = await run(['replay', '--from', '2026-01-14', '--speed', '0'], cwd);
  assert.equal(status, 2);
  assert.deepEqual(stderr.trimEnd().split('\n'), [
    '--to: is missing; now, today, yesterday, -7d, -90m, an instant like 2026-03-29T01:00:00Z or 2026-03-29T03:00+02:00, ' +
      'or a date (midnight UTC), from 1971 to 2199',
    '--mqtt: is missing, and MQTT_HOST is not set',
    '--speed: "0" is not accepted; a number above 0, up to 100000, or max',
  ]);
});
