/** A real browser with the dashboard of a simulator of the test's own. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { Simulation } from '../simulation.ts';

/** Without windows to draw, the shell takes half the processor time. */
const INSTALLED = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];
const CHROMIUM = process.env['CHROMIUM'] ?? INSTALLED.find(existsSync);
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** What a test waits for comes within this, or not at all [ms]. */
const WAIT_MAX_MS = 200_000;

/**
 * For a test's `skip`: the reason where Chromium is not installed. In CI nothing is skipped: the
 * test fails there.
 */
export function withoutChromium(): string | false {
  if (process.env['CI'] || CHROMIUM) return false;
  return 'Chromium is not installed: apt-get install chromium-headless-shell';
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM ?? 'chromium', args: ARGUMENTS });
}

/** Lets a simulator answer on a free port; its address. */
export async function listen({ app }: Simulation, port = 0): Promise<string> {
  await app.listen({ port, host: '127.0.0.1' });
  return `http://127.0.0.1:${(app.server.address() as { port: number }).port}`;
}

/** A page of a browser that keeps what went wrong in it. */
export interface Watched {
  readonly page: Page;
  readonly faults: string[];
}

/** Opens an address in a page of its own. */
export async function open(
  browser: Browser,
  url: string,
  { width = 1440, height = 900, theme = 'light' as 'light' | 'dark' } = {},
): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme });
  context.setDefaultTimeout(WAIT_MAX_MS);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    const address = request.url();
    const isOwn = ['data:', 'blob:', url, new URL(url).origin].some((from) =>
      address.startsWith(from),
    );
    if (!isOwn) faults.push(`asked for ${address}`);
  });
  await page.goto(url);
  return { page, faults };
}

/** What axe-core finds that people with a disability would stumble over. */
async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate('axe.run()')) as {
    violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[];
  };
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
  );
}

/** Asserts that a page is as wide as its window, silent, and open to everybody. */
export async function assertSound({ page, faults }: Watched, name: string): Promise<void> {
  const overflowPx = await page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
  assert.equal(overflowPx, 0, `${name} scrolls sideways`);
  assert.deepEqual(await accessibilityFaults(page), [], name);
  assert.deepEqual(faults, [], name);
}
