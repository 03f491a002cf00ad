import type { WantedPort } from '../broker/listen.ts';
import type { CalendarDescription, FactoryDescription } from '../core/factory.ts';
import type { Settings } from '../core/journal.ts';
import type { MachineType } from '../core/machine.ts';
import type { WantedOutput } from '../outputs/output.ts';
import type { DatabaseServer } from '../outputs/postgres/server.ts';

/** Where a setting's value came from. */
export type Source = 'default' | 'environment' | '.env' | 'factory file' | 'command line';

/** A variable's value as anyone may see it; null where there is none. */
export type Shown = string | number | boolean | null;

/** Everything that is configured, valid and with its defaults filled in. */
export interface Configuration {
  readonly api: {
    readonly host: string;
    readonly port: WantedPort;
    /** Without a key only this computer may change anything. */
    readonly key: string | undefined;
    /** Origins that browsers may call from; none: no CORS. */
    readonly corsOrigins: readonly string[];
    /** Host names, in small letters, under which a proxy serves it to readers. */
    readonly hosts: readonly string[];
  };
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  readonly isAutoStart: boolean;
  readonly settings: Settings;
  readonly statusIntervalS: number;
  /** The outputs that are wanted, with their options. */
  readonly outputs: readonly WantedOutput[];
  readonly publishing: {
    /** Whether each machine is published at a time of its own within its interval. */
    readonly isSpread: boolean;
    /** Processes that share the machines out and publish them; 1: none but this one. */
    readonly readers: number;
  };
  readonly simulation: {
    readonly seed: number;
    /** Simulated seconds a real second. */
    readonly speed: number;
    /** Simulated instant at which an empty store begins [ms]; none: simulated time is real time. */
    readonly startMs: number | undefined;
    /** Where every sink begins on an empty store [ms]. */
    readonly backfillFromMs: number | undefined;
  };
  /** How far back a sink goes after an outage [ms]; 0 none, infinite all. */
  readonly catchUpMs: number;
  /** Whether a start that is behind what was delivered delivers it again, from now on. */
  readonly isAheadRepeated: boolean;
  /** Messages a second while a sink is behind; 0 no limit. */
  readonly catchUpRate: number;
  readonly dataDir: string;
  /** None: the embedded database, under `dataDir`. */
  readonly database: DatabaseServer | undefined;
  readonly cluster: {
    /** Whether this process is part of a live cluster. */
    readonly isLive: boolean;
    /** None: this process does all the work itself. */
    readonly redisUrl: string | undefined;
    /** Begins every key in Redis. */
    readonly prefix: string;
    /** Parts that the machines are divided into. */
    readonly shards: number;
  };
  /** What holds for factories that have no calendar of their own. */
  readonly calendar: CalendarDescription;
  /** The machine types that there are. */
  readonly catalogue: readonly MachineType[];
  /** Intervals set for all machines of a type [s], by the type; they override the registry's. */
  readonly intervalsS: Readonly<Record<string, number>>;
  /** From a file, or the default ones; a registry takes the place of the latter. */
  readonly factories: readonly FactoryDescription[];
  /** The registry is read-only when it comes from a file. */
  readonly factoryFile: string | undefined;
  /** Machines of the fleet that takes the place of a registry, which is then read-only, too. */
  readonly fleetMachines: number | undefined;
  /** Where each variable's value came from, by the variable's name. */
  readonly sources: Readonly<Record<string, Source>>;
  /** Each variable's value as anyone may see it, by the variable's name: secrets are `(set)`. */
  readonly shown: Readonly<Record<string, Shown>>;
  /** What is accepted but worth a line in the log, each a sentence. */
  readonly remarks: readonly string[];
}
