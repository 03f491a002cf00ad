/** The file `.env`: everything in it is used or reported. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { readEnvironmentFile } from '../../src/config/environment-file.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { mqttOptions } from '../../src/outputs/mqtt/index.ts';
import { configure, faultsOf, inFolder } from '../factory/surroundings.ts';

/** The result of reading a file `.env` with these bytes. */
function read(content: string | Uint8Array) {
  return inFolder({}, (cwd) => {
    writeFileSync(join(cwd, '.env'), content);
    return loadConfiguration({ env: {}, cwd });
  });
}

const remarksOf = (content: string) => read(content).remarks;

test('a byte order mark is not part of the first name', () => {
  const { api, logLevel, remarks } = read('\ufeffAPI_PORT=21101\nLOG_LEVEL=debug\n');
  assert.deepEqual([api.port.number, logLevel, remarks], [21101, 'debug', []]);
});

test('UTF-16 with a byte order mark is accepted in both byte orders, with a remark', () => {
  const text = Buffer.from('\ufeffAPI_PORT=21101\r\nMQTT_HOST=broker\r\n', 'utf16le');
  for (const bytes of [text, Buffer.from(text).swap16()]) {
    const { api, outputs, remarks } = read(bytes);
    assert.deepEqual([api.port.number, mqttOptions(outputs).external?.host], [21101, 'broker']);
    assert.deepEqual(remarks, ['.env is UTF-16 text: accepted, but other programs require UTF-8']);
  }
});

test('text in another encoding is an error, as is UTF-16 without its mark', () => {
  const latin1 = Buffer.from('MQTT_PASSWORD=schlüssel\n', 'latin1');
  const bare = Buffer.from('API_PORT=1\n', 'utf16le');
  for (const bytes of [latin1, bare])
    assert.deepEqual(
      faultsOf(() => read(bytes)),
      ['.env: is not UTF-8 text; save it as UTF-8'],
    );
});

test('lines may end with LF, CRLF or CR', () => {
  for (const end of ['\n', '\r\n', '\r']) {
    const { api, simulation } = read(['API_PORT=21101', 'SIMULATION_SEED=7', ''].join(end));
    assert.deepEqual([api.port.number, simulation.seed], [21101, 7]);
  }
});

test('values are read as Node reads them', () => {
  const text = [
    'A=1 # a remark',
    'B="x # y" # a remark',
    "  export C = 'it' ",
    'D="two\nlines"',
    'E=',
    'F=`tick`',
    '# G=1',
    '',
  ].join('\n');
  const { variables } = inFolder({ '.env': text }, readEnvironmentFile);
  assert.deepEqual(variables, { A: '1', B: 'x # y', C: 'it', D: 'two\nlines', E: '', F: 'tick' });
});

test('a line that is not an assignment is named by its number, and hides no line after it', () => {
  const { api, remarks } = read('# mine\nMQTT_PASSWORD hush\n\nAPI_PORT=21101\nAPI_KEY: hush\n');
  assert.equal(api.port.number, 21101);
  assert.deepEqual(remarks, [
    'line 2 of .env is not an assignment like API_PORT=8003, so it is ignored',
    'line 5 of .env is not an assignment like API_PORT=8003, so it is ignored',
  ]);
});

test('the ignored part of a value is reported with the number of its line', () => {
  const text = [
    'MQTT_USERNAME=plant#1',
    'MQTT_HOST="broker" 1883',
    'SIMULATION_SEED=1',
    'SIMULATION_SEED=2',
    'MQTT_CLIENT_ID="a',
    'MQTT_QOS=2',
    '',
  ].join('\n');
  const { outputs, simulation, remarks } = read(text);
  const mqtt = mqttOptions(outputs);
  assert.deepEqual([simulation.seed, mqtt.qos, mqtt.username], [2, 2, 'plant']);
  assert.deepEqual(remarks, [
    'line 1 of .env has a # that begins a comment; quote the value if the # belongs to it',
    'line 2 of .env has text after the closing quote, which is ignored',
    'line 3 of .env sets SIMULATION_SEED, which line 4 sets again, so it is ignored',
    'line 5 of .env has an unclosed quote',
  ]);
});

test('an unknown name is reported with the most similar one, whatever it begins with', () => {
  const text = 'SIMULATON_SPEED=3\nHVACC_INTERVAL=5\nPOSTGRES_HOTS=db\napi_port=1\nFOO=1\n';
  assert.deepEqual(remarksOf(text), [
    'FOO in .env is unknown',
    'HVACC_INTERVAL in .env is unknown; did you mean HVAC_INTERVAL?',
    'POSTGRES_HOTS in .env is unknown; did you mean POSTGRES_HOST?',
    'SIMULATON_SPEED in .env is unknown; did you mean SIMULATION_SPEED?',
    'api_port in .env is unknown; did you mean API_PORT?',
  ]);
});

test('the names of other programs share one line', () => {
  const names = ['COMPOSE_PROJECT_NAME', 'GRAFANA_PASSWORD', 'NODE_ENV', 'PATH', 'TZ'];
  const text = names.map((name) => `${name}=x\n`).join('');
  assert.deepEqual(remarksOf(text), [
    `.env has variables of other programs, which are ignored: ${names.join(', ')}`,
  ]);
});

test('only a limited number of problems is described', () => {
  const text = Array.from({ length: 70_000 }, (_, i) => `N${i}=1\nline ${i}\n`).join('');
  const startMs = process.cpuUsage().user / 1000;
  const remarks = remarksOf(text.slice(0, 1_000_000));
  assert.ok(process.cpuUsage().user / 1000 - startMs < 3000);
  assert.equal(remarks.length, 42);
  assert.match(remarks[20] as string, /^\d+ more lines of \.env have problems$/);
  assert.match(remarks[41] as string, /^\d+ more names in \.env are unknown$/);
});

test('a file without an end, or a pipe, is not read', () => {
  const refused = (make: (path: string) => void) =>
    inFolder({}, (cwd) => {
      make(join(cwd, '.env'));
      return faultsOf(() => loadConfiguration({ env: {}, cwd }));
    });
  assert.deepEqual(
    refused((path) => writeFileSync(path, Buffer.alloc(1024 * 1024 + 1))),
    ['.env: cannot be read (has 1048577 bytes)'],
  );
  assert.deepEqual(
    refused((path) => execFileSync('mkfifo', [path])),
    ['.env: cannot be read (is not a file)'],
  );
});

test('unknown environment variables are not mentioned', () => {
  assert.deepEqual(configure({ SIMULATON_SPEED: '3', PATH: '/bin' }).remarks, []);
});
