import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { buildApp } from '../../src/api/app.ts';
import { firstDifference, openDataset } from '../../src/dataset/comparison.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { freshFolder, made, requestOf } from '../dataset/request.ts';
import { COMPRESSOR, PUMP, type Simulation, startSimulation } from '../simulation.ts';
import { sharedStore } from '../store/places.ts';
import { until } from '../until.ts';
import { assertSound, launchChromium, listen, open, withoutChromium } from './chromium.ts';

/** Folder for screenshots of the pages for the documentation; optional. */
const IMAGES = process.env['DASHBOARD_IMAGES'];

const MACHINE_PAGE = `#/machine/${COMPRESSOR}`;
/** The screenshots show a connected broker and database. */
const HEALTH = { version: '1.0.0', mqtt_connected: true, database_connected: true, problems: [] };
/** Each page, with a selector that matches once it is complete. */
const PAGES = {
  '#/': '.tile .sparkline .line[d]',
  [MACHINE_PAGE]: '.readings[data-loaded]',
  '#/anomalies': 'tbody tr',
  '#/generate': '.exports .badge, .generate [role="status"]:not(:empty)',
  '#/settings': 'tbody tr',
} as const;

describe('the dashboard', { skip: withoutChromium() }, () => {
  let browser: Browser;
  let simulation: Simulation;
  let url: string;
  before(async () => {
    browser = await launchChromium();
    const store = await sharedStore('PGlite');
    simulation = await startSimulation({ store, env: { DATA_DIR: freshFolder() } });
    url = await listen(simulation);
  });
  after(async () => {
    await browser.close();
    await simulation.close();
  });

  it('is served to browsers; programs get JSON at the same address', async () => {
    const page = await fetch(url, { headers: { accept: 'text/html,*/*;q=0.8' } });
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'self'/);
    assert.doesNotMatch(policy, /unsafe|https?:/);
    const service = await fetch(url);
    assert.match(service.headers.get('content-type') ?? '', /^application\/json/);
    assert.equal(service.headers.get('vary'), 'Accept');
  });

  it('is small, and browsers cache it until it changes', async () => {
    const text = await (await fetch(url, { headers: { accept: 'text/html' } })).text();
    const paths = [...text.matchAll(/"(dashboard\/[^"]+)"/g)].map(([, path]) => path as string);
    assert.equal(paths.length, 3);
    let bytes = text.length;
    for (const path of paths) {
      const response = await fetch(`${url}/${path}`);
      assert.match(response.headers.get('cache-control') ?? '', /immutable/);
      bytes += (await response.arrayBuffer()).byteLength;
    }
    assert.ok(bytes < 250_000, `${bytes} bytes`);
    assert.equal((await fetch(`${url}/dashboard/..%2findex.html`)).status, 404);
  });

  it('says that an unknown address is not found', async () => {
    for (const address of ['#/foo', '#/constructor']) {
      const { page, faults } = await open(browser, `${url}/${address}`);
      await page.getByRole('heading', { name: 'Not found' }).waitFor();
      await page.getByText(`There is no page at ${address}.`).waitFor();
      await page.getByRole('link', { name: 'Go to the factory' }).click();
      await page.locator('.tile').first().waitFor();
      assert.deepEqual(faults, []);
      await page.context().close();
    }
    const missing = await fetch(`${url}/foo`, { headers: { accept: 'text/html,*/*;q=0.8' } });
    assert.equal(missing.status, 404);
    assert.match(missing.headers.get('content-type') ?? '', /^text\/html/);
    assert.match(await missing.text(), /<h1>Not found<\/h1>/);
    const json = await fetch(`${url}/foo`, { headers: { accept: '*/*' } });
    assert.deepEqual([json.status, json.headers.get('vary')], [404, 'Accept']);
    assert.deepEqual(await json.json(), { success: false, message: 'there is no /foo' });
  });

  it('stops and starts one machine, a selection, and all machines', async () => {
    const { page, faults } = await open(browser, url);
    const tile = page.locator(`[data-machine="${PUMP}"]`);
    const offline = page.locator('.tile .mode[data-mode="offline"]');
    await tile.getByRole('button', { name: 'Stop Hydraulic-Pump-1' }).click();
    await tile.getByRole('button', { name: 'Start Hydraulic-Pump-1' }).waitFor();
    await simulation.pass(2);
    await tile.locator('[data-mode="offline"]').waitFor();
    await tile.getByRole('button', { name: 'Start Hydraulic-Pump-1' }).click();
    await tile.getByRole('button', { name: 'Stop Hydraulic-Pump-1' }).waitFor();
    await page.getByLabel('Select Compressor-1').check();
    await page.getByLabel('Select Conveyor-A').check();
    await page.getByRole('button', { name: 'Stop 2 selected' }).click();
    await simulation.pass(60);
    await offline.nth(1).waitFor();
    assert.equal(await offline.count(), 2);
    await page.getByRole('button', { name: 'Stop all' }).click();
    await simulation.pass(60);
    await offline.nth(4).waitFor();
    await page.getByRole('button', { name: 'Start all' }).click();
    await page.getByText('5 of 5', { exact: true }).waitFor();
    await simulation.pass(60);
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  it('removes a machine that has left the registry', async () => {
    const { page, faults } = await open(browser, url);
    const tile = page.locator(`[data-machine="${PUMP}"]`);
    await tile.locator('.sparkline .line[d]').waitFor({ state: 'attached' });
    const { simulator } = simulation;
    const { fleet } = simulator;
    const without = fleet.factories.map((factory) => ({
      ...factory,
      machines: factory.machines.filter(({ id }) => id !== PUMP),
    }));
    simulator.change(without);
    await tile.waitFor({ state: 'detached' });
    await page.getByText('4 of 4', { exact: true }).waitFor();
    simulator.change(fleet.factories);
    await tile.waitFor();
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  it('changes the speed, and follows a change made elsewhere', async () => {
    const { page, faults } = await open(browser, url);
    const speed = page.getByLabel('Speed');
    await speed.selectOption('600×');
    await page.getByText('the settings are in effect').waitFor();
    await page.locator('.clock', { hasText: '600×' }).waitFor();
    assert.equal(simulation.simulator.clock.speed, 600);
    const payload = { simulation_speed: 1 };
    await simulation.app.inject({ method: 'PUT', url: '/simulator/config', payload });
    await page.locator('.clock', { hasNotText: '×' }).waitFor();
    assert.equal(await speed.inputValue(), '1');
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  it('injects a leak, shows its badge, band and cost, and clears it', async () => {
    const { page, faults } = await open(browser, url + MACHINE_PAGE);
    await page.getByLabel('Anomaly', { exact: true }).selectOption('leak');
    await page.getByLabel(/Severity/).fill('4');
    await page.getByLabel('Duration').selectOption('3600');
    await page.getByRole('button', { name: 'Inject' }).click();
    await page.locator('.bar .badge.anomaly', { hasText: 'leak · 4.0' }).waitFor();
    await simulation.pass(900);
    const power = page.locator('[data-field="power_kw"]');
    await power.locator('.band').waitFor();
    await until(async () => {
      await power.locator('.u-over').hover({ position: { x: 8, y: 20 } });
      const { width = 0 } = (await power.locator('.u-over').boundingBox()) ?? {};
      await power.locator('.u-over').hover({ position: { x: width - 30, y: 20 } });
      return / · expected [\d.]+ kW$/.test((await power.locator('.at').textContent()) ?? '');
    });
    await page.locator('.costs strong', { hasText: /^[\d.]+ kWh$/ }).waitFor();
    const [truth] = (await simulation.app.inject('/simulator/anomalies')).json();
    assert.ok(truth.excess_energy_kwh > 1, `${truth.excess_energy_kwh} kWh`);
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.locator('.bar .badge.anomaly').waitFor({ state: 'detached' });
    await simulation.pass(30);
    assert.equal((await simulation.app.inject('/simulator/anomalies')).json()[0].active, false);
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  it('shades shifts with a lower load', async () => {
    const { page, faults } = await open(browser, url + MACHINE_PAGE);
    await page.getByRole('button', { name: 'Day', exact: true }).click();
    const shifts = page.locator('[data-field="power_kw"] .shift');
    await shifts.nth(2).waitFor({ state: 'attached' });
    const labels = await shifts.evaluateAll((elements) =>
      elements.map((element) => element.getAttribute('data-label')),
    );
    // From Sunday noon to Monday noon.
    assert.deepEqual(labels, ['No shift, 30 %', 'No shift, 50 %', 'Shift 1, 100 %']);
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  it('zooms in on a dragged range, and out to a year', async () => {
    const { page, faults } = await open(browser, url + MACHINE_PAGE);
    await page.locator('.readings[data-loaded]').waitFor();
    const box = await page.locator('[data-field="power_kw"] .u-over').boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + 50, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + 150, box.y + 40, { steps: 5 });
    await page.mouse.up();
    await page.getByText(/^Until 2026-06-01/).waitFor();
    await page.getByRole('button', { name: 'Hour' }).click();
    await page.getByText('Live, 10 s per point.').waitFor();
    await page.getByRole('button', { name: 'Zoom in' }).click();
    await page.getByText('Live, 5 s per point.').waitFor();
    const earlier = page.getByRole('button', { name: 'Earlier' });
    await earlier.click();
    await earlier.click();
    await page.getByText(/^Until 2026-06-01.*, 5 s per point/).waitFor();
    await page.getByRole('button', { name: 'Zoom out' }).click();
    await page.getByText(/^Until 2026-06-01.*, 10 s per point/).waitFor();
    await page.mouse.move(box.x + 100, box.y + 40);
    const about = page.locator('[data-field="pressure_bar"] .at');
    await about.getByText(/^\d\d:\d\d:\d\d · /).waitFor();
    await page.getByRole('button', { name: 'Year' }).click();
    await page.getByText(/a sample of [\d,]+ readings/).waitFor();
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  it('generates a dataset whose files compare accepts, and removes it', async () => {
    const { page, faults } = await open(browser, `${url}/#/generate`);
    await page.getByLabel('From (UTC)').fill('2026-06-01T08:00');
    await page.getByLabel('To (UTC)').fill('2026-06-01T09:30');
    await page.getByLabel('Format').selectOption('csv');
    await page.getByLabel(/^Machines/).selectOption({ label: 'Hydraulic-Pump-1' });
    await page.getByLabel('Label every reading').check();
    await page.getByRole('button', { name: 'Generate' }).click();
    const card = page.locator('.exports [data-state="done"]', { hasText: 'Hydraulic-Pump-1' });
    const [archive] = await Promise.all([
      page.waitForEvent('download'),
      card.getByRole('link', { name: /^Download / }).click(),
    ]);
    assert.match(archive.suggestedFilename(), /^dataset-[0-9a-f]{8}\.tar$/);
    const unpacked = freshFolder();
    mkdirSync(unpacked);
    const words = ['-xf', await archive.path(), '--strip-components=1'];
    assert.equal(spawnSync('tar', words, { cwd: unpacked }).status, 0);
    await card.getByText('Files').click();
    const links = card.locator('li a');
    await links.first().waitFor();
    const folder = freshFolder();
    for (const link of await links.all()) {
      const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
      await download.saveAs(join(folder, await link.innerText()));
    }
    const { factories, settings } = simulation.configuration;
    const fromMs = Date.UTC(2026, 5, 1, 8);
    const request = { factories, settings, fromMs, machineIds: [PUMP], hasLabels: true };
    const expected = await made(requestOf(request, 1.5));
    for (const own of [folder, unpacked])
      assert.equal(firstDifference(openDataset(own), openDataset(expected.folder)), undefined);
    await card.getByRole('button', { name: 'Remove' }).click();
    await card.waitFor({ state: 'detached' });
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  it('shows the progress of an export, and cancels it', async () => {
    const { page, faults } = await open(browser, `${url}/#/generate`);
    await page.getByLabel('From (UTC)').fill('2025-06-01T00:00');
    await page.getByLabel('One file per').selectOption('month');
    await page.getByRole('button', { name: 'Generate' }).click();
    const card = page.locator('.exports [data-state="running"]');
    await card.getByText(/^[\d,]+ of 120,[\d,]+ rows, \d+ %/).waitFor();
    await card.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('the export was cancelled').waitFor();
    await page.getByText('No datasets yet.').waitFor();
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  for (const width of [1440, 375])
    for (const theme of ['light', 'dark'] as const)
      it(`fits, logs no errors and is accessible at ${width} px in the ${theme} theme`, async () => {
        for (const [address, sign] of Object.entries(PAGES)) {
          const watched = await open(browser, `${url}/${address}`, { width, theme });
          await watched.page.locator(sign).first().waitFor({ state: 'attached' });
          await assertSound(watched, `${address} at ${width} px`);
          await watched.page.context().close();
        }
      });

  for (const path of ['/docs', '/redoc'])
    it(`has API documentation at ${path} that works without the internet`, async () => {
      const { page, faults } = await open(browser, url + path);
      await page.getByText('Factory simulator').first().waitFor();
      assert.deepEqual(faults, []);
      await page.context().close();
    });

  it('shows a problem, its reason and its start until it is over', async () => {
    const watched = await open(browser, url);
    const { page } = watched;
    const problems: object[] = [];
    await page.route('**/health', (route) =>
      route.fulfill({ json: { ...HEALTH, mqtt_connected: problems.length === 0, problems } }),
    );
    const broker = page.locator('.state', { hasText: 'Broker' });
    await page.locator('.state[data-state="connected"]', { hasText: 'Broker' }).waitFor();
    const color = "getComputedStyle(document.querySelector('.state')).color";
    const goodColor = await page.evaluate(color);
    const reason = 'connect ECONNREFUSED 127.0.0.1:1883';
    problems.push({ part: 'mqtt', reason, since: '2026-06-01T11:59:05Z' });
    const shown = page.getByRole('status', { name: 'Problems' });
    await shown.waitFor();
    const text = await shown.innerText();
    assert.match(
      text,
      /Broker\s+connect ECONNREFUSED 127\.0\.0\.1:1883\s+since Mon 1 Jun.* 11:59:05/,
    );
    assert.equal(await broker.getAttribute('title'), `Broker: ${reason}`);
    assert.notEqual(await page.evaluate(color), goodColor);
    await assertSound(watched, 'with a problem');
    problems.length = 0;
    await shown.waitFor({ state: 'hidden' });
    await page.context().close();
  });

  it('says when the connection is lost, and recovers', async () => {
    const { page } = await open(browser, url);
    await page.locator('.tile').first().waitFor();
    const lost = page.getByText(/Connection lost/);
    assert.equal(await lost.isVisible(), false);
    await simulation.app.close();
    await lost.waitFor();
    const { simulator, configuration, close } = simulation;
    const app = await buildApp(simulator, configuration);
    simulation = {
      ...simulation,
      app,
      async close() {
        await app.close();
        await close();
      },
    };
    await listen(simulation, Number(new URL(url).port));
    await lost.waitFor({ state: 'hidden' });
    await simulation.pass(10);
    await page.context().close();
  });
});

describe('the dashboard of a locked simulator', { skip: withoutChromium() }, () => {
  it('asks for the key, rejects a wrong one, and keeps the right one', async () => {
    const simulation = await startSimulation({ env: { API_KEY: 'a-long-and-secret-key' } });
    const browser = await launchChromium();
    try {
      const { page } = await open(browser, await listen(simulation));
      await page.getByRole('button', { name: 'Stop Hydraulic-Pump-1' }).click();
      await page.getByLabel('API key').fill('guessed');
      await page.getByRole('button', { name: 'Use key' }).click();
      await page.getByText('That key was wrong.').waitFor();
      await page.getByLabel('API key').fill('a-long-and-secret-key');
      await page.getByRole('button', { name: 'Use key' }).click();
      await page.getByRole('button', { name: 'Start Hydraulic-Pump-1' }).waitFor();
      await page.reload();
      await page.getByRole('button', { name: 'Start Hydraulic-Pump-1' }).click();
      await page.getByRole('button', { name: 'Stop Hydraulic-Pump-1' }).waitFor();
      assert.equal(await page.locator('dialog').count(), 0);
    } finally {
      await browser.close();
      await simulation.close();
    }
  });
});

describe('the figures of a factory', { skip: withoutChromium() }, () => {
  it("are today's in local time, without the main meter", async () => {
    const pump = DEFAULT_FACTORY.machines.filter(({ type }) => type === 'pump');
    const id = 'c0000000-0000-0000-0000-0000000000ff';
    const about = { type: 'meter', ratedPowerKw: 400, intervalS: 60 };
    const meter = { id, name: 'Main-Meter', topic: 'factory/demo/main-meter', ...about };
    const factory = { ...DEFAULT_FACTORY, timeZone: 'Asia/Kolkata', machines: [...pump, meter] };
    const simulation = await startSimulation({ factories: [factory] });
    const browser = await launchChromium();
    try {
      const url = await listen(simulation);
      const path = `/simulator/machines/${PUMP}`;
      const midnight = '2026-05-31T18:30:00Z';
      const readings = await simulation.app.inject(`${path}/readings?from=${midnight}`);
      const kwh = sumOf(readings.json(), 'energy_kwh');
      const units = sumOf(readings.json(), 'production_count');
      assert.ok(kwh > 10 && units > 10);
      for (const address of ['#/', `#/machine/${PUMP}`]) {
        const { page, faults } = await open(browser, `${url}/${address}`);
        const figure = (title: string, value: string) =>
          page.locator('.figures div', { hasText: title }).getByText(value).waitFor();
        const [energy, made] = [kwh.toFixed(1), units.toLocaleString('en')];
        await figure('Energy today', `${energy} kWh`);
        await figure('Produced today', `${made} units`);
        assert.deepEqual(faults, []);
        await page.context().close();
      }
    } finally {
      await browser.close();
      await simulation.close();
    }
  });
});

function sumOf(readings: readonly Record<string, number>[], field: string): number {
  return readings.reduce((sum, reading) => sum + (reading[field] ?? 0), 0);
}

describe('names in the dashboard', { skip: withoutChromium() }, () => {
  it('stay text even if they contain markup or script', async () => {
    const name = '<img src=x onerror="document.title=1"><script>document.title=1</script>';
    const plain = await startSimulation();
    const factories = plain.configuration.factories.map((factory) => ({
      ...factory,
      name,
      machines: factory.machines.map((machine) => ({ ...machine, name })),
    }));
    await plain.close();
    const store = await sharedStore('PGlite');
    const simulation = await startSimulation({ store, factories });
    const browser = await launchChromium();
    try {
      const url = await listen(simulation);
      await simulation.simulator.inject(simulation.simulator.machine(COMPRESSOR), {
        anomalyType: 'leak',
        severity: 2,
        durationS: 600,
      });
      await simulation.pass(30);
      for (const [address, sign] of Object.entries(PAGES)) {
        const watched = await open(browser, `${url}/${address}`, { width: 375 });
        const { page } = watched;
        await page.locator(sign).first().waitFor({ state: 'attached' });
        if (address !== '#/settings')
          await page.getByText(name).first().waitFor({ state: 'attached' });
        assert.equal(await page.locator('main img, main script').count(), 0);
        assert.notEqual(await page.title(), '1');
        await assertSound(watched, address);
        await page.context().close();
      }
    } finally {
      await browser.close();
      await simulation.close();
    }
  });
});

describe('pictures of the dashboard', { skip: withoutPictures() }, () => {
  it('are taken for the documentation', async () => {
    const simulation = await startSimulation({ store: await sharedStore('PGlite') });
    const browser = await launchChromium();
    mkdirSync(IMAGES as string, { recursive: true });
    try {
      const url = await listen(simulation);
      await simulation.pass(600);
      await simulation.simulator.inject(simulation.simulator.machine(COMPRESSOR), {
        anomalyType: 'leak',
        severity: 4,
        durationS: 3600,
      });
      await simulation.pass(900);
      for (const theme of ['light', 'dark'] as const)
        for (const [name, address] of Object.entries({ factory: '#/', machine: MACHINE_PAGE })) {
          const size = { width: 1440, height: name === 'factory' ? 500 : 1000, theme };
          const { page } = await open(browser, `${url}/${address}`, size);
          await page.route('**/health', (route) => route.fulfill({ json: HEALTH }));
          await page.locator('.state[data-state="connected"]').nth(1).waitFor();
          await page
            .locator(PAGES[address as keyof typeof PAGES])
            .first()
            .waitFor();
          if (name === 'factory') await page.locator('.sparkline .line[d]').nth(4).waitFor();
          else await page.locator('.band').first().waitFor();
          await simulation.pass(30);
          if (name === 'factory') await page.getByText(/^-?[\d.]+ °C$/).waitFor();
          await page.screenshot({ path: `${IMAGES}/${name}-${theme}.png` });
          await page.context().close();
        }
    } finally {
      await browser.close();
      await simulation.close();
    }
  });
});

function withoutPictures(): string | false {
  return IMAGES ? withoutChromium() : 'DASHBOARD_IMAGES names no folder';
}
