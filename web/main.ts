/** The dashboard: a fixed header, and one page per address. */
import { request } from './api.ts';
import { h, setText } from './dom.ts';
import { clockText, numberText } from './format.ts';
import { Live } from './live.ts';
import { anomaliesPage } from './pages/anomalies.ts';
import { clusterPage } from './pages/cluster.ts';
import { factoryPage } from './pages/factory.ts';
import { generatePage } from './pages/generate.ts';
import { machinePage } from './pages/machine.ts';
import { missingPage } from './pages/missing.ts';
import type { Page, PageMaker } from './pages/page.ts';
import { settingsPage } from './pages/settings.ts';
import { notices } from './parts/notice.ts';
import { Problems } from './parts/problems.ts';
import { themeButton } from './parts/theme.ts';
import type { Cluster } from './wire.ts';

const PAGES: Readonly<Record<string, PageMaker>> = {
  '': factoryPage,
  machine: machinePage,
  anomalies: anomaliesPage,
  generate: generatePage,
  cluster: clusterPage,
  settings: settingsPage,
};
const LINKS = [
  ['', 'Factory'],
  ['anomalies', 'Anomalies'],
  ['generate', 'Generate'],
  ['cluster', 'Cluster'],
  ['settings', 'Settings'],
] as const;

/** How often the clock in the header advances between two responses [ms]. */
const TICK_MS = 1000;

const live = new Live();
const links = LINKS.map(([name, title]) => h('a', { href: `#/${name}` }, title));
const clusterLink = links.find((_link, i) => LINKS[i]?.[0] === 'cluster') as HTMLElement;
clusterLink.hidden = true;
const clock = h('span', { class: 'clock' });
const broker = h('span', { class: 'state' }, 'Broker');
const database = h('span', { class: 'state' }, 'Database');
const lost = h(
  'p',
  { class: 'lost', role: 'alert', hidden: true },
  'Connection lost. You see the last known values. Reconnecting …',
);
const problems = new Problems();
const main = h('main', { id: 'main', tabindex: -1 });

document.body.append(
  h('button', { class: 'skip', click: () => main.focus() }, 'Skip to content'),
  h(
    'header',
    {},
    h('a', { href: '#/', class: 'brand' }, h('span', { class: 'logo' }), 'Factory simulator'),
    h('nav', { 'aria-label': 'Pages' }, ...links, h('a', { href: 'docs' }, 'API')),
    h('div', { class: 'states' }, clock, broker, database, themeButton()),
  ),
  lost,
  problems.element,
  main,
  notices,
);

let page: Page | undefined;

function show(): void {
  const [name = '', id = ''] = location.hash.replace(/^#?\/?/, '').split('/');
  page?.close();
  const make = Object.hasOwn(PAGES, name) ? PAGES[name] : undefined;
  page = (make ?? missingPage)(live, decoded(id));
  document.title = `${page.title} · Factory simulator`;
  main.replaceChildren(h('h1', {}, page.title), page.element);
  for (const [i, link] of links.entries())
    if (LINKS[i]?.[0] === name) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  scrollTo(0, 0);
}

/** A truncated address may end in the middle of an encoded character. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function showConnection(): void {
  lost.hidden = live.isConnected;
  document.body.classList.toggle('is-lost', !live.isConnected);
  const health = live.isConnected ? live.health : undefined;
  showState(broker, 'Broker', 'mqtt', health?.mqtt_connected);
  showState(database, 'Database', 'store', health?.database_connected);
  problems.show(health?.problems ?? [], timeZone());
}

function showState(
  element: HTMLElement,
  name: string,
  part: string,
  isConnected: boolean | undefined,
): void {
  const problem = live.health?.problems.find((each) => each.part === part);
  const state =
    isConnected === undefined
      ? 'unknown'
      : !isConnected
        ? 'not connected'
        : problem
          ? 'has a problem'
          : 'connected';
  element.dataset['state'] = state;
  element.title = `${name}: ${problem && isConnected !== undefined ? problem.reason : state}`;
  setText(element, state === 'connected' ? name : `${name} ${state}`);
}

/** The time zone of the clock in the header. */
function timeZone(): string {
  return live.factories.length === 1 ? (live.factories[0]?.timezone ?? 'UTC') : 'UTC';
}

function showClock(): void {
  if (!live.status) return;
  const { simulation_speed } = live.status;
  const speed =
    simulation_speed === 1
      ? ''
      : ` · ${numberText(simulation_speed, simulation_speed < 1 ? 3 : 0)}×`;
  setText(clock, `${clockText(live.nowMs, timeZone())}${speed}`);
}

/** Shows the link to the cluster page only if there is a cluster. */
async function showCluster(): Promise<void> {
  const { enabled } = await request<Cluster>('simulator/cluster');
  clusterLink.hidden = !enabled;
}

live.listen(showConnection);
void showCluster().catch(() => undefined);
addEventListener('hashchange', show);
setInterval(showClock, TICK_MS);
await live.begin();
show();
showConnection();
showClock();
