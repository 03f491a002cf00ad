/**
 * A voyage in simulated time: the whole system in one process, from one seed.
 *
 * Whatever the system requests from the world (a write, a watermark, a journal event) waits until
 * the voyage answers. Between two steps everything runs until it waits for an answer or for time,
 * so that a seed always gives the same voyage, however fast the host is.
 */
import assert from 'node:assert/strict';
import type { FactoryDescription, Machine, MachineDescription } from '../../src/core/factory.ts';
import type { JournalEvent } from '../../src/core/journal.ts';
import { MemoryWatermarks } from '../../src/delivery/watermarks.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { InstantClock } from '../../src/service/clock.ts';
import { CommandError } from '../../src/service/command-error.ts';
import { DEFAULT_SETTINGS, nextFleet } from '../../src/simulation/fleet.ts';
import { type Chapter, legsOf, Past, SPREAD_MAX_MS } from './simulated-past.ts';
import { type Estate, type Form, SimulatedProcess } from './simulated-process.ts';
import { Dice, type Question, Receiver } from './simulated-world.ts';

const DAY_MS = 86_400_000;
/** A midnight, so that the observer need not read the day so far. */
const FIRST_DAY_MS = Date.UTC(2026, 2, 3);
const INTERVALS_S = [0.5, 1, 2, 5, 5, 10, 10, 15, 30];

/** What happened in a voyage. */
export interface Logbook {
  readonly seed: number;
  readonly expected: number;
  readonly received: number;
  readonly failures: number;
  readonly events: number;
  readonly refusals: number;
  readonly fleets: number;
  readonly processes: number;
  readonly gaps: number;
}

/**
 * Sails one voyage to its end.
 *
 * @throws AssertionError if a receiver has anything other than an undisturbed reader's messages,
 *   or if the journal has lost an acknowledged event.
 */
export async function voyage(seed: number): Promise<Logbook> {
  return new Voyage(seed).sail();
}

class Voyage {
  readonly #seed: number;
  readonly #dice: Dice;
  readonly #clock: InstantClock;
  readonly #endMs: number;
  readonly #canSpread: boolean;
  readonly #events: JournalEvent[] = [];
  readonly #chapters: Chapter[] = [];
  readonly #receivers: readonly Receiver[];
  readonly #estate: Omit<Estate, 'receivers'>;
  #forms: readonly Form[] = [];
  #machinesMade = 0;
  #leaps = 0;
  #processes = 0;
  #failures = 0;
  #refusals = 0;
  #isChanging = false;

  constructor(seed: number) {
    const dice = new Dice(seed);
    this.#seed = seed;
    this.#dice = dice;
    const startMs = FIRST_DAY_MS + DAY_MS * dice.whole(0, 300) + 1000 * dice.whole(0, 60);
    this.#endMs = startMs + 1000 * dice.whole(30, 90);
    this.#clock = new InstantClock(startMs + dice.whole(0, 20_000));
    this.#canSpread = dice.chance(0.7);
    this.#receivers = ['first', 'second', 'third'].slice(0, dice.pick([2, 2, 3])).map((name) => {
      const keepsWatermark = name === 'third';
      return new Receiver({ name, batchRows: dice.pick([2, 7, 30, 200]), keepsWatermark });
    });
    const machines = Array.from({ length: dice.whole(3, 5) }, () => this.#newMachine());
    const networks = dice.chance(0.3) && { compressedAir: {}, chilledWater: {}, steam: {} };
    const factory = { ...DEFAULT_FACTORY, machines, ...(networks && { networks }) };
    this.#chapters.push({ fromMs: Number.NEGATIVE_INFINITY, factories: [factory] });
    this.#estate = {
      seed,
      startMs,
      clock: this.#clock,
      leaps: () => this.#leaps,
      watermarks: new MemoryWatermarks(),
      events: this.#events,
      chapters: this.#chapters,
      settings: { ...DEFAULT_SETTINGS, anomalyProbability: dice.pick([0, 0.1, 1]) },
      catchUpMs: dice.pick([Infinity, Infinity, Infinity, 60_000, 15_000, 0]),
    };
  }

  async sail(): Promise<Logbook> {
    let process = await this.#start();
    while (this.#clock.nowMs() < this.#endMs) {
      await process.rest();
      if (this.#dice.chance(0.012)) process = await this.#restart(process);
      else await this.#step(process);
    }
    const untilMs = await this.#arrive(process);
    const { journal } = process.eventLog;
    const legs = legsOf(this.#chapters, journal, this.#seed);
    const past = new Past(legs, this.#estate.startMs, this.#clock.nowMs());
    for (const [i, receiver] of this.#receivers.entries()) {
      const { isSpread } = this.#forms[i] as Form;
      assert.deepEqual(past.faults(receiver, untilMs, isSpread), [], receiver.name);
    }
    await process.stop();
    const sum = (of: (receiver: Receiver) => number) =>
      this.#receivers.reduce((total, receiver) => total + of(receiver), 0);
    return {
      seed: this.#seed,
      expected: past.size,
      received: sum(({ messages }) => messages),
      failures: this.#failures,
      events: this.#events.length,
      refusals: this.#refusals,
      fleets: this.#chapters.length,
      processes: this.#processes,
      gaps: sum(({ gaps }) => gaps.length),
    };
  }

  #start(): Promise<SimulatedProcess> {
    this.#processes++;
    this.#isChanging = false;
    this.#forms = this.#receivers.map(({ keepsWatermark }) =>
      keepsWatermark
        ? { isSpread: false, shares: 1 }
        : {
            isSpread: this.#canSpread && this.#dice.chance(0.5),
            shares: this.#dice.pick([1, 1, 1, 2, 3]),
          },
    );
    const receivers = this.#receivers.map((receiver, i) => ({
      receiver,
      form: this.#forms[i] as Form,
    }));
    return SimulatedProcess.start({ ...this.#estate, receivers });
  }

  async #restart(process: SimulatedProcess): Promise<SimulatedProcess> {
    if (this.#dice.chance(0.7)) await process.kill(this.#dice);
    else await process.stop();
    this.#advance(this.#dice.pick([0, 500, 5000, 40_000]));
    return this.#start();
  }

  /** Something happens, or the world answers. */
  async #step(process: SimulatedProcess): Promise<void> {
    const dice = this.#dice;
    const lot = dice.share();
    if (lot < 0.6) await this.#answer(process);
    else if (lot < 0.84) this.#advance(dice.pick([20, 300, 1000, 1000, 1500, 3000, 10_000]));
    else if (lot < 0.93) this.#command(process);
    else if (lot < 0.96) this.#change(process);
    else if (lot < 0.99) dice.pick(process.lines).sink.lose();
    else {
      this.#leaps++;
      this.#advance(dice.whole(10_000, 60_000));
    }
  }

  #advance(durationMs: number): void {
    this.#clock.advanceTo(this.#clock.nowMs() + durationMs);
  }

  /** Answers some requests, mostly with success. */
  async #answer(process: SimulatedProcess): Promise<void> {
    const dice = this.#dice;
    for (const question of [...process.life.questions]) {
      if (!process.life.questions.includes(question) || dice.chance(0.3)) continue;
      if (question.isHanging) await process.stall(question);
      else if (dice.chance(0.85)) question.answer(1, true);
      else {
        this.#failures++;
        const doneShare = dice.pick([0, dice.share(), 1]);
        if (question.kind === 'write' && dice.chance(0.1)) question.hang(doneShare);
        else {
          question.answer(doneShare, false);
          if (question.kind === 'write' && dice.chance(0.5))
            process.lines.find(({ sink }) => sink.hasAsked(question))?.sink.lose();
        }
      }
    }
  }

  /** Sends a command, which may be refused if the world or the machine is not ready. */
  #command({ simulator, life }: SimulatedProcess): void {
    const dice = this.#dice;
    const machine = dice.pick(simulator.fleet.machines) as Machine;
    const { faultTypes } = machine.type;
    const some = simulator.fleet.machines.filter(() => dice.chance(0.4)).map(({ id }) => id);
    const selection = dice.chance(0.3) ? {} : { machineIds: some };
    const severity = 0.1 + 0.9 * dice.share();
    const durationS = dice.whole(10, 300);
    const commands = [
      () => simulator.setRunning(false, selection),
      () => simulator.setRunning(true, selection),
      () => simulator.setRunning(true, {}),
      () => simulator.clear(machine),
      () => simulator.configure({ weekendProductionFactor: dice.pick([null, 0.2, 0.9]) }),
      () => simulator.configure({ anomalyProbability: dice.pick([0, 0.5, 1]) }),
      () => simulator.setSpeed(dice.pick([0.5, 1, 10, 60]), null),
    ];
    if (faultTypes.length > 0)
      for (let i = 0; i < 3; i++)
        commands.push(async () => {
          const anomalyType = dice.pick(faultTypes);
          await simulator.inject(machine, { anomalyType, severity, durationS });
        });
    this.#carryOut(life.failures, dice.pick(commands)());
  }

  /** Changes the registry, unless a change is in progress. */
  #change(process: SimulatedProcess): void {
    if (this.#isChanging) return;
    this.#isChanging = true;
    const { simulator, eventLog, life } = process;
    const [factory] = simulator.fleet.factories as [FactoryDescription];
    const factories = [this.#changed(factory)];
    const isStopped = this.#dice.chance(0.5);
    const change = async () => {
      const next = nextFleet(simulator.fleet, factories);
      const gone = simulator.fleet.machines.filter(({ id }) => !next.byId.has(id));
      if (isStopped && gone.length > 0)
        await simulator.setRunning(false, { machineIds: gone.map(({ id }) => id) });
      await eventLog.settled();
      if (life.isOver) return;
      const fromMs = 1000 * eventLog.nextS();
      if (this.#chapters.at(-1)?.fromMs === fromMs) this.#chapters.pop();
      this.#chapters.push({ fromMs, factories });
      simulator.change(factories, fromMs);
    };
    const changing = change().finally(() => {
      if (!life.isOver) this.#isChanging = false;
    });
    this.#carryOut(life.failures, changing);
  }

  #carryOut(failures: unknown[], command: Promise<unknown>): void {
    void command.catch((error) => {
      if (error instanceof CommandError) this.#refusals++;
      else failures.push(error);
    });
  }

  #changed(factory: FactoryDescription): FactoryDescription {
    const dice = this.#dice;
    const { machines } = factory;
    const chosen = dice.pick(machines);
    const altered = (changes: Partial<MachineDescription>) =>
      machines.map((each) => (each === chosen ? { ...each, ...changes } : each));
    const topic = `${chosen.topic}-${this.#chapters.length}`;
    const others = machines.filter((each) => each !== chosen);
    return dice.pick([
      { ...factory, machines: [...machines, this.#newMachine()] },
      { ...factory, machines: others.length > 1 ? others : machines },
      { ...factory, machines: altered({ topic }) },
      { ...factory, machines: altered({ ratedPowerKw: 1.1 * chosen.ratedPowerKw }) },
      { ...factory, machines: altered({ intervalS: dice.pick(INTERVALS_S) }) },
      { ...factory, nominalVoltageV: factory.nominalVoltageV === 400 ? 690 : 400 },
    ]);
  }

  #newMachine(): MachineDescription {
    const dice = this.#dice;
    const { type, parameters } = dice.pick(machineTypes);
    const number = ++this.#machinesMade;
    return {
      id: `00000000-0000-0000-0000-${String(number).padStart(12, '0')}`,
      name: `Machine-${number}`,
      type,
      ratedPowerKw: parameters['ratedPowerKw']?.value as number,
      intervalS: dice.pick(INTERVALS_S),
      topic: `factory/voyage/machine-${number}`,
    };
  }

  /** From now on nothing fails, until everything has arrived. @returns Up to which time. */
  async #arrive(process: SimulatedProcess): Promise<number> {
    const untilMs = 1000 * Math.ceil((this.#clock.nowMs() + SPREAD_MAX_MS) / 1000);
    this.#clock.advanceTo(untilMs);
    const answer = (question: Question) =>
      question.isHanging ? process.stall(question) : question.answer(1, true);
    const isAll = () =>
      process.life.questions.length === 0 &&
      process.lines.every(({ delivery }) => delivery.deliveredMs >= untilMs);
    while (!isAll()) {
      await process.rest();
      // A fast clock is checked only every few simulated seconds.
      if (process.life.questions.length === 0) this.#advance(1000);
      for (const question of [...process.life.questions]) await answer(question);
    }
    return untilMs;
  }
}
