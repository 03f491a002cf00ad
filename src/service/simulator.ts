import { randomUUID } from 'node:crypto';
import type { Incident } from '../core/anomaly.ts';
import type { FactoryDescription, Machine } from '../core/factory.ts';
import type { Settings } from '../core/journal.ts';
import { IS_ID } from '../core/machine-finder.ts';
import type { Problem } from '../core/problem.ts';
import type { Gap } from '../core/sink.ts';
import type { DeliveryFigures } from '../delivery/delivery.ts';
import type { Delivering } from '../delivery/figures.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { Running } from '../simulation/running.ts';
import type { Database } from '../store/database.ts';
import type { Store } from '../store/open-store.ts';
import { saveClock } from '../store/tables.ts';
import { toldFleet } from '../stories/told.ts';
import type { AdjustableClock } from './clock.ts';
import { CommandError } from './command-error.ts';
import { Directory, type Selection } from './directory.ts';
import type { EventLog } from './event-log.ts';
import type { GapLog } from './gap-log.ts';
import { GroundTruth } from './ground-truth.ts';
import { Health, type HealthParts } from './health.ts';
import { activeIncidents, type MachineState, machineState } from './machine-state.ts';
import type { Observer } from './observer.ts';
import { Stories } from './stories.ts';

/** The parts of a simulator, which readers also use. */
export interface SimulatorParts {
  readonly fleet: Fleet;
  readonly clock: AdjustableClock;
  readonly eventLog: EventLog;
  readonly observer: Observer;
  readonly deliveries: readonly Delivering[];
  /** Persistent storage; undefined for a simulator without one. */
  readonly store?: Pick<Store, 'database'> | undefined;
  readonly gapLog?: Pick<GapLog, 'gaps'> | undefined;
  /** Sources of problems for {@link Health}, and where it logs them. */
  readonly watched?: Pick<HealthParts, 'journal' | 'clockState' | 'log'>;
}

/** An anomaly to inject into a machine. */
export interface Injection {
  readonly anomalyType: string;
  readonly severity: number;
  readonly durationS: number;
}

/** The overall state of the simulator. */
export type Phase = 'stopped' | 'starting' | 'running' | 'stopping';

/** The running factory, with its commands and queries; independent of how these arrive. */
export class Simulator {
  readonly clock: AdjustableClock;
  readonly eventLog: EventLog;
  readonly observer: Observer;
  readonly groundTruth: GroundTruth;
  readonly stories = new Stories(this);
  readonly health: Health;
  readonly #deliveries: readonly Delivering[];
  readonly #store: SimulatorParts['store'];
  readonly #gapLog: SimulatorParts['gapLog'];
  readonly #createdMs = performance.now();
  #fleet: Fleet;
  #directory: Directory;
  #changedMs = Number.NEGATIVE_INFINITY;
  #isStopping = false;

  constructor(parts: SimulatorParts) {
    const { fleet, clock, eventLog, observer, deliveries, store, gapLog, watched } = parts;
    this.#store = store;
    this.#gapLog = gapLog;
    this.clock = clock;
    this.eventLog = eventLog;
    this.observer = observer;
    this.groundTruth = new GroundTruth(fleet, eventLog, store?.database);
    this.#deliveries = deliveries;
    const { database } = store ?? {};
    this.health = new Health({ clock, eventLog, deliveries, database, ...watched });
    this.#fleet = fleet;
    this.#directory = new Directory(fleet);
    eventLog.onTold((fromMs) => this.change(this.#fleet.factories, fromMs));
  }

  /** The current factories and machines; the fleet may be replaced, so read it each time. */
  get fleet(): Fleet {
    return this.#fleet;
  }

  get phase(): Phase {
    if (this.#isStopping) return 'stopping';
    if (Number.isNaN(this.observer.timeMs)) return 'starting';
    return this.runningCount() > 0 ? 'running' : 'stopped';
  }

  /** Real time since this simulator was created [s]. */
  get uptimeS(): number {
    return (performance.now() - this.#createdMs) / 1000;
  }

  /** The current delivery figures of each sink. */
  get sinks(): DeliveryFigures[] {
    return this.health.sinks;
  }

  /** The latest windows that sinks did not receive, oldest first. */
  get gaps(): readonly Gap[] {
    return this.#gapLog?.gaps ?? [];
  }

  /** The database with all persistent state; undefined for a simulator without a store. */
  get database(): Database | undefined {
    return this.#store?.database;
  }

  /** Where the database is, in readable form. */
  get databaseLocation(): string {
    return this.#store?.database.location ?? 'none';
  }

  /** Whether the database responds; false if there is none. */
  get isDatabaseConnected(): boolean {
    return this.#store?.database.isConnected ?? false;
  }

  /** Current problems, the oldest first. */
  get problems(): Problem[] {
    return this.health.problems;
  }

  /** The settings that apply from the next second on. */
  get settings(): Settings {
    return this.eventLog.journal.settingsAt(this.eventLog.nextS());
  }

  /** Changes the phase to `stopping`. */
  beginStopping(): void {
    this.#isStopping = true;
  }

  /**
   * Switches to the fleet of other factories, with what the journal tells by now. Readers that have
   * not reached the switch yet read the fleet before up to that instant.
   *
   * @param fromMs - The instant of the switch, which no reader has passed; default: the next
   *   second.
   */
  change(factories: readonly FactoryDescription[], fromMs = 1000 * this.eventLog.nextS()): void {
    const fleet = toldFleet(this.#fleet, factories);
    this.#fleet = fleet;
    this.groundTruth.follow(fleet);
    this.#directory = new Directory(fleet);
    this.#changedMs = fromMs;
    for (const each of [this.observer, ...this.#deliveries]) each.follow(fleet, this.#changedMs);
  }

  /** Whether every sink has all readings from before the last switch of the fleet. */
  get isChangeDelivered(): boolean {
    return this.#deliveries.every(({ deliveredMs }) => deliveredMs > this.#changedMs);
  }

  /** The machine with an id or a name. @throws CommandError if none has it, or several. */
  machine(text: string): Machine {
    const machine = this.#directory.machine(text);
    if (machine) return machine;
    if (IS_ID.test(text)) throw new CommandError('unknown', `no machine has the id ${text}`);
    const message = `no machine has the name ${JSON.stringify(text)}; give a name or an id`;
    throw new CommandError('invalid', message, [{ path: 'machine_id', message }]);
  }

  /** The factory with an id or a name. @throws CommandError if none has it, or several. */
  factory(text: string): FactoryDescription {
    const factory = this.#directory.factory(text);
    if (factory) return factory;
    if (IS_ID.test(text)) throw new CommandError('unknown', `no factory has the id ${text}`);
    const message = `no factory has the name ${JSON.stringify(text)}; give a name or an id`;
    throw new CommandError('invalid', message, [{ path: 'factory_id', message }]);
  }

  /** Whether a machine runs: neither a command nor a story has it stand. */
  isRunning(machine: Machine): boolean {
    return new Running(machine, this.eventLog.journal).isRunning(this.eventLog.nextS());
  }

  /** Number of running machines, among some or all. */
  runningCount(machines: readonly Machine[] = this.fleet.machines): number {
    const { journal } = this.eventLog;
    const tS = this.eventLog.nextS();
    let count = 0;
    for (const machine of machines) if (new Running(machine, journal).isRunning(tS)) count++;
    return count;
  }

  /** The state of a machine, including the effect of every command answered so far. */
  state(machine: Machine): MachineState {
    const { journal } = this.eventLog;
    const { observer } = this;
    const today = observer.dailyTotals.of(machine, observer.timeMs);
    return machineState(machine, observer.of(machine), today, journal, this.eventLog.nextS());
  }

  /**
   * Starts or stops machines; those already in that state are left alone.
   *
   * @throws CommandError for unknown ids; then nothing changes.
   */
  async setRunning(isToRun: boolean, selection: Selection): Promise<void> {
    const machines = this.#directory.selected(selection);
    await this.eventLog.settled();
    const { journal } = this.eventLog;
    const nextS = this.eventLog.nextS();
    const touched = machines.filter(({ id }) => journal.isRunning(id, nextS) !== isToRun);
    if (touched.length === 0) return;
    const kind = isToRun ? 'start' : 'stop';
    const isAll = machines.length === this.fleet.machines.length;
    await this.eventLog.append(
      isAll ? { kind } : { kind, machineIds: touched.map(({ id }) => id) },
    );
  }

  /**
   * Injects an anomaly into a machine.
   *
   * @throws CommandError for an anomaly that its type does not have, or a machine that is stopped.
   */
  async inject(machine: Machine, injection: Injection): Promise<Incident> {
    this.#checkFault(machine, injection.anomalyType);
    if (!this.isRunning(machine))
      throw new CommandError('conflict', `${machine.name} is stopped; start it first`);
    const id = randomUUID();
    const event = { kind: 'inject', id, machineId: machine.id, ...injection } as const;
    await this.eventLog.append(event);
    const incident = this.eventLog.journal.injections(machine.id).find((each) => each.id === id);
    return incident as Incident;
  }

  /**
   * Clears the active anomalies of a machine, or those of one type.
   *
   * @returns The anomalies that were cleared; there may be none.
   * @throws CommandError for an anomaly that its type does not have.
   */
  async clear(machine: Machine, anomalyType?: string): Promise<Incident[]> {
    if (anomalyType !== undefined) this.#checkFault(machine, anomalyType);
    await this.eventLog.settled();
    const { journal } = this.eventLog;
    const active = activeIncidents(machine, journal, this.eventLog.nextS()).filter(
      ({ type }) => anomalyType === undefined || type === anomalyType,
    );
    if (active.length === 0) return [];
    const event = { kind: 'clear', machineId: machine.id } as const;
    await this.eventLog.append(anomalyType === undefined ? event : { ...event, anomalyType });
    return active;
  }

  /** Changes settings from the next second on. */
  async configure(changes: Partial<Settings>): Promise<Settings> {
    const before = this.settings;
    const keys = Object.keys(changes) as (keyof Settings)[];
    if (keys.some((key) => changes[key] !== before[key]))
      await this.eventLog.append({ kind: 'configure', settings: changes });
    return this.settings;
  }

  /**
   * Changes the speed of simulated time, without a jump. The journal is written first: if the
   * process ends before the clock is saved, the next start finds the change there.
   */
  async setSpeed(speed: number, configuredSpeed: number | null): Promise<void> {
    if (speed === this.clock.speed) return;
    await this.eventLog.append({ kind: 'speed', speed, configuredSpeed });
    // A shared clock has already changed with the event.
    if (this.clock.speed === speed) return;
    const record = this.clock.setSpeed(speed);
    try {
      if (this.#store) await saveClock(this.#store.database, record);
    } catch (cause) {
      const message = 'the speed has changed, but the clock cannot be saved now';
      throw new CommandError('unavailable', message, [], { cause });
    }
  }

  #checkFault({ name, type }: Machine, anomalyType: string): void {
    if (type.faultTypes.includes(anomalyType)) return;
    const message =
      `${JSON.stringify(anomalyType)} is not an anomaly of ${name}, ` +
      `a machine of type ${type.type}, which has ${type.faultTypes.join(', ') || 'none'}`;
    throw new CommandError('invalid', message, [{ path: 'anomaly_type', message }]);
  }
}
