import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { type Simulation, startSimulation } from '../simulation.ts';

/** Units other than the base units of Prometheus, and abbreviations of units. */
const OTHER_UNITS =
  /_(ms|milliseconds|minutes|hours|days|kb|kilobytes|mb|megabytes|percent|pct|sec|secs|kwh)(_|$)/;

describe('the metrics', () => {
  let simulation: Simulation;
  let text: string;
  before(async () => {
    simulation = await startSimulation();
    await simulation.pass(60);
    ({ body: text } = await simulation.app.inject('/metrics'));
  });
  after(() => simulation.close());

  it('are named by the rules of Prometheus', () => {
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
    assert.ok(types.length > 20);
    for (const [, name = '', type = ''] of types) {
      assert.match(text, new RegExp(`^# HELP ${name} \\S`, 'm'), name);
      assert.match(name, /^[a-z][a-z0-9_]*$/, name);
      assert.equal(name.endsWith('_total'), type === 'counter', name);
      assert.doesNotMatch(name, OTHER_UNITS, name);
      assert.ok(!name.includes(type), `${name} has its type in its name`);
    }
    const named = new Set(types.map(([, name = '']) => name));
    for (const [, name = ''] of text.matchAll(/^([a-z]\w*)[{ ]/gm)) {
      const metric = name.replace(/_(bucket|sum|count)$/, '');
      assert.ok(named.has(name) || named.has(metric), `${name} has no type`);
    }
  });

  it('are accepted by promtool', { skip: withoutPromtool() }, () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text });
    assert.equal(status, 0, `${stdout}${stderr}`);
  });
});

/** The reason if promtool is not installed: it comes with the whole of Prometheus. */
function withoutPromtool(): string | false {
  const { error } = spawnSync('promtool', ['--version']);
  return error ? 'promtool is not installed: apt-get install prometheus' : false;
}
