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
import type { Database } from '../store/database.ts';
import type { Store } from '../store/open-store.ts';
import { saveClock } from '../store/tables.ts';
import type { AdjustableClock } from './clock.ts';
import { CommandError } from './command-error.ts';
import { Directory, type Selection } from './directory.ts';
import type { EventLog } from './event-log.ts';
import type { GapLog } from './gap-log.ts';
import { GroundTruth } from './ground-truth.ts';
import { Health, type HealthParts } from './health.ts';
import { activeIncidents, type MachineState, machineState } from './machine-state.ts';
import type { Observer } from './observer.ts';

/** What a simulator is made of; each part is in use by readers as well. */
export interface SimulatorParts {
  readonly fleet: Fleet;
  readonly clock: AdjustableClock;
  readonly eventLog: EventLog;
  readonly observer: Observer;
  readonly deliveries: readonly Delivering[];
  /** Where all that must outlive the process is kept; none in a simulator without memory. */
  readonly store?: Pick<Store, 'database'> | undefined;
  readonly gapLog?: Pick<GapLog, 'gaps'> | undefined;
  /** Whether the journal takes events, where the clock comes from, and who is told. */
  readonly watched?: Pick<HealthParts, 'journal' | 'clockState' | 'log'>;
}

/** What is to be wrong with a machine, and for how long. */
export interface Injection {
  readonly anomalyType: string;
  readonly severity: number;
  readonly durationS: number;
}

/** How the simulator as a whole stands. */
export type Phase = 'stopped' | 'starting' | 'running' | 'stopping';

/** The running factory, as commands and questions see it. Knows nothing of how they arrive. */
export class Simulator {
  readonly clock: AdjustableClock;
  readonly eventLog: EventLog;
  readonly observer: Observer;
  readonly groundTruth: GroundTruth;
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
  }

  /** The factories and machines as they are described now; others may come, so ask each time. */
  get fleet(): Fleet {
    return this.#fleet;
  }

  get phase(): Phase {
    if (this.#isStopping) return 'stopping';
    if (Number.isNaN(this.observer.timeMs)) return 'starting';
    return this.runningCount() > 0 ? 'running' : 'stopped';
  }

  /** Real time since it was made [s]. */
  get uptimeS(): number {
    return (performance.now() - this.#createdMs) / 1000;
  }

  /** How each sink's delivery stands now. */
  get sinks(): DeliveryFigures[] {
    return this.health.sinks;
  }

  /** What sinks were not given, the latest, oldest first. */
  get gaps(): readonly Gap[] {
    return this.#gapLog?.gaps ?? [];
  }

  /** The database with all that outlives the process; none in a simulator without a store. */
  get database(): Database | undefined {
    return this.#store?.database;
  }

  /** Where the database is, for people. */
  get databaseLocation(): string {
    return this.#store?.database.location ?? 'none';
  }

  /** Whether the database answers; false where there is none. */
  get isDatabaseConnected(): boolean {
    return this.#store?.database.isConnected ?? false;
  }

  /** What keeps parts from doing their work now, the oldest first. */
  get problems(): Problem[] {
    return this.health.problems;
  }

  /** What holds from the next second on. */
  get settings(): Settings {
    return this.eventLog.journal.settingsAt(this.eventLog.nextS());
  }

  /** Says from now on that it is about to end. */
  beginStopping(): void {
    this.#isStopping = true;
  }

  /**
   * Goes on with another fleet, made of this one: readers that have not come so far yet read this
   * one up to there.
   *
   * @param fromMs - An instant that no reader has passed; the next second, if not given.
   */
  change(fleet: Fleet, fromMs = 1000 * this.eventLog.nextS()): void {
    this.#fleet = fleet;
    this.groundTruth.follow(fleet);
    this.#directory = new Directory(fleet);
    this.#changedMs = fromMs;
    for (const each of [this.observer, ...this.#deliveries]) each.follow(fleet, this.#changedMs);
  }

  /** Whether every sink has all that the machines said before the last change of the fleet. */
  get isChangeDelivered(): boolean {
    return this.#deliveries.every(({ deliveredMs }) => deliveredMs > this.#changedMs);
  }

  /** The machine of an id or a name. @throws CommandError where none has it, or several. */
  machine(text: string): Machine {
    const machine = this.#directory.machine(text);
    if (machine) return machine;
    if (IS_ID.test(text)) throw new CommandError('unknown', `no machine has the id ${text}`);
    const message = `no machine has the name ${JSON.stringify(text)}; give a name, or an id`;
    throw new CommandError('invalid', message, [{ path: 'machine_id', message }]);
  }

  /** @throws CommandError for an id that no factory has. */
  factory(id: string): FactoryDescription {
    const factory = this.#directory.factory(id);
    if (!factory) throw new CommandError('unknown', `no factory has the id ${id}`);
    return factory;
  }

  isRunning(machine: Machine): boolean {
    return this.eventLog.journal.isRunning(machine.id, this.eventLog.nextS());
  }

  /** Machines that run, of some or of all. */
  runningCount(machines: readonly Machine[] = this.fleet.machines): number {
    const { journal } = this.eventLog;
    const tS = this.eventLog.nextS();
    let count = 0;
    for (const { id } of machines) if (journal.isRunning(id, tS)) count++;
    return count;
  }

  /** How a machine stands, with the effect of every command answered so far. */
  state(machine: Machine): MachineState {
    const { journal } = this.eventLog;
    const { observer } = this;
    const today = observer.dailyTotals.of(machine, observer.timeMs);
    return machineState(machine, observer.of(machine), today, journal, this.eventLog.nextS());
  }

  /**
   * Starts or stops machines; those that run or stand already are left alone.
   *
   * @throws CommandError for ids that nobody has; then nothing changes.
   */
  async setRunning(isToRun: boolean, selection: Selection): Promise<void> {
    const machines = this.#directory.selected(selection);
    await this.eventLog.settled();
    const touched = machines.filter((machine) => this.isRunning(machine) !== isToRun);
    if (touched.length === 0) return;
    const kind = isToRun ? 'start' : 'stop';
    const isAll = machines.length === this.fleet.machines.length;
    await this.eventLog.append(
      isAll ? { kind } : { kind, machineIds: touched.map(({ id }) => id) },
    );
  }

  /**
   * Makes something go wrong with a machine.
   *
   * @throws CommandError for an anomaly that its type does not have, or a machine that stands.
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
   * Ends the anomalies that act on a machine, or those of one type.
   *
   * @returns Those that were ended; none is no error.
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
   * Changes how fast simulated time runs, without a jump in it. The journal has it first: should
   * the process end before the clock is on record, the next start finds it there.
   */
  async setSpeed(speed: number, configuredSpeed: number | null): Promise<void> {
    if (speed === this.clock.speed) return;
    await this.eventLog.append({ kind: 'speed', speed, configuredSpeed });
    // A clock that is shared has changed with the event.
    if (this.clock.speed === speed) return;
    const record = this.clock.setSpeed(speed);
    try {
      if (this.#store) await saveClock(this.#store.database, record);
    } catch (cause) {
      const message = 'the speed has changed, but the clock cannot be written now';
      throw new CommandError('unavailable', message, [], { cause });
    }
  }

  #checkFault({ name, type }: Machine, anomalyType: string): void {
    if (type.faultTypes.includes(anomalyType)) return;
    const message =
      `${JSON.stringify(anomalyType)} is no anomaly of ${name}, ` +
      `a machine of type ${type.type}, which has ${type.faultTypes.join(', ') || 'none'}`;
    throw new CommandError('invalid', message, [{ path: 'anomaly_type', message }]);
  }
}
