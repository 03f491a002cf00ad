import type { Machine } from '../core/factory.ts';
import { IDLE, OFFLINE } from '../core/field.ts';
import type { Journal } from '../core/journal.ts';
import { type MachineType, ROW_WIDTH, type Values } from '../core/machine.ts';
import { white } from '../core/random.ts';
import { meteredPowerKw, writeElectricity } from '../core/row.ts';
import { ALERT_HOLD_S, AlertMonitor, isScanned } from './alert-monitor.ts';
import { Incidents } from './incidents.ts';
import { AFTER_S, positionOf, Running, type Switch } from './running.ts';

/** Anchors to try before accepting an unsettled state: a fault may last thirty days. */
const ANCHORS_MAX = 40;
/** A segment is no longer than this. */
const SEGMENT_MAX_S = 60;
/** Changes begin at whole seconds; this is just before one. */
const BEFORE_S = 0.0005;
/** A machine that was off for longer starts cold: the slowest to cool keeps e⁻¹⁴ of its heat. */
const FORGOTTEN_S = 14 * 86_400;

/** The state in which a machine was switched off. */
interface StoppedState {
  /** State in the segment that contained the instant. */
  readonly state: Values<string>;
  readonly stoppedS: number;
}

/** The energy register of a machine's meter, in whole milliwatt-hours. */
export interface EnergyRegister {
  /** The energy that the machine has taken. */
  readonly trueMwh: number;
  /** What the meter has counted: the same, as long as it was wired correctly. */
  readonly mwh: number;
  /** What it had counted at an earlier instant. */
  atMwh(tS: number): number;
  /** Counts nothing from here on, since the cursor moves to another instant, until it opens. */
  close(): void;
  /** Counts all readings up to and including `tS`, in steps of about a millisecond, and opens. */
  opening(tS: number): Iterable<undefined>;
  /** Reads rows of another machine type from here on. */
  become(type: MachineType): void;
  /** Counts the true reading at `at` and writes what the register shows into it. */
  count(tS: number, row: Float64Array, at: number): void;
  /** Counts the last reading as the wrongly wired meter tells it. */
  recount(row: Float64Array, at: number): void;
}

/** A position in one machine's function of time: its state there, and how to move on. */
export class Cursor {
  readonly machine: Machine;
  /** The machine as it is at the position: with another type, if that has changed. */
  shown: Machine;
  /** The operating mode, alerts and faults of the last reading. */
  mode = IDLE;
  alerts = 0;
  label = 0;
  /** When the machine was last switched off [s]; NaN for one that this cursor has seen run only. */
  stoppedS = Number.NaN;
  /** The energy register, if the machine has one and its reader publishes it. */
  register: EnergyRegister | undefined;
  /** Whether the next reading must include the machine's status, changed or not. */
  mustAnnounce = false;
  /** Whether its readings are those of defective instruments. */
  readonly isDefective: boolean = false;
  /** Whether the machine belongs to the factory. */
  isThere = true;
  /** When it runs. */
  readonly running: Running;
  readonly #journal: Journal;
  readonly #without: string | undefined;
  readonly #metering: Metering | undefined;
  /** What the machine is at the position, under the changes of its factory. */
  #steps: Steps;
  #incidents: Incidents;
  #current: Machine;
  #currentFromS = Number.NEGATIVE_INFINITY;
  #currentUntilS = Number.POSITIVE_INFINITY;
  #alertMonitor: AlertMonitor;
  /** The latest stop that this cursor has seen. */
  #stopped: StoppedState | undefined;
  #state: Values<string> | undefined;
  #parameters: Readonly<Values<string>>;
  #tS = Number.NaN;
  /** The position up to which it has been switched. */
  #switchedS = Number.NaN;
  #segmentEndS = Number.NaN;

  /** @param without - The id of an anomaly to leave out. */
  constructor(machine: Machine, journal: Journal, without?: string) {
    this.#metering = machine.metered && new Metering(machine.metered, journal, without);
    this.machine = machine;
    this.#journal = journal;
    this.#without = without;
    this.running = new Running(machine, journal);
    this.shown = machine;
    this.#current = machine;
    this.#steps = stepsOf(machine);
    this.#incidents = new Incidents(machine, journal, without);
    this.#alertMonitor = new AlertMonitor(machine.type.alertList);
    this.#parameters = machine.parameters;
    if (machine.story?.epochs) this.#currentUntilS = Number.NEGATIVE_INFINITY;
  }

  get isRunning(): boolean {
    return this.#state !== undefined;
  }

  /** Whether the machine has run since its last reading, so that a reading is due. */
  hasRunUntil(tS: number): boolean {
    return this.#state !== undefined && this.#tS < tS;
  }

  /** The state at the position, for tests and plots of the inside. */
  get state(): Readonly<Values<string>> | undefined {
    return this.#state;
  }

  /**
   * Whether another cursor of this machine is at the same instant and in the same state, so that
   * both make the same readings from here on, as long as no anomaly acts on only one of them.
   */
  isInStepWith(other: Cursor): boolean {
    const isMetering = !this.#metering || this.#metering.isInStepWith(other.#metering as Metering);
    return (
      isMetering &&
      this.#tS === other.#tS &&
      this.#segmentEndS === other.#segmentEndS &&
      isSame(this.#parameters, other.#parameters) &&
      isSame(this.#state, other.#state) &&
      isSame(this.#stopped?.state, other.#stopped?.state)
    );
  }

  /**
   * Moves to the state after the reading at `timeMs`, or after the latest one before it, starting
   * from an earlier anchor or from the machine's last start. Readings on the way that affect the
   * alerts of that instant are made into `scratch`.
   */
  seek(timeMs: number, scratch: Float64Array): void {
    const { intervalMs } = this.machine;
    const atS = timeMs / 1000 + AFTER_S;
    const last = this.running.last(atS);
    this.#switchedS = atS;
    this.#stopped = undefined;
    if (!(last?.isRunning ?? this.running.isRunning(atS))) {
      this.#state = undefined;
      this.stop(last?.timeS ?? Number.NaN);
      this.isThere = this.running.isThere(atS);
      return;
    }
    this.#beginToRun();
    const startedS = last?.timeS ?? Number.NEGATIVE_INFINITY;
    const lastReading = Math.floor(timeMs / intervalMs);
    const readings = Math.max(1, Math.ceil((1000 * ALERT_HOLD_S) / intervalMs));
    const fromMs = (lastReading - readings) * intervalMs;
    this.#place(Math.max(fromMs / 1000, startedS), startedS, last);
    this.#metering?.seek(this.#tS);
    const from = Math.floor(Math.round(1000 * this.#tS) / intervalMs);
    for (let reading = from + 1; reading <= lastReading; reading++) {
      // A main meter skips no reading, since its machines are read from one to the next.
      if (!this.#metering && reading < lastReading && !isScanned(reading, intervalMs)) continue;
      const previousS = ((reading - 1) * intervalMs) / 1000;
      if (previousS > this.#tS) this.#forward(previousS);
      this.read((reading * intervalMs) / 1000, scratch, 0);
    }
  }

  /**
   * Starts and stops the machine as the journal and stories say, up to and including a position
   * ({@link Running}): by default, that of the reading at `tS`.
   *
   * @returns Whether there is a reading to make at `tS`.
   */
  follow(tS: number, atS = tS): boolean {
    for (const each of this.running.between(this.#switchedS, atS)) this.switch(each);
    this.#switchedS = atS;
    return this.hasRunUntil(tS);
  }

  /** Switches the machine on or off. */
  switch(to: Switch): void {
    if (!to.isRunning || to.isNew) this.#stopAt(to);
    if (to.isRunning) this.#start(to);
  }

  /** Switches the machine on; after a short stop it resumes from the stopped state. */
  start(tS: number): void {
    this.#start({ timeS: tS, isRunning: true });
  }

  #start(start: Switch): void {
    const { timeS, isNew } = start;
    const stopped = isNew ? undefined : (this.#stopped ?? this.#stoppedStateBefore(start));
    this.#startAt(timeS, stopped);
    this.#metering?.seek(timeS);
    this.#beginToRun();
  }

  /** Switches the machine off. */
  stop(tS: number): void {
    this.#stopAt({ timeS: tS, isRunning: false });
  }

  #stopAt(stop: Switch): void {
    const { timeS } = stop;
    if (this.#state) {
      this.#forward(timeS);
      this.#stopped = { state: this.#state, stoppedS: timeS };
      this.#state = undefined;
    }
    this.stoppedS = timeS;
    this.isThere = this.running.isThere(positionOf(stop));
    this.mode = OFFLINE;
    this.alerts = 0;
    this.label = 0;
  }

  /**
   * Moves to `tS` and writes the reading of the interval that ends there to `values`, starting at
   * `at`. The machine must be running, and `tS` must lie on the grid of its interval.
   */
  read(tS: number, values: Float64Array, at: number): void {
    const { random, intervalMs } = this.machine;
    const state = this.#state as Values<string>;
    while (this.#tS < tS) {
      if (this.#tS >= this.#segmentEndS) this.#begin(this.#segmentEndS);
      const untilS = Math.min(tS, this.#segmentEndS);
      this.#steps.accumulate(state, this.#parameters, this.#tS, untilS);
      this.#tS = untilS;
    }
    const steps = this.#steps;
    const { site } = this.#current;
    const parameters = this.#parameters;
    const intervalS = intervalMs / 1000;
    this.#metering?.sum(tS, state);
    steps.report(state, parameters, site, random, tS, intervalS);
    const reading = Math.floor((tS * 1000) / intervalMs + 0.5);
    const bits = random.bits(reading);
    if (steps.electricityColumn >= 0) {
      const noise = white(bits);
      const powerKw = meteredPowerKw(state['powerKw'] as number, steps.meterNoiseShare, noise);
      writeElectricity(
        values,
        at + steps.electricityColumn,
        powerKw,
        steps.ratedPowerKw,
        steps.powerFactor(state, parameters, powerKw),
        site,
        tS,
        intervalS,
        steps.voltageDipShare?.(state) ?? 0,
      );
    }
    steps.writeRow(state, site.at(tS), bits, steps.sensorNoiseFactor, values, at);
    this.mode = values[at + steps.modeColumn] as number;
    this.label = this.#incidents.labelAt(tS);
    this.register?.count(tS, values, at);
    if (isScanned(reading, intervalMs))
      this.alerts = this.#alertMonitor.evaluate(state, parameters, tS);
  }

  #beginToRun(): void {
    this.#stopped = undefined;
    this.isThere = true;
    this.#alertMonitor.reset();
    this.mode = IDLE;
    this.alerts = 0;
    this.label = 0;
  }

  /** Makes the machine what it is at an instant. */
  #enter(tS: number): void {
    if (tS >= this.#currentFromS && tS < this.#currentUntilS) return;
    const epochs = this.machine.story?.epochs;
    if (!epochs) return;
    const { machine, fromS, untilS } = epochs.at(tS);
    this.#currentFromS = fromS;
    this.#currentUntilS = untilS;
    const { type, parameters, site } = machine;
    const before = this.#current;
    if (before.type === type && before.parameters === parameters && before.site === site) return;
    const base = this.machine;
    const isBase = base.type === type && base.parameters === parameters && base.site === site;
    const own = isBase ? base : { ...base, type, parameters, site };
    this.#current = own;
    this.#steps = stepsOf(own);
    this.#incidents = new Incidents(own, this.#journal, this.#without);
    this.shown = type === base.type ? base : own;
    if (before.type === type) return;
    this.#alertMonitor = new AlertMonitor(type.alertList);
    this.register?.become(type);
  }

  #startAt(tS: number, stopped: StoppedState | undefined): void {
    this.#enter(tS);
    const { type, site, random } = this.#current;
    const parameters = this.#incidents.parametersAt(tS);
    const state = type.start(parameters, site, random, tS);
    if (stopped && tS - stopped.stoppedS < FORGOTTEN_S)
      type.resume?.(state, parameters, site, random, stopped.state, stopped.stoppedS, tS);
    this.#parameters = parameters;
    this.#state = state;
    this.#tS = tS;
    this.#segmentEndS = tS;
  }

  #begin(tS: number): void {
    this.#enter(tS);
    const { type, site, random } = this.#current;
    this.#parameters = this.#incidents.parametersAt(tS);
    const state = this.#state as Values<string>;
    this.#segmentEndS = this.#steps.begin(state, this.#parameters, site, random, tS);
    if (!(this.#segmentEndS > tS))
      throw new Error(`${type.type} ${this.machine.id}: no progress at ${tS}`);
  }

  /** Advances segment by segment, without summing, until one contains `tS`. */
  #forward(tS: number): void {
    const { random } = this.machine;
    const state = this.#state as Values<string>;
    let parameters = this.#parameters;
    let endS = this.#segmentEndS;
    while (endS < tS) {
      this.#enter(endS);
      parameters = this.#incidents.parametersAt(endS);
      endS = this.#steps.begin(state, parameters, this.#current.site, random, endS);
    }
    this.#parameters = parameters;
    this.#segmentEndS = endS;
    this.#tS = tS;
  }

  /** Sets the state at `tS` that every history since `startedS` leads to. */
  #place(tS: number, startedS: number, start: Switch | undefined): void {
    if (this.#placeByAnchor(tS, startedS)) return;
    this.#startAt(startedS, start && !start.isNew ? this.#stoppedStateBefore(start) : undefined);
    this.#forward(tS);
  }

  /**
   * Sets the state from an anchor, if it does not depend on how the machine was started; otherwise
   * returns false.
   *
   * @param currentS - An instant at which the machine is what it was up to `tS`.
   */
  #placeByAnchor(tS: number, startedS: number, currentS = tS): boolean {
    for (let attempt = 0; attempt <= ANCHORS_MAX; attempt++) {
      this.#enter(currentS);
      const fromS = this.#currentFromS;
      const { type, site, parameters } = this.#current;
      const anchorS = type.anchorS(parameters, site, tS, attempt);
      if (anchorS <= startedS) return false;
      // An anchor holds for one description only: go on from what the one before it led to.
      if (anchorS < fromS + SEGMENT_MAX_S) {
        if (fromS <= startedS || !this.#placeByAnchor(fromS, startedS, fromS - BEFORE_S))
          return false;
        this.#forward(tS);
        return true;
      }
      this.#startAt(anchorS, undefined);
      this.#forward(tS);
      if (type.isSettled?.(this.#state as Values<string>) ?? true) return true;
    }
    return true;
  }

  /**
   * The stopped state before a start. Goes back to a stop whose state does not depend on the start
   * before it, and replays starts and stops from there.
   */
  #stoppedStateBefore(start: Switch): StoppedState | undefined {
    const runs: { readonly start: Switch; readonly stopS: number }[] = [];
    let stopped: StoppedState | undefined;
    for (let restart = start, stop = this.running.before(restart); stop && !stop.isRunning; ) {
      const stopS = stop.timeS;
      if (restart.timeS - stopS >= FORGOTTEN_S) break;
      const begin = this.running.before(stop);
      const beganS = begin?.timeS ?? Number.NEGATIVE_INFINITY;
      if (this.#placeByAnchor(stopS, beganS, stopS - BEFORE_S)) {
        stopped = { state: this.#state as Values<string>, stoppedS: stopS };
        break;
      }
      if (!begin) break;
      runs.push({ start: begin, stopS });
      if (begin.isNew) break;
      restart = begin;
      stop = this.running.before(restart);
    }
    for (const { start: begin, stopS } of runs.reverse()) {
      this.#startAt(begin.timeS, stopped);
      this.#forward(stopS);
      stopped = { state: this.#state as Values<string>, stoppedS: stopS };
    }
    return stopped;
  }
}

/** Whether two records of numbers are equal, or neither exists. */
export function isSame(
  a: Readonly<Values<string>> | undefined,
  b: Readonly<Values<string>> | undefined,
): boolean {
  if (!a || !b) return a === b;
  for (const key in a) if (!Object.is(a[key], b[key])) return false;
  return true;
}

/** What every reading of a machine needs, in records of one shape. */
type Steps = ReturnType<typeof stepsOf>;

/**
 * Machine types are records of different shapes, and a megamorphic look-up costs as much as a
 * sensor. Faults and wear change neither the rated power nor an instrument.
 */
function stepsOf({ type, parameters }: Machine) {
  return {
    begin: type.begin,
    accumulate: type.accumulate,
    report: type.report,
    powerFactor: type.powerFactor,
    voltageDipShare: type.voltageDipShare,
    writeRow: type.writeRow,
    electricityColumn: type.electricityColumn,
    modeColumn: type.modeColumn,
    ratedPowerKw: parameters['ratedPowerKw'] as number,
    meterNoiseShare: parameters['meterNoiseShare'] as number,
    sensorNoiseFactor: parameters['sensorNoiseFactor'] as number,
  };
}

/** The machines of a main meter, each read with its own cursor. */
class Metering {
  readonly #cursors: readonly Cursor[];
  readonly #row = new Float64Array(ROW_WIDTH);
  #tS = Number.NaN;

  constructor(machines: readonly Machine[], journal: Journal, without?: string) {
    this.#cursors = machines.map((machine) => new Cursor(machine, journal, without));
  }

  isInStepWith(other: Metering): boolean {
    return this.#cursors.every((cursor, i) => cursor.isInStepWith(other.#cursors[i] as Cursor));
  }

  seek(tS: number): void {
    for (const cursor of this.#cursors) cursor.seek(1000 * tS, this.#row);
    this.#tS = tS;
  }

  /** Reads all machines up to `tS` and adds their active and reactive energy to a state. */
  sum(tS: number, state: Values<string>): void {
    let [kws, kvars] = [0, 0];
    for (const cursor of this.#cursors) {
      const { type, intervalMs } = cursor.machine;
      const power = type.electricityColumn;
      const last = Math.floor((1000 * tS) / intervalMs);
      for (let i = Math.floor((1000 * this.#tS) / intervalMs) + 1; i <= last; i++) {
        const atS = (i * intervalMs) / 1000;
        if (!cursor.follow(atS)) continue;
        cursor.read(atS, this.#row, 0);
        const powerKws = ((this.#row[power] as number) * intervalMs) / 1000;
        const share = this.#row[power + 4] as number;
        kws += powerKws;
        kvars += (powerKws * Math.sqrt(1 - share * share)) / share;
      }
    }
    state['machinesKws'] = (state['machinesKws'] as number) + kws;
    state['machinesKvars'] = (state['machinesKvars'] as number) + kvars;
    this.#tS = tS;
  }
}
