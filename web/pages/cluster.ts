import { request } from '../api.ts';
import { h, setText } from '../dom.ts';
import { numberText } from '../format.ts';
import type { Live } from '../live.ts';
import type { Cluster } from '../wire.ts';
import type { Page } from './page.ts';

/** How often the state of the cluster is polled [ms]. */
const POLL_MS = 2000;

const MEMBER_TITLES = ['Process', 'Role', 'Version', 'Shards'];
const SHARD_TITLES = ['Shard', 'Machines', 'Owner', 'Sink', 'Lag', 'Readings per second', 'State'];

/** The processes of a live cluster, and the lag of each shard. */
export function clusterPage(_live: Live): Page {
  const remark = h('p', { class: 'quiet', role: 'status' });
  const members = h('tbody', {});
  const shards = h('tbody', {});
  const parts = h(
    'div',
    { hidden: true },
    table('Processes', MEMBER_TITLES, members),
    table('Shards', SHARD_TITLES, shards),
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;

  const refresh = async (): Promise<void> => {
    try {
      const cluster = await request<Cluster>('simulator/cluster');
      parts.hidden = !cluster.enabled;
      setText(remark, summary(cluster));
      members.replaceChildren(...memberRows(cluster));
      shards.replaceChildren(...shardRows(cluster));
    } catch (error) {
      setText(remark, (error as Error).message);
    }
    if (!isClosed) timer = setTimeout(() => void refresh(), POLL_MS);
  };
  void refresh();

  return {
    title: 'Cluster',
    element: h('div', {}, remark, parts),
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

function summary({ enabled, shards = [], lag_seconds = 0 }: Cluster): string {
  if (!enabled) return 'This simulator is not part of a cluster.';
  const idle = shards.filter(({ owner }) => owner === null).length;
  const missing = idle === 0 ? '' : ` ${idle} of them have no owner.`;
  return `${shards.length} shards; the slowest is ${numberText(lag_seconds, 1)} s behind.${missing}`;
}

function memberRows({ members = [] }: Cluster): HTMLElement[] {
  return members.map(({ id, role, version, shards, answers }) =>
    row([
      answers ? `${id} (this process)` : id,
      role,
      version,
      role === 'worker' ? `${shards}` : '–',
    ]),
  );
}

function shardRows({ shards = [] }: Cluster): HTMLElement[] {
  return shards.flatMap(({ shard, machines, owner, sinks }) =>
    sinks.map(({ sink, lag_seconds, readings_per_second, connected }) =>
      row([
        `${shard}`,
        `${machines}`,
        owner ?? '–',
        sink,
        `${numberText(lag_seconds, 0)} s`,
        numberText(readings_per_second, 1),
        connected ? 'connected' : 'not connected',
      ]),
    ),
  );
}

function row(cells: readonly string[]): HTMLElement {
  return h('tr', {}, ...cells.map((cell) => h('td', {}, cell)));
}

function table(title: string, titles: readonly string[], body: HTMLElement): HTMLElement {
  const heads = titles.map((each) => h('th', { scope: 'col' }, each));
  return h(
    'section',
    {},
    h('h2', {}, title),
    h(
      'div',
      { class: 'table card', tabindex: 0, role: 'region', 'aria-label': title },
      h('table', {}, h('thead', {}, h('tr', {}, ...heads)), body),
    ),
  );
}
