import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { freshFolder } from '../dataset/request.ts';
import { COMPRESSOR, type Simulation, startSimulation } from '../simulation.ts';
import { sharedStore } from '../store/places.ts';
import { launchChromium, listen, open, withoutChromium } from './chromium.ts';
import { type PrefixProxy, startPrefixProxy } from './prefix-proxy.ts';

const KEY = 'a-long-and-secret-key';

/** A simulator behind a proxy that shows it below a path. */
async function startBehindProxy(env: Readonly<Record<string, string>>) {
  const store = await sharedStore('PGlite');
  const folder = freshFolder();
  const simulation = await startSimulation({ store, env: { DATA_DIR: folder, ...env } });
  const { port } = new URL(await listen(simulation));
  return { simulation, proxy: await startPrefixProxy(Number(port), '/plant/sim') };
}

async function giveKey(page: Page): Promise<void> {
  await page.getByLabel('API key').fill(KEY);
  await page.getByRole('button', { name: 'Use key' }).click();
}

describe('below any path of a proxy, without a setting for that path', {
  skip: withoutChromium(),
}, () => {
  let browser: Browser;
  let simulation: Simulation;
  let proxy: PrefixProxy;
  before(async () => {
    browser = await launchChromium();
    ({ simulation, proxy } = await startBehindProxy({ API_KEY: KEY }));
  });
  after(async () => {
    await browser.close();
    await proxy.close();
    await simulation.close();
  });

  it('the dashboard shows the machines, and live values move', async () => {
    const { page, faults } = await open(browser, proxy.url);
    const tile = page.locator(`[data-machine="${COMPRESSOR}"]`);
    await tile.locator('.sparkline .line[d]').waitFor({ state: 'attached' });
    assert.equal(await page.locator('.tile').count(), 5);
    const power = page.locator('.figures dd').first();
    const before = await power.innerText();
    await simulation.pass(60);
    await page.locator('.figures div', { hasText: 'Total power', hasNotText: before }).waitFor();
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  it('a link without the slash at the end leads to the dashboard as well', async () => {
    const { page, faults } = await open(browser, `${proxy.url.slice(0, -1)}#/settings`);
    await page.getByRole('heading', { name: 'Settings', exact: true }).waitFor();
    assert.equal(page.url(), `${proxy.url}#/settings`);
    assert.deepEqual(
      faults.filter((fault) => !fault.includes('404')),
      [],
    );
    await page.context().close();
  });

  it('the dashboard injects an anomaly, goes back, and downloads a dataset', async () => {
    const { page } = await open(browser, proxy.url);
    await page.getByRole('link', { name: 'Compressor-1' }).click();
    await page.getByRole('button', { name: 'Inject' }).click();
    await giveKey(page);
    await page.locator('.bar .badge.anomaly', { hasText: 'leak' }).waitFor();
    await page.goBack();
    await page.locator('.tile').first().waitFor();
    await page.getByRole('link', { name: 'Generate' }).click();
    await page.getByLabel('From (UTC)').fill('2026-06-01T08:00');
    await page.getByLabel('To (UTC)').fill('2026-06-01T09:00');
    await page.getByRole('button', { name: 'Generate' }).click();
    const card = page.locator('.exports [data-state="done"]');
    const [archive] = await Promise.all([
      page.waitForEvent('download'),
      card.getByRole('link', { name: /^Download / }).click(),
    ]);
    assert.ok(archive.url().startsWith(`${proxy.url}simulator/exports/`));
    assert.equal(await archive.failure(), null);
    await page.context().close();
  });

  it('Swagger UI calls the address that it is shown at, also for a link from the dashboard', async () => {
    const { page, faults } = await open(browser, proxy.url);
    await page.getByRole('link', { name: 'API' }).click();
    const operation = page.locator('.opblock', { hasText: '/simulator/machines' }).first();
    await operation.locator('.opblock-summary-control').click();
    const asked = page.waitForResponse((answer) => answer.url().includes('/simulator/machines'));
    await operation.getByRole('button', { name: 'Execute' }).click();
    const answer = await asked;
    assert.equal(answer.status(), 200);
    assert.ok(answer.url().startsWith(`${proxy.url}simulator/machines`), answer.url());
    await operation.locator('.live-responses-table .response-col_status').first().waitFor();
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  it('ReDoc shows the reference, with or without a slash at the end', async () => {
    for (const path of ['redoc', 'redoc/']) {
      const { page, faults } = await open(browser, proxy.url + path);
      await page.getByRole('heading', { name: /^Factory simulator/ }).waitFor();
      assert.deepEqual(faults, []);
      await page.context().close();
    }
  });

  it('the addresses in answers are relative to the request', async () => {
    const service = await fetch(proxy.url);
    const { links } = (await service.json()) as { links: Record<string, string> };
    for (const [name, link] of Object.entries(links)) {
      const url = new URL(link, proxy.url);
      assert.ok(url.href.startsWith(proxy.url), name);
      const answer = await fetch(url);
      assert.equal(answer.status, 200, name);
      await answer.body?.cancel();
    }
    const page = await fetch(`${proxy.url}simulator/machines?limit=2`);
    const [, next = ''] = /<(.+)>; rel="next"/.exec(page.headers.get('link') ?? '') ?? [];
    const following = await fetch(new URL(next, page.url));
    assert.equal(((await following.json()) as object[]).length, 2);
    const description = await fetch(`${proxy.url}openapi.json`);
    const { servers } = (await description.json()) as { servers: { url: string }[] };
    assert.deepEqual(
      servers.map(({ url }) => new URL(url, description.url).href),
      [proxy.url],
    );
    const missing = await fetch(`${proxy.url}no/such/page`, { headers: { accept: 'text/html' } });
    const [, home = ''] = /href="([^"]+)"/.exec(await missing.text()) ?? [];
    assert.equal(new URL(home, missing.url).href, proxy.url);
    const started = await fetch(`${proxy.url}simulator/exports/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': KEY },
      body: JSON.stringify({ from: '2026-06-01T08:00:00Z', to: '2026-06-01T08:10:00Z' }),
    });
    const location = new URL(started.headers.get('location') ?? '', started.url);
    assert.equal((await fetch(location)).status, 200, location.href);
  });
});

describe('the dashboard behind a proxy, without an API key', { skip: withoutChromium() }, () => {
  it('says beside the button that the simulator needs an API key', async () => {
    const { simulation, proxy } = await startBehindProxy({ API_HOSTS: 'localhost' });
    const browser = await launchChromium();
    try {
      const { page } = await open(browser, `${proxy.url}#/machine/${COMPRESSOR}`);
      await page.getByRole('button', { name: 'Inject' }).click();
      const fault = page.locator('.inject [role="alert"]');
      await fault.getByText(/set API_KEY behind a proxy/).waitFor();
    } finally {
      await browser.close();
      await proxy.close();
      await simulation.close();
    }
  });
});
