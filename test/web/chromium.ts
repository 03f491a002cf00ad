/** A real browser showing the dashboard of a test's own simulator. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { Simulation } from '../simulation.ts';

/** The shell draws no windows and takes half the processor time. */
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
/** The longest that a test waits for anything on a page [ms]. */
const WAIT_MAX_MS = 200_000;

/**
 * For a test's `skip`: the reason if Chromium is not installed. In CI nothing is skipped; the
 * test fails there.
 */
export function withoutChromium(): string | false {
  if (process.env['CI'] || CHROMIUM) return false;
  return 'Chromium is not installed: apt-get install chromium-headless-shell';
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM ?? 'chromium', args: ARGUMENTS });
}

/** Starts a simulator's API on a free port. @returns Its address. */
export async function listen({ app }: Simulation, port = 0): Promise<string> {
  await app.listen({ port, host: '127.0.0.1' });
  return `http://127.0.0.1:${(app.server.address() as { port: number }).port}`;
}

/** A browser page and the errors that occurred in it. */
export interface Watched {
  readonly page: Page;
  readonly faults: string[];
}

/** Opens an address in a new page. */
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

/** Accessibility violations found by axe-core. */
async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate('axe.run()')) as {
    violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[];
  };
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
  );
}

/** Asserts that a page does not scroll sideways, logs no errors and is accessible. */
export async function assertSound({ page, faults }: Watched, name: string): Promise<void> {
  const overflowPx = await page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
  assert.equal(overflowPx, 0, `${name} scrolls sideways`);
  assert.deepEqual(await accessibilityFaults(page), [], name);
  assert.deepEqual(faults, [], name);
}
