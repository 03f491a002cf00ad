import { request } from './api.ts';
import { isoText } from './format.ts';
import type {
  Catalogue,
  Factory,
  Health,
  Machine,
  MachineStatus,
  Reading,
  Series,
  Status,
} from './wire.ts';

/** A sparkline shows the last minute, but at least this number of readings. */
const TRAIL_MS = 60_000;
const TRAIL_MIN = 24;
const TRAIL_MAX = 60;
/** Listeners are called at most this often: the eye is no faster [ms]. */
const DRAW_MS = 400;
/** Totals and anomalies are polled, less often for large fleets [ms]. */
const POLL_MS = 4000;
const POLL_LARGE_MS = 15_000;
const LARGE_FLEET = 250;
/** Only the first machines of the registry are shown: the limit of one response and one stream. */
const SHOWN_MAX = 10_000;
/** Pause before a refused stream is opened again [ms]. */
const REOPEN_MS = 2000;

/** A machine with its latest reading and its recent power. */
export interface LiveMachine {
  machine: Machine;
  reading: Reading | undefined;
  /** Power of the last readings, oldest first; empty until `loadTrail` is called. */
  readonly trail: { timeMs: number; powerKw: number }[];
}

/** Called with the ids of the machines that have changed since the last call. */
export type Listener = (changed: ReadonlySet<string>) => void;

/** Follows the factory over one event stream, and knows whether it is still connected. */
export class Live {
  readonly machines = new Map<string, LiveMachine>();
  factories: readonly Factory[] = [];
  catalogue: Catalogue | undefined;
  status: Status | undefined;
  health: Health | undefined;
  /** Whether the values shown are current. */
  isConnected = true;
  readonly #listeners = new Set<Listener>();
  readonly #readingListeners = new Set<(reading: Reading) => void>();
  readonly #changed = new Set<string>();
  readonly #withTrail = new Set<string>();
  #loading: Promise<void> = Promise.resolve();
  #isScheduled = false;
  #polledMs = 0;

  /** Opens the stream, fetches everything once, then keeps polling. */
  async begin(): Promise<void> {
    this.#openStream();
    await this.#poll();
    void this.#pollForever();
  }

  /** Current simulated time, extrapolated from the last response [ms]. */
  get nowMs(): number {
    if (!this.status) return Date.now();
    const { simulated_time, simulation_speed } = this.status;
    const passedMs = this.isConnected ? performance.now() - this.#polledMs : 0;
    return Date.parse(simulated_time) + passedMs * simulation_speed;
  }

  /** The time zone of a machine's factory. */
  timeZoneOf({ factory_id }: Machine): string {
    return this.factories.find((each) => each.factory_id === factory_id)?.timezone ?? 'UTC';
  }

  /** Calls `listener` after changes, throttled. @returns A function that unsubscribes. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Calls `listener` with every reading. @returns A function that unsubscribes. */
  listenToReadings(listener: (reading: Reading) => void): () => void {
    this.#readingListeners.add(listener);
    return () => void this.#readingListeners.delete(listener);
  }

  /** Fetches totals, anomalies and connection states now instead of at the next poll. */
  async refresh(): Promise<void> {
    await this.#poll();
  }

  /** Fetches a machine's recent power from before the page was opened, one machine at a time. */
  loadTrail(id: string): void {
    const live = this.machines.get(id);
    if (!live || this.#withTrail.has(id)) return;
    this.#withTrail.add(id);
    this.#loading = this.#loading.then(() => this.#fetchTrail(live)).catch(() => undefined);
  }

  async #fetchTrail({ machine, trail }: LiveMachine): Promise<void> {
    const intervalMs = 1000 * machine.data_interval_seconds;
    const spanMs = Math.max(TRAIL_MS, TRAIL_MIN * intervalMs);
    const query = new URLSearchParams({
      from: isoText(this.nowMs - spanMs),
      fields: 'power_kw',
      points: String(Math.max(1, Math.min(TRAIL_MAX, Math.floor(spanMs / intervalMs)))),
    });
    const path = `simulator/machines/${machine.machine_id}/series?${query}`;
    const { time, fields } = await request<Series>(path);
    const firstMs = trail[0]?.timeMs ?? Number.POSITIVE_INFINITY;
    const before = time.flatMap((text, i) => {
      const powerKw = fields['power_kw']?.mean[i];
      const timeMs = Date.parse(text);
      return typeof powerKw === 'number' && timeMs < firstMs ? [{ timeMs, powerKw }] : [];
    });
    trail.unshift(...before);
    this.#changed.add(machine.machine_id);
    this.#scheduleNotify();
  }

  async #pollForever(): Promise<never> {
    for (;;) {
      const pauseMs = this.machines.size > LARGE_FLEET ? POLL_LARGE_MS : POLL_MS;
      await new Promise((resolve) => setTimeout(resolve, this.isConnected ? pauseMs : REOPEN_MS));
      await this.#poll();
    }
  }

  async #poll(): Promise<void> {
    try {
      const [status, health] = await Promise.all([
        request<Status>('simulator/status'),
        request<Health>('health'),
      ]);
      if (this.factories.length === 0)
        this.factories = await request<Factory[]>('simulator/factories');
      this.catalogue ??= await request<Catalogue>('simulator/info');
      await this.#fetchMachines();
      this.status = status;
      this.health = health;
      this.#polledMs = performance.now();
      this.isConnected = true;
    } catch {
      // Whatever the reason, the values shown are out of date, and the page says so.
      this.isConnected = false;
    }
    this.#scheduleNotify();
  }

  async #fetchMachines(): Promise<void> {
    const machines = await request<Machine[]>(`simulator/machines?limit=${SHOWN_MAX}`);
    const ids = new Set(machines.map(({ machine_id }) => machine_id));
    for (const id of this.machines.keys()) if (!ids.has(id)) this.machines.delete(id);
    for (const machine of machines) {
      const known = this.machines.get(machine.machine_id);
      if (known) known.machine = machine;
      else this.machines.set(machine.machine_id, { machine, reading: undefined, trail: [] });
      this.#changed.add(machine.machine_id);
    }
  }

  #openStream(): void {
    const stream = new EventSource(`simulator/stream?limit=${SHOWN_MAX}`);
    stream.addEventListener('reading', ({ data }) => this.#addReading(JSON.parse(data) as Reading));
    stream.addEventListener('status', ({ data }) =>
      this.#updateStatus(JSON.parse(data) as MachineStatus),
    );
    stream.addEventListener('error', () => {
      this.isConnected = false;
      this.#scheduleNotify();
      // The browser reconnects by itself unless it was refused.
      if (stream.readyState === EventSource.CLOSED) setTimeout(() => this.#openStream(), REOPEN_MS);
    });
    stream.addEventListener('open', () => {
      if (!this.isConnected) void this.#poll();
    });
  }

  #addReading(reading: Reading): void {
    const live = this.machines.get(reading.machine_id);
    if (!live) return;
    const timeMs = Date.parse(reading.time);
    const powerKw = Number(reading['power_kw']);
    if (live.reading && timeMs <= Date.parse(live.reading.time)) return;
    live.reading = reading;
    live.machine = {
      ...live.machine,
      current_power_kw: powerKw,
      operating_mode: String(reading['operating_mode'] ?? live.machine.operating_mode),
    };
    if (this.#withTrail.has(reading.machine_id)) extend(live.trail, timeMs, powerKw);
    for (const listener of this.#readingListeners) listener(reading);
    this.#changed.add(reading.machine_id);
    this.#scheduleNotify();
  }

  #updateStatus(status: MachineStatus): void {
    const live = this.machines.get(status.machine_id);
    if (!live) return;
    const { is_running, operating_mode, current_power_kw, alerts } = status;
    live.machine = { ...live.machine, is_running, operating_mode, current_power_kw, alerts };
    this.#changed.add(status.machine_id);
    this.#scheduleNotify();
  }

  #scheduleNotify(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setTimeout(() => requestAnimationFrame(() => this.#notify()), DRAW_MS);
  }

  #notify(): void {
    this.#isScheduled = false;
    const changed = new Set(this.#changed);
    this.#changed.clear();
    for (const listener of this.#listeners) listener(changed);
  }
}

/** Appends a reading to a trail and drops those that are too old. */
function extend(trail: LiveMachine['trail'], timeMs: number, powerKw: number): void {
  trail.push({ timeMs, powerKw });
  while (trail.length > TRAIL_MIN && (trail[0]?.timeMs ?? timeMs) < timeMs - TRAIL_MS)
    trail.shift();
}
