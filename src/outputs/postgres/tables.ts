import type { ClientBase } from 'pg';
import { OPERATING_MODES } from '../../core/field.ts';
import {
  type ColumnType,
  READING_TABLES,
  type ReadingTable,
  type TableColumn,
} from '../../encoding/reading-tables.ts';
import {
  FIND_TABLES,
  type FoundColumn,
  type FoundTable,
  isNumber,
  isText,
  isTime,
  NUMBER_TYPES,
  TIME_TYPES,
} from './catalogue.ts';
import { PostgresError } from './error.ts';
import { ALERT_LEVELS, STATUS_COLUMNS, STATUS_TABLE } from './machine-statuses.ts';

/** Longest text, in characters, for a column without a limit. */
const TEXT_MAX = 255;
/** Offset in the type modifiers of `numeric` and `varchar` (PostgreSQL source, numeric.c). */
const MODIFIER_OFFSET = 4;

/** How the tables of a database store readings and statuses. */
export interface StoredTables {
  readonly readings: readonly ReadingTable[];
  /** The existing columns of `machine_status`, with their SQL types. */
  readonly status: ReadonlyMap<string, string>;
  /** SQL type of `machines.id`. */
  readonly machineIdType: string;
  /** Data that are left out, one sentence each. */
  readonly remarks: readonly string[];
}

const KEYS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(READING_TABLES.map(({ name, key }) => [name, key])),
  [STATUS_TABLE]: ['machine_id'],
};
/** Only read, so it needs no unique index. */
const LOOKED_UP = 'machines';

/** Columns without which a row is meaningless. */
const NEEDED: ReadonlySet<string> = new Set([
  ...['power_kw', 'energy_kwh', 'production_count'],
  ...['last_reading_time', 'last_updated'],
]);

/**
 * Determines how the tables store readings, and whether they can recognise a repeated one.
 *
 * @throws PostgresError that lists everything missing.
 */
export async function findTables(client: ClientBase): Promise<StoredTables> {
  const tables = [
    ...Object.entries(KEYS).map(([name, key]) => ({
      name,
      key: key.toSorted().join(', '),
      rights: 'select, insert, update',
    })),
    { name: LOOKED_UP, key: '', rights: 'select' },
  ];
  const { rows } = await client.query<FoundTable>(FIND_TABLES, [JSON.stringify(tables)]);
  const findings = new Findings();
  const found = new Map(rows.map((row) => [row.name, row]));
  const of = (name: string) => found.get(name) as FoundTable;
  for (const row of rows) findings.table(row);
  const readings = READING_TABLES.map((own) => readingTable(own, of(own.name), findings));
  const status = statusColumns(of(STATUS_TABLE), findings);
  const machineId = of(LOOKED_UP).columns?.find(({ name }) => name === 'id');
  if (of(LOOKED_UP).is_there) findings.idType(LOOKED_UP, 'id', machineId);
  if (findings.faults.length > 0) throw new PostgresError(findings.faults.join('; '));
  return {
    readings,
    status,
    machineIdType: machineId?.declared ?? 'uuid',
    remarks: findings.remarks,
  };
}

/** Collects what makes the tables unusable, and what is left out of them. */
class Findings {
  readonly faults: string[] = [];
  readonly remarks: string[] = [];

  table({ name, is_there, has_key, missing_rights }: FoundTable): void {
    const key = KEYS[name]?.toSorted().join(', ');
    if (!is_there) this.faults.push(`there is no table ${name}`);
    else if (key !== undefined && !has_key)
      this.faults.push(
        `${name} has no unique index on (${key}), which is needed to detect repeats`,
      );
    if (missing_rights) this.faults.push(`no permission to ${missing_rights} ${name}`);
  }

  /** How a column of ids is stored. */
  idType(table: string, name: string, column: FoundColumn | undefined): 'uuid' | 'text' {
    if (column?.base === 'uuid') return 'uuid';
    if (column && isText(column) && !column.labels) return 'text';
    this.unfit(table, name, column, 'uuid or text');
    return 'uuid';
  }

  /** Reports a required column that is missing, or has an unsuitable type. */
  unfit(table: string, name: string, column: FoundColumn | undefined, accepted: string): void {
    this.faults.push(
      column
        ? `${table}.${name} is ${column.declared}; ${accepted} is needed`
        : `${table} has no column ${name}`,
    );
  }

  /** Leaves an optional column out, with a remark. */
  leaveOut(table: string, name: string, column: FoundColumn | undefined, accepted: string): void {
    if (NEEDED.has(name)) this.unfit(table, name, column, accepted);
    else if (!column) this.remarks.push(`${table} has no column ${name}, which is left out`);
    else if (column.is_required) this.unfit(table, name, column, accepted);
    else
      this.remarks.push(`${table}.${name} is ${column.declared}, not ${accepted}, and is left out`);
  }

  /** Reports unknown columns that require a value. */
  unknown(table: string, columns: readonly FoundColumn[], known: ReadonlySet<string>): void {
    for (const { name, is_required } of columns)
      if (is_required && !known.has(name))
        this.faults.push(`${table}.${name} must not be null and has no default`);
  }
}

function readingTable(own: ReadingTable, table: FoundTable, findings: Findings): ReadingTable {
  const columns = new Map(table.columns?.map((column) => [column.name, column]));
  if (!table.is_there) return own;
  const { name } = own;
  const time = columns.get('time');
  if (!time || !isTime(time)) findings.unfit(name, 'time', time, TIME_TYPES);
  if (own.key.includes('energy_type')) {
    const type = columns.get('energy_type');
    if (!type || !isText(type)) findings.unfit(name, 'energy_type', type, 'text');
  }
  const idType = findings.idType(name, 'machine_id', columns.get('machine_id'));
  const stored: TableColumn[] = [];
  for (const column of own.columns) {
    const there = columns.get(column.name);
    const type = there && columnType(column, there);
    if (type) stored.push({ ...column, type, isRequired: column.isRequired });
    else findings.leaveOut(name, column.name, there, acceptedBy(column.type));
    if (there && type) checkLabels(name, there, findings);
  }
  for (const column of own.optionalColumns ?? []) {
    const there = columns.get(column.name);
    const type = there && columnType(column, there);
    if (type) stored.push({ ...column, type });
  }
  const metadata = columns.get('metadata');
  const metadataType = metadata && jsonType(metadata);
  if (!metadataType) findings.leaveOut(name, 'metadata', metadata, 'jsonb');
  const known = new Set(['time', 'machine_id', 'energy_type', ...stored.map((each) => each.name)]);
  const rest = [...columns.values()].filter(
    (each) => !own.columns.some((c) => c.name === each.name),
  );
  findings.unknown(name, rest, known);
  return { ...own, columns: stored, idType, metadataType };
}

function statusColumns(table: FoundTable, findings: Findings): ReadonlyMap<string, string> {
  const stored = new Map<string, string>();
  if (!table.is_there) return stored;
  const columns = new Map(table.columns?.map((column) => [column.name, column]));
  findings.idType(STATUS_TABLE, 'machine_id', columns.get('machine_id'));
  for (const [name, kind] of Object.entries(STATUS_COLUMNS)) {
    const column = columns.get(name);
    const { fits, accepted } = STATUS_KINDS[kind];
    if (column && fits(column) && !column.is_fixed) {
      stored.set(name, column.declared);
      checkLabels(STATUS_TABLE, column, findings);
    } else if (name !== 'machine_id') findings.leaveOut(STATUS_TABLE, name, column, accepted);
  }
  const rest = [...columns.values()].filter(({ name }) => !(name in STATUS_COLUMNS));
  findings.unknown(STATUS_TABLE, rest, new Set(stored.keys()));
  return stored;
}

const STATUS_KINDS = {
  id: { fits: (column: FoundColumn) => column.base === 'uuid' || isText(column), accepted: 'uuid' },
  flag: { fits: ({ base }: FoundColumn) => base === 'boolean', accepted: 'boolean' },
  text: { fits: isText, accepted: 'text' },
  number: { fits: isNumber, accepted: NUMBER_TYPES },
  time: { fits: isTime, accepted: TIME_TYPES },
} as const;

/** The words written to columns that may be enums. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  operating_mode: OPERATING_MODES,
  current_mode: OPERATING_MODES,
  alert_level: ALERT_LEVELS,
};

function checkLabels(table: string, { name, labels, declared }: FoundColumn, findings: Findings) {
  if (!labels) return;
  const missing = (WORDS[name] ?? []).filter((word) => !labels.includes(word));
  if (missing.length > 0)
    findings.faults.push(`${table}.${name}: the type ${declared} lacks ${missing.join(', ')}`);
}

function acceptedBy({ kind }: ColumnType): string {
  return kind === 'text' ? 'text' : NUMBER_TYPES;
}

/** How an existing column stores the values of ours; undefined if it cannot. */
function columnType({ type: own }: TableColumn, found: FoundColumn): ColumnType | undefined {
  const { base, modifier, declared, is_fixed } = found;
  if (is_fixed) return undefined;
  if (own.kind === 'text') {
    if (!isText(found)) return undefined;
    const lengthMax = modifier < 0 ? TEXT_MAX : Math.min(TEXT_MAX, modifier - MODIFIER_OFFSET);
    return { kind: 'text', lengthMax, name: declared };
  }
  const scale = 'scale' in own ? own.scale : 0;
  switch (base) {
    case 'numeric': {
      if (modifier < 0) return { kind: 'numeric', scale };
      // Eleven bits of scale, which may be negative (PostgreSQL source, numeric.c).
      const bits = (modifier - MODIFIER_OFFSET) & 0x7ff;
      const precision = (modifier - MODIFIER_OFFSET) >>> 16;
      return { kind: 'numeric', precision, scale: (bits ^ 1024) - 1024 };
    }
    case 'real':
    case 'double precision':
      return { kind: base, scale };
    case 'smallint':
    case 'integer':
    case 'bigint':
      return { kind: base };
    default:
      return undefined;
  }
}

function jsonType({ base, category, is_fixed }: FoundColumn): ReadingTable['metadataType'] {
  if (is_fixed) return undefined;
  if (base === 'jsonb') return 'jsonb';
  return base === 'json' || category === 'S' ? 'text' : undefined;
}
