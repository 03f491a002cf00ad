import type { WantedPort } from '../broker/listen.ts';
import type { CalendarDescription, FactoryDescription } from '../core/factory.ts';
import type { Settings } from '../core/journal.ts';
import type { MachineType } from '../core/machine.ts';
import type { WantedOutput } from '../outputs/output.ts';
import type { DatabaseServer } from '../outputs/postgres/server.ts';
import type { StoryText } from '../stories/index.ts';

/** Where a setting's value came from. */
export type Source = 'default' | 'environment' | '.env' | 'factory file' | 'command line';

/** A variable's value as it may be shown to anyone; null if there is none. */
export type Shown = string | number | boolean | null;

/** The whole configuration, valid and with its defaults filled in. */
export interface Configuration {
  readonly api: {
    readonly host: string;
    readonly port: WantedPort;
    /** Without a key, only clients on this computer may change anything. */
    readonly key: string | undefined;
    /** Origins that browsers may call from. Empty: no CORS. */
    readonly corsOrigins: readonly string[];
    /** Host names, in lower case, under which a proxy serves the API to readers. */
    readonly hosts: readonly string[];
    /** Addresses, ranges or `gateway` whose clients count as clients on this computer. */
    readonly localAddresses: readonly string[];
  };
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  readonly isAutoStart: boolean;
  /** Whether all machines have energy registers, not only those that are described so. */
  readonly haveAllRegisters: boolean;
  readonly settings: Settings;
  readonly statusIntervalS: number;
  /** The enabled outputs, with their options. */
  readonly outputs: readonly WantedOutput[];
  readonly publishing: {
    /** Whether each machine is published at its own offset within its interval. */
    readonly isSpread: boolean;
    /** Number of processes that share the machines and publish them; 1: only this one. */
    readonly readers: number;
  };
  readonly simulation: {
    readonly seed: number;
    /** Simulated seconds per real second. */
    readonly speed: number;
    /**
     * The simulated instant at which an empty store begins [ms]. Undefined: simulated time is real
     * time.
     */
    readonly startMs: number | undefined;
    /** Where every sink begins on an empty store [ms]. */
    readonly backfillFromMs: number | undefined;
  };
  /** How far back a sink catches up after an outage [ms]; 0: not at all, infinite: completely. */
  readonly catchUpMs: number;
  /** Whether a start with a clock behind the delivered data delivers again from now on. */
  readonly isAheadRepeated: boolean;
  /** Messages per second while a sink is behind; 0: unlimited. */
  readonly catchUpRate: number;
  readonly dataDir: string;
  /** Undefined: the embedded database, under `dataDir`. */
  readonly database: DatabaseServer | undefined;
  readonly cluster: {
    /** Whether this process is part of a live cluster. */
    readonly isLive: boolean;
    /** Undefined: this process does all the work itself. */
    readonly redisUrl: string | undefined;
    /** The prefix of every key in Redis. */
    readonly prefix: string;
    /** The number of parts that the machines are divided into. */
    readonly shards: number;
  };
  /** Applies to factories without a calendar of their own. */
  readonly calendar: CalendarDescription;
  /** The machine types that there are. */
  readonly catalogue: readonly MachineType[];
  /** Intervals set for all machines of a type [s], by type. They override the registry's. */
  readonly intervalsS: Readonly<Record<string, number>>;
  /** From a file, or the default factory, which a registry replaces. */
  readonly factories: readonly FactoryDescription[];
  /** The texts of the scenario files, in the order in which they are named. */
  readonly scenarios: readonly StoryText[];
  /** The path of the factory file. If it is set, the registry is read-only. */
  readonly factoryFile: string | undefined;
  /** The size of the generated fleet that replaces the registry, which is then read-only, too. */
  readonly fleetMachines: number | undefined;
  /** The source of each variable's value, by the variable's name. */
  readonly sources: Readonly<Record<string, Source>>;
  /**
   * Each variable's value as it may be shown to anyone, by the variable's name. Secrets are
   * `(set)`.
   */
  readonly shown: Readonly<Record<string, Shown>>;
  /** Sentences about what is accepted but worth a line in the log. */
  readonly remarks: readonly string[];
}
