import { createHash } from 'node:crypto';
import type { Machine } from '../core/factory.ts';
import { labelLayout, type TableLayout, tableLayouts } from '../encoding/table-layout.ts';
import type { RowLabel } from '../encoding/texts.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { formatNamed } from './formats/index.ts';
import {
  type DatasetRequest,
  isTold,
  type Partition,
  type Variant,
  variantsOf,
  type WindowRequest,
} from './request.ts';
import { wideLayouts } from './wide-layout.ts';
import { machinesOf, plannedReadings, plannedTableRows, typesOf } from './window-reader.ts';

/** A file of readings to write. */
export interface PlannedFile {
  readonly table: string;
  /** Relative to the dataset's folder, with `/`. */
  readonly path: string;
  /** The factory's name in topics, if the path contains only a part of it. */
  readonly factory?: string;
  /** Files of one table have the same form. */
  readonly form: TableForm;
  /** Whether it belongs to the sealed truth, not to the dataset. */
  readonly isSealed: boolean;
}

/** The columns of a table of readings: those of its layout, then labels. */
export interface TableForm {
  readonly layout: TableLayout;
  readonly labels: readonly RowLabel[];
}

/** The readings of one factory, or a part of a large one, and one partition. */
export interface ReadingsTask {
  readonly kind: 'readings';
  readonly variant: Variant;
  readonly machineIds: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  /** In the order of the plan's tables, without tables that none of the machines fills. */
  readonly files: readonly PlannedFile[];
}

/** The answer key of some machines. */
export interface TruthTask {
  readonly kind: 'truths';
  readonly machineIds: readonly string[];
}

/** The unit of work of a worker. */
export type Task = ReadingsTask | TruthTask;

/** The tables and tasks of a dataset; the same in every worker. */
export interface Plan {
  readonly fleet: Fleet;
  readonly tables: readonly TableLayout[];
  readonly tasks: readonly Task[];
  readonly machines: readonly Machine[];
  /** Whether the files of a large factory are also split by machines. */
  readonly isCut: boolean;
}

/** The folder of wide tables. */
export const WIDE_FOLDER = 'wide';
/** The folder of labels that are apart from the readings. */
const LABELS_FOLDER = 'labels';
const DAY_MS = 86_400_000;
/** Machines per file: limits the memory of a reader, and the cost of a retry. */
export const FILE_MACHINES_MAX = 1000;
/** Tasks of the answer key; smaller fleets have one for each machine. */
const TRUTH_TASKS_MAX = 1000;

/** Lays out a dataset. */
export function planOf(request: DatasetRequest, fleet: Fleet): Plan {
  const machines = machinesOf(fleet, request.machineIds);
  const variants = variantsOf(request);
  const layout = request.wide ? wideTasks : channelTasks;
  const { tables, readings, isCut } = layout(request, fleet, machines, variants);
  const truths = slices(machines, Math.ceil(machines.length / TRUTH_TASKS_MAX)).map(
    (members): TruthTask => ({ kind: 'truths', machineIds: members.map(({ id }) => id) }),
  );
  return { fleet, tables, machines, isCut, tasks: [...readings, ...truths] };
}

/** The tables of a dataset, and the tasks that fill them. */
interface Layout extends Pick<Plan, 'tables' | 'isCut'> {
  readonly readings: readonly ReadingsTask[];
}

/** A table for each machine type, in one file. */
function wideTasks(
  request: DatasetRequest,
  fleet: Fleet,
  machines: readonly Machine[],
  variants: readonly Variant[],
): Layout {
  const { factories, fromMs, toMs, resampleMs } = request;
  const types = new Map(machines.map((each) => [each, typesOf(fleet, each, request)]));
  const tables = wideLayouts(
    [...types.values()].flat(),
    factories,
    resampleMs !== undefined,
    isTold(request),
  );
  const parts = tables.flatMap(({ name }) => {
    const all = slices(
      machines.filter((each) => types.get(each)?.some(({ type }) => type === name)),
      FILE_MACHINES_MAX,
    );
    return all.map((members, i) => ({ name, members, suffix: suffixOf(all, i) }));
  });
  // The largest first, so that no worker is left with it at the end.
  const readingsOf = (each: (typeof parts)[number]) => countReadings(request, each.members);
  parts.sort((a, b) => readingsOf(b) - readingsOf(a));
  const labels = labelsOf(request);
  const forms = new Map(tables.map((layout) => [layout.name, { layout, labels }]));
  const readings = variants.flatMap((variant) =>
    parts.map(({ name, members, suffix }): ReadingsTask => {
      const table = `${folderOfVariant(variant)}${WIDE_FOLDER}/${name}`;
      const path = `${table}${suffix}${extension(request)}`;
      const machineIds = members.map(({ id }) => id);
      const file = { table, path, form: forms.get(name) as TableForm, isSealed: false };
      return { kind: 'readings', variant, machineIds, fromMs, toMs, files: [file] };
    }),
  );
  return { tables, readings, isCut: parts.some(({ suffix }) => suffix !== '') };
}

/** A table for each channel, in a file for each factory and partition. */
function channelTasks(
  request: DatasetRequest,
  fleet: Fleet,
  machines: readonly Machine[],
  variants: readonly Variant[],
): Layout {
  const layoutsOf = (members: readonly Machine[]) =>
    tableLayouts(members.flatMap((each) => typesOf(fleet, each, request)));
  const tables = layoutsOf(machines);
  const parts = partsOf(machines);
  const windows = partitions(request);
  const end = extension(request);
  const formsOf = tableForms(request, tables);
  const readings = variants.flatMap((variant) =>
    parts.flatMap(({ factory, folderName, members, suffix }) => {
      const own = new Set(layoutsOf(members).map(({ name }) => name));
      const forms = formsOf(variant).filter(({ form }) => own.has(form.layout.name));
      const machineIds = members.map(({ id }) => id);
      return windows.map(
        ({ name, fromMs, toMs }): ReadingsTask => ({
          kind: 'readings',
          variant,
          machineIds,
          fromMs,
          toMs,
          files: forms.map((each) => ({
            ...each,
            path: `${each.table}/${folderName}/${name}${suffix}${end}`,
            ...(folderName === folderOf(factory) ? {} : { factory }),
          })),
        }),
      );
    }),
  );
  return { tables, readings, isCut: parts.some(({ suffix }) => suffix !== '') };
}

/** The tables of each variant; of sealed readings, the labels are tables of their own. */
function tableForms(request: DatasetRequest, layouts: readonly TableLayout[]) {
  const isSealed = request.truthFolder !== undefined;
  const formsIn = (folder: string, labels: readonly RowLabel[], isSecret: boolean) =>
    layouts.map((layout) => {
      return { table: `${folder}${layout.name}`, form: { layout, labels }, isSealed: isSecret };
    });
  const bare = labelsOf({ ...request, hasLabels: false });
  const actual = isSealed
    ? [
        ...formsIn('', bare, false),
        ...layouts.map((layout) => {
          const form = { layout: labelLayout(layout), labels: allLabels(request) };
          return { table: `${LABELS_FOLDER}/${layout.name}`, form, isSealed: true };
        }),
      ]
    : formsIn('', labelsOf(request), false);
  const twins = new Map(
    variantsOf(request).map((variant) => [
      variant,
      formsIn(folderOfVariant(variant), labelsOf(request), isSealed),
    ]),
  );
  return (variant: Variant) => (variant === 'actual' ? actual : (twins.get(variant) ?? []));
}

/** What the tables of readings say of each of them after its fields. */
function labelsOf(request: DatasetRequest): readonly RowLabel[] {
  const { hasLabels, isReceived = false, wide } = request;
  const labels = hasLabels ? allLabels(request) : [];
  if (!hasLabels && isReceived && isTold(request)) return ['received'];
  // In wide tables, the others are fields.
  return wide ? labels.filter((label) => label === 'received') : labels;
}

function allLabels(request: WindowRequest): readonly RowLabel[] {
  return isTold(request) ? ['anomaly', 'defect', 'received'] : ['anomaly'];
}

function folderOfVariant(variant: Variant): string {
  return variant === 'actual' ? '' : `${variant}/`;
}

/** What the name of a file has after a part of several. */
function suffixOf(parts: readonly unknown[], i: number): string {
  return parts.length === 1 ? '' : `-${String(i + 1).padStart(4, '0')}`;
}

/** Tasks that fill a database; smaller fleets have one for each machine. */
const DATABASE_TASKS_MAX = 256;

/**
 * Splits the machines of a window into parts, one per task. A task stores the whole window of its
 * machines, because the sums of a machine count only readings later than those already counted.
 */
export function databaseParts({ machineIds }: WindowRequest): readonly (readonly string[])[] {
  return slices(machineIds, Math.ceil(machineIds.length / DATABASE_TASKS_MAX));
}

/** The extension of a dataset's files. */
export function extension({ format, compression }: DatasetRequest): string {
  return formatNamed(format).extension(compression);
}

/** The folder that a file belongs to: the dataset's, or that of the sealed truth. */
export function folderOfFile(
  { isSealed }: Pick<PlannedFile, 'isSealed'>,
  { truthFolder }: DatasetRequest,
  folder: string,
): string {
  return isSealed ? (truthFolder ?? folder) : folder;
}

/** The name of a machine's factory in topics. */
export function factoryTopic({ topic }: Machine): string {
  return topic.split('/')[1] as string;
}

/** Longest folder name in bytes: file systems accept 255, some of them 143. */
const FOLDER_BYTES_MAX = 200;
/** Hexadecimal digits that distinguish shortened names. */
const DIGEST_DIGITS = 16;

/** A factory's folder, in characters that every file system accepts; Windows drops a final dot. */
function folderOf(factory: string): string {
  const encoded = encodeURIComponent(factory).replaceAll('*', '%2A').replace(/\.$/, '%2E');
  return `factory=${encoded}`;
}

/** The folder name shortened for the file system, with a digest of the full name at the end. */
function cutFolderOf(factory: string): string {
  const digest = createHash('sha256').update(factory).digest('hex').slice(0, DIGEST_DIGITS);
  const letters = [...factory];
  const bytesMax = FOLDER_BYTES_MAX - DIGEST_DIGITS - 1;
  while (folderOf(letters.join('')).length > bytesMax) letters.pop();
  return `${folderOf(letters.join(''))}-${digest}`;
}

/** Number of rows in a dataset's tables of readings, including those of twins. */
export function plannedRows(request: DatasetRequest, { machines }: Plan): number {
  const rows = request.wide
    ? countReadings(request, machines)
    : plannedTableRows(request, machines);
  return variantsOf(request).length * rows;
}

function countReadings(request: DatasetRequest, machines: readonly Machine[]): number {
  return machines.reduce((sum, machine) => sum + plannedReadings(request, machine), 0);
}

/** The default partition of a window: daily files up to three months, then monthly files. */
export function suitablePartition(fromMs: number, toMs: number): Partition {
  return toMs - fromMs <= DAYS_MAX * DAY_MS ? 'day' : 'month';
}

const DAYS_MAX = 92;

/** Splits large factories into parts; only then do file names have a suffix. */
function partsOf(machines: readonly Machine[]) {
  const taken = new Set<string>();
  return [...byFactory(machines)].flatMap(([factory, all]) => {
    const whole = folderOf(factory);
    // Some file systems do not distinguish upper and lower case.
    const isOwn = whole.length <= FOLDER_BYTES_MAX && !taken.has(whole.toLowerCase());
    const folderName = isOwn ? whole : cutFolderOf(factory);
    taken.add(folderName.toLowerCase());
    const parts = slices(all, FILE_MACHINES_MAX);
    return parts.map((members, i) => ({
      factory,
      folderName,
      members,
      suffix: suffixOf(parts, i),
    }));
  });
}

/** Splits a list into pieces of a length; the last may be shorter. */
function slices<T>(list: readonly T[], length: number): (readonly T[])[] {
  const pieces: (readonly T[])[] = [];
  for (let at = 0; at < list.length; at += length) pieces.push(list.slice(at, at + length));
  return pieces;
}

function byFactory(machines: readonly Machine[]): Map<string, Machine[]> {
  const factories = new Map<string, Machine[]>();
  for (const machine of machines) {
    const topic = factoryTopic(machine);
    const members = factories.get(topic);
    if (members) members.push(machine);
    else factories.set(topic, [machine]);
  }
  return factories;
}

/** Splits a window at the starts of days or months in UTC. */
function partitions({ fromMs, toMs, partition }: DatasetRequest) {
  const parts: { name: string; fromMs: number; toMs: number }[] = [];
  for (let startMs = fromMs; startMs < toMs; ) {
    const start = new Date(startMs);
    const [year, month] = [start.getUTCFullYear(), start.getUTCMonth()];
    const nextMs =
      partition === 'month'
        ? Date.UTC(year, month + 1)
        : Date.UTC(year, month, start.getUTCDate() + 1);
    const name = start.toISOString().slice(0, partition === 'month' ? 7 : 10);
    parts.push({ name, fromMs: startMs, toMs: Math.min(nextMs, toMs) });
    startMs = nextMs;
  }
  return parts;
}
