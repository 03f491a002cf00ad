import { type Growth, type Incident, lasting } from './anomaly.ts';
import type { DefectValues } from './defect.ts';
import type { FactoryDescription } from './factory.ts';

/** Settings that may change while a factory runs. */
export interface Settings {
  /** Whether random anomalies occur. */
  readonly enableAnomalies: boolean;
  /** Probability that a machine gets an anomaly on a given day. */
  readonly anomalyProbability: number;
  /** Share of full production on weekends; null: each factory's own. */
  readonly weekendProductionFactor: number | null;
}

/**
 * A command or event from outside the simulation. Without `machineIds` it applies to every
 * machine.
 */
export type JournalEntry =
  | { readonly kind: 'start' | 'stop'; readonly machineIds?: readonly string[] }
  | {
      readonly kind: 'inject';
      readonly id: string;
      readonly machineId: string;
      readonly anomalyType: string;
      readonly severity: number;
      readonly durationS: number;
    }
  | { readonly kind: 'clear'; readonly machineId: string; readonly anomalyType?: string }
  | { readonly kind: 'configure'; readonly settings: Partial<Settings> }
  | ScenarioEntry
  | {
      readonly kind: 'end_scenario';
      readonly name: string;
      /** Whether the configuration has left it out; otherwise a client ended it. */
      readonly isReplaced?: true;
    }
  | DefectEntry
  /** Ends the defects of a machine that act, or those of one kind. */
  | { readonly kind: 'mend'; readonly machineId: string; readonly defectKind?: string }
  /** The new speed of simulated time. Readers ignore it, since they have no clock. */
  | {
      readonly kind: 'speed';
      readonly speed: number;
      /** The configured speed at the time of the change; null: none. */
      readonly configuredSpeed: number | null;
    };

/** The beginning of a story. */
export interface ScenarioEntry {
  readonly kind: 'scenario';
  readonly name: string;
  /** The bytes of its file, as text. */
  readonly text: string;
  /**
   * The factory in which it happens, as it was then: what the story means does not depend on what
   * becomes of the factory later.
   */
  readonly factory: FactoryDescription;
  /** Zero of its relative times [s], unless the text has one; without it, the entry's own time. */
  readonly startS?: number;
  /** Where the configuration found it; undefined if a client gave it. */
  readonly file?: string;
  /** Whether what lies before the entry happened, too: the story belongs to a new store. */
  readonly isWhole?: true;
}

/** The beginning of a defect of one machine. Its values are resolved. */
export interface DefectEntry {
  readonly kind: 'defect';
  readonly id: string;
  readonly machineId: string;
  readonly factoryId: string;
  readonly defectKind: string;
  readonly channels?: readonly string[];
  readonly fields?: readonly string[];
  readonly values: DefectValues;
  readonly growth?: Growth;
  /** null: for good. */
  readonly durationS: number | null;
}

/** A story or a defect that the journal tells, and when it ends, unless it is mended before [s]. */
export interface Told {
  readonly event: (ScenarioEntry | DefectEntry) & Pick<JournalEvent, 'sequence' | 'timeS'>;
  /** Infinite for a story that has not been ended, and for a defect that lasts for good. */
  readonly untilS: number;
  /** How many stories of its name were told before. */
  readonly telling: number;
}

/** An entry with its sequence number and the simulated second from which it takes effect. */
export type JournalEvent = JournalEntry & { readonly sequence: number; readonly timeS: number };

type RunEvent = JournalEvent & { kind: 'start' | 'stop' };

/** A start or stop of a machine. */
export interface RunningChange {
  readonly timeS: number;
  readonly isRunning: boolean;
}

interface MachineLog {
  /** Events of this machine only, and how many of the events for all machines are included. */
  readonly running: RunningChange[];
  readonly injections: Incident[];
  readonly clears: { readonly timeS: number; readonly anomalyType: string | undefined }[];
  readonly mends: { readonly timeS: number; readonly defectKind: string | undefined }[];
  seenOfAll: number;
}

/**
 * Everything that reached a factory from outside, in order. Append-only, and indexed by machine so
 * that a reader of one machine pays nothing for the others.
 */
export class Journal {
  readonly #events: JournalEvent[] = [];
  readonly #toAll: RunEvent[] = [];
  readonly #logs = new Map<string, MachineLog>();
  readonly #settings: { timeS: number; settings: Settings }[];
  readonly #told: Told[] = [];

  /** @param settings - Settings before the first `configure`. */
  constructor(settings: Settings, events: readonly JournalEvent[] = []) {
    this.#settings = [{ timeS: Number.NEGATIVE_INFINITY, settings }];
    for (const event of events) this.append(event);
  }

  get events(): readonly JournalEvent[] {
    return this.#events;
  }

  /**
   * Adds an event.
   *
   * @throws RangeError for an event before the last one: the past must not change for any reader.
   */
  append(event: JournalEvent): void {
    const last = this.#events.at(-1);
    if (last && (event.timeS < last.timeS || event.sequence <= last.sequence))
      throw new RangeError(`event ${event.sequence} lies before event ${last.sequence}`);
    this.#events.push(event);
    switch (event.kind) {
      case 'start':
      case 'stop':
        if (event.machineIds) for (const id of event.machineIds) this.#run(id, event);
        else this.#toAll.push(event);
        break;
      case 'inject':
        this.#inject(event);
        break;
      case 'clear':
        this.#clear(event);
        break;
      case 'configure':
        this.#settings.push({
          timeS: event.timeS,
          settings: { ...this.settingsAt(Number.POSITIVE_INFINITY), ...event.settings },
        });
        break;
      case 'scenario':
        this.#told.push({
          event,
          untilS: Number.POSITIVE_INFINITY,
          telling: this.#told.filter((told) => isOfName(told, event.name)).length,
        });
        break;
      case 'defect': {
        const untilS = event.timeS + (event.durationS ?? Number.POSITIVE_INFINITY);
        this.#told.push({ event, untilS, telling: 0 });
        break;
      }
      case 'mend':
        this.#log(event.machineId).mends.push({ defectKind: undefined, ...event });
        break;
      case 'end_scenario':
        for (const [i, told] of this.#told.entries())
          if (told.untilS > event.timeS && isOfName(told, event.name))
            this.#told[i] = { ...told, untilS: event.timeS };
    }
  }

  /** The stories and defects that it tells, oldest first; one that changes is another object. */
  get told(): readonly Told[] {
    return this.#told;
  }

  settingsAt(tS: number): Settings {
    const entry = this.#settings.findLast(({ timeS }) => timeS <= tS);
    return (entry ?? (this.#settings[0] as { settings: Settings })).settings;
  }

  /** Settings with the instants from which they apply, oldest first. */
  settingsChanges(): readonly { readonly timeS: number; readonly settings: Settings }[] {
    return this.#settings;
  }

  /** Starts and stops of a machine, oldest first; it ran before the first of them. */
  runningChanges(machineId: string): readonly RunningChange[] {
    return this.#known(machineId).running;
  }

  isRunning(machineId: string, tS: number): boolean {
    return this.runningChanges(machineId).findLast(({ timeS }) => timeS <= tS)?.isRunning ?? true;
  }

  /** Injected anomalies of a machine, oldest first, with their ends as known so far. */
  injections(machineId: string): readonly Incident[] {
    return this.#known(machineId).injections;
  }

  /** The first time within the span at which anomalies of a type were cleared on a machine. */
  firstClear(machineId: string, type: string, fromS: number, toS: number): number | undefined {
    return this.#known(machineId).clears.find(
      ({ timeS, anomalyType }) =>
        timeS > fromS && timeS < toS && (anomalyType === undefined || anomalyType === type),
    )?.timeS;
  }

  /** The first time within the span at which defects of a kind were mended on a machine. */
  firstMend(machineId: string, kind: string, fromS: number, toS: number): number | undefined {
    return this.#known(machineId).mends.find(
      ({ timeS, defectKind = kind }) => timeS > fromS && timeS < toS && defectKind === kind,
    )?.timeS;
  }

  /** How often defects of a machine were mended. */
  mendCount(machineId: string): number {
    return this.#known(machineId).mends.length;
  }

  /** The log of a machine; does not create one for a machine without events. */
  #known(machineId: string): MachineLog {
    if (this.#toAll.length === 0) return this.#logs.get(machineId) ?? NOTHING;
    return this.#log(machineId);
  }

  #log(machineId: string): MachineLog {
    let log = this.#logs.get(machineId);
    if (!log) {
      log = { running: [], injections: [], clears: [], mends: [], seenOfAll: 0 };
      this.#logs.set(machineId, log);
    }
    while (log.seenOfAll < this.#toAll.length) {
      recordRun(log.running, this.#toAll[log.seenOfAll++] as RunEvent);
    }
    return log;
  }

  #run(machineId: string, event: RunEvent): void {
    recordRun(this.#log(machineId).running, event);
  }

  #inject(event: JournalEvent & { kind: 'inject' }): void {
    const { injections } = this.#log(event.machineId);
    this.#end(injections, event.timeS, event.anomalyType, 'superseded');
    injections.push(
      lasting(event.durationS, {
        id: event.id,
        machineId: event.machineId,
        type: event.anomalyType,
        origin: 'injected',
        severity: event.severity,
        startS: event.timeS,
      }),
    );
  }

  #clear(event: JournalEvent & { kind: 'clear' }): void {
    const log = this.#log(event.machineId);
    log.clears.push({ timeS: event.timeS, anomalyType: event.anomalyType });
    this.#end(log.injections, event.timeS, event.anomalyType, 'request');
  }

  #end(
    incidents: Incident[],
    timeS: number,
    type: string | undefined,
    clearedBy: 'request' | 'superseded',
  ): void {
    for (const [i, incident] of incidents.entries()) {
      const isHit = incident.endS > timeS && (type === undefined || incident.type === type);
      if (isHit) incidents[i] = { ...incident, endS: timeS, clearedBy };
    }
  }
}

function isOfName({ event }: Told, name: string): boolean {
  return event.kind === 'scenario' && event.name === name;
}

/** Whether an event changes what the journal tells, and so the fleet. */
export function isTelling({ kind }: JournalEntry): boolean {
  return kind === 'scenario' || kind === 'end_scenario' || kind === 'defect' || kind === 'mend';
}

const NOTHING: MachineLog = { running: [], injections: [], clears: [], mends: [], seenOfAll: 0 };

/** A second change within the same second replaces the first. */
function recordRun(running: RunningChange[], event: JournalEvent): void {
  const isRunning = event.kind === 'start';
  if (running.at(-1)?.timeS === event.timeS) running.pop();
  if ((running.at(-1)?.isRunning ?? true) !== isRunning)
    running.push({ timeS: event.timeS, isRunning });
}
