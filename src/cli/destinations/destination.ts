import type { Configuration } from '../../config/configuration.ts';
import type { FormatName } from '../../dataset/formats/index.ts';
import type { DatasetRequest, WindowRequest } from '../../dataset/request.ts';
import { machinesOf, plannedTableRows } from '../../dataset/window-reader.ts';
import type { Fleet } from '../../simulation/fleet.ts';
import type { Option } from '../command.ts';
import type { OptionReader } from '../option-reader.ts';
import { count, type ProgressLine, span } from '../progress-line.ts';
import type { Terminal } from '../reporter.ts';

/** The options that apply to files only. */
export const FILES_ONLY: readonly string[] = [
  ...['compress', 'partition', 'labels', 'received', 'wide', 'split', 'workers'],
  ...['without', 'truth-out'],
];

/** A place that `generate` writes to. The list of them is `index.ts`. */
export interface Destination {
  /** Its name in messages: `a database`. */
  readonly name: string;
  /** The option that selects it. */
  readonly option: string;
  /** Whether the value of that option means this destination; if not given, any value does. */
  readonly isMeant?: (written: string) => boolean;
  /** Its options, including the one that selects it. */
  readonly options: Readonly<Record<string, Option>>;
  /** Options of files that do not apply to it. */
  readonly inapplicable: readonly string[];
  /** The formats that it accepts, the default first. */
  readonly formats: readonly FormatName[];
  /** Whether the workers of a cluster can write to it. */
  readonly isForCluster: boolean;
  /** Reads its options, whether or not it is the one that is chosen, and reports errors in them. */
  read(options: OptionReader, configuration: Configuration): Write;
}

/**
 * Writes a window, and shows the progress.
 *
 * @returns The exit code of the process.
 * @throws DatasetError, StoreError, PostgresError or ClusterError; never with a password.
 */
export type Write = (job: WriteJob) => Promise<number>;

/** What is to be written. */
export interface WriteJob {
  readonly window: WindowRequest;
  /** The window as a dataset, for destinations that have formats. */
  readonly dataset: DatasetRequest;
  readonly isOnCluster: boolean;
  readonly configuration: Configuration;
  readonly progress: ProgressLine;
  readonly stdout: Terminal['stdout'];
}

/** Counts the table rows of a window that have been written, and shows the progress. */
export class RowCount {
  readonly allRows: number;
  rows = 0;
  readonly #progress: ProgressLine;
  readonly #startMs = performance.now();

  constructor(request: WindowRequest, fleet: Fleet, progress: ProgressLine) {
    this.allRows = plannedTableRows(request, machinesOf(fleet, request.machineIds));
    this.#progress = progress;
  }

  /** Adds rows. */
  readonly add = (rows: number): void => this.show(this.rows + rows);

  /** Sets the number of rows. */
  readonly show = (rows: number): void => {
    this.rows = rows;
    this.#progress.show(rows, this.allRows);
  };

  /** Writes the result to standard output: the destination, its rows, and the time it took. */
  finish(destination: string): void {
    const lengthS = (performance.now() - this.#startMs) / 1000;
    this.#progress.result(`${destination}: ${count(this.rows)} rows, ${span(lengthS)}`, {
      destination,
      rows: this.rows,
      seconds: lengthS,
    });
  }
}
