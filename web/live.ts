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

/** A sparkline shows a minute, and so many readings at least. */
const TRAIL_MS = 60_000;
const TRAIL_MIN = 24;
const TRAIL_MAX = 60;
/** Listeners are called no more often than this: eyes are not faster [ms]. */
const DRAW_MS = 400;
/** Totals and anomalies come by asking; large fleets are asked less often [ms]. */
const ASK_MS = 4000;
const ASK_MANY_MS = 15_000;
const MANY_MACHINES = 250;
/** Machines that are followed: the first of the registry, as many as a page and a stream have. */
const SHOWN_MAX = 10_000;
/** Pause before a stream that was refused is opened again [ms]. */
const REOPEN_MS = 2000;

/** A machine with what the page has seen of it. */
export interface LiveMachine {
  machine: Machine;
  reading: Reading | undefined;
  /** Power of the last readings, oldest first; empty until it was recalled. */
  readonly trail: { timeMs: number; powerKw: number }[];
}

/** Is told which machines changed since it was called last. */
export type Listener = (changed: ReadonlySet<string>) => void;

/** Follows the factory over one stream, and knows whether it still hears it. */
export class Live {
  readonly machines = new Map<string, LiveMachine>();
  factories: readonly Factory[] = [];
  catalogue: Catalogue | undefined;
  status: Status | undefined;
  health: Health | undefined;
  /** Whether what is shown is what is. */
  isConnected = true;
  readonly #listeners = new Set<Listener>();
  readonly #readingListeners = new Set<(reading: Reading) => void>();
  readonly #changed = new Set<string>();
  readonly #recalled = new Set<string>();
  #recalling: Promise<void> = Promise.resolve();
  #isDrawing = false;
  #heardMs = 0;

  /** Fetches what does not change, then follows what does. */
  async begin(): Promise<void> {
    this.#openStream();
    await this.#ask();
    void this.#askForEver();
  }

  /** Simulated time now, as far as it can be told from here [ms]. */
  get nowMs(): number {
    if (!this.status) return Date.now();
    const { simulated_time, simulation_speed } = this.status;
    const passedMs = this.isConnected ? performance.now() - this.#heardMs : 0;
    return Date.parse(simulated_time) + passedMs * simulation_speed;
  }

  /** The zone whose clocks a machine's factory goes by. */
  timeZoneOf({ factory_id }: Machine): string {
    return this.factories.find((each) => each.factory_id === factory_id)?.timezone ?? 'UTC';
  }

  /** Calls `listener` after changes, throttled, until the function returned is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Calls `listener` with every reading until the function returned is called. */
  listenToReadings(listener: (reading: Reading) => void): () => void {
    this.#readingListeners.add(listener);
    return () => void this.#readingListeners.delete(listener);
  }

  /** Asks for totals, anomalies and connections now, rather than at the next time. */
  async refresh(): Promise<void> {
    await this.#ask();
  }

  /** Fetches what a machine did just before the page was opened; one machine after the other. */
  recall(id: string): void {
    const live = this.machines.get(id);
    if (!live || this.#recalled.has(id)) return;
    this.#recalled.add(id);
    this.#recalling = this.#recalling.then(() => this.#recall(live)).catch(() => undefined);
  }

  async #recall({ machine, trail }: LiveMachine): Promise<void> {
    const intervalMs = 1000 * machine.data_interval_seconds;
    const spanMs = Math.max(TRAIL_MS, TRAIL_MIN * intervalMs);
    const query = new URLSearchParams({
      from: isoText(this.nowMs - spanMs),
      fields: 'power_kw',
      points: String(Math.max(1, Math.min(TRAIL_MAX, Math.floor(spanMs / intervalMs)))),
    });
    const path = `/simulator/machines/${machine.machine_id}/series?${query}`;
    const { time, fields } = await request<Series>(path);
    const firstMs = trail[0]?.timeMs ?? Number.POSITIVE_INFINITY;
    const before = time.flatMap((text, i) => {
      const powerKw = fields['power_kw']?.mean[i];
      const timeMs = Date.parse(text);
      return typeof powerKw === 'number' && timeMs < firstMs ? [{ timeMs, powerKw }] : [];
    });
    trail.unshift(...before);
    this.#changed.add(machine.machine_id);
    this.#draw();
  }

  async #askForEver(): Promise<never> {
    for (;;) {
      const pauseMs = this.machines.size > MANY_MACHINES ? ASK_MANY_MS : ASK_MS;
      await new Promise((resolve) => setTimeout(resolve, this.isConnected ? pauseMs : REOPEN_MS));
      await this.#ask();
    }
  }

  async #ask(): Promise<void> {
    try {
      const [status, health] = await Promise.all([
        request<Status>('/simulator/status'),
        request<Health>('/health'),
      ]);
      if (this.factories.length === 0)
        this.factories = await request<Factory[]>('/simulator/factories');
      this.catalogue ??= await request<Catalogue>('/simulator/info');
      await this.#askMachines();
      this.status = status;
      this.health = health;
      this.#heardMs = performance.now();
      this.isConnected = true;
    } catch {
      // Whatever the reason, what is on the page is old, and the page says so.
      this.isConnected = false;
    }
    this.#draw();
  }

  async #askMachines(): Promise<void> {
    const machines = await request<Machine[]>(`/simulator/machines?limit=${SHOWN_MAX}`);
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
    const stream = new EventSource(`/simulator/stream?limit=${SHOWN_MAX}`);
    stream.addEventListener('reading', ({ data }) => this.#take(JSON.parse(data) as Reading));
    stream.addEventListener('status', ({ data }) =>
      this.#takeStatus(JSON.parse(data) as MachineStatus),
    );
    stream.addEventListener('error', () => {
      this.isConnected = false;
      this.#draw();
      // A browser tries again by itself, except where it was refused.
      if (stream.readyState === EventSource.CLOSED) setTimeout(() => this.#openStream(), REOPEN_MS);
    });
    stream.addEventListener('open', () => {
      if (!this.isConnected) void this.#ask();
    });
  }

  #take(reading: Reading): void {
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
    if (this.#recalled.has(reading.machine_id)) extend(live.trail, timeMs, powerKw);
    for (const listener of this.#readingListeners) listener(reading);
    this.#changed.add(reading.machine_id);
    this.#draw();
  }

  #takeStatus(status: MachineStatus): void {
    const live = this.machines.get(status.machine_id);
    if (!live) return;
    const { is_running, operating_mode, current_power_kw, alerts } = status;
    live.machine = { ...live.machine, is_running, operating_mode, current_power_kw, alerts };
    this.#changed.add(status.machine_id);
    this.#draw();
  }

  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    setTimeout(() => requestAnimationFrame(() => this.#tell()), DRAW_MS);
  }

  #tell(): void {
    this.#isDrawing = false;
    const changed = new Set(this.#changed);
    this.#changed.clear();
    for (const listener of this.#listeners) listener(changed);
  }
}

/** Adds a reading to a trail, and takes those off that have become too old. */
function extend(trail: LiveMachine['trail'], timeMs: number, powerKw: number): void {
  trail.push({ timeMs, powerKw });
  while (trail.length > TRAIL_MIN && (trail[0]?.timeMs ?? timeMs) < timeMs - TRAIL_MS)
    trail.shift();
}
